// Rooms of many, as their users meet them: real daemons and a real rendezvous.
#include <cstdlib>
#include <gtest/gtest.h>

#include "tests/functional/harness/garden.h"
#include "tests/functional/harness/relay.h"

namespace p2pchat::functional {
namespace {

TEST_F(Garden, ThreeVoteEachOtherInAndTalk) {
  all_in();

  anna.tell({"push", "garden", "hello from anna"});
  cleo.tell({"push", "garden", "hello from cleo"});

  for (const Daemon* each : {&anna, &ben, &cleo}) {
    EXPECT_TRUE(wait_until([&] {
      return has_heard(*each, "hello from anna") && has_heard(*each, "hello from cleo");
    })) << each->name();
  }
}

TEST_F(Garden, AKnockIsShownToMembersWithNameNoteAndFingerprint) {
  ben.tell({"join", "garden", "--note", "from the office"});
  await_knock(anna, "ben");

  const auto row = json_lines(anna.tell({"votes", "--json"})).at(0);
  EXPECT_EQ(row.text("note"), "from the office");
  EXPECT_EQ(row.text("id"), ben.id());
  EXPECT_EQ(row.text("fingerprint"), ben.ask({"id"}).text("fingerprint"));
  const std::string told = anna.tell({"pull", "garden", "-n", "1", "--timeout", "60s", "--json"});
  const auto notice = json_lines(told).at(0);
  EXPECT_EQ(notice.text("kind"), "system");
  EXPECT_NE(notice.text("text").find("from the office"), std::string::npos);
  EXPECT_NE(notice.text("text").find(row.text("fingerprint")), std::string::npos);
}

TEST_F(Garden, JoinWaitsForTheAnswer) {
  Process waiting(ben.ctl_setup({"join", "garden", "--wait", "--json"}));
  say_yes(anna, "ben");

  EXPECT_EQ(waiting.wait(), 0) << waiting.err();
  EXPECT_EQ(json_lines(waiting.out()).at(0).text("state"), "member");
}

TEST_F(Garden, JoinThatIsRefusedEndsWithTen) {
  Process waiting(ben.ctl_setup({"join", "garden", "--wait"}));
  await_knock(anna, "ben");
  anna.tell({"vote", "garden", "ben", "no"});

  EXPECT_EQ(waiting.wait(), 10);
  EXPECT_TRUE(is_one_line(waiting.err(), "chatctl")) << waiting.err();
}

TEST_F(Garden, JoinThatNobodyAnswersEndsWithItsTime) {
  const Said said = ben.ctl({"join", "garden", "--wait", "--timeout", "300ms"});

  EXPECT_EQ(said.code, 124) << said.err;
}

TEST_F(Garden, AWishGoesOnByItselfAndEndsInANotice) {
  ben.tell({"join", "garden"});
  await_knock(anna, "ben");
  ben.restart();
  anna.tell({"vote", "garden", "ben", "no"});

  const std::string told = ben.tell({"pull", "-n", "1", "--timeout", "60s", "--json"});

  EXPECT_EQ(json_lines(told).at(0).text("kind"), "system");
  EXPECT_NE(told.find("no"), std::string::npos) << told;
}

TEST_F(Garden, WithTheRendezvousDeadAfterTheKnockTheVoteCompletes) {
  let_in(ben, {&anna});
  cleo.tell({"join", "garden"});
  await_knock(anna, "cleo");
  await_knock(ben, "cleo");
  rendezvous.crash();

  say_yes(anna, "cleo");
  say_yes(ben, "cleo");

  await_members({&anna, &ben, &cleo});
  cleo.tell({"push", "garden", "in at last"});
  EXPECT_TRUE(wait_until([&] { return has_heard(anna, "in at last"); }));
}

TEST_F(Garden, EachMistakeHasItsAnswer) {
  const auto code = [](const Daemon& daemon, const Words& words) {
    const Said said = daemon.ctl(words);
    EXPECT_TRUE(said.code == 0 || is_one_line(said.err, "chatctl")) << said.err;
    return said.code;
  };
  let_in(ben, {&anna});

  EXPECT_EQ(code(cleo, {"join", "nowhere"}), 4);
  EXPECT_EQ(code(cleo, {"create", "garden", "5"}), 1);
  EXPECT_EQ(code(cleo, {"create", "big", "257"}), 2);
  EXPECT_EQ(code(ben, {"join", "garden"}), 1);
  EXPECT_EQ(code(cleo, {"join", "garden"}), 0);
  EXPECT_EQ(code(cleo, {"join", "garden"}), 1);
  EXPECT_EQ(code(ben, {"delete", "garden"}), 1);
  EXPECT_EQ(code(cleo, {"vote", "garden", "cleo", "yes"}), 4);
  EXPECT_EQ(code(cleo, {"push", "garden", "let me in"}), 4);
  EXPECT_EQ(code(anna, {"vote", "garden", "nobody", "yes"}), 4);
  EXPECT_EQ(code(anna, {"vote", "garden", "ben", "evict"}), 1);
  EXPECT_EQ(code(anna, {"members", "nowhere"}), 4);
}

TEST_F(Garden, AFullRoomTakesNobody) {
  anna.tell({"create", "bench", "2"});
  ben.tell({"join", "bench"});
  await_knock(anna, "ben");
  anna.tell({"vote", "bench", "ben", "yes"});
  ASSERT_TRUE(wait_until([&] { return ben.ctl({"members", "bench"}).code == 0; }));

  EXPECT_EQ(cleo.ctl({"join", "bench"}).code, 9);
}

TEST_F(Garden, WhoIsEvictedIsOutAndIsToldSo) {
  all_in();

  anna.tell({"vote", "garden", "cleo", "evict"});
  ASSERT_TRUE(wait_until([&] { return sees_knock(ben, "cleo"); }));
  ben.tell({"vote", "garden", "cleo", "evict"});

  await_members({&anna, &ben});
  EXPECT_TRUE(wait_until([&] { return cleo.ctl({"push", "garden", "still here"}).code == 4; }));
  EXPECT_NE(cleo.tell({"pull", "garden"}).find("put you out"), std::string::npos);
}

TEST_F(Garden, WhoLeavesIsGoneAndMayComeBack) {
  all_in();

  cleo.tell({"leave", "garden"});
  await_members({&anna, &ben});

  // The rendezvous takes one knock a minute; a member's door has not had any.
  EXPECT_EQ(cleo.ctl({"join", "garden"}).code, 9);
  cleo.tell({"join", "garden", "--via", anna.door()});
  say_yes(anna, "cleo");
  say_yes(ben, "cleo");
  await_members({&anna, &ben, &cleo});
}

TEST_F(Garden, ADeletedRoomIsClosedForAll) {
  let_in(ben, {&anna});

  anna.tell({"delete", "garden"});

  EXPECT_TRUE(wait_until([&] { return ben.ctl({"push", "garden", "x"}).code == 4; }));
  EXPECT_EQ(anna.ctl({"push", "garden", "x"}).code, 4);
}

TEST_F(Garden, WhoLetWhomInIsProvedWithTheDaemonAndWithout) {
  all_in();

  const Said up = cleo.ctl({"members", "garden", "--proof"});
  cleo.stop();
  Process::Setup alone =
      cleo.ctl_setup({"members", "garden", "--proof", "--state", cleo.state().native()});
  alone.environment["PATH"] =
      std::filesystem::path(P2PCHATD_PATH).parent_path().native() + ":" + std::getenv("PATH");
  const Said down = run(alone);
  cleo.start();

  EXPECT_EQ(up.code, 0) << up.err;
  EXPECT_EQ(down.code, 0) << down.err;
  EXPECT_EQ(up.out, down.out);
  EXPECT_NE(up.out.find("3 members"), std::string::npos) << up.out;
}

TEST_F(Garden, AListedClientIsMetByItsName) {
  ben.tell({"add"});
  EXPECT_EQ(texts_of(cleo.tell({"list", "--json"}), "name"), std::vector<std::string>{"ben"});

  cleo.tell({"chat", "--no-talk", "ben"});
  ben.tell({"add", "--rm"});

  EXPECT_TRUE(wait_until([&] { return is_linked(cleo, "ben"); }));
  EXPECT_EQ(cleo.tell({"list", "--json"}), "");
}

TEST_F(Garden, OfTwoThatAreListedUnderOneNameNeitherIsMet) {
  Daemon other(folder / "other", "ben", {kAnyPort, {"--rendezvous", rendezvous.address()}});
  other.start();
  ben.tell({"add"});
  other.tell({"add"});

  const Said said = cleo.ctl({"chat", "--no-talk", "ben"});

  EXPECT_EQ(said.code, 5);
  EXPECT_NE(said.err.find(ben.id()), std::string::npos) << said.err;
  EXPECT_NE(said.err.find(other.id()), std::string::npos) << said.err;
}

TEST_F(Garden, AStandingPolicyAnswersForAMachine) {
  anna.stop();
  anna.setup().flags.insert(anna.setup().flags.end(), {"--auto-vote", ben.id()});
  anna.start();

  EXPECT_EQ(ben.ctl({"join", "garden", "--wait", "--timeout", "60s"}).code, 0);

  cleo.tell({"join", "garden"});
  await_knock(anna, "cleo");
  const auto row = json_lines(anna.tell({"votes", "--json"})).at(0);
  EXPECT_FALSE(row.flag("auto"));
  for (const Json& member : json_lines(anna.tell({"members", "garden", "--json"}))) {
    EXPECT_EQ(member.flag("auto_vote"), member.text("name") == "ben");
  }
}

TEST_F(Garden, KilledAnywhereInAVoteEverybodyComesToTheSameRoom) {
  let_in(ben, {&anna});
  cleo.tell({"join", "garden"});
  await_knock(anna, "cleo");
  await_knock(ben, "cleo");
  for (int i = 0; i < 5; ++i) {
    anna.tell({"vote", "garden", "cleo", "yes"});
    anna.crash();
    anna.start();
    cleo.crash();
    cleo.start();
  }
  ben.tell({"vote", "garden", "cleo", "yes"});
  ben.crash();
  ben.start();

  await_members({&anna, &ben, &cleo});
}

// The bytes to and from the rendezvous, which all pass a relay here.
struct Watched : testing::Test {
  void start(Daemon& daemon) {
    const std::string& address = rendezvous.address();
    daemon.setup().flags = {"--rendezvous",
                            address.substr(0, address.find('@')) + "@" + own_host(3) + ":7473"};
    daemon.start();
  }

