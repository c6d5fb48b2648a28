// Meeting: who is met, who is let in, and who is not.
#include <gtest/gtest.h>

#include "tests/functional/harness/daemon.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::functional {
namespace {

std::string state_of(const Daemon& daemon, const std::string& name) {
  const auto peer = peer_of(daemon, name);
  return peer ? peer->text("state") : "";
}

bool becomes_linked(const Daemon& daemon, const std::string& name) {
  return wait_until([&] { return is_linked(daemon, name); });
}

// The newest message that has come with `name` is `text`.
bool hears(const Daemon& daemon, const std::string& name, const std::string& text) {
  return wait_until([&] {
    const auto newest = texts_of(daemon.tell({"log", name, "-n", "1", "--json"}));
    return newest == std::vector{text};
  });
}

TEST(Meeting, ByHostAndPortShowsAndPinsWhoIsThere) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben");
  anna.start();
  ben.start();

  const Said first = anna.ctl({"chat", "--no-talk", ben.door()});
  const Said second = anna.ctl({"chat", "--no-talk", ben.door()});

  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(first.out, "ben\n");
  EXPECT_NE(first.err.find(ben.id()), std::string::npos) << first.err;
  EXPECT_NE(first.err.find(ben.ask({"id"}).text("fingerprint")), std::string::npos) << first.err;
  EXPECT_EQ(second.code, 0);
  EXPECT_EQ(second.err, "") << "only a first use is shown";
  EXPECT_TRUE(becomes_linked(anna, "ben"));
  EXPECT_TRUE(becomes_linked(ben, "anna"));
}

TEST(Meeting, ByIdAndAddressTalksWithThatIdOnly) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben");
  anna.start();
  ben.start();

  const Said wrong = anna.ctl({"chat", "--no-talk", anna.id() + "@" + ben.door()});
  const auto peers_after_wrong = anna.tell({"peers", "--json"});
  const Said right = anna.ctl({"chat", "--no-talk", ben.id() + "@" + ben.door()});

  EXPECT_EQ(wrong.code, 5);
  EXPECT_TRUE(is_one_line(wrong.err, "chatctl")) << wrong.err;
  EXPECT_EQ(peers_after_wrong, "");
  EXPECT_EQ(right.code, 0) << right.err;
  EXPECT_EQ(right.out, "ben\n");
}

TEST(Meeting, ByTheNameOfAContactNeedsNoAddress) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben");
  anna.start();
  ben.start();
  meet(anna, ben);

  EXPECT_EQ(ben.tell({"chat", "--no-talk", "anna"}), "anna\n");
  EXPECT_EQ(ben.ctl({"chat", "--no-talk", "cleo"}).code, 1) << "a host that is not there";
}

TEST(Meeting, AtAPinnedAddressRefusesAnotherIdentity) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben");
  anna.start();
  ben.start();
  meet(anna, ben);
  const std::string door = ben.door();
  ben.stop();
  Daemon mallory(folder.path(), "mallory", {door});
  mallory.start();

  const Said refused = anna.ctl({"chat", "--no-talk", door});
  anna.tell({"push", "ben", "for Ben alone"});
  const Said meant = anna.ctl({"chat", "--no-talk", mallory.id() + "@" + door});

  EXPECT_EQ(refused.code, 5);
  EXPECT_TRUE(is_one_line(refused.err, "chatctl")) << refused.err;
  EXPECT_NE(refused.err.find("ben"), std::string::npos) << "says who was there before";
  EXPECT_EQ(meant.code, 0) << "who names the new identity means it: " << meant.err;
  EXPECT_TRUE(becomes_linked(anna, "mallory"));
  EXPECT_EQ(mallory.tell({"pull", "--json"}), "");
}

TEST(Meeting, WhereNobodyListensFailsInOneLine) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  anna.start();

  const Said said = anna.ctl({"chat", "--no-talk", "127.0.0.1:1"});

  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(is_one_line(said.err, "chatctl")) << said.err;
}

TEST(Acceptance, OfNobodyRefusesStrangersButNotWhomItsUserMeets) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben", {"", {"--accept", "nobody"}});
  anna.start();
  ben.start();

  const Said refused = anna.ctl({"chat", "--no-talk", ben.door()});
  const auto told = ben.tell({"pull", "--json"});
  meet(ben, anna);

  EXPECT_EQ(refused.code, 1);
  EXPECT_TRUE(is_one_line(refused.err, "chatctl")) << refused.err;
  EXPECT_EQ(told, "") << "nobody bothers Ben";
}

