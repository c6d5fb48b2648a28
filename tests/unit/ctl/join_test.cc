#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ctl/fake_daemon.h"
#include "tests/unit/ctl/runner.h"

namespace p2pchat::ctl {
namespace {

using control::Record;
using testing::HasSubstr;

Record wish(const std::string& state) {
  return Record()
      .set("room", "roomid")
      .set("name", "garden")
      .set("creator", "k3zq")
      .set("size", std::int64_t{8})
      .set("voted", std::int64_t{1})
      .set("state", state);
}

FakeDaemon::Answer answering(const Record& row) {
  return [row](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{end_of(request, row)};
  };
}

TEST(Join, ShowsWhoseRoomItIsAndThatTheWishGoesOn) {
  FakeDaemon daemon(answering(wish("waiting")));

  const Ran ran = run_chatctl(daemon.socket(), {"join", "garden", "--note", "it is me"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "room     roomid\nname     garden\ncreator  k3zq\nsize     8\nvoted    1\n"
            "state    waiting\n");
  EXPECT_EQ(ran.err,
            "chatctl: garden was made by somebody you have not met, id k3zq\n"
            "chatctl: its members are asked; the daemon goes on by itself, and pull tells the "
            "answer\n");
  const Record sent = daemon.requests("join").at(0).values;
  EXPECT_EQ(sent.text("room"), "garden");
  EXPECT_EQ(sent.text("note"), "it is me");
  EXPECT_EQ(sent.text("via"), "");
  EXPECT_FALSE(sent.flag("wait"));
}

TEST(Join, NamesACreatorThatIsKnown) {
  FakeDaemon daemon(answering(wish("member").set("creator_name", "alice")));

  const Ran ran = run_chatctl(daemon.socket(), {"join", "garden"});

  EXPECT_EQ(ran.err,
            "chatctl: garden was made by alice, id k3zq\n"
            "chatctl: you are a member of garden\n");
}

TEST(Join, PrintsOneObjectAsJson) {
  FakeDaemon daemon(answering(wish("waiting")));

  const Ran ran = run_chatctl(daemon.socket(), {"join", "garden", "--json", "-q"});

  EXPECT_EQ(ran.out,
            R"({"v":1,"room":"roomid","name":"garden","creator":"k3zq","size":8,"voted":1,)"
            R"("state":"waiting"})"
            "\n");
  EXPECT_EQ(ran.err, "");
}

TEST(Join, ThatWaitsTellsTheDaemonSo) {
  FakeDaemon daemon(answering(wish("member")));

  const Ran ran =
      run_chatctl(daemon.socket(), {"join", "garden", "--wait", "--via", "host.example:7473"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_TRUE(daemon.requests("join").at(0).values.flag("wait"));
  EXPECT_EQ(daemon.requests("join").at(0).values.text("via"), "host.example:7473");
}

TEST(Join, ThatWaitsEndsWithTenWhenItIsRefused) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{refusal_to(request, ExitCode::refused, "a member said no")};
  });

  const Ran ran = run_chatctl(daemon.socket(), {"join", "garden", "--wait"});

  EXPECT_EQ(ran.code, 10);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "chatctl: a member said no\n");
}

TEST(Join, ThatWaitsEndsWith124WhenItsTimeIsOver) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request&) { return FakeDaemon::Replies(); });

  const Ran ran = run_chatctl(daemon.socket(), {"join", "garden", "--wait", "--timeout", "20ms"});

  EXPECT_EQ(ran.code, 124);
  EXPECT_THAT(ran.err, HasSubstr("the members of garden have not answered yet"));
}

TEST(Join, ThatDoesNotWaitEndsWithThreeWhenTheDaemonIsSilent) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request&) { return FakeDaemon::Replies(); });

  const Ran ran = run_chatctl(daemon.socket(), {"join", "garden", "--timeout", "20ms"});

  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("does not answer"));
}

TEST(Join, ThatWaitsEndsWithThreeWhenTheDaemonGoes) {
  FakeDaemon daemon([](FakeDaemon& self, const control::Request&) {
    self.go_away();
    return FakeDaemon::Replies();
  });

  EXPECT_EQ(run_chatctl(daemon.socket(), {"join", "garden", "--wait"}).code, 3);
}

}  // namespace
}  // namespace p2pchat::ctl
