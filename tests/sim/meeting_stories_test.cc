// Stories of how peers come to know each other, or do not; see stage.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/sim/stage.h"

namespace p2pchat::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Long enough for several wishes and dials to have failed.
constexpr Duration kAWhile = 5min;

TEST(Meeting, TellsWhoWasMetAndWhetherItWasTheFirstTime) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");

  const Outcome first = stage.meets(anna, "10.0.0.2:7473");
  const Outcome again = stage.meets(anna, "10.0.0.2:7473");

  EXPECT_EQ(first.code, ExitCode::done);
  EXPECT_EQ(first.row.text("id"), to_text(bert.id()));
  EXPECT_EQ(first.row.text("name"), "bert");
  EXPECT_EQ(first.row.text("fingerprint"), fingerprint(bert.id()));
  EXPECT_TRUE(first.row.flag("first"));
  EXPECT_EQ(again.code, ExitCode::done);
  EXPECT_FALSE(again.row.flag("first"));
}

TEST(Meeting, AnotherIdentityAtAPinnedAddressIsRefused) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  Host& carl = stage.enter("carl");
  stage.befriend(anna, bert);

  stage.leaves(bert);
  stage.leaves(carl);
  stage.world().move(carl, "10.0.0.2", kDoorPortDefault);
  stage.returns(carl);
  const Outcome changed = stage.meets(anna, "10.0.0.2:7473");
  const Outcome named = stage.meets(anna, to_text(bert.id()) + "@10.0.0.2:7473");

  EXPECT_EQ(changed.code, ExitCode::identity);
  EXPECT_THAT(changed.error, HasSubstr("bert"));
  EXPECT_EQ(named.code, ExitCode::identity);
  EXPECT_FALSE(stage.knows(anna, carl));
}

TEST(Meeting, AnotherIdentityThatIsNamedIsMetAtAPinnedAddress) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  Host& carl = stage.enter("carl");
  stage.befriend(anna, bert);

  stage.leaves(bert);
  stage.leaves(carl);
  stage.world().move(carl, "10.0.0.2", kDoorPortDefault);
  stage.returns(carl);

  EXPECT_EQ(stage.meets(anna, to_text(carl.id()) + "@10.0.0.2:7473").code, ExitCode::done);
  EXPECT_TRUE(stage.knows(anna, carl));
}

TEST(Meeting, NobodyAtTheAddressIsSaidSo) {
  Stage stage;
  Host& anna = stage.enter("anna");

  const Outcome outcome = stage.meets(anna, "10.0.0.77:7473");
  const Outcome itself = stage.meets(anna, "10.0.0.1:7473");
  const Outcome nonsense = stage.meets(anna, "no such:thing:at all");

  EXPECT_EQ(outcome.code, ExitCode::failed);
  EXPECT_THAT(outcome.error, HasSubstr("refused"));
  EXPECT_EQ(itself.code, ExitCode::usage);
  EXPECT_EQ(nonsense.code, ExitCode::usage);
}

TEST(Meeting, ThePolicyAskWaitsForItsUser) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert", Accept::ask);

  const Outcome waiting = stage.meets(anna, bert);
  EXPECT_EQ(waiting.code, ExitCode::queued);
  EXPECT_TRUE(waiting.row.flag("waiting"));
  EXPECT_THAT(stage.notices(bert), ElementsAre(StartsWith("anna asks to talk")));
  EXPECT_EQ(stage.says(anna, bert, "too early").code, ExitCode::unknown);
  EXPECT_EQ(stage.says(bert, anna, "too early, too").code, ExitCode::unknown);
  stage.passes(kAWhile);
  EXPECT_FALSE(stage.knows(anna, bert));
  EXPECT_FALSE(stage.knows(bert, anna));
  EXPECT_EQ(stage.meets(bert, "anna").code, ExitCode::done);

  EXPECT_TRUE(stage.until([&] { return stage.knows(anna, bert); }, 10s));
  EXPECT_EQ(stage.says(anna, bert, "at last").code, ExitCode::done);
  EXPECT_TRUE(stage.comes(bert, "at last", 10s));
  EXPECT_EQ(stage.notices(bert).size(), 1U);
}