  TempFolder folder;
  Rendezvous rendezvous{folder.path(), {}, own_host(2) + ":7473"};
  Relay relay{own_host(3), own_host(2)};
  Daemon anna{folder.path(), "anna", {own_host(0)}};
  Daemon ben{folder.path(), "ben", {own_host(1)}};
};

TEST_F(Watched, TheRendezvousIsNeverGivenChat) {
  const std::string secret = "what only members may read ";
  rendezvous.start();
  start(anna);
  start(ben);
  anna.tell({"create", "garden", "8"});
  ben.tell({"join", "garden"});
  Garden::say_yes(anna, "ben");
  Garden::await_members({&anna, &ben});
  const auto talk = [&](int count) {
    std::string lines;
    for (int i = 0; i < count; ++i) lines += secret + std::to_string(i) + "\n";
    const std::size_t before = relay.seen().size();
    EXPECT_EQ(anna.ctl_with_input({"push", "garden", "-l"}, lines).code, 0);
    EXPECT_TRUE(
        wait_until([&] { return Garden::has_heard(ben, secret + std::to_string(count - 1)); }));
    return relay.seen().size() - before;
  };

  const std::size_t joining = relay.seen().size();
  const std::size_t little = talk(10);
  const std::size_t much = talk(2000);

  EXPECT_GT(joining, 1000U) << "the relay sees nothing";
  // What flows meanwhile are watches that are answered and put again, whatever is said.
  EXPECT_LT(little, 8000U);
  EXPECT_LT(much, 8000U);
  EXPECT_EQ(read_file(rendezvous.database()).find(secret), std::string::npos);
  EXPECT_EQ(read_file(rendezvous.state() / "rendezvous.db-wal").find(secret), std::string::npos);
}

TEST_F(Garden, OnlyAHistoryForAllIsReadByWhoComesLater) {
  const auto lets_in = [&](const std::string& history, const Daemon& newcomer) {
    anna.tell({"create", history, "4", "--history", history});
    anna.tell({"push", history, "before you came"});
    newcomer.tell({"join", history});
    await_knock(anna, newcomer.name());
    anna.tell({"vote", history, newcomer.name(), "yes"});
    EXPECT_TRUE(wait_until([&] { return newcomer.ctl({"members", history}).code == 0; }));
    anna.tell({"push", history, "welcome", "--wait", "all", "--timeout", "20s"});
  };
  const auto reads = [](const Daemon& who, const char* room, const char* text) {
    return who.ctl({"log", room}).out.find(text) != std::string::npos;
  };

  lets_in("none", ben);
  lets_in("all", cleo);

  EXPECT_TRUE(reads(ben, "none", "welcome"));
  EXPECT_TRUE(wait_until([&] { return reads(cleo, "all", "before you came"); }));
  EXPECT_FALSE(reads(ben, "none", "before you came"));
  EXPECT_EQ(anna.ctl({"create", "shed", "4", "--history", "some"}).code, 2);
}

// No rendezvous at all.
struct Doors : testing::Test {
  void SetUp() override {
    for (Daemon* each : {&anna, &ben, &cleo}) each->start();
    anna.tell({"create", "garden", "8"});
  }

