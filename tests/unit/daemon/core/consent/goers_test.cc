// How far the posts of those who go count: as far as everybody who stays holds them.
#include <gmock/gmock.h>

#include "tests/unit/daemon/core/consent/table.h"
#include "tests/unit/fork_sample.h"

namespace p2pchat {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Head head_of(std::uint8_t who, std::uint64_t number) {
  return {{sample_peer(who), {}}, {number}, {}};
}

std::vector<Head> last_heads(const Consent& consent) { return consent.values().back().heads; }

// These hold the posts of `goer` up to this number.
void hold(Table& table, List who, std::uint8_t goer, std::uint64_t number) {
  for (const std::uint8_t each : who) {
    table.at(each).learn(sample_peer(goer), {head_of(goer, number)});
  }
}

Leave leave_after(const Table& table, std::uint8_t who, std::uint64_t number) {
  Leave leave{table.room(), table.seat(who), head_of(who, number), {}};
  leave.sign(sample_identity(who));
  return leave;
}

TEST(Goers, NobodyIsEvictedBeforeAllHoldTheSameOfIt) {
  Table table(4);
  hold(table, {1, 2}, 4, 4);
  hold(table, {3}, 4, 5);
  table.votes_out({4}, {1, 2, 3});

  table.talk({1, 2, 3}, 4);
  EXPECT_TRUE(sits(table.at(1), 4));
  hold(table, {1, 2}, 4, 5);
  table.talk({1, 2, 3}, 4);

  for (const std::uint8_t who : List{1, 2, 3}) {
    EXPECT_FALSE(sits(table.at(who), 4));
    EXPECT_THAT(last_heads(table.at(who)), ElementsAre(head_of(4, 5)));
  }
}

TEST(Goers, WhatNobodyHoldsOfWhoIsEvictedIsNotPledged) {
  for (const std::vector<Head>& claimed :
       {std::vector<Head>{}, {head_of(3, 3)}, {head_of(3, 5)}, {head_of(3, 4)}}) {
    Table table(3);
    hold(table, {1}, 3, 4);
    table.votes_out({3}, {1, 2});
    Value value = table.next();
    value.evictions = {table.eviction({3})};
    value.heads = claimed;
    const Value& forged = table.forge(std::move(value));

    table.hear(1, table.pledged(2, {9}, forged.id));

    const bool is_decided = !sits(table.at(1), 3);
    EXPECT_EQ(is_decided, claimed == std::vector<Head>{head_of(3, 4)});
  }
}

TEST(Goers, WhoMayNotReadThemGoesByWhatTheOthersHold) {
  Table table(3);
  table.at(1).learn(sample_peer(3), {head_of(3, 1), true, {sample_peer(2)}});
  hold(table, {2}, 3, 7);
  table.votes_out({3}, {1, 2});

  table.talk({1, 2}, 3);

  for (const std::uint8_t who : List{1, 2}) {
    EXPECT_FALSE(sits(table.at(who), 3));
    EXPECT_THAT(last_heads(table.at(who)), ElementsAre(head_of(3, 7)));
  }
}

TEST(Goers, WhatNobodyWhoStaysMayReadCountsAsFarAsItsOpening) {
  Table table(3);
  for (const std::uint8_t who : List{1, 2}) {
    table.at(who).learn(sample_peer(3), {head_of(3, 1), true, {}});
  }
  table.votes_out({3}, {1, 2});

  table.talk({1, 2}, 1);

  for (const std::uint8_t who : List{1, 2}) {
    EXPECT_FALSE(sits(table.at(who), 3));
    EXPECT_THAT(last_heads(table.at(who)), ElementsAre(head_of(3, 1)));
  }
}

TEST(Goers, OfWhoForkedAFeedNothingCounts) {
  for (const bool leaves : {false, true}) {
    Table table(3);
    hold(table, {1}, 3, 4);
    hold(table, {2}, 3, 6);
    table.tell(sample_fork(sample_identity(3), table.room(), table.seat(3).admission));
    if (leaves) {
      table.tell(leave_after(table, 3, 9));
    } else {
      table.votes_out({3}, {1, 2});
    }

    table.talk({1, 2}, 1);

    for (const std::uint8_t who : List{1, 2}) {
      EXPECT_FALSE(sits(table.at(who), 3));
      EXPECT_THAT(last_heads(table.at(who)), IsEmpty());
    }
  }
}

TEST(Goers, ALeaveWaitsUntilAllHoldItsLastPost) {
  Table table(3);
  hold(table, {1}, 3, 4);
  hold(table, {2}, 3, 3);
  table.tell(leave_after(table, 3, 4));

  table.talk({1, 2}, 3);
  EXPECT_TRUE(sits(table.at(1), 3));
  hold(table, {2}, 3, 4);
  table.talk({1, 2}, 3);

  for (const std::uint8_t who : List{1, 2}) {
    EXPECT_FALSE(sits(table.at(who), 3));
    EXPECT_THAT(last_heads(table.at(who)), ElementsAre(head_of(3, 4)));
  }
}

TEST(Goers, WhoLeftWithPostsThatNobodyHoldsCanBeEvicted) {
  Table table(3);
  hold(table, {1, 2}, 3, 3);
  table.tell(leave_after(table, 3, 4));

  table.votes_out({3}, {1, 2});
  table.talk({1, 2}, 3);

  for (const std::uint8_t who : List{1, 2}) {
    EXPECT_FALSE(sits(table.at(who), 3));
    EXPECT_THAT(last_heads(table.at(who)), ElementsAre(head_of(3, 3)));
  }
}

TEST(Goers, WhoHasWaitedLongLetsThemGoWithoutASayOfTheirPosts) {
  for (const bool leaves : {false, true}) {
    Table table(3);
    hold(table, {1}, 3, 4);
    hold(table, {2}, 3, 6);
    EXPECT_FALSE(table.at(1).has_goers());
    if (leaves) {
      table.tell(leave_after(table, 3, 9));
    } else {
      table.votes_out({3}, {1, 2});
    }
    EXPECT_TRUE(table.at(1).has_goers());
    table.talk({1, 2}, 9);
    ASSERT_TRUE(sits(table.at(1), 3));

    for (const std::uint8_t who : List{1, 2}) table.at(who).set_weary(true);
    table.talk({1, 2}, 9);

    for (const std::uint8_t who : List{1, 2}) {
      EXPECT_FALSE(sits(table.at(who), 3));
      EXPECT_THAT(table.decided(who).back().value.heads, IsEmpty());
      EXPECT_FALSE(table.at(who).has_goers());
    }
  }
}

TEST(Goers, WhoHasWaitedLongStillAgreesOnWhatAllHold) {
  Table table(3);
  hold(table, {1, 2}, 3, 4);
  table.votes_out({3}, {1, 2});
  table.at(1).set_weary(true);

  table.talk({1, 2}, 9);

  EXPECT_FALSE(sits(table.at(1), 3));
  EXPECT_THAT(last_heads(table.at(1)), ElementsAre(head_of(3, 4)));
}

TEST(Goers, ALeaveThatNobodyCanFollowStopsNothingElse) {
  Table table(4);
  table.tell(leave_after(table, 4, 9));
  table.votes_out({3}, {1, 2, 4});

  table.hear(1, table.pledged(4, {9},
                              table
                                  .forge([&] {
                                    Value value = table.next();
                                    value.evictions = {table.eviction({3})};
                                    return value;
                                  }())
                                  .id));
  table.talk({1, 2}, 3);

  EXPECT_FALSE(table.at(1).pledges().empty());
  EXPECT_THAT(last_heads(table.at(1)), IsEmpty());
}

TEST(Goers, WhatIsAgreedOnIsNotAskedAgainWhenMoreGo) {
  Table table(5);
  hold(table, {1, 2, 3, 4}, 5, 4);
  table.votes_out({5}, {1, 2, 3, 4});
  std::vector<Pledge> pledges;
  for (const std::uint8_t who : List{1, 2, 3, 4}) pledges.push_back(table.advance(who).value());
  for (const Pledge& pledge : pledges) table.hear(1, pledge);
  ASSERT_FALSE(sits(table.at(1), 5));
  // The others cannot decide that any more.
  table.knocks(knock_of(table.room(), 9), {1, 2, 3, 4});
  for (const std::uint8_t who : List{2, 3}) ASSERT_TRUE(table.advance(who, true));

  // Since then more has come of it, and who was needed for it has vanished.
  hold(table, {1, 2, 3}, 5, 5);
  table.votes_out({4}, {1, 2, 3});
  table.talk({1, 2, 3}, 6);

  for (const std::uint8_t who : List{1, 2, 3}) {
    EXPECT_FALSE(sits(table.at(who), 4));
    EXPECT_FALSE(sits(table.at(who), 5));
    const auto& first = table.decided(who).front().value;
    EXPECT_THAT(first.heads, ElementsAre(head_of(5, 4)));
  }
}

}  // namespace
}  // namespace p2pchat
