// Consent: what a newcomer decides.
#include <gmock/gmock.h>

#include "daemon/core/consent/consent.h"
#include "tests/unit/daemon/core/consent/table.h"

namespace p2pchat {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint8_t kNine = 9;

// All of three have said yes to the ninth and have pledged it, so it is certified; none of them
// knows that yet.
class Newcomer : public testing::Test {
 protected:
  Newcomer() {
    table_.knocks(knock_, {1, 2, 3});
    for (const std::uint8_t who : List{1, 2, 3}) {
      pledges_.push_back(table_.advance(who).value());
    }
    admitting_ = table_.at(1).values().back();
    for (const auto& decision : table_.founding()) {
      EXPECT_TRUE(nine_.learn(decision.value) && nine_.learn(decision.certificate));
    }
    nine_.learn(admitting_);
    for (const Pledge& pledge : pledges_) nine_.learn(pledge);
  }
  Consent::Step advance() { return nine_.advance(false, kAllowed); }
  // All of these hear of the certificate, and tell the newcomer.
  void tell_words(List of) {
    for (const std::uint8_t who : of) {
      for (const Pledge& pledge : pledges_) table_.hear(who, pledge);
      nine_.learn(table_.word(who));
    }
  }
  // All of them and the newcomer pledge that the tenth comes, too; the newcomer sees it certified.
  void certify_next() {
    const Knock ten = knock_of(table_.room(), 10);
    nine_.learn(ten);
    table_.knocks(ten, {1, 2, 3});
    for (const std::uint8_t who : List{1, 2, 3}) nine_.learn(table_.vote(who, ten.id));
    nine_.learn(table_.vote(seat(), kNine, ten.id));
    table_.tell(table_.vote(seat(), kNine, ten.id));
    const auto promise = advance().promise;
    ASSERT_TRUE(promise && promise->seat == seat());
    const Pledge own = table_.pledged(seat(), kNine, promise->round, promise->value.id);
    ASSERT_TRUE(nine_.remember(own, promise->value));
    next_ = {own};
    for (const std::uint8_t who : List{1, 2, 3}) {
      const auto pledge = table_.advance(who);
      ASSERT_TRUE(pledge && pledge->value == own.value);
      next_.push_back(*pledge);
      nine_.learn(*pledge);
    }
  }
  // The old members see it certified as well, and say so.
  void tell_next() {
    for (const std::uint8_t who : List{1, 2, 3}) {
      for (const Pledge& pledge : next_) table_.hear(who, pledge);
      nine_.learn(table_.word(who));
    }
  }
  Seat seat() const { return {sample_peer(kNine), knock_.id}; }

