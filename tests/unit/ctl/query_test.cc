#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ctl/fake_daemon.h"
#include "tests/unit/ctl/runner.h"

namespace p2pchat::ctl {
namespace {

using control::Record;
using testing::HasSubstr;

FakeDaemon::Replies two_peers(FakeDaemon&, const control::Request& request) {
  return {row_of(request, Record().set("name", "alice").set("linked", true)),
          row_of(request, Record().set("name", "bob").set("linked", false)), end_of(request)};
}

TEST(Query, PrintsRowsInColumns) {
  FakeDaemon daemon(two_peers);

  const Ran ran = run_chatctl(daemon.socket(), {"peers"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "alice  yes\nbob    no\n");
  EXPECT_EQ(ran.err, "");
}

TEST(Query, PrintsRowsAsJsonLines) {
  FakeDaemon daemon(two_peers);

  const Ran ran = run_chatctl(daemon.socket(), {"peers", "--json"});

  EXPECT_EQ(ran.out,
            "{\"v\":1,\"name\":\"alice\",\"linked\":true}\n"
            "{\"v\":1,\"name\":\"bob\",\"linked\":false}\n");
}

TEST(Query, PrintsWhatTheEndHasToSay) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{
        end_of(request, Record().set("id", "k3zq").set("door", std::int64_t{7473}))};
  });

  EXPECT_EQ(run_chatctl(daemon.socket(), {"id"}).out, "id    k3zq\ndoor  7473\n");
  EXPECT_EQ(run_chatctl(daemon.socket(), {"id", "--json"}).out,
            "{\"v\":1,\"id\":\"k3zq\",\"door\":7473}\n");
}

TEST(Query, IdTellsPeopleWhatToShare) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    const std::vector<std::string> addresses{"host:7473", "[::1]:7473"};
    return FakeDaemon::Replies{
        end_of(request, Record().set("id", "k3zq").set("addresses", addresses))};
  });

  EXPECT_EQ(run_chatctl(daemon.socket(), {"id"}).out,
            "id         k3zq\n"
            "addresses  host:7473, [::1]:7473\n"
            "share      k3zq@host:7473, k3zq@[::1]:7473\n");
}

TEST(Query, AnAckPrintsNothing) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{end_of(request)};
  });

  const Ran ran = run_chatctl(daemon.socket(), {"ack", "k3zq.42", "--json"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out + ran.err, "");
  EXPECT_EQ(daemon.requests("ack").size(), 1U);
}

TEST(Query, ADoctorsRowIsASentence) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{row_of(request, Record().set("text", "the door is closed")),
                               end_of(request)};
  });

  EXPECT_EQ(run_chatctl(daemon.socket(), {"doctor"}).out, "the door is closed\n");
}

TEST(Query, ARefusalIsOneLineAndItsCode) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{refusal_to(request, ExitCode::unknown, "nobody is called eve")};
  });

  const Ran ran = run_chatctl(daemon.socket(), {"verify", "eve"});

  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "chatctl: nobody is called eve\n");
}

TEST(Query, WithoutADaemonItIsThree) {
  const Ran ran = run_chatctl("/nonexistent/p2pchatd.sock", {"status"});

  EXPECT_EQ(ran.code, 3);
  EXPECT_EQ(ran.err, "chatctl: no daemon at /nonexistent/p2pchatd.sock: is p2pchatd running?\n");
}

TEST(Query, ADaemonThatDoesNotAnswerIsThree) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request&) { return FakeDaemon::Replies(); });

  const Ran ran = run_chatctl(daemon.socket(), {"status", "--timeout", "20ms"});

  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("does not answer"));
}

TEST(Query, HelpNeedsNoDaemon) {
  const Ran ran = run_chatctl("/nonexistent", {"status", "--help"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("Examples:"));
  EXPECT_EQ(ran.err, "");
}

TEST(Query, WrongUsageIsTwo) {
  const Ran ran = run_chatctl("/nonexistent", {"fly"});

  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.err, "chatctl: no such verb or flag: fly (see chatctl --help)\n");
}

}  // namespace
}  // namespace p2pchat::ctl
