// Consent: what is kept of what others say, and how it is passed on.
#include <gmock/gmock.h>

#include "daemon/core/consent/consent.h"
#include "proto/limits.h"
#include "tests/unit/daemon/core/consent/table.h"
#include "tests/unit/fork_sample.h"

namespace p2pchat {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Of something that may follow, which nobody but a liar wants.
Value wish_of(const Table& table, std::uint8_t who) {
  Value value = table.next();
  value.knocks = {knock_of(table.room(), who)};
  value.seal();
  return value;
}

// --- Between members ---

TEST(Pool, WhatOneHoldsAnotherLearnsInOnePass) {
  Table table(4);
  table.votes_out({4}, {1, 2});
  table.knocks(knock_of(table.room(), 9), {1, 2, 3, 4});
  table.knocks(knock_of(table.room(), 10), {1});
  table.tell(table.leave(3));
  table.advance(1);
  table.at(1).learn(table.word(2));
  Consent other = table.founded(2);
  ASSERT_NE(other.pool(), table.at(1).pool());

  for (const Object& object : table.at(1).objects()) {
    const auto learnt = other.learn(object);
    EXPECT_TRUE(learnt) << learnt.error().text;
  }

  EXPECT_EQ(other.pool(), table.at(1).pool());
}

TEST(Pool, ACandidateLearnsAllFromOneMember) {
  Table table(3);
  const Knock knock = knock_of(table.room(), 9);
  table.knocks(knock, {1, 2, 3});
  table.talk({1, 2, 3}, 0);
  ASSERT_TRUE(sits(table.at(1), 9));
  for (const std::uint8_t who : List{1, 2, 3}) table.at(1).learn(table.word(who));
  Consent nine(table.genesis(), sample_peer(9));
  for (const auto& decision : table.founding()) {
    nine.learn(decision.value);
    nine.learn(decision.certificate);
  }

  for (const Object& object : table.at(1).objects()) EXPECT_TRUE(nine.learn(object));
  nine.advance(false, kAllowed);

  EXPECT_EQ(nine.roster().value(), table.at(1).roster().value());
}

TEST(Pool, IsAlikeWhetherPledgesOrTheirCertificateWereHeard) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  std::vector<Pledge> pledges;
  for (const std::uint8_t who : List{1, 2, 3}) pledges.push_back(*table.advance(who));
  Consent one = table.founded(1);
  Consent other = table.founded(1);
  ASSERT_TRUE(one.remember(pledges[0], table.at(1).values().back()));
  ASSERT_TRUE(other.remember(pledges[0], table.at(1).values().back()));
  for (const Pledge& pledge : pledges) one.learn(pledge);

  EXPECT_TRUE(other.learn(one.certificates().back()));

  one.advance(false, kAllowed);
  other.advance(false, kAllowed);
  for (const Object& object : table.at(2).objects()) {
    one.learn(object);
    other.learn(object);
  }
  EXPECT_EQ(one.pool(), other.pool());
}

TEST(Pool, IsNotOfWhatNobodyHasSigned) {
  Table table(3);
  const Hash before = table.at(1).pool();

  table.at(1).learn(table.eviction({2}));
  table.at(1).learn(wish_of(table, 9));

  EXPECT_EQ(table.at(1).pool(), before);
}

TEST(Pool, ALieAboutAKnockIsPassedOn) {
  Table table(3);
  const Knock knock = knock_of(table.room(), 9);
  table.at(1).learn(knock);
  for (const bool yes : {false, true}) table.at(1).learn(table.vote(3, knock.id, yes));
  ASSERT_THAT(table.at(1).liars(), SizeIs(1));

  for (const Object& object : table.at(1).objects()) EXPECT_TRUE(table.at(2).learn(object));

  EXPECT_EQ(table.at(2).liars(), table.at(1).liars());
}

// --- Forks ---

Fork fork_of(const RoomId& room, const Seat& seat, std::uint8_t who, std::uint8_t which = 1) {
  return sample_fork(sample_identity(who), room, seat.admission, which);
}

TEST(Pool, WhoForksAFeedIsALiar) {
  Table table(3);
  const Fork fork = fork_of(table.room(), table.seat(3), 3);

  EXPECT_THAT(table.at(1).forkers(), IsEmpty());
  EXPECT_TRUE(table.at(1).learn(fork));

  EXPECT_THAT(table.at(1).liars(), ElementsAre(table.seat(3)));
  EXPECT_THAT(table.at(1).forkers(), ElementsAre(sample_peer(3)));
}

