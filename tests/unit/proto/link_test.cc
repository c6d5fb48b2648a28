#include "proto/link.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "proto/text.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using fixture::fault_of;
using fixture::filled;

const RoomId kRoom = filled<RoomId>(1);

// The message that comes out where `message` goes in.
template <class T>
T carried(const T& message) {
  const Bytes frame = link::encode(message);
  const auto decoded = link::decode(frame);
  EXPECT_TRUE(decoded && std::holds_alternative<T>(*decoded));
  EXPECT_EQ(link::encode(*decoded), frame);
  return std::get<T>(*decoded);
}

std::optional<Fault> fault_of_frame(Packer& packer) {
  return fault_of(link::decode(packer.take()));
}

std::vector<link::Message> one_of_each() {
  return {
      link::Registration{fixture::card_of(fixture::kAnna), {}},
      link::Ack{Code::invalid, "why"},
      link::Handover{kRoom, filled<Topic>(2), filled<RoomKey>(3)},
      link::Posts{kRoom, {1, 2}},
      link::Pulse{kRoom, {3}},
      link::AskHeads{kRoom},
      link::Heads{kRoom, {fixture::head(1)}},
      link::Want{{1}, kRoom, fixture::anna_feed(), {1}, {2}, 3},
      link::Give{{1}, kRoom, {{1, 2}}, true},
      link::Roll{kRoom, 7, filled<ValueId>(2), filled<Hash>(3)},
      link::Objects{kRoom, {{Kind::value, {1, 2}}, {Kind::decided, {}}}},
  };
}

TEST(Link, RegistrationCarriesACardAndAnIncarnation) {
  const Card card = fixture::card_of(fixture::kAnna);

  const auto registration = carried(link::Registration{card, filled<Incarnation>(7)});

  EXPECT_EQ(registration.card.raw, card.raw);
  EXPECT_EQ(registration.incarnation, filled<Incarnation>(7));
}

TEST(Link, RegistrationWithAForgedCardIsForged) {
  Card card = fixture::card_of(fixture::kAnna);
  card.raw.back() ^= 1U;

  EXPECT_EQ(fault_of(link::decode(link::encode(link::Registration{card, {}}))), Fault::forged);
}

TEST(Link, AckCarriesACodeAndAReason) {
  for (const Code code : {Code::success, Code::unregistered, Code::invalid}) {
    const link::Ack ack = carried(link::Ack{code, "because"});

    EXPECT_EQ(ack.code, code);
    EXPECT_EQ(ack.reason, "because");
  }
}

TEST(Link, ALongReasonIsCutBetweenCodePoints) {
  std::string reason = "x";
  for (int i = 0; i < 100; ++i) reason += "€";

  const std::string arrived = carried(link::Ack{Code::invalid, reason}).reason;

  EXPECT_LE(arrived.size(), kReasonBytesMax);
  EXPECT_GT(arrived.size(), kReasonBytesMax - 3);
  EXPECT_TRUE(is_utf8(arrived));
  EXPECT_TRUE(reason.starts_with(arrived));
}

TEST(Link, HandoverCarriesTopicAndKey) {
  const auto handover = carried(link::Handover{kRoom, filled<Topic>(2), filled<RoomKey>(3)});

  EXPECT_EQ(handover.room, kRoom);
  EXPECT_EQ(handover.topic, filled<Topic>(2));
  EXPECT_EQ(handover.key, filled<RoomKey>(3));
}

TEST(Link, PostsCarryALargestBatch) {
  const Bytes batch(kBatchBytesMax, 1);

  EXPECT_EQ(carried(link::Posts{kRoom, batch}).batch, batch);
}

TEST(Link, WhatGoesOutOnPubNamesItsRoom) {
  EXPECT_EQ(carried(link::Posts{kRoom, {1}}).room, kRoom);
  EXPECT_EQ(carried(link::Pulse{kRoom, {1}}).room, kRoom);
}

TEST(Link, PulseAndHeadsCarryWhatTheyHold) {
  const std::vector<Head> heads(kHeadsMax, fixture::head(kPackIntegerMax));

  EXPECT_EQ(carried(link::Pulse{kRoom, {1, 2, 3}}).beat, (Bytes{1, 2, 3}));
  EXPECT_EQ(carried(link::AskHeads{kRoom}).room, kRoom);
  EXPECT_EQ(carried(link::Heads{kRoom, heads}).heads, heads);
}

TEST(Link, WantCarriesAnyIdAndARange) {
  const WantId id{std::numeric_limits<std::uint64_t>::max()};

  const auto want = carried(link::Want{id, kRoom, fixture::anna_feed(), {4}, {9}, 1000});

  EXPECT_EQ(want.want, id);
  EXPECT_EQ(want.room, kRoom);
  EXPECT_EQ(want.feed, fixture::anna_feed());
  EXPECT_EQ(want.first, Number{4});
  EXPECT_EQ(want.last, Number{9});
  EXPECT_EQ(want.budget, 1000U);
}

TEST(Link, WantOfAnEmptyRangeIsMalformed) {
  const auto fault = [](Number first, Number last) {
    return fault_of(
        link::decode(link::encode(link::Want{{1}, kRoom, fixture::anna_feed(), first, last, 1})));
  };

  EXPECT_EQ(fault({5}, {5}), std::nullopt);
  EXPECT_EQ(fault({5}, {4}), Fault::malformed);
  EXPECT_EQ(fault({0}, {4}), Fault::malformed);
}