  TempFolder folder;
  Daemon anna{folder.path(), "anna"};
  Daemon ben{folder.path(), "ben"};
  Daemon cleo{folder.path(), "cleo"};
};

TEST_F(Doors, AMembersDoorTakesKnocks) {
  ben.tell({"join", "garden", "--via", anna.door()});
  Garden::say_yes(anna, "ben");
  Garden::await_members({&anna, &ben});
  Process waiting(cleo.ctl_setup({"join", "garden", "--via", ben.door(), "--wait"}));
  Garden::say_yes(anna, "cleo");
  Garden::say_yes(ben, "cleo");

  EXPECT_EQ(waiting.wait(), 0) << waiting.err();
  Garden::await_members({&anna, &ben, &cleo});
  cleo.tell({"push", "garden", "by the back door"});
  EXPECT_TRUE(wait_until([&] { return Garden::has_heard(anna, "by the back door"); }));
}

TEST_F(Doors, WhereNoRoomIsCalledSoNobodyCanKnock) {
  EXPECT_EQ(ben.ctl({"join", "nowhere", "--via", anna.door()}).code, 4);
  EXPECT_EQ(ben.ctl({"join", "garden", "--via", cleo.door()}).code, 4);
  EXPECT_EQ(ben.ctl({"join", "garden"}).code, 2);
}

}  // namespace
}  // namespace p2pchat::functional
