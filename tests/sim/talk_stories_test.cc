// Stories of two peers who talk, each told as a play; see stage.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sim/stage.h"

namespace p2pchat::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Nothing that the network carries gets through.
constexpr Conditions kDeaf{.loss = 100};
// Nothing is between a push and its arrival but the live road.
constexpr Duration kAtOnce = 100ms;

TEST(TwoPeers, MeetAndTalk) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");

  EXPECT_EQ(stage.meets(anna, "10.0.0.2:7473").code, ExitCode::done);
  EXPECT_EQ(stage.says_to(anna, bert, "bert", "good morning").code, ExitCode::done);
  EXPECT_TRUE(stage.comes(bert, "good morning"));
  EXPECT_EQ(stage.says_to(bert, anna, "anna", "and to you").code, ExitCode::done);
  EXPECT_TRUE(stage.comes(anna, "and to you"));

  EXPECT_THAT(stage.log(anna, bert), ElementsAre("anna: good morning", "bert: and to you"));
  EXPECT_EQ(stage.log(anna, bert), stage.log(bert, anna));
}

TEST(TwoPeers, HearEachOtherLiveOnceTheyAreLinked) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  stage.says(anna, bert, "now");

  EXPECT_TRUE(stage.comes(bert, "now", kAtOnce));
}

TEST(TwoPeers, MessagesWaitForAnAbsentPeer) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  stage.leaves(bert);
  stage.passes(10s);
  EXPECT_EQ(stage.says(anna, bert, "one").code, ExitCode::done);
  EXPECT_EQ(stage.says(anna, bert, "two").code, ExitCode::done);
  stage.passes(10min);
  EXPECT_THAT(stage.pull(bert), IsEmpty());
  stage.returns(bert);

  EXPECT_TRUE(stage.comes(bert, "two", 10s));
  EXPECT_THAT(stage.pull(bert), ElementsAre("one", "two"));
}

TEST(TwoPeers, MessagesSurviveThatBothAreAwayInTurns) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  stage.leaves(bert);
  stage.says(anna, bert, "are you there?");
  stage.leaves(anna);
  stage.passes(1min);
  stage.returns(bert);
  stage.says(bert, anna, "where are you?");
  stage.passes(1min);
  stage.returns(anna);

  EXPECT_TRUE(stage.comes(bert, "are you there?", 40s));
  EXPECT_TRUE(stage.comes(anna, "where are you?", 40s));
  EXPECT_EQ(stage.log(anna, bert), stage.log(bert, anna));
}

TEST(TwoPeers, ALostLiveFrameIsRepairedOverTheLink) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.says(anna, bert, "heard");
  ASSERT_TRUE(stage.comes(bert, "heard", kAtOnce));
  stage.passes(5s);

  stage.network().set_conditions(kDeaf);
  stage.says(anna, bert, "missed");
  stage.network().set_conditions({});
  EXPECT_FALSE(stage.comes(bert, "missed", kAtOnce));

  EXPECT_TRUE(stage.comes(bert, "missed", 2s));
}

TEST(TwoPeers, ALiveRoadThatCarriesNothingIsReplacedByTheLink) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  stage.network().set_conditions(kDeaf);
  stage.passes(kHearingTimeout + kHearingTimeout);
  stage.says(anna, bert, "over the link");

  // TCP sends a lost segment again, so the link still carries, only later.
  EXPECT_TRUE(stage.comes(bert, "over the link", kResendMax + 1s));
}

TEST(TwoPeers, TheOneWhoCannotBeDialledMeetsAndTalks) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.network().shelter(anna.index(), true);
  stage.befriend(anna, bert);

  stage.says(anna, bert, "from within");
  stage.says(bert, anna, "from without");

  EXPECT_TRUE(stage.comes(bert, "from within", 1s));
  EXPECT_TRUE(stage.comes(anna, "from without", 1s));
}

TEST(TwoPeers, TheOneWhoCannotBeDialledIsFoundAgainAfterBothWereAway) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.network().shelter(anna.index(), true);
  stage.befriend(anna, bert);

  stage.leaves(anna);
  stage.says(bert, anna, "while you were away");
  stage.passes(5min);
  stage.restarts(bert);
  stage.passes(5min);
  stage.returns(anna);

  EXPECT_TRUE(stage.comes(anna, "while you were away", 40s));
}

TEST(TwoPeers, ClocksMinutesApartKeepOneOrder) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  bert.jump_wall(-4min);
  stage.befriend(anna, bert);

  stage.says(anna, bert, "question");
  ASSERT_TRUE(stage.comes(bert, "question"));
  stage.says(bert, anna, "answer");
  ASSERT_TRUE(stage.comes(anna, "answer"));
  stage.says(anna, bert, "thanks");
  ASSERT_TRUE(stage.comes(bert, "thanks"));

  EXPECT_THAT(stage.log(anna, bert), ElementsAre("anna: question", "bert: answer", "anna: thanks"));
  EXPECT_EQ(stage.log(anna, bert), stage.log(bert, anna));
}

TEST(TwoPeers, AClockFarAheadIsShownAtOnceAndNotFollowed) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  anna.jump_wall(1h);
  stage.befriend(anna, bert);

  stage.says(anna, bert, "from the future");
  ASSERT_TRUE(stage.comes(bert, "from the future", 1s));
  stage.says(bert, anna, "from today");
  ASSERT_TRUE(stage.comes(anna, "from today", 1s));

  const auto ahead = stage.time_of(bert, "from the future").milliseconds -
                     stage.time_of(bert, "from today").milliseconds;
  EXPECT_GT(ahead, std::chrono::milliseconds(59min).count());
  EXPECT_EQ(stage.log(anna, bert), stage.log(bert, anna));
}

