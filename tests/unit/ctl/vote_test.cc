#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/crypto.h"
#include "tests/unit/ctl/fake_daemon.h"
#include "tests/unit/ctl/keyboard.h"
#include "tests/unit/samples.h"

namespace p2pchat::ctl {
namespace {

using control::Record;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string id(std::uint8_t who) { return to_text(sample_peer(who)); }

Record knock(std::uint8_t who, const std::string& name, const std::string& room = "garden") {
  return Record()
      .set("room", room + "-id")
      .set("room_name", room)
      .set("kind", "knock")
      .set("id", id(who))
      .set("name", name)
      .set("fingerprint", fingerprint(sample_peer(who)))
      .set("note", "let me in")
      .set("expires", std::int64_t{1'767'225'600'000})
      .set("yes", std::int64_t{1})
      .set("no", std::int64_t{0})
      .set("waiting_for", std::vector<std::string>{"carl", "dora"})
      .set("mine", "")
      .set("auto", false);
}

Record eviction() {
  return knock(4, "mallory,eve")
      .set("kind", "evict")
      .set("id", id(4) + "," + id(5))
      .set("note", "");
}

// Two candidates of one name in two rooms, one more, and two members who are to go.
FakeDaemon::Replies answer(FakeDaemon&, const control::Request& request) {
  if (request.verb == "votes") {
    return {row_of(request, knock(2, "bob", "attic")), row_of(request, knock(3, "bob")),
            row_of(request, knock(6, "zoe")), row_of(request, eviction()), end_of(request)};
  }
  if (request.verb == "members") {
    return {row_of(request, Record().set("id", id(4)).set("name", "mallory")),
            row_of(request, Record().set("id", id(5)).set("name", "eve")), end_of(request)};
  }
  return {end_of(request, Record().set("name", "garden").set("vote", "yes"))};
}

std::string voted_on(const FakeDaemon& daemon) {
  const auto votes = daemon.requests("vote");
  return votes.size() == 1 ? votes[0].values.text("who") : "no vote";
}

TEST(Votes, StandOneBelowTheOther) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{row_of(request, knock(2, "bob")), row_of(request, knock(3, "zoe")),
                               end_of(request)};
  });
  setenv("TZ", "UTC", 1);
  tzset();

  const Ran ran = run_chatctl(daemon.socket(), {"votes"});

  EXPECT_EQ(ran.code, 0);
  const std::string bob =
      "room         garden-id\nroom name    garden\nkind         knock\n"
      "id           " +
      id(2) + "\nname         bob\nfingerprint  " + fingerprint(sample_peer(2)) +
      "\nnote         let me in\nexpires      2026-01-01 00:00:00\n"
      "yes          1\nno           0\nwaiting for  carl, dora\n"
      "mine         -\nauto         no\n";
  EXPECT_THAT(ran.out, testing::StartsWith(bob + "\nroom         garden-id\n"));
}

TEST(Votes, AreJsonLines) {
  FakeDaemon daemon(answer);

  const Ran ran = run_chatctl(daemon.socket(), {"votes", "--json"});

  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 4);
  EXPECT_THAT(ran.out, AllOf(HasSubstr(R"("kind":"knock","id":")" + id(2)),
                             HasSubstr(R"("expires":"2026-01-01T00:00:00.000Z")"),
                             HasSubstr(R"("waiting_for":["carl","dora"],"mine":"","auto":false)")));
}

TEST(Vote, WithoutATerminalAsksNothing) {
  FakeDaemon daemon(answer);

  const Ran ran =
      run_chatctl(daemon.socket(), {"vote", "garden", "bob", "yes", "--note", "welcome"}, "no\n");

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "name  garden\nvote  yes\n");
  EXPECT_EQ(ran.err, "");
  EXPECT_TRUE(daemon.requests("votes").empty());
  const Record sent = daemon.requests("vote").at(0).values;
  EXPECT_EQ(sent.text("room"), "garden");
  EXPECT_EQ(sent.text("who"), "bob");
  EXPECT_EQ(sent.text("answer"), "yes");
  EXPECT_EQ(sent.text("note"), "welcome");
}

