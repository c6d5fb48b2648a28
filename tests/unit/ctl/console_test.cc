#include "ctl/console.h"

#include <array>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

#include "tests/unit/ctl/runner.h"

namespace p2pchat::ctl {
namespace {

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    close(ends[1]);
  }
  void close_reader() {
    if (ends[0] >= 0) close(ends[0]);
    ends[0] = -1;
  }
  std::array<int, 2> ends{};
};

TEST(Console, WritesWhatWasAddedWhenItIsFlushed) {
  const MemoryStream out;
  Console console(-1, out.fd(), -1);

  console.add("hello ");
  console.add("world\n");
  EXPECT_EQ(out.content(), "");
  ASSERT_TRUE(console.flush());
  EXPECT_EQ(out.content(), "hello world\n");
}

TEST(Console, NotesGoToStderrUnlessQuiet) {
  const MemoryStream err;
  Console console(-1, -1, err.fd());

  console.note("good to know");
  console.be_quiet();
  console.note("not said");
  console.error("said always");

  EXPECT_EQ(err.content(), "chatctl: good to know\nchatctl: said always\n");
}

TEST(Console, WhatIsSaidIsOneCleanedLine) {
  const MemoryStream err;
  Console console(-1, -1, err.fd());

  console.error("no \x1b[31msuch\nname");

  EXPECT_EQ(err.content(), "chatctl: no \ufffd[31msuch\ufffdname\n");
}

TEST(Console, AReaderThatIsGoneEndsQuietly) {
  std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.close_reader();
  Console console(-1, pipe.ends[1], -1);

  console.add("hello\n");
  const auto flushed = console.flush();

  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, kOutputClosed);
  EXPECT_EQ(flushed.error().text, "");
}

TEST(Console, AFullDiskIsSaid) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  Console console(-1, full, -1);

  console.add("hello\n");
  const auto flushed = console.flush();

  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, ExitCode::failed);
  EXPECT_EQ(flushed.error().text, "cannot write to standard output: No space left on device");
  close(full);
}

TEST(Console, ASignalEndsTheWaitForAReaderThatHasStopped) {
  Pipe pipe;
  fcntl(pipe.ends[1], F_SETPIPE_SZ, 4096);
  Console console(-1, pipe.ends[1], -1);
  Signals signals;

  console.add(std::string(100'000, 'x'));
  raise(SIGINT);
  const auto flushed = console.flush(&signals);

  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().code, ExitCode::interrupted);
}

TEST(Console, ASlowReaderGetsEverything) {
  Pipe pipe;
  fcntl(pipe.ends[1], F_SETFL, O_NONBLOCK);
  Console console(-1, pipe.ends[1], -1);
  std::size_t read_bytes = 0;
  std::thread reader([&] {
    std::array<char, 1000> bytes{};
    while (read_bytes < 300'000) {
      const ssize_t size = read(pipe.ends[0], bytes.data(), bytes.size());
      if (size <= 0) break;
      read_bytes += static_cast<std::size_t>(size);
    }
  });

  console.add(std::string(300'000, 'x'));
  const auto flushed = console.flush();
  reader.join();

  EXPECT_TRUE(flushed);
  EXPECT_EQ(read_bytes, 300'000U);
}

}  // namespace
}  // namespace p2pchat::ctl