TEST(Meeting, AWishSurvivesARestartOfBothSides) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert", Accept::ask);
  stage.meets(anna, bert);

  stage.restarts(anna);
  stage.restarts(bert);
  EXPECT_EQ(stage.meets(bert, "anna").code, ExitCode::done);

  EXPECT_TRUE(stage.until([&] { return stage.knows(anna, bert); }, 2min));
}

TEST(Meeting, AWishIsGrantedEvenIfTheOneWhoWishesCannotBeDialled) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert", Accept::ask);
  stage.network().shelter(anna.index(), true);

  stage.meets(anna, bert);
  EXPECT_EQ(stage.meets(bert, "anna").code, ExitCode::done);

  // The wish is repeated at bert's door after a minute.
  EXPECT_TRUE(stage.until([&] { return stage.knows(anna, bert); }, 2 * kWishBackoffMin));
}

TEST(Meeting, TwoWhoNameEachOtherMeetUnderAnyPolicy) {
  for (const Accept policy : {Accept::ask, Accept::known, Accept::nobody}) {
    Stage stage;
    Host& anna = stage.enter("anna", policy);
    Host& bert = stage.enter("bert", policy);

    stage.meets(anna, bert);
    stage.meets(bert, anna);
    stage.meets(anna, bert);

    const auto both = [&] { return stage.knows(anna, bert) && stage.knows(bert, anna); };
    EXPECT_TRUE(stage.until(both, 2min)) << "policy " << static_cast<int>(policy);
  }
}

TEST(Meeting, NobodyRefuses) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert", Accept::nobody);

  const Outcome refused = stage.meets(anna, bert);
  stage.passes(kAWhile);

  EXPECT_EQ(refused.code, ExitCode::failed);
  EXPECT_THAT(refused.error, HasSubstr("not accepted"));
  EXPECT_FALSE(stage.knows(anna, bert));
  EXPECT_FALSE(stage.knows(bert, anna));
  EXPECT_THAT(stage.notices(bert), IsEmpty());
}

TEST(Meeting, KnownAcceptsWhoHasAnAlias) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert", Accept::known);

  EXPECT_EQ(stage.meets(anna, bert).code, ExitCode::failed);
  EXPECT_EQ(stage.names(bert, to_text(anna.id()), "annie").code, ExitCode::done);
  EXPECT_EQ(stage.meets(anna, bert).code, ExitCode::done);

  EXPECT_EQ(stage.says_to(bert, anna, "annie", "by my own name").code, ExitCode::done);
  EXPECT_TRUE(stage.comes(anna, "by my own name"));
}

TEST(Meeting, ABlockedPeerIsCutOff) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.says(bert, anna, "before");
  ASSERT_TRUE(stage.comes(anna, "before"));

  EXPECT_EQ(stage.blocks(anna, bert).code, ExitCode::done);
  EXPECT_EQ(stage.says(bert, anna, "while blocked").code, ExitCode::done);
  EXPECT_EQ(stage.says(anna, bert, "to a blocked one").code, ExitCode::unknown);
  EXPECT_EQ(stage.meets(anna, bert).code, ExitCode::failed);
  stage.passes(kAWhile);
  EXPECT_FALSE(stage.is_shown(anna, "while blocked"));
  EXPECT_EQ(stage.blocks(anna, bert, true).code, ExitCode::done);

  EXPECT_TRUE(stage.comes(anna, "while blocked", 60s));
}