TEST(Vote, OnATerminalShowsTheFingerprintFirst) {
  FakeDaemon daemon(answer);
  const Keyboard keyboard;
  keyboard.type("y\n");

  const Ran ran = run_asking(keyboard, daemon.socket(), {"vote", "garden", "bob", "yes"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err,
              HasSubstr("chatctl: bob, who asks to be let in\n"
                        "chatctl:   id           " +
                        id(3) + "\nchatctl:   fingerprint  " + fingerprint(sample_peer(3)) +
                        "\nchatctl:   note         let me in\n"
                        "chatctl: vote yes in garden, which is final? [y/N] "));
}

TEST(Vote, IsOnWhomWasShownAndOnNobodyOfTheSameName) {
  for (const std::string& who : {std::string("bob"), id(3), id(3).substr(0, 8)}) {
    FakeDaemon daemon(answer);
    const Keyboard keyboard;
    keyboard.type("yes\n");

    run_asking(keyboard, daemon.socket(), {"vote", "room:garden", who, "no"});

    EXPECT_EQ(voted_on(daemon), id(3)) << who;
  }
}

TEST(Vote, WithoutAYesIsNone) {
  for (const char* answered : {"n\n", "\n", "yesterday\n", "\x04"}) {
    FakeDaemon daemon(answer);
    const Keyboard keyboard;
    keyboard.type(answered);

    const Ran ran = run_asking(keyboard, daemon.socket(), {"vote", "garden", "bob", "yes"});

    EXPECT_EQ(ran.code, 1);
    EXPECT_THAT(ran.err, HasSubstr("there is no vote"));
    EXPECT_EQ(voted_on(daemon), "no vote");
  }
}

TEST(Vote, WithYesAsksNothingOnATerminal) {
  FakeDaemon daemon(answer);
  const Keyboard keyboard;

  const Ran ran = run_asking(keyboard, daemon.socket(), {"vote", "garden", "bob", "yes", "--yes"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(voted_on(daemon), "bob");
}

TEST(Vote, OnATerminalOnSomebodyWhoDoesNotWaitIsFour) {
  FakeDaemon daemon(answer);
  const Keyboard keyboard;

  const Ran ran = run_asking(keyboard, daemon.socket(), {"vote", "garden", "carl", "yes"});

  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.err,
              HasSubstr("nobody called carl waits for a vote in garden; see chatctl votes"));
  EXPECT_EQ(voted_on(daemon), "no vote");
}

TEST(Vote, OnATerminalOnANameOfTwoIsFour) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{row_of(request, knock(2, "bob")), row_of(request, knock(3, "bob")),
                               end_of(request)};
  });
  const Keyboard keyboard;

  const Ran ran = run_asking(keyboard, daemon.socket(), {"vote", "garden", "bob", "yes"});

  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.err, HasSubstr("bob fits several"));
}

TEST(Vote, ToEvictSeveralShowsEachOfThem) {
  FakeDaemon daemon(answer);
  const Keyboard keyboard;
  keyboard.type("y\n");

  const Ran ran =
      run_asking(keyboard, daemon.socket(), {"vote", "garden", "mallory, eve", "evict"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err,
              AllOf(HasSubstr("mallory, a member"), HasSubstr("eve, a member"),
                    HasSubstr(fingerprint(sample_peer(4))), HasSubstr(fingerprint(sample_peer(5))),
                    HasSubstr("evict from garden, which is final? [y/N]")));
  EXPECT_EQ(voted_on(daemon), id(4) + "," + id(5));
}

TEST(Vote, ToEvictSomebodyWhoIsNoMemberIsFour) {
  FakeDaemon daemon(answer);
  const Keyboard keyboard;

  const Ran ran = run_asking(keyboard, daemon.socket(), {"vote", "garden", "zoe", "evict"});

  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.err, HasSubstr("nobody called zoe is in garden"));
}

TEST(Vote, AgainstOneWhoIsToBeEvictedIsOnThatOne) {
  FakeDaemon daemon(answer);
  const Keyboard keyboard;
  keyboard.type("y\n");

  const Ran ran = run_asking(keyboard, daemon.socket(), {"vote", "garden", "eve", "no"});

  EXPECT_THAT(ran.err, AllOf(HasSubstr("eve, a member"), Not(HasSubstr("let me in"))));
  EXPECT_EQ(voted_on(daemon), id(5));
}

TEST(Vote, ThatComesTooLateIsTen) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{refusal_to(request, ExitCode::refused, "the knock has expired")};
  });

  const Ran ran = run_chatctl(daemon.socket(), {"vote", "garden", "bob", "yes"});

  EXPECT_EQ(ran.code, 10);
  EXPECT_EQ(ran.err, "chatctl: the knock has expired\n");
}

}  // namespace
}  // namespace p2pchat::ctl