TEST(Link, GiveCarriesBatchesInOrder) {
  const auto give = carried(link::Give{{7}, kRoom, {{1}, {2, 3}}, true});

  EXPECT_EQ(give.want, WantId{7});
  EXPECT_EQ(give.batches, (std::vector<Bytes>{{1}, {2, 3}}));
  EXPECT_TRUE(give.end);
  EXPECT_TRUE(carried(link::Give{{7}, kRoom, {}, false}).batches.empty());
}

TEST(Link, RollTellsHowFarItsSenderHasCome) {
  const auto roll =
      carried(link::Roll{kRoom, kPackIntegerMax, filled<ValueId>(2), filled<Hash>(3)});

  EXPECT_EQ(roll.room, kRoom);
  EXPECT_EQ(roll.height, kPackIntegerMax);
  EXPECT_EQ(roll.value, filled<ValueId>(2));
  EXPECT_EQ(roll.pool, filled<Hash>(3));
}

TEST(Link, ObjectsCarryWhatMembersSignInOrder) {
  std::vector<Object> objects;
  for (const Kind kind :
       {Kind::genesis, Kind::knock, Kind::vote, Kind::leave, Kind::close, Kind::eviction,
        Kind::value, Kind::pledge, Kind::certificate, Kind::decided, Kind::fork}) {
    objects.push_back({kind, to_bytes("signed elsewhere")});
  }

  EXPECT_EQ(carried(link::Objects{kRoom, objects}).objects, objects);
  EXPECT_EQ(carried(link::Objects{kRoom, objects}).room, kRoom);
  EXPECT_TRUE(carried(link::Objects{kRoom, {}}).objects.empty());
}

TEST(Link, ObjectsCarryALargestValueOrAFullPage) {
  const std::vector<Object> largest{{Kind::value, Bytes(kValueBytesMax, 1)}};
  const std::vector<Object> many(kPageItemsMax, {Kind::vote, {1}});

  EXPECT_EQ(carried(link::Objects{kRoom, largest}).objects, largest);
  EXPECT_EQ(carried(link::Objects{kRoom, many}).objects, many);
}

TEST(Link, ObjectsThatOnlyARendezvousTellsAreMalformed) {
  for (const Kind kind : {Kind::card, Kind::standing}) {
    const Bytes frame = link::encode(link::Objects{kRoom, {{Kind::vote, {}}, {kind, {}}}});

    EXPECT_EQ(fault_of(link::decode(frame)), Fault::malformed);
  }
}

TEST(Link, ObjectsOverAPageAreMalformed) {
  Packer packer;
  packer.array(3).integer(13).fixed(kRoom).array(kPageItemsMax + 1);
  for (std::size_t i = 0; i <= kPageItemsMax; ++i) pack(packer, Object{Kind::vote, {}});

  EXPECT_EQ(fault_of_frame(packer), Fault::malformed);
}

TEST(Link, AnotherWordOrNumberOfValuesIsMalformed) {
  EXPECT_EQ(fault_of_frame(Packer().array(2).integer(8).fixed(kRoom)), std::nullopt);
  EXPECT_EQ(fault_of_frame(Packer().array(2).integer(0).fixed(kRoom)), Fault::malformed);
  EXPECT_EQ(fault_of_frame(Packer().array(2).integer(12).fixed(kRoom)), Fault::malformed);
  EXPECT_EQ(fault_of_frame(Packer().array(2).integer(14).fixed(kRoom)), Fault::malformed);
  EXPECT_EQ(fault_of_frame(Packer().array(3).integer(8).fixed(kRoom).nil()), Fault::malformed);
  EXPECT_EQ(fault_of_frame(Packer().array(1).integer(8)), Fault::malformed);
  EXPECT_EQ(fault_of_frame(Packer().array(0)), Fault::malformed);
  EXPECT_EQ(fault_of_frame(Packer().integer(8)), Fault::malformed);
}

TEST(Link, AFrameOverTheLimitIsMalformed) {
  const auto fault = [](std::size_t batch_bytes) {
    Packer packer;
    packer.array(5).integer(11).integer(1).fixed(kRoom).array(2);
    packer.bytes(Bytes(batch_bytes)).bytes(Bytes(batch_bytes)).boolean(true);
    return fault_of_frame(packer);
  };

  EXPECT_EQ(fault(30'000), std::nullopt);
  EXPECT_EQ(fault(40'000), Fault::malformed);
}

TEST(Link, WhatIsCutAnywhereIsRefused) {
  for (const link::Message& message : one_of_each()) {
    const Bytes frame = link::encode(message);
    for (std::size_t size = 0; size < frame.size(); ++size) {
      EXPECT_EQ(fault_of(link::decode(ByteView(frame).first(size))), Fault::malformed);
    }
  }
}

TEST(Link, WhatDecodesHasOneEncoding) {
  for (const link::Message& message : one_of_each()) {
    const Bytes frame = link::encode(message);
    for (std::size_t at = 0; at < frame.size(); ++at) {
      Bytes changed = frame;
      changed[at] ^= static_cast<std::uint8_t>(1U << at % 8);
      const auto decoded = link::decode(changed);
      if (!decoded) continue;
      EXPECT_EQ(link::encode(*decoded), changed);
    }
  }
}

}  // namespace
}  // namespace p2pchat
