#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/pusher.h"
#include "proto/limits.h"
#include "tests/unit/ctl/fake_daemon.h"
#include "tests/unit/ctl/runner.h"

namespace p2pchat::ctl {
namespace {

using control::Record;
using testing::HasSubstr;

Record stored(std::int64_t number) {
  return Record()
      .set("id", "k3zq." + std::to_string(number))
      .set("conversation", "ops")
      .set("time", std::int64_t{1795183392123});
}

// Stores everything; the id of a message is its tag.
FakeDaemon::Replies store(FakeDaemon&, const control::Request& request) {
  return {end_of(request, stored(static_cast<std::int64_t>(request.tag)))};
}

std::vector<std::string> texts(const FakeDaemon& daemon) {
  std::vector<std::string> texts;
  for (const auto& request : daemon.requests("push")) texts.push_back(request.values.text("text"));
  return texts;
}

TEST(Push, PrintsTheIdAlone) {
  FakeDaemon daemon(store);

  const Ran ran = run_chatctl(daemon.socket(), {"push", "ops", "hello"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "k3zq.1\n");
  EXPECT_EQ(ran.err, "");
  ASSERT_EQ(daemon.requests("push").size(), 1U);
  EXPECT_EQ(daemon.requests("push")[0].values, Record().set("to", "ops").set("text", "hello"));
}

TEST(Push, PrintsJsonIfAsked) {
  FakeDaemon daemon(store);

  EXPECT_EQ(run_chatctl(daemon.socket(), {"push", "ops", "hello", "--json"}).out,
            "{\"v\":1,\"id\":\"k3zq.1\",\"conversation\":\"ops\","
            "\"time\":\"2026-11-20T14:03:12.123Z\"}\n");
}

TEST(Push, AllOfStdinIsOneMessageAsItIs) {
  FakeDaemon daemon(store);

  run_chatctl(daemon.socket(), {"push", "ops", "-"}, " two\nlines\n\n");

  EXPECT_EQ(texts(daemon), std::vector<std::string>{" two\nlines\n\n"});
}

TEST(Push, BytesThatAreNoTextGoAsData) {
  FakeDaemon daemon(store);

  run_chatctl(daemon.socket(), {"push", "ops", "-"}, "\xff\xfe");

  ASSERT_EQ(daemon.requests("push").size(), 1U);
  EXPECT_EQ(daemon.requests("push")[0].values.bytes("data"), (Bytes{0xff, 0xfe}));
}

TEST(Push, AFileIsOneMessage) {
  FakeDaemon daemon(store);
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "report") << "all\nwell\n";

  run_chatctl(daemon.socket(), {"push", "ops", "--file", folder.path() / "report"});

  EXPECT_EQ(texts(daemon), std::vector<std::string>{"all\nwell\n"});
}

TEST(Push, AFileThatCannotBeReadIsAFailure) {
  const Ran ran = run_chatctl("/nonexistent", {"push", "ops", "--file", "/nonexistent"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "chatctl: cannot open /nonexistent: No such file or directory\n");
}

TEST(Push, StdinIsReadOnlyWhenAskedFor) {
  FakeDaemon daemon(store);
  const MemoryStream in("line of a loop\n");
  const MemoryStream out;
  Console console(in.fd(), out.fd(), -1);

  run({"--socket", daemon.socket(), "push", "ops", "hello"}, console);

  EXPECT_EQ(lseek(in.fd(), 0, SEEK_CUR), 0);
}

TEST(Push, EmptyInputIsWrongUsage) {
  EXPECT_EQ(run_chatctl("/nonexistent", {"push", "ops", "-"}, "").code, 2);
}

TEST(Push, WhatIsTooLongIsSaidBeforeAnythingIsSent) {
  FakeDaemon daemon(store);
  const std::string most(kBodyBytesMax, 'x');

  EXPECT_EQ(run_chatctl(daemon.socket(), {"push", "ops", "-"}, most).code, 0);
  EXPECT_EQ(run_chatctl(daemon.socket(), {"push", "ops", "-"}, most + "x").code, 9);
  EXPECT_EQ(run_chatctl(daemon.socket(), {"push", "ops", most + "x"}).code, 9);
  EXPECT_EQ(daemon.requests("push").size(), 1U);
}

TEST(Push, EachLineIsAMessageInItsOrder) {
  FakeDaemon daemon(store);
  std::string input;
  std::string ids;
  for (int i = 1; i <= 1000; ++i) {
    input += "line " + std::to_string(i) + "\n";
    ids += "k3zq." + std::to_string(i) + "\n";
  }

  const Ran ran = run_chatctl(daemon.socket(), {"push", "ops", "-l"}, input);

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, ids);
  ASSERT_EQ(texts(daemon).size(), 1000U);
  EXPECT_EQ(texts(daemon)[0], "line 1");
  EXPECT_EQ(texts(daemon)[999], "line 1000");
}

TEST(Push, EmptyLinesAreLeftOutAndTheLastNeedsNoNewline) {
  FakeDaemon daemon(store);

  const Ran ran = run_chatctl(daemon.socket(), {"push", "ops", "-l"}, "\nfirst\n\n\nlast");

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(texts(daemon), (std::vector<std::string>{"first", "last"}));
}

TEST(Push, NoLinesAreNoFailure) {
  FakeDaemon daemon(store);

  EXPECT_EQ(run_chatctl(daemon.socket(), {"push", "ops", "-l"}, "").code, 0);
}

TEST(Push, LinesStopAtTheFirstRefusalAndSayWhich) {
  FakeDaemon daemon([](FakeDaemon& self, const control::Request& request) {
    if (request.values.text("text") == "bad") {
      return FakeDaemon::Replies{refusal_to(request, ExitCode::limit, "the room is full")};
    }
    return store(self, request);
  });

  const Ran ran = run_chatctl(daemon.socket(), {"push", "ops", "-l"}, "good\n\nbad\n");

  EXPECT_EQ(ran.code, 9);
  EXPECT_EQ(ran.out, "k3zq.1\n");
  EXPECT_EQ(ran.err, "chatctl: line 3: the room is full\n");
}

TEST(Push, WhatWasUnderWayBehindARefusalIsTold) {
  FakeDaemon daemon([](FakeDaemon& self, const control::Request& request) {
    if (request.tag == 1) {
      return FakeDaemon::Replies{refusal_to(request, ExitCode::limit, "too fast")};
    }
    return store(self, request);
  });

  const Ran ran = run_chatctl(daemon.socket(), {"push", "ops", "-l"}, "1\n2\n3\n");

  EXPECT_EQ(ran.code, 9);
  EXPECT_EQ(ran.out, "k3zq.2\nk3zq.3\n");
  EXPECT_THAT(ran.err, HasSubstr("line 1: too fast; lines behind it were under way already and "
                                 "are stored: 2"));
}

TEST(Push, ALineThatIsTooLongStopsBehindThoseBeforeIt) {
  FakeDaemon daemon(store);

  const Ran ran = run_chatctl(daemon.socket(), {"push", "ops", "-l"},
                              "good\n" + std::string(kBodyBytesMax + 1, 'x') + "\nlater\n");

  EXPECT_EQ(ran.code, 9);
  EXPECT_EQ(ran.out, "k3zq.1\n");
  EXPECT_THAT(ran.err, HasSubstr("line 2 is longer than 32768 bytes"));
  EXPECT_EQ(texts(daemon), std::vector<std::string>{"good"});
}

TEST(Push, AnswersInAnyOrderArePrintedInOrder) {
  control::Request first;
  FakeDaemon daemon([&first](FakeDaemon& self, const control::Request& request) {
    if (request.tag == 1) {
      first = request;
      return FakeDaemon::Replies();
    }
    auto replies = store(self, request);
    replies.push_back(end_of(first, stored(1)));
    return replies;
  });

  EXPECT_EQ(run_chatctl(daemon.socket(), {"push", "ops", "-l"}, "1\n2\n").out, "k3zq.1\nk3zq.2\n");
}

TEST(Push, WhetherItWasStoredIsUnknownWhenTheDaemonDies) {
  FakeDaemon daemon([](FakeDaemon& self, const control::Request&) {
    self.go_away();
    return FakeDaemon::Replies();
  });

  const Ran ran = run_chatctl(daemon.socket(), {"push", "ops", "hello"});

  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("it is unknown whether the message was stored"));
}

TEST(Push, WhetherItWasStoredIsUnknownWithoutAnAnswer) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request&) { return FakeDaemon::Replies(); });

  const Ran ran =
      run_chatctl(daemon.socket(), {"push", "ops", "-l", "--timeout", "20ms"}, "hello\n");

  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("line 1: "));
  EXPECT_THAT(ran.err, HasSubstr("does not answer"));
  EXPECT_THAT(ran.err, HasSubstr("it is unknown whether this line and those behind it"));
}

