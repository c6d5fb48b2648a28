// Consent: rounds, and who is left behind, put out or apart.
#include <gmock/gmock.h>

#include "daemon/core/consent/consent.h"
#include "tests/unit/daemon/core/consent/table.h"

namespace p2pchat {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

// --- How high ---

TEST(Rounds, NothingIsPledgedAboveWhatIsAllowed) {
  Table table(2);
  table.knocks(knock_of(table.room(), 9), {1, 2});

  EXPECT_FALSE(table.advance(1, true, Table::kFounded));
  EXPECT_TRUE(table.advance(1, true, Table::kFounded.next()));
}

TEST(Rounds, WhatIsPledgedAboveWhatIsAllowedWaitsUntilThatHasGrown) {
  Table table(2);
  table.knocks(knock_of(table.room(), 9), {1, 2});
  const auto other = table.advance(2);
  ASSERT_TRUE(other);
  const Value value = table.at(2).values().back();
  const Pledge high = table.pledged(2, {50}, value.id);
  table.at(1).learn(value);
  table.at(1).learn(high);

  const auto before = table.advance(1, true, {50});
  const auto after = table.advance(1, true, {51});

  EXPECT_TRUE(before && before->round < Round{50});
  EXPECT_TRUE(after && after->round == Round{50});
}

TEST(Rounds, OneFarAboveIsJoinedOnlyWhenTimeHasPassed) {
  Table table(2);
  table.knocks(knock_of(table.room(), 9), {1, 2});
  const auto own = table.advance(1);
  ASSERT_TRUE(own);
  const Round far{own->round.value + Consent::kRoundsNear + 1};
  table.at(1).learn(table.pledged(2, far, own->value));

  EXPECT_FALSE(table.advance(1, false));
  const auto late = table.advance(1, true);

  EXPECT_TRUE(late && late->round == far);
}

TEST(Rounds, ALiarLeadsNobodyUpWhereOthersCannotFollow) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  const auto first = table.advance(1);
  ASSERT_TRUE(first);
  std::uint64_t allowed = 900;
  for (int i = 0; i < 20; ++i, allowed += 900) {
    table.at(1).learn(table.pledged(3, {allowed - 1}, first->value));
    table.advance(1, true, {allowed});
  }
  table.votes_out({3}, {1, 2});

  for (int i = 0; i < 10; ++i) {
    for (const std::uint8_t who : List{1, 2}) {
      const std::uint8_t other = who == 1 ? 2 : 1;
      for (const Value& value : table.at(other).values()) table.at(who).learn(value);
      for (const Pledge& pledge : table.at(other).pledges()) {
        if (pledge.seat.peer == sample_peer(other)) table.at(who).learn(pledge);
      }
      table.advance(who, true, {allowed});
    }
  }

  EXPECT_FALSE(sits(table.at(1), 3));
  EXPECT_EQ(table.at(1).roster().value(), table.at(2).roster().value());
}

// In every turn it opens for each of them a round above that of the other.
// 3 has said yes to the eviction of 1 and is silent; 1 and 2 want it out.
TEST(Rounds, OfTwoEvictionsThatCannotGoTogetherEachHasItsTurn) {
  Table table(3);
  table.votes_out({1}, {2, 3});
  const auto stuck = table.advance(2);
  ASSERT_TRUE(stuck);

  table.votes_out({3}, {1, 2});
  table.talk({1, 2}, 8);

  EXPECT_FALSE(sits(table.at(1), 3) || sits(table.at(2), 3));
  EXPECT_TRUE(sits(table.at(1), 1) && sits(table.at(2), 1));
}

TEST(Rounds, WhoIsVotedOutKeepsItselfInByNoRounds) {
  Table table(3);
  table.votes_out({3}, {1, 2});
  std::uint64_t top = Table::kFounded.value;
  for (int turn = 0; turn < 20; ++turn) {
    for (const std::uint8_t who : List{1, 2}) {
      top += 2;
      table.at(who).learn(table.pledged(3, {top}, ValueId{{who}}));
      const auto pledge = table.advance(who, true);
      if (pledge) table.hear(who == 1 ? 2 : 1, *pledge);
    }
  }

  EXPECT_FALSE(sits(table.at(1), 3) || sits(table.at(2), 3));
}