TEST(Pool, OneForkOfASeatIsProofEnough) {
  Table table(3);
  table.at(1).learn(fork_of(table.room(), table.seat(3), 3));
  table.at(2).learn(fork_of(table.room(), table.seat(3), 3, 2));

  EXPECT_FALSE(table.at(1).learn(fork_of(table.room(), table.seat(3), 3)));
  EXPECT_FALSE(table.at(1).learn(fork_of(table.room(), table.seat(3), 3, 2)));

  EXPECT_EQ(table.at(1).pool(), table.at(2).pool());
  EXPECT_EQ(table.at(1).digest(), table.at(2).digest());
}

TEST(Pool, AForkIsPassedOn) {
  Table table(3);
  const Hash before = table.at(1).pool();
  table.at(1).learn(fork_of(table.room(), table.seat(3), 3));
  EXPECT_NE(table.at(1).pool(), before);

  for (const Object& object : table.at(1).objects()) EXPECT_TRUE(table.at(2).learn(object));

  EXPECT_EQ(table.at(2).liars(), table.at(1).liars());
  EXPECT_EQ(table.at(2).pool(), table.at(1).pool());
}

TEST(Pool, AForkOfAnotherRoomOrOfNoSeatHereIsNoNews) {
  Table table(3);
  const Seat gone{sample_peer(3), {{1, 2, 3}}};

  EXPECT_FALSE(table.at(1).learn(fork_of(sample_room(9), table.seat(3), 3)));
  EXPECT_FALSE(table.at(1).learn(fork_of(table.room(), gone, 3)));
  EXPECT_FALSE(table.at(1).learn(fork_of(table.room(), table.seat(3), 2)));

  EXPECT_THAT(table.at(1).liars(), IsEmpty());
}

TEST(Pool, NobodyIsLetInWhileAForkerSitsHere) {
  Table table(4);
  table.tell(fork_of(table.room(), table.seat(4), 4));
  table.knocks(knock_of(table.room(), 9), {1, 2, 3, 4});
  table.talk({1, 2, 3, 4}, 8);
  EXPECT_THAT(table.decided(1), IsEmpty());

  table.votes_out({4}, {1, 2, 3});
  table.talk({1, 2, 3}, 8);

  EXPECT_THAT(table.at(1).liars(), IsEmpty());
  EXPECT_TRUE(table.at(1).roster().seat_of(sample_peer(9)));
}

TEST(Pool, AForkGoesWithTheSeat) {
  Table table(4);
  table.tell(fork_of(table.room(), table.seat(4), 4));
  const auto holds_fork = [&] {
    const std::vector<Object> all = table.at(1).objects();
    return std::any_of(all.begin(), all.end(),
                       [](const Object& object) { return object.kind == Kind::fork; });
  };
  EXPECT_TRUE(holds_fork());

  table.votes_out({4}, {1, 2, 3});
  table.talk({1, 2, 3}, 8);
  table.votes_out({3}, {1, 2});
  table.talk({1, 2}, 8);

  EXPECT_FALSE(holds_fork());
}

// --- Bytes ---

TEST(Pool, BytesThatDoNotDecodeAreAnError) {
  Table table(2);

  for (const Kind kind : {Kind::knock, Kind::vote, Kind::leave, Kind::eviction, Kind::value,
                          Kind::pledge, Kind::certificate, Kind::decided, Kind::fork}) {
    const auto learnt = table.at(1).learn(Object{kind, {1, 2, 3}});
    ASSERT_FALSE(learnt);
    EXPECT_EQ(learnt.error().fault, Fault::malformed);
  }
  EXPECT_FALSE(table.at(1).learn(Object{Kind::genesis, table.genesis().raw}));
}

TEST(Pool, AForgedObjectIsAnError) {
  Table table(2);
  Pledge pledge = table.pledged(2, {3}, ValueId{{1}});
  pledge.round = {4};

  const auto learnt = table.at(1).learn(Object{Kind::pledge, pledge.encode()});

  ASSERT_FALSE(learnt);
  EXPECT_EQ(learnt.error().fault, Fault::forged);
}

// --- Bounds ---

