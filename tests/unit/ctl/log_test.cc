#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "proto/limits.h"
#include "tests/unit/ctl/fake_daemon.h"
#include "tests/unit/ctl/runner.h"

namespace p2pchat::ctl {
namespace {

using control::Record;

// A history of so many messages, sent by credit.
class History {
 public:
  explicit History(std::size_t messages) : messages_(messages) {}

  FakeDaemon::Replies answer(const control::Request& request) {
    if (request.verb == "log") {
      stream_ = request;
      credit_ = kPullCreditRows;
    } else {
      EXPECT_EQ(request.verb, "more");
      credit_ += static_cast<std::size_t>(request.values.integer("rows"));
    }
    FakeDaemon::Replies replies;
    for (; sent_ < messages_ && credit_ > 0; --credit_) {
      replies.push_back(row_of(stream_, Record().set("text", std::to_string(++sent_))));
    }
    if (sent_ == messages_) replies.push_back(end_of(stream_));
    return replies;
  }

 private:
  std::size_t messages_;
  std::size_t sent_ = 0;
  std::size_t credit_ = 0;
  control::Request stream_;
};

TEST(Log, PrintsTheWholeHistory) {
  History history(500);
  FakeDaemon daemon(
      [&](FakeDaemon&, const control::Request& request) { return history.answer(request); });

  const Ran ran = run_chatctl(daemon.socket(), {"log", "ops", "--format", R"(%m\n)"});

  std::string all;
  for (int i = 1; i <= 500; ++i) all += std::to_string(i) + "\n";
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, all);
}

TEST(Log, AcknowledgesNothing) {
  History history(10);
  FakeDaemon daemon(
      [&](FakeDaemon&, const control::Request& request) { return history.answer(request); });

  run_chatctl(daemon.socket(), {"log", "ops"});

  EXPECT_EQ(daemon.requests("took").size(), 0U);
}

TEST(Log, WhatCameBeforeAFailureIsShown) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{row_of(request, Record().set("text", "first")),
                               refusal_to(request, ExitCode::failed, "the disk is damaged")};
  });

  const Ran ran = run_chatctl(daemon.socket(), {"log", "ops", "--format", R"(%m\n)"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "first\n");
  EXPECT_EQ(ran.err, "chatctl: the disk is damaged\n");
}

TEST(Log, ADaemonThatIsBusyPrintsNothing) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{row_of(request, Record().set("busy", true)),
                               row_of(request, Record().set("text", "found")), end_of(request)};
  });

  const Ran ran =
      run_chatctl(daemon.socket(), {"log", "ops", "--search", "found", "--format", R"(%m\n)"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "found\n");
  EXPECT_EQ(daemon.requests("log").at(0).values.text("search"), "found");
}

TEST(Log, AReaderThatIsGoneEndsItQuietly) {
  History history(500);
  FakeDaemon daemon(
      [&](FakeDaemon&, const control::Request& request) { return history.answer(request); });
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  close(ends[0]);

  const Ran ran = run_chatctl(daemon.socket(), {"log", "ops"}, "", ends[1]);

  EXPECT_EQ(ran.code, 141);
  EXPECT_EQ(ran.err, "");
  close(ends[1]);
}

}  // namespace
}  // namespace p2pchat::ctl