TEST(Meeting, ABlockHoldsOverARestart) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  stage.blocks(anna, bert);

  stage.restarts(anna);
  stage.says(bert, anna, "let me in");
  EXPECT_EQ(stage.meets(bert, to_text(anna.id()) + "@10.0.0.1:7473").code, ExitCode::failed);
  stage.passes(kAWhile);

  EXPECT_FALSE(stage.is_shown(anna, "let me in"));
}

TEST(Meeting, ABlockedStrangerAsksNoMore) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert", Accept::ask);

  stage.meets(anna, bert);
  EXPECT_EQ(stage.blocks(bert, anna).code, ExitCode::done);
  EXPECT_EQ(stage.meets(anna, bert).code, ExitCode::failed);
  stage.passes(kAWhile);

  EXPECT_FALSE(stage.knows(bert, anna));
  EXPECT_EQ(stage.notices(bert).size(), 1U);
}

TEST(Meeting, TwoOfOneNameAreListedApart) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& first = stage.enter("bert");
  Host& second = stage.enter("bert");
  stage.befriend(anna, first);
  stage.befriend(anna, second);

  EXPECT_EQ(anna.node().name_of(first.id()), "bert");
  const std::string other = "bert~" + to_text(second.id()).substr(0, 4);
  EXPECT_EQ(anna.node().name_of(second.id()), other);
  EXPECT_EQ(stage.says_to(anna, second, other, "to the second").code, ExitCode::done);

  EXPECT_TRUE(stage.comes(second, "to the second"));
  EXPECT_THAT(stage.pull(first), IsEmpty());
}

TEST(Meeting, AnAliasIsKeptWhateverThePeerCallsItself) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);
  EXPECT_EQ(stage.names(anna, "bert", "uncle").code, ExitCode::done);

  bert.settings().name = "robert";
  stage.restarts(bert);
  stage.passes(40s);

  EXPECT_EQ(anna.node().name_of(bert.id()), "uncle");
}

TEST(Meeting, APeerThatRenamesItselfStaysListedAsItWas) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.befriend(anna, bert);

  bert.settings().name = "robert";
  stage.restarts(bert);

  stage.passes(40s);

  EXPECT_EQ(anna.node().name_of(bert.id()), "bert");
}

TEST(Meeting, APushToANameThatNobodyBearsIsRefused) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");

  const Outcome outcome = stage.says_to(anna, bert, "bert", "to a stranger");

  EXPECT_EQ(outcome.code, ExitCode::unknown);
  EXPECT_THAT(outcome.error, HasSubstr("chat"));
}

TEST(Meeting, TwoDaemonsOfOneMachineTalkOverLoopback) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  stage.leaves(anna);
  stage.leaves(bert);
  stage.world().move(anna, "127.0.0.1", 7001);
  stage.world().move(bert, "127.0.0.1", 7101);
  stage.returns(anna);
  stage.returns(bert);
  stage.befriend(anna, bert);

  stage.says(anna, bert, "next door");
  EXPECT_TRUE(stage.comes(bert, "next door", 1s));
  stage.restarts(anna);
  stage.restarts(bert);
  stage.says(bert, anna, "still there");

  EXPECT_TRUE(stage.comes(anna, "still there", 40s));
}

TEST(Meeting, ALoopbackAddressOfAFarPeerIsNotDialled) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& bert = stage.enter("bert");
  Host& carl = stage.enter("carl");
  stage.leaves(bert);
  bert.settings().places.push_back({"127.0.0.1", 7473, 7474, 7475});
  stage.returns(bert);
  stage.leaves(carl);
  stage.world().move(carl, "127.0.0.1", kDoorPortDefault);
  stage.returns(carl);

  stage.befriend(anna, bert);
  stage.leaves(bert);
  stage.passes(kAWhile);

  // Whoever listens on my own loopback is never asked whether it is bert.
  for (const auto& row : anna.node().peer_records(anna.moment())) {
    EXPECT_THAT(row.text("failure"), ::testing::Not(HasSubstr("another key")));
  }
}

}  // namespace
}  // namespace p2pchat::sim