TEST(Push, AnIdThatCannotBePrintedIsAFailure) {
  FakeDaemon daemon(store);
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

  const Ran ran = run_chatctl(daemon.socket(), {"push", "ops", "hello"}, "", full);

  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("No space left on device"));
  close(full);
}

TEST(Pusher, KeepsSoManyUnderWayAtOnce) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request&) { return FakeDaemon::Replies(); });
  auto client = Client::open(daemon.socket());
  ASSERT_TRUE(client);
  Pusher pusher({"ops"});

  for (std::uint64_t i = 0; i < kPushWindow; ++i) {
    ASSERT_TRUE(pusher.has_room());
    pusher.push("text", i);
  }
  pusher.pump(**client);

  EXPECT_TRUE(daemon.wait_for("push", kPushWindow));
  EXPECT_FALSE(pusher.has_room());
  EXPECT_FALSE(pusher.is_idle());
  EXPECT_EQ(pusher.oldest_place(), 0U);
}

TEST(Push, LinesWaitForTheRateAndASingleMessageDoesNot) {
  FakeDaemon daemon(store);

  run_chatctl(daemon.socket(), {"push", "ops", "-l"}, "line\n");
  run_chatctl(daemon.socket(), {"push", "ops", "hello"});

  EXPECT_TRUE(daemon.requests("push").at(0).values.flag("waits"));
  EXPECT_FALSE(daemon.requests("push").at(1).values.flag("waits"));
}

TEST(Push, ASingleMessageThatIsTooFastIsRefused) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    auto refusal = refusal_to(request, ExitCode::limit, "too fast");
    refusal.row.set("retry_after", std::int64_t{1});
    return FakeDaemon::Replies{refusal};
  });

  EXPECT_EQ(run_chatctl(daemon.socket(), {"push", "ops", "hello"}).code, 9);
}

}  // namespace
}  // namespace p2pchat::ctl
