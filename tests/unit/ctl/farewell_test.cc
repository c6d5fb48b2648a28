#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ctl/fake_daemon.h"
#include "tests/unit/ctl/keyboard.h"

namespace p2pchat::ctl {
namespace {

using control::Record;
using testing::HasSubstr;

FakeDaemon::Replies agree(FakeDaemon&, const control::Request& request) {
  return {end_of(request, Record().set("room", "roomid").set("name", "garden"))};
}

TEST(Farewell, WithoutATerminalIsDoneAtOnce) {
  for (const char* verb : {"leave", "delete"}) {
    FakeDaemon daemon(agree);

    const Ran ran = run_chatctl(daemon.socket(), {verb, "garden"}, "n\n");

    EXPECT_EQ(ran.code, 0);
    EXPECT_EQ(ran.out, "room  roomid\nname  garden\n");
    EXPECT_EQ(ran.err, "");
    ASSERT_EQ(daemon.requests(verb).size(), 1U);
    EXPECT_EQ(daemon.requests(verb)[0].values.text("room"), "garden");
  }
}

TEST(Farewell, PrintsJson) {
  FakeDaemon daemon(agree);

  EXPECT_EQ(run_chatctl(daemon.socket(), {"leave", "garden", "--json"}).out,
            "{\"v\":1,\"room\":\"roomid\",\"name\":\"garden\"}\n");
}

TEST(Farewell, OnATerminalIsAskedFor) {
  FakeDaemon daemon(agree);
  const Keyboard keyboard;
  keyboard.type("y\n");

  const Ran ran = run_asking(keyboard, daemon.socket(), {"-q", "leave", "garden"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("leave garden? To come back you must ask all its members again."
                                 " [y/N] "));
  EXPECT_EQ(daemon.requests("leave").size(), 1U);
}

TEST(Farewell, WithoutAYesIsNone) {
  FakeDaemon daemon(agree);
  const Keyboard keyboard;
  keyboard.type("no\n");

  const Ran ran = run_asking(keyboard, daemon.socket(), {"delete", "garden"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("close garden for good, for everybody who is in it? [y/N] "));
  EXPECT_THAT(ran.err, HasSubstr("so nothing was done"));
  EXPECT_TRUE(daemon.requests("delete").empty());
}

TEST(Farewell, WithYesAsksNothing) {
  FakeDaemon daemon(agree);
  const Keyboard keyboard;

  const Ran ran = run_asking(keyboard, daemon.socket(), {"delete", "garden", "--yes"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
}

TEST(Farewell, OfSomebodyElsesRoomIsRefused) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{refusal_to(request, ExitCode::failed, "alice has made garden")};
  });

  const Ran ran = run_chatctl(daemon.socket(), {"delete", "garden"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "chatctl: alice has made garden\n");
}

}  // namespace
}  // namespace p2pchat::ctl