TEST(TwoPeers, AClockThatJumpsBackStillPostsInOrder) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  stage.says(anna, bert, "first");
  anna.jump_wall(-3min);
  stage.says(anna, bert, "second");
  stage.restarts(anna);
  stage.says(anna, bert, "third");
  ASSERT_TRUE(stage.comes(bert, "third", 40s));

  EXPECT_THAT(stage.log(bert, anna), ElementsAre("anna: first", "anna: second", "anna: third"));
}

TEST(TwoPeers, ARestartWithTheClockSetBackKeepsWhatBeatsHavePromised) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  stage.says(anna, bert, "before");
  stage.passes(1min);
  anna.jump_wall(-3min);
  stage.restarts(anna);
  stage.says(anna, bert, "after");

  // A checker compares the stamp with what anna's beats have told bert.
  EXPECT_TRUE(stage.comes(bert, "after", 40s));
}

TEST(TwoPeers, MessagesOfSeveralRunsArriveInTheOrderTheyWereWritten) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.leaves(bert);

  std::vector<std::string> texts;
  for (int i = 0; i < 6; ++i) {
    texts.push_back("run " + std::to_string(i));
    stage.says(anna, bert, texts.back());
    stage.restarts(anna);
  }
  stage.returns(bert);
  ASSERT_TRUE(stage.comes(bert, texts.back(), 40s));

  EXPECT_EQ(stage.pull(bert), texts);
}

TEST(TwoPeers, ARestartBetweenPushAndDeliveryKeepsTheOriginalTime) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.leaves(bert);

  stage.says(anna, bert, "written then");
  const WallTime written = anna.moment().wall;
  stage.passes(10min);
  stage.restarts(anna);
  stage.passes(10min);
  stage.returns(bert);
  ASSERT_TRUE(stage.comes(bert, "written then", 40s));

  const auto apart = written.milliseconds - stage.time_of(bert, "written then").milliseconds;
  EXPECT_LT(std::abs(apart), std::chrono::milliseconds(1s).count());
}

TEST(TwoPeers, KeysChangeEveryHour) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  const std::size_t topics = stage.network().topics_of(bert.index()).size();

  std::set<Topic> seen;
  for (int i = 0; i < 30; ++i) {
    stage.passes(6min);
    const std::string text = "text " + std::to_string(i);
    stage.says(anna, bert, text);
    EXPECT_TRUE(stage.comes(bert, text, kAtOnce)) << text << " missed the live road";
    seen.merge(std::set<Topic>(stage.network().topics_of(bert.index())));
  }

  EXPECT_GE(seen.size(), topics + 2);
  EXPECT_LE(stage.network().topics_of(bert.index()).size(), topics + 1);
}

TEST(TwoPeers, ABurstOfPushesSharesBatchesAndKeepsItsOrder) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  std::vector<std::string> texts;
  std::vector<RequestId> requests;
  for (int i = 0; i < 200; ++i) {
    texts.push_back("text " + std::to_string(i));
    requests.push_back(stage.world().push(anna, bert, texts.back()));
  }
  ASSERT_TRUE(stage.comes(bert, texts.back()));

  for (const RequestId& request : requests) {
    const auto outcome = stage.world().outcome(request);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->code, ExitCode::done);
  }
  EXPECT_EQ(stage.pull(bert), texts);
  EXPECT_LT(anna.disk().rows().size(), texts.size());
}

TEST(TwoPeers, TheLongestTextArrivesWholeAndALongerOneIsRefused) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  const std::string longest(kBodyBytesMax, 'x');
  EXPECT_EQ(stage.says(anna, bert, longest).code, ExitCode::done);
  EXPECT_EQ(stage.says(anna, bert, longest + "x").code, ExitCode::limit);
  EXPECT_EQ(stage.says(anna, bert, "").code, ExitCode::usage);

  EXPECT_TRUE(stage.comes(bert, longest));
  EXPECT_THAT(stage.pull(bert), ElementsAre(longest));
}

TEST(TwoPeers, AnAbsentPeerCatchesUpOnALongHistory) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.leaves(bert);

  // More than one want may ask for, so that several follow each other.
  const std::size_t count = 3 * kWantBytesMax / kBodyBytesMax;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    texts.push_back(std::to_string(i) + std::string(kBodyBytesMax - 10, '.'));
    ASSERT_EQ(stage.says(anna, bert, texts.back()).code, ExitCode::done);
  }
  stage.returns(bert);

  EXPECT_TRUE(stage.comes(bert, texts.back(), 40s));
  EXPECT_TRUE(stage.pull(bert) == texts);
}

TEST(TwoPeers, PushesBeyondTheRateAreRefusedWithAWait) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  anna.settings().rate = 5;
  stage.restarts(anna);
  stage.befriend(anna, bert);

  Outcome last;
  for (int i = 0; i < 20; ++i) {
    last = stage.says(anna, bert, "text " + std::to_string(i));
    if (last.code != ExitCode::done) break;
  }
  EXPECT_EQ(last.code, ExitCode::limit);
  EXPECT_GT(last.row.integer("retry_after"), 0);
  stage.passes(1s);

  EXPECT_EQ(stage.says(anna, bert, "later").code, ExitCode::done);
}

}  // namespace
}  // namespace p2pchat::sim