TEST(Pool, WhatWasDecidedLongAgoIsNotTakenIn) {
  Table table(2);

  EXPECT_FALSE(table.at(1).learn(table.founding()[0].value));
}

TEST(Pool, ValuesThatNobodyPledgesDropOutInTheirOrder) {
  Table table(2);
  for (std::uint8_t who = 0; who <= Consent::kLooseValuesMax; ++who) {
    EXPECT_TRUE(table.at(1).learn(wish_of(table, static_cast<std::uint8_t>(50 + who))));
  }

  EXPECT_TRUE(table.at(1).learn(wish_of(table, 50))) << "the oldest is gone";
  EXPECT_FALSE(table.at(1).learn(wish_of(table, 50 + Consent::kLooseValuesMax)));
}

TEST(Pool, APledgeDoesNotHoldAValueThatMayFollowNothing) {
  Table table(2);
  for (std::uint8_t i = 0; i < 2 * Consent::kLooseValuesMax; ++i) {
    Value value = wish_of(table, static_cast<std::uint8_t>(50 + i));
    value.previous = ValueId{{i}};
    value.seal();
    table.at(1).learn(table.pledged(2, {3U + i % 7U}, value.id));
    table.at(1).learn(value);
  }

  EXPECT_LE(table.at(1).values().size(), Consent::kLooseValuesMax + 1);
}

TEST(Pool, OfEachSeatTheNewestRoundsAreKept) {
  Table table(2);
  for (std::uint64_t round = 3; round < 3 + 3 * Consent::kRoundsKept; ++round) {
    table.at(1).learn(table.pledged(2, {round}, ValueId{{1}}));
  }

  EXPECT_THAT(table.at(1).pledges(), SizeIs(Consent::kRoundsKept));
  EXPECT_FALSE(table.at(1).learn(table.pledged(2, {3}, ValueId{{1}}))) << "news only once";
}

TEST(Pool, WhatMyOwnLastPledgeWaitsForIsKeptHoweverMuchIsPledgedAbove) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  const auto own = table.advance(1);
  ASSERT_TRUE(own);
  table.at(1).learn(table.pledged(2, own->round, own->value));
  for (std::uint64_t i = 1; i <= 3 * Consent::kRoundsKept; ++i) {
    table.at(1).learn(table.pledged(2, {own->round.value + i}, ValueId{{1}}));
  }
  table.at(1).learn(table.pledged(3, own->round, own->value));

  table.advance(1);

  EXPECT_TRUE(sits(table.at(1), 9));
}

TEST(Pool, WhatACertificateSaysIsNotPassedOnTwice) {
  Table table(2);
  table.knocks(knock_of(table.room(), 9), {1, 2});
  table.talk({1, 2}, 0);
  ASSERT_TRUE(sits(table.at(1), 9));

  const std::vector<Object> objects = table.at(1).objects();

  EXPECT_TRUE(std::none_of(objects.begin(), objects.end(),
                           [](const Object& object) { return object.kind == Kind::pledge; }));
}

TEST(Pool, ACertificateIsLearntHoweverManyRoundsALiarPledges) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  const auto low = table.advance(1);
  ASSERT_TRUE(low && table.advance(2));
  for (const std::uint8_t who : List{2, 3}) {
    table.hear(1, table.pledged(who, low->round, low->value));
  }
  ASSERT_TRUE(sits(table.at(1), 9));
  for (std::uint64_t i = 1; i <= 3 * Consent::kRoundsKept; ++i) {
    table.at(2).learn(table.pledged(3, {low->round.value + i}, ValueId{{1}}));
  }
  const Consent::Decision decision = table.decided(1).at(0);

  EXPECT_TRUE(table.at(2).learn(decision.certificate));
  EXPECT_FALSE(table.at(2).learn(decision.certificate)) << "news only once";
  table.advance(2);

  EXPECT_TRUE(sits(table.at(2), 9));
}

TEST(Pool, ACertificateThatDoesNotHoldIsNone) {
  Table table(2);
  const Value value = wish_of(table, 9);
  table.at(1).learn(value);
  const Pledge pledge = table.pledged(2, {3}, value.id);
  const Certificate::Entry entry{pledge.stamp, pledge.signature};

  EXPECT_FALSE(table.at(1).learn(Certificate{table.room(), value.id, {3}, {entry, entry}}));
}

