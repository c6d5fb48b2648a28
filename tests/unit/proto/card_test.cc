#include "proto/card.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"
#include "tests/unit/proto/twisted.h"

namespace p2pchat {
namespace {

using fixture::fault_of;
using fixture::kAnna;

// A card's fields, for a card that breaks a rule and is signed by Anna all the same.
struct Fields {
  std::uint64_t suite = kSuite;
  PeerId id = kAnna.id();
  std::string name = "anna";
  std::string host = "host.example";
  std::uint64_t port = 7473;
  std::size_t places = 1;
  std::string extra_key = "later";
  std::string extra_value = "x";

  Bytes body() const {
    Packer packer;
    packer.map(7).text("suite").integer(suite).text("id").fixed(id).text("name").text(name);
    packer.text("places").array(places);
    for (std::size_t i = 0; i < places; ++i) {
      packer.array(4).text(host).integer(port).integer(1).integer(2);
    }
    packer.text("relay").boolean(true).text("counter").integer(3);
    return packer.text(extra_key).text(extra_value).take();
  }
  Bytes signed_card() const {
    return fixture::signed_by(kAnna, Purpose::card, "p2pchat card", {}, body());
  }
};

TEST(Card, DecodesToWhatWasMade) {
  const std::vector<Place> places = {{"host.example", 1, 2, 3}, {"::1", 0, 65535, 4}};
  const Card made = Card::make(kAnna, "anna", places, true, {9});

  const auto card = Card::decode(made.raw);

  ASSERT_TRUE(card);
  EXPECT_EQ(card->id, kAnna.id());
  EXPECT_EQ(card->name, "anna");
  EXPECT_EQ(card->places, places);
  EXPECT_TRUE(card->relay);
  EXPECT_EQ(card->counter, Counter{9});
  EXPECT_EQ(card->raw, made.raw);
}

TEST(Card, NeedsNoNameAndNoPlace) {
  const auto card = Card::decode(Card::make(kAnna, "", {}, false, {0}).raw);

  ASSERT_TRUE(card);
  EXPECT_TRUE(card->name.empty());
  EXPECT_TRUE(card->places.empty());
}

TEST(Card, LeavesOutTheLastPlacesThatDoNotFit) {
  const Place place{std::string(kHostBytesMax, 'a'), 1, 2, 3};
  const Place small{"host", 1, 2, 3};

  EXPECT_EQ(Card::make(kAnna, "anna", {small, place, place}, false, {1}).places,
            (std::vector<Place>{small, place}));
  EXPECT_EQ(Card::make(kAnna, "anna", std::vector<Place>(9, small), false, {1}).places.size(),
            kCardAddressesMax);
}

TEST(Card, LeavesOutPlacesThatAreNoHosts) {
  EXPECT_TRUE(Card::make(kAnna, "anna", {{"*", 1, 2, 3}}, false, {1}).places.empty());
}

TEST(Card, IsAlwaysSmall) {
  const std::vector<Place> places(4, Place{std::string(60, 'a'), 65535, 65535, 65535});
  std::string name;
  for (std::size_t i = 0; i < kNamePointsMax; ++i) name += "😀";

  const Card card = Card::make(kAnna, name, places, true, {kPackIntegerMax});

  EXPECT_LE(card.raw.size(), kCardBytesMax);
  EXPECT_TRUE(Card::decode(card.raw));
}

TEST(Card, KeysThatAreNotKnownAreKeptInItsBytes) {
  Fields fields;
  fields.extra_key = "address book";
  const Bytes raw = fields.signed_card();

  const auto card = Card::decode(raw);

  ASSERT_TRUE(card);
  EXPECT_EQ(card->name, "anna");
  EXPECT_EQ(card->raw, raw);
}

TEST(Card, BreakingARuleOfTheFormatIsMalformed) {
  const auto fault = [](auto change) {
    Fields fields;
    change(fields);
    return fault_of(Card::decode(fields.signed_card()));
  };

  EXPECT_EQ(fault([](Fields&) {}), std::nullopt);
  EXPECT_EQ(fault([](Fields& fields) { fields.suite = 2; }), Fault::malformed);
  EXPECT_EQ(fault([](Fields& fields) { fields.name = "an\x1bna"; }), Fault::malformed);
  EXPECT_EQ(fault([](Fields& fields) { fields.name = std::string(33, 'a'); }), Fault::malformed);
  EXPECT_EQ(fault([](Fields& fields) { fields.host = ""; }), Fault::malformed);
  EXPECT_EQ(fault([](Fields& fields) { fields.host = "*"; }), Fault::malformed);
  EXPECT_EQ(fault([](Fields& fields) { fields.host = "a b"; }), Fault::malformed);
  EXPECT_EQ(fault([](Fields& fields) { fields.port = 65536; }), Fault::malformed);
  EXPECT_EQ(fault([](Fields& fields) { fields.places = 5; }), Fault::malformed);
  EXPECT_EQ(fault([](Fields& fields) { fields.extra_key = "name"; }), Fault::malformed);
  EXPECT_EQ(fault([](Fields& fields) { fields.extra_key = std::string(65, 'x'); }),
            Fault::malformed);
}

TEST(Card, OverItsLimitIsMalformed) {
  Fields fields;
  const std::size_t room_left = kCardBytesMax - fields.signed_card().size();

  fields.extra_value = std::string(room_left, 'x');  // The header grows from 1 byte to 2 or 3.
  EXPECT_GT(fields.signed_card().size(), kCardBytesMax);
  EXPECT_EQ(fault_of(Card::decode(fields.signed_card())), Fault::malformed);

  fields.extra_value.resize(room_left - 3);
  EXPECT_TRUE(Card::decode(fields.signed_card()));
}

TEST(Card, OfAnIdThatSignsButHasNoCurveKeyIsForged) {
  const PeerId twisted = fixture::twisted_id();
  Fields fields;
  fields.id = twisted;

  bool has_verified = false;
  for (std::uint8_t nonce = 1; nonce < 200 && !has_verified; ++nonce) {
    const Hash what = Hasher("p2pchat card").add(ByteView(fields.body())).finish();
    const Signature signature = fixture::twisted_signature(twisted, nonce, Purpose::card, {}, what);
    has_verified = verify(twisted, Purpose::card, {}, what, signature);
    const Bytes raw = Packer().array(2).bytes(fields.body()).fixed(signature).take();
    EXPECT_EQ(fault_of(Card::decode(raw)), Fault::forged);
  }
  EXPECT_TRUE(has_verified);
}

TEST(Card, OfAnotherIdThanItsSignersIsForged) {
  Fields fields;
  fields.id = fixture::kBob.id();

  EXPECT_EQ(fault_of(Card::decode(fields.signed_card())), Fault::forged);
}

TEST(Card, WithoutAFieldIsMalformed) {
  const Bytes body = Packer().map(1).text("suite").integer(kSuite).take();

  const Bytes raw = fixture::signed_by(kAnna, Purpose::card, "p2pchat card", {}, body);

  EXPECT_EQ(fault_of(Card::decode(raw)), Fault::malformed);
}

TEST(Card, SignedForAnotherPurposeIsForged) {
  const Bytes raw = fixture::card_of(kAnna).raw;
  Unpacker in(raw);
  in.array_of(2);
  const ByteView body = in.bytes(kCardBytesMax);

  const Bytes other = fixture::signed_by(kAnna, Purpose::beat, "p2pchat card", {}, body);

  EXPECT_EQ(fault_of(Card::decode(other)), Fault::forged);
}

TEST(Card, ChangedInAnyBitIsRefused) {
  EXPECT_EQ(
      fixture::count_taken_mutants(fixture::card_of(kAnna).raw,
                                   [](const Bytes& raw) { return Card::decode(raw).has_value(); }),
      0U);
}

}  // namespace
}  // namespace p2pchat
