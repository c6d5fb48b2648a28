// Swarms of seeds, each a whole world with faults; see script.h.
//
//   P2PCHAT_SEEDS=60000    so many seeds instead of kSeedsDefault
//   P2PCHAT_SEED=1234      this seed only
//   P2PCHAT_TRACE=1        what happened last, in words, when a seed fails
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/sim/script.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace p2pchat::sim {
namespace {

constexpr std::uint64_t kSeedsDefault = 500;
constexpr std::uint64_t kParts = 5;

std::uint64_t seed_running = 0;
Script* script_running = nullptr;

std::string replay_line(std::uint64_t seed) {
  return "replay: P2PCHAT_SEED=" + std::to_string(seed) +
         " P2PCHAT_TRACE=1 build/dev/tests/sim_tests --gtest_filter=Swarm.*";
}

// A CHECK or a sanitizer ends the process; the seed must be known then, too.
void tell_seed() {
  const std::string line =
      (script_running == nullptr ? "" : script_running->world().trace().text()) +
      replay_line(seed_running) + "\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void arm_death() {
  std::signal(SIGABRT, [](int) { tell_seed(); });
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(tell_seed);
#endif
}

std::uint64_t number_in(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

// What a run came to, so that a swarm that tests nothing is noticed.
struct Sum {
  std::uint64_t seeds = 0;
  std::uint64_t successes = 0;
};

void run_seed(std::uint64_t seed, Sum& sum) {
  seed_running = seed;
  Script script(seed);
  script_running = &script;
  const std::string failure = script.play();
  script_running = nullptr;
  ++sum.seeds;
  sum.successes += script.world().ledger().successes();
  if (failure.empty()) return;
  ADD_FAILURE() << "seed " << seed << ": " << failure << "\n"
                << replay_line(seed) << "\n"
                << script.world().trace().text();
}

void run_part(std::uint64_t part) {
  arm_death();
  Sum sum;
  const auto begin = std::chrono::steady_clock::now();
  if (const std::uint64_t only = number_in("P2PCHAT_SEED", 0); only != 0) {
    if (part > 0) GTEST_SKIP() << "one seed only";
    run_seed(only, sum);
  } else {
    const std::uint64_t seeds = number_in("P2PCHAT_SEEDS", kSeedsDefault);
    for (std::uint64_t i = part * seeds / kParts; i < (part + 1) * seeds / kParts; ++i) {
      run_seed(i + 1, sum);
    }
    EXPECT_GT(sum.successes, sum.seeds) << "hardly anything was pushed: this swarm proves nothing";
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%llu seeds, %llu pushes answered with success, %.1f seeds/s\n",
              static_cast<unsigned long long>(sum.seeds),
              static_cast<unsigned long long>(sum.successes),
              static_cast<double>(sum.seeds) / took.count());
}

TEST(Swarm, FirstPartOfTheSeedsIsSafeAndLive) { run_part(0); }
TEST(Swarm, SecondPartOfTheSeedsIsSafeAndLive) { run_part(1); }
TEST(Swarm, ThirdPartOfTheSeedsIsSafeAndLive) { run_part(2); }
TEST(Swarm, FourthPartOfTheSeedsIsSafeAndLive) { run_part(3); }
TEST(Swarm, FifthPartOfTheSeedsIsSafeAndLive) { run_part(4); }

TEST(Replay, ASeedMeansTheSameRunEveryTime) {
  for (const std::uint64_t seed : {3, 14, 159}) {
    Script first(seed);
    Script second(seed);

    first.play();
    second.play();

    EXPECT_EQ(first.world().trace().hash(), second.world().trace().hash()) << "seed " << seed;
  }
}

TEST(Replay, DifferentSeedsAreDifferentRuns) {
  Script first(1);
  Script second(2);

  first.play();
  second.play();

  EXPECT_NE(first.world().trace().hash(), second.world().trace().hash());
}

}  // namespace
}  // namespace p2pchat::sim