TEST(Pool, ACertificateGivesALiarAway) {
  Table table(3);
  table.knocks(knock_of(table.room(), 9), {1, 2, 3});
  const auto low = table.advance(1);
  ASSERT_TRUE(low);
  for (const std::uint8_t who : List{2, 3}) {
    table.hear(1, table.pledged(who, low->round, low->value));
  }
  Consent other = table.founded(2);
  ASSERT_TRUE(other.remember(table.pledged(2, low->round, low->value), table.decided(1)[0].value));
  other.learn(table.pledged(3, low->round, ValueId{{1}}));
  ASSERT_THAT(other.liars(), IsEmpty());

  EXPECT_TRUE(other.learn(table.decided(1)[0].certificate));

  EXPECT_EQ(other.liars(), std::set{table.seat(3)});
}

TEST(Pool, MoreThanFitsIntoAValueComesByTheNext) {
  Table table(1, 60);
  for (std::uint8_t who = 50; who < 50 + kChangesMax + 3; ++who) {
    table.knocks(knock_of(table.room(), who), {1});
  }

  table.talk({1}, 0);

  EXPECT_THAT(table.at(1).roster().members(), SizeIs(1 + kChangesMax));
  EXPECT_THAT(table.at(1).knocks(), SizeIs(3));
}

// --- What is stored ---

TEST(Pool, WhatIsStoredAndDoesNotFitIsDamage) {
  Table table(2);
  Consent consent(table.genesis(), sample_peer(2));
  Consent::Decision without = table.founding()[0];
  without.certificate.entries.clear();

  Consent::Decision nothing{table.founding()[0].value, table.founding()[0].certificate};
  nothing.value.knocks.clear();
  nothing.value.seal();
  nothing.certificate.value = nothing.value.id;

  for (const auto& damaged : {table.founding()[1], without, nothing}) {
    const auto remembered = consent.remember(damaged);
    ASSERT_FALSE(remembered);
    EXPECT_EQ(remembered.error().fault, Fault::damaged);
  }
  const Value value = wish_of(table, 9);
  EXPECT_FALSE(consent.remember(table.pledged(1, {3}, value.id), value)) << "not mine";
  EXPECT_FALSE(consent.remember(table.pledged(2, {3}, ValueId{{1}}), value)) << "not on it";
}

TEST(Pool, WhatIsRememberedIsAsItWas) {
  Table table(2);
  table.knocks(knock_of(table.room(), 9), {1, 2});
  const auto own = table.advance(1);
  ASSERT_TRUE(own);
  Consent again = table.founded(1);
  ASSERT_TRUE(again.remember(*own, table.at(1).values().back()));
  for (const Object& object : table.at(1).objects()) EXPECT_TRUE(again.learn(object));

  EXPECT_EQ(again.digest(), table.at(1).digest());
}

TEST(Pool, WhateverChangesWhatIsDoneShowsInTheDigest) {
  Table table(3);
  const auto changes = [&](const auto& what) {
    const Hash before = table.at(1).digest();
    table.at(1).learn(what);
    return table.at(1).digest() != before;
  };
  const Knock knock = knock_of(table.room(), 9);

  EXPECT_TRUE(changes(knock));
  EXPECT_TRUE(changes(table.vote(2, knock.id)));
  EXPECT_TRUE(changes(table.vote(2, knock.id, false)));
  EXPECT_TRUE(changes(table.eviction({2})));
  EXPECT_TRUE(changes(table.vote(3, table.eviction({2}).id())));
  EXPECT_TRUE(changes(table.leave(2)));
  Hash last = table.at(1).digest();
  for (const bool is_closed : {false, true}) {
    table.at(1).learn(sample_peer(3), {Head{{sample_peer(3), {}}, {4}, {}}, is_closed});
    EXPECT_NE(std::exchange(last, table.at(1).digest()), table.at(1).digest());
  }
  EXPECT_TRUE(changes(table.word(3)));
  EXPECT_TRUE(changes(table.pledged(3, {3}, ValueId{{1}})));
  EXPECT_TRUE(changes(table.pledged(3, {3}, ValueId{{2}})));
  const Hash before = table.at(1).digest();
  table.at(1).remember_forgotten(table.seat(1));
  EXPECT_NE(table.at(1).digest(), before);
}

}  // namespace
}  // namespace p2pchat