  Table table_{3};
  Knock knock_ = knock_of(table_.room(), kNine);
  std::vector<Pledge> pledges_;
  std::vector<Pledge> next_;
  Value admitting_;
  Consent nine_{table_.genesis(), sample_peer(kNine)};
};

// A phantom room: a liar completes a certificate for the candidate only.
TEST_F(Newcomer, APhantomRoomIsNoRoom) {
  EXPECT_THAT(advance().decided, IsEmpty());
  EXPECT_FALSE(nine_.own_decided());

  tell_words({1, 2});

  EXPECT_THAT(advance().decided, IsEmpty()) << "the third has said nothing";
}

TEST_F(Newcomer, DecidesWhatAllItsEldersHaveDecided) {
  tell_words({1, 2, 3});

  EXPECT_THAT(advance().decided, SizeIs(Table::kFoundedHeight + 1));
  EXPECT_EQ(nine_.roster().value(), admitting_.id);
  EXPECT_EQ(nine_.own_decided()->seat, seat());
}

TEST_F(Newcomer, IsNotSetApartByAPhantomCertificate) {
  advance();
  // The third lies: it has shown that pledge to nobody else.
  table_.knocks(knock_of(table_.room(), 10), {1, 2, 3});
  const auto high = table_.advance(1, true);
  ASSERT_TRUE(high && high->value != admitting_.id);
  for (const std::uint8_t who : List{1, 2}) {
    table_.hear(who, table_.pledged(3, high->round, high->value));
  }

  table_.talk({1, 2}, 2);
  ASSERT_TRUE(sits(table_.at(1), 9) && sits(table_.at(1), 10));
  for (const auto& each : table_.decided(1)) {
    nine_.learn(each.value);
    nine_.learn(each.certificate);
  }
  Decided word = table_.word(1);
  for (const std::uint8_t who : List{1, 2, 3}) {
    word.seat = table_.seat(who);
    nine_.learn(word);
  }
  advance();

  EXPECT_EQ(nine_.roster().value(), table_.at(1).roster().value());
}

TEST_F(Newcomer, PledgesBeforeItDecidesAndHearsFromThoseWhoHaveGoneOn) {
  for (const std::uint8_t who : List{1, 2, 3}) {
    for (const Pledge& pledge : pledges_) table_.hear(who, pledge);
  }
  certify_next();
  EXPECT_THAT(advance().decided, IsEmpty());

  tell_next();

  EXPECT_THAT(advance().decided, SizeIs(Table::kFoundedHeight + 2));
}

TEST_F(Newcomer, TakesTheWordForAWideningAsOneForWhatItWidens) {
  tell_words({2, 3});
  Value wider = admitting_;
  wider.leaves = {table_.leave(3)};
  wider.seal();
  nine_.learn(wider);
  for (const std::uint8_t who : List{1, 2}) nine_.learn(table_.pledged(who, {4}, wider.id));
  EXPECT_THAT(advance().decided, IsEmpty());

  nine_.learn(Decided{table_.room(), table_.seat(1), {4}, wider.id, {}});
  advance();

  EXPECT_EQ(nine_.roster().value(), admitting_.id) << "the second has not decided the wider one";
}

TEST_F(Newcomer, DecidesNothingThatDoesNotLetItIn) {
  Consent ten(table_.genesis(), sample_peer(10));
  for (const auto& decision : table_.founding()) {
    ten.learn(decision.value);
    ten.learn(decision.certificate);
  }
  ten.learn(admitting_);
  for (const Pledge& pledge : pledges_) ten.learn(pledge);
  for (const std::uint8_t who : List{1, 2, 3}) {
    for (const Pledge& pledge : pledges_) table_.hear(who, pledge);
    ten.learn(table_.word(who));
  }

  EXPECT_THAT(ten.advance(true, kAllowed).decided, IsEmpty());
}

TEST_F(Newcomer, IsNotNewAnyMoreOnceItHasTakenPart) {
  tell_words({1, 2, 3});
  advance();
  certify_next();
  EXPECT_THAT(advance().decided, IsEmpty()) << "it still goes by the others' word";
  tell_next();
  ASSERT_THAT(advance().decided, SizeIs(1));
  const Eviction eviction{table_.room(), {{sample_peer(10), knock_of(table_.room(), 10).id}}};
  nine_.learn(eviction);
  for (const std::uint8_t who : List{1, 2, 3}) nine_.learn(table_.vote(who, eviction.id()));
  nine_.learn(table_.vote(seat(), kNine, eviction.id()));
  const auto promise = advance().promise;
  ASSERT_TRUE(promise && promise->value.evictions.size() == 1);
  const Pledge own = table_.pledged(seat(), kNine, promise->round, promise->value.id);
  ASSERT_TRUE(nine_.remember(own, promise->value));

  for (const std::uint8_t who : List{1, 2, 3}) {
    nine_.learn(table_.pledged(who, own.round, own.value));
  }

  EXPECT_THAT(advance().decided, SizeIs(1));
}

TEST_F(Newcomer, TheNewestWordOfEachIsKept) {
  tell_words({1});
  Decided word = nine_.decideds().at(0);
  word.round = word.round.next();

  EXPECT_TRUE(nine_.learn(word));
  EXPECT_FALSE(nine_.learn(table_.word(1)));

  EXPECT_THAT(nine_.decideds(), SizeIs(1));
  EXPECT_EQ(nine_.decideds()[0].round, word.round);
}

TEST_F(Newcomer, NoStrangersWordIsKept) {
  EXPECT_FALSE(nine_.learn(Decided{table_.room(), {sample_peer(77), {}}, {3}, admitting_.id, {}}));
}

TEST(Founder, IsNeverNew) {
  Table table(1);
  table.knocks(knock_of(table.room(), 9), {1});

  table.talk({1}, 0);

  EXPECT_TRUE(sits(table.at(1), 9));
}

// The third is honest and vanishes; its last pledge has reached the newcomer only.
TEST_F(Newcomer, IsNotSetApartByAWideningOfWhatLetItIn) {
  tell_words({1, 2, 3});
  advance();
  certify_next();
  EXPECT_THAT(advance().decided, IsEmpty());
  table_.votes_out({3}, {1, 2});
  table_.talk({1, 2}, 2);
  ASSERT_TRUE(sits(table_.at(1), 9) && !sits(table_.at(1), 3) && !sits(table_.at(1), 10));

  for (int i = 0; i < 10; ++i) {
    for (const auto& each : table_.decided(1)) {
      nine_.learn(each.value);
      nine_.learn(each.certificate);
    }
    for (const std::uint8_t who : List{1, 2}) {
      for (const Value& value : nine_.values()) table_.at(who).learn(value);
      for (const Pledge& pledge : nine_.pledges()) {
        if (pledge.seat.peer != sample_peer(who)) table_.at(who).learn(pledge);
      }
      table_.advance(who, true);
      for (const Pledge& pledge : table_.at(who).pledges()) nine_.learn(pledge);
      nine_.learn(table_.word(who));
    }
    advance();
  }

  EXPECT_EQ(nine_.roster().value(), table_.at(1).roster().value());
}

}  // namespace
}  // namespace p2pchat