TEST(Rounds, NobodyIsLetInByAPledgeOfOthersWhileIKnowOfALiar) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  for (const std::uint8_t value : List{1, 2}) {
    table.at(1).learn(table.pledged(3, {3}, ValueId{{value}}));
  }
  const auto other = table.advance(2);
  ASSERT_TRUE(other);

  for (const Value& value : table.at(2).values()) table.at(1).learn(value);
  table.at(1).learn(*other);
  const auto own = table.advance(1, true);

  EXPECT_FALSE(own && own->value == other->value);
}

// 3 was silent until the knock had expired.
TEST(Rounds, WhatCameToNothingIsEndedByTheLastValueInAHigherRound) {
  Table table(3);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1, 2, 3});
  table.talk({1, 2}, 2);
  ASSERT_TRUE(table.at(1).waits() && table.at(2).waits());
  const ValueId last = table.at(1).roster().value();
  for (const std::uint8_t who : List{1, 2, 3}) table.at(who).forget(knock.id);

  table.talk({1, 2, 3}, 3);

  for (const std::uint8_t who : List{1, 2, 3}) {
    EXPECT_EQ(table.at(who).roster().value(), last);
    EXPECT_GT(table.at(who).round(), Table::kFounded);
    EXPECT_FALSE(table.at(who).waits());
  }
}

TEST(Rounds, NoRoundsAreOpenedWithoutEndForAKnockThatOneHasForgotten) {
  Table table(3);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1, 2, 3});
  table.talk({1, 2}, 2);
  table.at(1).forget(knock.id);

  table.talk({1, 2}, 4);
  const Round floor = table.at(2).floor();
  table.talk({1, 2}, 4);

  EXPECT_LT(table.at(1).floor(), floor);
  EXPECT_EQ(table.at(2).floor(), floor);
}

// --- What was forgotten ---

TEST(Forgotten, ARestoredDaemonPledgesNothingUnderItsOldAdmission) {
  Table table(3);
  table.at(1).learn(table.pledged(1, {5}, ValueId{{1}}));
  ASSERT_EQ(table.at(1).forgotten(), table.seat(1));
  table.tell(table.leave(1));
  EXPECT_FALSE(table.advance(1, true));
  table.talk({2, 3}, 2);
  table.talk({1, 2, 3}, 2);
  ASSERT_FALSE(sits(table.at(2), 1));
  const Knock knock = knock_of(table.room(), 1, 1000, table.at(2).roster().height());
  table.knocks(knock, {2, 3});
  table.talk({2, 3}, 2);
  ASSERT_TRUE(sits(table.at(2), 1));
  const Seat seat{sample_peer(1), knock.id};

  // In its new seat it may pledge again.
  Consent one(table.genesis(), sample_peer(1));
  one.remember_forgotten(table.seat(1));
  for (const auto* decisions : {&table.founding(), &table.decided(2)}) {
    for (const auto& decision : *decisions) {
      one.learn(decision.value);
      one.learn(decision.certificate);
    }
  }
  for (const std::uint8_t who : List{2, 3}) one.learn(table.word(who));
  one.advance(false, kAllowed);
  ASSERT_TRUE(one.roster().holds(seat));
  one.learn(table.leave(3));
  const auto promise = one.advance(true, kAllowed).promise;

  ASSERT_TRUE(promise);
  EXPECT_EQ(promise->seat, seat);
  EXPECT_NE(one.forgotten(), seat);
}

TEST(Forgotten, AnOlderPledgeThanTheOneThatIsRememberedIsNot) {
  Table table(2);
  table.knocks(knock_of(table.room(), 9), {1, 2});
  const auto low = table.advance(1);
  table.knocks(knock_of(table.room(), 10), {1, 2});
  const auto high = table.advance(1, true);
  ASSERT_TRUE(low && high && low->round < high->round);
  Consent restored = table.founded(1);
  const std::vector<Value> values = table.at(1).values();
  const auto pledged = std::find_if(values.begin(), values.end(),
                                    [&](const Value& value) { return value.id == high->value; });
  ASSERT_TRUE(restored.remember(*high, *pledged));

  EXPECT_FALSE(restored.learn(*low));
  EXPECT_FALSE(restored.forgotten());
}

TEST(Forgotten, APledgeInACertificateTellsToo) {
  Table table(2);
  table.knocks(knock_of(table.room(), 9), {1, 2});
  const auto own = table.advance(1);
  table.talk({1, 2}, 0);
  ASSERT_TRUE(own && sits(table.at(2), 9));
  Consent restored = table.founded(1);

  restored.learn(table.decided(2)[0].value);
  restored.learn(table.decided(2)[0].certificate);

  EXPECT_EQ(restored.forgotten(), table.seat(1));
}