TEST(Acceptance, OfTheKnownLetsInWhomItsUserHasNamed) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben", {"", {"--accept", "known"}});
  Daemon cleo(folder.path(), "cleo");
  anna.start();
  ben.start();
  cleo.start();
  ben.tell({"alias", anna.id(), "anna"});

  const Said named = anna.ctl({"chat", "--no-talk", ben.door()});
  const Said foreign = cleo.ctl({"chat", "--no-talk", ben.door()});

  EXPECT_EQ(named.code, 0) << named.err;
  EXPECT_TRUE(becomes_linked(ben, "anna"));
  EXPECT_EQ(foreign.code, 1);
}

TEST(Acceptance, ByAskingWaitsForTheUserAndThenCompletesByItself) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben", {"", {"--accept", "ask"}});
  anna.start();
  ben.start();

  const Said waits = anna.ctl({"chat", "--no-talk", ben.door()});
  const auto told = json_lines(ben.tell({"pull", "--json"}));
  const Said early = ben.ctl({"push", "anna", "too early"});
  const std::string asks = state_of(ben, "anna");
  ben.tell({"chat", "--no-talk", "anna"});

  EXPECT_EQ(waits.code, 6) << waits.err;
  EXPECT_TRUE(is_one_line(waits.err, "chatctl")) << waits.err;
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].text("kind"), "system");
  EXPECT_NE(told[0].text("text").find(anna.id()), std::string::npos) << told[0].text("text");
  EXPECT_NE(told[0].text("text").find("chatctl chat --no-talk anna"), std::string::npos);
  EXPECT_EQ(early.code, 4) << "nothing goes to somebody who merely claims a name";
  EXPECT_EQ(asks, "asks");
  ASSERT_TRUE(becomes_linked(anna, "ben"));
  anna.tell({"push", "ben", "thank you"});
  EXPECT_TRUE(hears(ben, "anna", "thank you"));
}

TEST(Acceptance, IsAskedForOnceAndSurvivesRestarts) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben", {"", {"--accept", "ask"}});
  anna.start();
  ben.start();
  anna.ctl({"chat", "--no-talk", ben.door()});
  anna.ctl({"chat", "--no-talk", ben.door()});
  ben.restart();
  anna.restart();

  const auto told = json_lines(ben.tell({"pull", "--json"}));
  ben.tell({"chat", "--no-talk", "anna"});

  EXPECT_EQ(told.size(), 1U) << "one notice for one stranger";
  EXPECT_TRUE(becomes_linked(anna, "ben"));
}

TEST(Blocking, CutsOffUntilItIsUndone) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben");
  anna.start();
  ben.start();
  meet(anna, ben);
  anna.tell({"push", "ben", "before"});
  ASSERT_TRUE(hears(ben, "anna", "before"));

  ben.tell({"block", "anna"});
  const bool is_cut = wait_until([&] { return state_of(anna, "ben") == "away"; });
  anna.tell({"push", "ben", "while blocked"});
  const Said to_blocked = ben.ctl({"push", "anna", "no"});
  const Said meets_again = anna.ctl({"chat", "--no-talk", ben.door()});
  const auto history_while_blocked = texts_of(ben.tell({"log", "anna", "--json"}));
  ben.tell({"block", "--undo", "anna"});

  EXPECT_TRUE(is_cut);
  EXPECT_EQ(to_blocked.code, 4);
  EXPECT_NE(meets_again.code, 0);
  EXPECT_EQ(history_while_blocked, std::vector<std::string>{"before"});
  EXPECT_TRUE(hears(ben, "anna", "while blocked")) << "after the undoing";
}

TEST(Names, ThatPeersClaimAreMarkedWhenTheyAreTaken) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben");
  Daemon other(folder.path() / "other", "ben");
  anna.start();
  ben.start();
  other.start();
  meet(anna, ben);

  const std::string listed = anna.tell({"chat", "--no-talk", other.door()});
  const std::string id = other.id();
  anna.tell({"alias", id.substr(0, 8), "ben-at-work"});
  anna.tell({"push", "ben-at-work", "by my own name"});
  anna.tell({"push", id.substr(0, 8), "by the beginning of the id"});

  EXPECT_EQ(listed, "ben~" + id.substr(0, 4) + "\n");
  EXPECT_TRUE(hears(other, "anna", "by the beginning of the id"));
  EXPECT_EQ(ben.tell({"pull", "--json"}), "");
}

TEST(Verifying, IsNotedOfTheContact) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna");
  Daemon ben(folder.path(), "ben");
  anna.start();
  ben.start();
  meet(anna, ben);

  const bool before = peer_of(anna, "ben")->flag("verified");
  anna.tell({"verify", "ben"});
  anna.restart();

  EXPECT_FALSE(before);
  EXPECT_TRUE(peer_of(anna, "ben")->flag("verified"));
}

}  // namespace
}  // namespace p2pchat::functional
