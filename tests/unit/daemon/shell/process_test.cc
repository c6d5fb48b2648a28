#include "daemon/shell/process.h"

#include <csignal>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "proto/crypto.h"

namespace p2pchat {
namespace {

// Puts the signals back that Signals::open() blocks.
class TheProcess : public ::testing::Test {
 protected:
  TheProcess() { sigprocmask(SIG_SETMASK, nullptr, &before_); }
  ~TheProcess() override { sigprocmask(SIG_SETMASK, &before_, nullptr); }

  sigset_t before_{};
};

TEST_F(TheProcess, HearsOfSignalsInsteadOfEnding) {
  auto signals = Signals::open();
  ASSERT_TRUE(signals);
  EXPECT_FALSE(signals->take());

  raise(SIGTERM);

  EXPECT_EQ(signals->take(), SIGTERM);
  EXPECT_FALSE(signals->take());
}

TEST_F(TheProcess, OnceHardenedLeavesNoCoreAndKeepsItsFilesForItself) {
  const auto is_hard = [] {
    harden_process();
    rlimit core{};
    rlimit files{};
    getrlimit(RLIMIT_CORE, &core);
    getrlimit(RLIMIT_NOFILE, &files);
    return core.rlim_max == 0 && files.rlim_cur == files.rlim_max && umask(0) == 077;
  };

  EXPECT_EXIT(std::exit(is_hard() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

TEST_F(TheProcess, ReadsClocksThatRunForward) {
  const Moment first = read_clocks();
  const Moment second = read_clocks();

  EXPECT_LE(first.steady, second.steady);
  EXPECT_GT(first.wall.milliseconds, 1'600'000'000'000);
}

TEST_F(TheProcess, DrawsADifferentSeedEachTime) {
  ASSERT_TRUE(crypto_ready());

  EXPECT_NE(fresh_seed(), fresh_seed());
}

TEST_F(TheProcess, KnowsItsSize) { EXPECT_GT(resident_bytes(), 1'000'000U); }

}  // namespace
}  // namespace p2pchat