TEST(Forgotten, NothingIsDecidedBelowAPledgeThatWasForgotten) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  const auto low = table.advance(2);
  ASSERT_TRUE(low);
  const Value value = table.at(2).values().back();
  Consent restored = table.founded(1);
  restored.learn(table.pledged(1, low->round.next(), ValueId{{1}}));
  restored.learn(value);
  for (const std::uint8_t who : List{1, 2, 3}) {
    restored.learn(table.pledged(who, low->round, low->value));
  }

  EXPECT_THAT(restored.advance(true, kAllowed).decided, IsEmpty());
}

// --- Who is out, and who is apart ---

TEST(Reach, WhoIsCertifiedOutBelowItsOwnRoundIsPutOut) {
  Table table(4);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3, 4});
  ASSERT_TRUE(table.advance(1));
  table.knocks(knock_of(table.room(), 10), {1, 2, 3, 4});
  ASSERT_TRUE(table.advance(1, true));
  table.votes_out({1}, {2, 3, 4});
  table.talk({2, 3, 4}, 1);
  ASSERT_FALSE(sits(table.at(2), 1));
  EXPECT_FALSE(table.at(1).is_put_out());

  const Consent::Decision& out = table.decided(2).front();
  table.at(1).learn(out.value);
  table.at(1).learn(out.certificate);
  table.advance(1);

  EXPECT_NE(sits(table.at(1), 1), !table.at(1).is_put_out());
}

TEST(Reach, WhoIsCertifiedOutBesideItsOwnValueIsPutOut) {
  Table table(4);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3, 4});
  table.talk({1, 2, 3, 4}, 0);
  ASSERT_TRUE(sits(table.at(1), 9));
  Value out = table.next();
  out.evictions = {table.eviction({1})};
  out.seal();
  Certificate certificate{table.room(), out.id, {4}, {}};
  for (const Seat& seat : table.founded(1).roster().quorum(out)) {
    for (const std::uint8_t who : List{2, 3, 4}) {
      if (sample_peer(who) != seat.peer) continue;
      certificate.entries.push_back({{}, table.pledged(who, {4}, out.id).signature});
    }
  }
  ASSERT_TRUE(table.at(1).learn(out));
  EXPECT_FALSE(table.at(1).is_put_out());

  EXPECT_TRUE(table.at(1).learn(certificate));

  EXPECT_TRUE(table.at(1).is_put_out());
}

TEST(Reach, WhoIsCertifiedOutAboveWhatItsOwnValueWidensIsPutOut) {
  Table table(4);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1, 2, 3, 4});
  table.talk({1, 2, 3, 4}, 0);
  const Roster before = table.founded(1).roster();
  const Value narrow = table.decided(1).front().value;
  const auto certify = [&](const Value& value, const Roster& roster, Round round) {
    Certificate certificate{table.room(), value.id, round, {}};
    for (const Seat& seat : roster.quorum(value)) {
      for (const std::uint8_t who : List{1, 2, 3, 9}) {
        if (sample_peer(who) != seat.peer) continue;
        certificate.entries.push_back({{}, table.pledged(seat, who, round, value.id).signature});
      }
    }
    table.at(1).learn(value);
    return table.at(1).learn(certificate);
  };
  Value wide = narrow;
  wide.leaves = {table.leave(4)};
  wide.seal();
  ASSERT_TRUE(certify(wide, before, {8}));
  table.advance(1);
  ASSERT_FALSE(sits(table.at(1), 4));
  const Roster after = before.after(narrow);
  Value out = table.next();
  out.height = after.height() + 1;
  out.previous = narrow.id;
  out.evictions = {table.eviction({1})};
  out.leaves = wide.leaves;
  out.seal();
  table.at(1).learn(narrow);
  EXPECT_FALSE(table.at(1).is_put_out());

  EXPECT_TRUE(certify(out, after, {9}));

  EXPECT_TRUE(table.at(1).is_put_out());
}

TEST(Reach, WhoIsEvictedDecidesThatToo) {
  Table table(4);
  table.votes_out({4}, {1, 2, 3});
  table.talk({1, 2, 3}, 1);

  table.at(4).learn(table.decided(1).at(0).value);
  table.at(4).learn(table.decided(1).at(0).certificate);
  table.advance(4);

  EXPECT_FALSE(sits(table.at(4), 4));
  EXPECT_FALSE(table.at(4).own_decided());
  EXPECT_FALSE(table.at(4).is_put_out());
}

TEST(Reach, WhoHasDecidedSomethingElseIsApart) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  table.talk({1, 2, 3}, 0);
  Value other = table.next();
  other.knocks = {knock_of(table.room(), 10)};
  other.seal();
  Decided word = table.word(3);
  EXPECT_TRUE(table.at(1).learn(word));
  EXPECT_THAT(table.at(1).apart(), IsEmpty());
  word.value = other.id;
  word.round = word.round.next();
  table.at(1).learn(word);
  EXPECT_THAT(table.at(1).apart(), IsEmpty()) << "nobody knows what that is";

  table.at(1).learn(other);

  EXPECT_EQ(table.at(1).apart(), std::set{table.seat(3)});
}

TEST(Reach, OneThatLagsOrLeadsIsNotApart) {
  Table table(3);
  table.at(1).learn(table.word(3));
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  table.talk({1, 2}, 0);
  table.talk({1, 2, 3}, 0);
  ASSERT_TRUE(sits(table.at(2), 9));
  Consent behind = table.founded(2);
  behind.learn(table.decided(2)[0].value);
  behind.learn(table.word(1));

  EXPECT_THAT(table.at(1).apart(), IsEmpty());
  EXPECT_THAT(behind.apart(), IsEmpty());
}

TEST(Reach, OneWhoseLastValueWidensMineIsNotApart) {
  Table table(4);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3, 4});
  table.talk({1, 2, 3, 4}, 0);
  Value wider = table.decided(1).back().value;
  wider.leaves = {table.leave(3)};
  wider.seal();
  ASSERT_TRUE(table.at(1).learn(wider));

  table.at(1).learn(Decided{table.room(), table.seat(2), {9}, wider.id, {}});

  EXPECT_THAT(table.at(1).apart(), IsEmpty());
}

TEST(Reach, ACloseByAnEvictedCreatorIsRefused) {
  Table table(4);
  Close close{table.room(), table.seat(1), {}, {}};
  close.sign(sample_identity(1));
  EXPECT_TRUE(table.at(2).may_close(close));
  table.votes_out({1}, {2, 3, 4});
  table.talk({2, 3, 4}, 1);

  EXPECT_FALSE(table.at(2).may_close(close));
}

TEST(Reach, OnlyTheCreatorCloses) {
  Table table(2);
  Close close{table.room(), table.seat(2), {}, {}};
  close.sign(sample_identity(2));

  EXPECT_FALSE(table.at(1).may_close(close));
}

// --- Old things told again ---

TEST(Replay, AnOldKnockAndItsVotesReadmitNobody) {
  Table table(3);
  const Knock old = knock_of(table.room(), 9, 1000);
  const Knock newer = knock_of(table.room(), 9, 2000);
  table.knocks(old, {1, 2, 3});
  table.knocks(newer, {1, 2, 3});
  table.talk({1, 2, 3}, 1);
  ASSERT_TRUE(sits(table.at(1), 9));
  table.votes_out({table.room(), {{sample_peer(9), newer.id}}}, {1, 2, 3});
  table.talk({1, 2, 3}, 1);
  ASSERT_FALSE(sits(table.at(1), 9));

  table.knocks(old, {1, 2, 3});
  table.knocks(newer, {1, 2, 3});
  table.talk({1, 2, 3}, 1);

  EXPECT_FALSE(sits(table.at(1), 9));
}

TEST(Replay, ALeaveReplayedAfterRejoiningIsRefused) {
  Table table(3);
  const Leave leave = table.leave(3);
  table.tell(leave);
  table.talk({1, 2}, 1);
  ASSERT_FALSE(sits(table.at(1), 3));
  table.knocks(knock_of(table.room(), 3, 1000, table.at(1).roster().height()), {1, 2});
  table.talk({1, 2}, 1);
  ASSERT_TRUE(sits(table.at(1), 3));
  Consent again = table.at(1);

  again.learn(leave);

  EXPECT_FALSE(again.advance(true, kAllowed).promise);
}

TEST(Replay, AKnockForOneRoomIsRefusedInAnother) {
  Table table(2);

  EXPECT_FALSE(table.at(1).learn(knock_of(sample_room(3), 9)));
  EXPECT_THAT(table.at(1).knocks(), IsEmpty());
}

}  // namespace
}  // namespace p2pchat
