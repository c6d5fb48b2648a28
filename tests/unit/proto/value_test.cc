#include "proto/value.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/consent_fixtures.h"
#include "tests/unit/proto/fields.h"

namespace p2pchat {
namespace {

using fixture::array_of;
using fixture::bytes;
using fixture::fault_of;
using fixture::Fields;
using fixture::integer;
using fixture::kAnna;
using fixture::kBob;
using fixture::kCarl;
using fixture::kDora;
using fixture::seat;
using fixture::with;

// --- Value ---

// Two of everything that a value can hold. What Roster says of it is another question.
Value value() {
  Value value;
  value.room = fixture::room();
  value.height = 7;
  value.previous = fixture::filled<ValueId>(10);
  value.knocks = {fixture::knock(kBob), fixture::knock(kCarl)};
  value.evictions = {{value.room, {seat(kBob)}}, {value.room, {seat(kCarl)}}};
  value.leaves = {fixture::leave(kAnna, seat(kAnna)), fixture::leave(kDora, seat(kDora))};
  value.heads = {fixture::head_of(kAnna), fixture::head_of(kBob)};
  value.seal();
  return value;
}

enum Field : std::uint8_t { suite, room, height, previous, knocks, evictions, leaves, heads };

Bytes packed(const Head& head) {
  return array_of({bytes(head.feed.author), bytes(head.feed.incarnation),
                   integer(head.number.value), bytes(head.hash)});
}
Bytes packed(const Eviction& eviction) {
  Fields seats;
  for (const Seat& each : eviction.seats) {
    seats.push_back(array_of({bytes(each.peer), bytes(each.admission)}));
  }
  return bytes(array_of({integer(kSuite), bytes(eviction.room), array_of(seats)}));
}
Bytes packed(const Knock& knock) { return bytes(knock.raw); }
Bytes packed(const Leave& leave) { return bytes(leave.raw); }

template <class Object>
Bytes packed(const std::vector<Object>& list) {
  Fields fields;
  for (const Object& each : list) fields.push_back(packed(each));
  return array_of(fields);
}

Fields fields_of(const Value& value) {
  return {integer(kSuite),       bytes(value.room),    integer(value.height),
          bytes(value.previous), packed(value.knocks), packed(value.evictions),
          packed(value.leaves),  packed(value.heads)};
}

std::optional<Fault> fault_of_fields(const Fields& fields) {
  return fault_of(Value::decode(array_of(fields)));
}
std::optional<Fault> fault_with(Field field, Bytes bytes) {
  return fault_of_fields(with(fields_of(value()), field, std::move(bytes)));
}

// What decoding says to the value after `change`, packed as it then stands.
template <class Change>
std::optional<Fault> fault_after(Change change) {
  Value changed = value();
  change(changed);
  return fault_of_fields(fields_of(changed));
}

TEST(Value, DecodesToWhatWasSealed) {
  const Value made = value();

  const auto decoded = Value::decode(made.raw);

  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->room, made.room);
  EXPECT_EQ(decoded->height, 7U);
  EXPECT_EQ(decoded->previous, made.previous);
  ASSERT_EQ(decoded->knocks.size(), 2U);
  EXPECT_EQ(decoded->knocks[0].raw, made.knocks[0].raw);
  EXPECT_EQ(decoded->knocks[1].raw, made.knocks[1].raw);
  EXPECT_EQ(decoded->evictions, made.evictions);
  ASSERT_EQ(decoded->leaves.size(), 2U);
  EXPECT_EQ(decoded->leaves[0].raw, made.leaves[0].raw);
  EXPECT_EQ(decoded->leaves[1].raw, made.leaves[1].raw);
  EXPECT_EQ(decoded->heads, made.heads);
  EXPECT_EQ(decoded->id, made.id);
  EXPECT_EQ(decoded->raw, made.raw);
}

TEST(Value, HasTheBytesThatTheProtocolDescribes) {
  const Value made = value();

  EXPECT_EQ(made.raw, array_of(fields_of(made)));
  EXPECT_EQ(made.id, Hasher("p2pchat value").add(made.raw).finish<ValueId>());
}

TEST(Value, IsTheSameInWhateverOrderItsChangesWereFound) {
  Value other = value();
  std::swap(other.knocks[0], other.knocks[1]);
  std::swap(other.evictions[0], other.evictions[1]);
  std::swap(other.leaves[0], other.leaves[1]);
  std::swap(other.heads[0], other.heads[1]);
  other.seal();

  EXPECT_EQ(other.raw, value().raw);
  EXPECT_EQ(other.id, value().id);
}

TEST(Value, ThatIsDecodedIsSealedToTheSame) {
  auto decoded = Value::decode(value().raw);
  ASSERT_TRUE(decoded);

  decoded->seal();

  EXPECT_EQ(decoded->raw, value().raw);
}

TEST(Value, WithAFieldMissingOrTwiceOrOfAnotherKindIsMalformed) {
  const Fields head = {bytes(kAnna.id()), bytes(fixture::filled<Incarnation>(7)), integer(5),
                       bytes(fixture::filled<Hash>(9))};
  const auto fault_of_head = [&](const Fields& fields) {
    return fault_with(heads, array_of({array_of(fields)}));
  };

  EXPECT_EQ(fixture::count_not_malformed(fields_of(value()), fault_of_fields), 0U);
  EXPECT_EQ(fault_of_head(head), std::nullopt);
  EXPECT_EQ(fixture::count_not_malformed(head, fault_of_head), 0U);
}

TEST(Value, BreakingARuleOfTheFormatIsMalformed) {
  EXPECT_EQ(fault_after([](Value&) {}), std::nullopt);
  EXPECT_EQ(fault_with(suite, integer(2)), Fault::malformed);
  EXPECT_EQ(fault_with(height, integer(kPackIntegerMax + 1)), Fault::malformed);
  EXPECT_EQ(fault_after([](Value& value) { value.heads[0].number = {0}; }), Fault::malformed);
  EXPECT_EQ(fault_of(Value::decode({})), Fault::malformed);
}

TEST(Value, InAnotherOrderIsMalformed) {
  const auto fault_of_swapped = [](auto list) {
    return fault_after([&](Value& value) { std::swap((value.*list)[0], (value.*list)[1]); });
  };

  EXPECT_EQ(fault_of_swapped(&Value::knocks), Fault::malformed);
  EXPECT_EQ(fault_of_swapped(&Value::evictions), Fault::malformed);
  EXPECT_EQ(fault_of_swapped(&Value::leaves), Fault::malformed);
  EXPECT_EQ(fault_of_swapped(&Value::heads), Fault::malformed);
}

TEST(Value, WithTheSameTwiceIsMalformed) {
  const auto fault_of_doubled = [](auto list) {
    return fault_after([&](Value& value) { (value.*list)[1] = (value.*list)[0]; });
  };
  Value doubled = value();
  doubled.heads[1] = doubled.heads[0];

  EXPECT_EQ(fault_of_doubled(&Value::knocks), Fault::malformed);
  EXPECT_EQ(fault_of_doubled(&Value::evictions), Fault::malformed);
  EXPECT_EQ(fault_of_doubled(&Value::leaves), Fault::malformed);
  EXPECT_EQ(fault_of_doubled(&Value::heads), Fault::malformed);
  EXPECT_DEATH(doubled.seal(), "CHECK");
}

TEST(Value, WithWhatIsOfAnotherRoomIsMalformed) {
  const RoomId other = fixture::other_room();
  Value mixed = value();
  mixed.knocks = {fixture::knock(kBob, other)};

  EXPECT_EQ(fault_of_fields(fields_of(mixed)), Fault::malformed);
  EXPECT_EQ(fault_after([&](Value& value) {
              value.evictions = {{other, {seat(kBob)}}};
            }),
            Fault::malformed);
  EXPECT_EQ(fault_after(
                [&](Value& value) { value.leaves = {fixture::leave(kAnna, seat(kAnna), other)}; }),
            Fault::malformed);
  EXPECT_DEATH(mixed.seal(), "CHECK");
}

TEST(Value, WithWhatDoesNotHoldByItselfIsMalformed) {
  EXPECT_EQ(fault_after([](Value& value) { value.knocks[0].raw.back() ^= 1U; }), Fault::malformed);
  EXPECT_EQ(fault_after([](Value& value) { value.leaves[0].raw.back() ^= 1U; }), Fault::malformed);
  EXPECT_EQ(fault_after([](Value& value) { value.knocks[0].raw = value.leaves[0].raw; }),
            Fault::malformed);
  EXPECT_EQ(fault_after([](Value& value) {
              value.evictions = {{value.room, {}}};
            }),
            Fault::malformed);
  EXPECT_EQ(fault_after([](Value& value) {
              value.evictions = {{value.room, {seat(kBob), seat(kBob)}}};
            }),
            Fault::malformed);
}

TEST(Value, ItsIdDependsOnEveryField) {
  const auto id_after = [](auto change) {
    Value changed = value();
    change(changed);
    changed.seal();
    return changed.id;
  };
  const ValueId id = value().id;

  EXPECT_EQ(id_after([](Value&) {}), id);
  EXPECT_NE(id_after([](Value& value) { value.height = 8; }), id);
  EXPECT_NE(id_after([](Value& value) { value.previous = {}; }), id);
  EXPECT_NE(id_after([](Value& value) { value.knocks.pop_back(); }), id);
  EXPECT_NE(id_after([](Value& value) { value.evictions.pop_back(); }), id);
  EXPECT_NE(id_after([](Value& value) { value.leaves.pop_back(); }), id);
  EXPECT_NE(id_after([](Value& value) { value.heads.pop_back(); }), id);
  EXPECT_NE(id_after([](Value& value) { value.heads[0].number = {6}; }), id);
  EXPECT_NE(id_after([](Value& value) {
              value = fixture::next_of(Roster(fixture::genesis(8, 7)));
              value.knocks = {fixture::knock(kBob, value.room)};
            }),
            id);
}

// --- The bounds of a value ---

// Peer and seat number `which`, without a key: only sizes matter.
Seat numbered(std::size_t which) {
  Seat seat{fixture::filled<PeerId>(0xff), fixture::filled<ChangeId>(0xff)};
  seat.peer.bytes[30] = static_cast<std::uint8_t>(which / 256);
  seat.peer.bytes[31] = static_cast<std::uint8_t>(which);
  return seat;
}

Head largest_head(const PeerId& author) {
  return {{author, fixture::filled<Incarnation>(0xff)}, {kPackIntegerMax}, {}};
}

Knock largest_knock(const Identity& candidate) {
  const std::vector<Place> places = {{std::string(kHostBytesMax, 'a'), 65535, 65535, 65535},
                                     {std::string(60, 'a'), 65535, 65535, 65535}};
  Knock knock = fixture::knock(candidate, fixture::room(), std::string(kNoteBytesMax, 'x'));
  knock.expires = {std::numeric_limits<std::int64_t>::max()};
  std::string name = "a";
  do {
    knock.card = Card::make(candidate, name, places, true, {kPackIntegerMax});
    name += 'a';
  } while (knock.card.raw.size() < kCardBytesMax && name.size() <= kNamePointsMax);
  EXPECT_GT(knock.card.raw.size(), kCardBytesMax - 16);
  knock.sign(candidate);
  return knock;
}

// The most that a full room can agree on at once: 16 come, 16 leave, and of the rest all go whom
// the others can evict.
Value largest_value() {
  constexpr std::size_t kEvicted = (kMembersMax - kChangesMax - 1) / 2;
  Value value;
  value.room = fixture::room();
  value.height = kPackIntegerMax;
  for (std::size_t i = 0; i < kChangesMax; ++i) {
    value.knocks.push_back(largest_knock(fixture::identity(static_cast<std::uint8_t>(100 + i))));
    const Identity leaver = fixture::identity(static_cast<std::uint8_t>(200 + i));
    Leave leave = fixture::leave(leaver, seat(leaver));
    leave.last = largest_head(leaver.id());
    leave.sign(leaver);
    value.leaves.push_back(leave);
    value.heads.push_back(*leave.last);
  }
  value.evictions.assign(kChangesMax, {value.room, {}});
  for (std::size_t i = 0; i < kEvicted; ++i) {
    value.evictions[i % kChangesMax].seats.push_back(numbered(i));
    value.heads.push_back(largest_head(numbered(i).peer));
  }
  return value;
}

TEST(Value, OfTheLargestRoomThatChangesMostIsSealedAndFits) {
  Value largest = largest_value();

  largest.seal();

  EXPECT_LE(largest.raw.size(), kValueBytesMax);
  EXPECT_TRUE(Value::decode(largest.raw));
}

TEST(Value, HasAtMost16OfEachChangeAnd256Heads) {
  const auto fault_of_longer = [](auto change) {
    Value longer = largest_value();
    longer.seal();
    change(longer);
    return fault_of_fields(fields_of(longer));
  };
  Value crowded = largest_value();
  crowded.knocks.push_back(fixture::knock(kBob));

  EXPECT_EQ(fault_of_longer([](Value&) {}), std::nullopt);
  EXPECT_EQ(fault_of_longer([](Value& value) {
              value.knocks.push_back(fixture::knock(kBob));
              std::sort(value.knocks.begin(), value.knocks.end(),
                        [](const Knock& a, const Knock& b) { return a.id < b.id; });
            }),
            Fault::malformed);
  EXPECT_EQ(fault_of_longer([](Value& value) {
              value.evictions.push_back({value.room, {numbered(300)}});
            }),
            Fault::malformed);
  EXPECT_EQ(fault_of_longer([](Value& value) {
              value.leaves.push_back(fixture::leave(kBob, seat(kBob)));
              std::sort(value.leaves.begin(), value.leaves.end(),
                        [](const Leave& a, const Leave& b) { return a.seat.peer < b.seat.peer; });
            }),
            Fault::malformed);
  EXPECT_DEATH(crowded.seal(), "CHECK");
}

TEST(Value, HasAtMostOneHeadForEachMember) {
  Value full = value();
  full.heads.clear();
  for (std::size_t i = 0; i < kMembersMax; ++i)
    full.heads.push_back(largest_head(numbered(i).peer));
  full.seal();
  Value fuller = full;
  fuller.heads.push_back(largest_head(numbered(kMembersMax).peer));

  EXPECT_TRUE(Value::decode(full.raw));
  EXPECT_EQ(fault_of_fields(fields_of(fuller)), Fault::malformed);
  EXPECT_DEATH(fuller.seal(), "CHECK");
}

TEST(Value, OverItsBytesIsMalformed) {
  Value large = value();
  large.evictions.clear();
  for (std::size_t i = 0; i < 4; ++i) {
    Eviction eviction{large.room, {}};
    for (std::size_t j = 0; j < kMembersMax; ++j) eviction.seats.push_back(numbered(i + j));
    large.evictions.push_back(std::move(eviction));
  }

  EXPECT_GT(array_of(fields_of(large)).size(), kValueBytesMax);
  EXPECT_EQ(fault_of_fields(fields_of(large)), Fault::malformed);
  EXPECT_DEATH(large.seal(), "CHECK");

  large.evictions.pop_back();
  EXPECT_EQ(fault_of_fields(fields_of(large)), std::nullopt);
}

// --- Pledge ---

Fields fields_of(const Pledge& pledge) {
  return {integer(kSuite),
          bytes(pledge.room),
          array_of({bytes(pledge.seat.peer), bytes(pledge.seat.admission)}),
          integer(pledge.round.value),
          bytes(pledge.value),
          integer(pledge.stamp.value),
          bytes(pledge.signature)};
}

Hash hash_of(const Pledge& pledge) {
  return Hasher("p2pchat pledge")
      .add(pledge.seat.peer)
      .add(pledge.seat.admission)
      .add(pledge.round.value)
      .add(pledge.value)
      .add(pledge.stamp.value)
      .finish();
}

std::optional<Fault> fault_of_pledge(const Fields& fields) {
  return fault_of(Pledge::decode(array_of(fields)));
}

TEST(Pledge, DecodesToWhatWasSigned) {
  const Pledge made = fixture::pledge();

  const auto pledge = Pledge::decode(made.encode());

  ASSERT_TRUE(pledge);
  EXPECT_EQ(pledge->room, made.room);
  EXPECT_EQ(pledge->seat, fixture::anna_seat());
  EXPECT_EQ(pledge->round, Round{3});
  EXPECT_EQ(pledge->value, made.value);
  EXPECT_EQ(pledge->stamp, Stamp{77});
  EXPECT_EQ(pledge->signature, made.signature);
  EXPECT_TRUE(pledge->is_signed());
}

TEST(Pledge, HasTheBytesThatTheProtocolDescribes) {
  const Pledge made = fixture::pledge();

  EXPECT_EQ(made.encode(), array_of(fields_of(made)));
  EXPECT_EQ(made.signature, kAnna.sign(Purpose::pledge, made.room, hash_of(made)));
}

TEST(Pledge, BreakingARuleOfTheFormatIsMalformed) {
  const Fields fields = fields_of(fixture::pledge());
  const Fields of_seat = {bytes(kAnna.id()), bytes(fixture::anna_seat().admission)};
  const auto fault_of_seat = [&](const Fields& broken) {
    return fault_of_pledge(with(fields, 2, array_of(broken)));
  };
  Pledge without_round = fixture::pledge();
  without_round.round = {0};
  without_round.signature = kAnna.sign(Purpose::pledge, fixture::room(), hash_of(without_round));

  EXPECT_EQ(fixture::count_not_malformed(fields, fault_of_pledge), 0U);
  EXPECT_EQ(fixture::count_not_malformed(of_seat, fault_of_seat), 0U);
  EXPECT_EQ(fault_of_pledge(with(fields, 0, integer(2))), Fault::malformed);
  EXPECT_EQ(fault_of_pledge(with(fields, 3, integer(kPackIntegerMax + 1))), Fault::malformed);
  EXPECT_EQ(fault_of_pledge(with(fields, 5, integer(kPackIntegerMax + 1))), Fault::malformed);
  EXPECT_EQ(fault_of_pledge(fields_of(without_round)), Fault::malformed);
  EXPECT_DEATH(without_round.sign(kAnna), "CHECK");
}

TEST(Pledge, BindsEveryField) {
  const auto fault = [](auto change) {
    Pledge pledge = fixture::pledge();
    change(pledge);
    EXPECT_FALSE(pledge.is_signed());
    return fault_of(Pledge::decode(pledge.encode()));
  };

  EXPECT_EQ(fault([](Pledge& pledge) { pledge.room = fixture::other_room(); }), Fault::forged);
  EXPECT_EQ(fault([](Pledge& pledge) { pledge.seat.peer = kBob.id(); }), Fault::forged);
  EXPECT_EQ(fault([](Pledge& pledge) { pledge.seat.admission = {}; }), Fault::forged);
  EXPECT_EQ(fault([](Pledge& pledge) { pledge.round = {4}; }), Fault::forged);
  EXPECT_EQ(fault([](Pledge& pledge) { pledge.value = {}; }), Fault::forged);
  EXPECT_EQ(fault([](Pledge& pledge) { pledge.stamp = {78}; }), Fault::forged);
}

TEST(Pledge, SignedForAnotherPurposeIsForged) {
  for (std::uint8_t purpose = 1; purpose <= 12; ++purpose) {
    Pledge pledge = fixture::pledge();
    pledge.signature = kAnna.sign(static_cast<Purpose>(purpose), fixture::room(), hash_of(pledge));

    EXPECT_EQ(pledge.is_signed(), purpose == 9);
  }
}

TEST(Pledge, SignedByAnotherKeyIsForged) {
  Pledge pledge = fixture::pledge();
  pledge.signature = kBob.sign(Purpose::pledge, fixture::room(), hash_of(pledge));

  EXPECT_EQ(fault_of(Pledge::decode(pledge.encode())), Fault::forged);
  EXPECT_DEATH(pledge.sign(kBob), "CHECK");
}

TEST(Pledge, ChangedInAnyBitIsRefused) {
  EXPECT_EQ(fixture::count_taken_mutants(
                fixture::pledge().encode(),
                [](const Bytes& raw) { return Pledge::decode(raw).has_value(); }),
            0U);
}

// --- Decided ---

Fields fields_of(const Decided& decided) {
  return {integer(kSuite),
          bytes(decided.room),
          array_of({bytes(decided.seat.peer), bytes(decided.seat.admission)}),
          integer(decided.round.value),
          bytes(decided.value),
          bytes(decided.signature)};
}

std::optional<Fault> fault_of_decided(const Fields& fields) {
  return fault_of(Decided::decode(array_of(fields)));
}

TEST(Decided, DecodesToWhatWasSigned) {
  const Decided made = fixture::decided();

  const auto decided = Decided::decode(made.encode());

  ASSERT_TRUE(decided);
  EXPECT_EQ(decided->encode(), array_of(fields_of(made)));
  EXPECT_EQ(decided->seat, fixture::anna_seat());
  EXPECT_EQ(decided->round, Round{3});
}

TEST(Decided, BreakingARuleOfTheFormatIsMalformed) {
  const Fields fields = fields_of(fixture::decided());

  EXPECT_EQ(fixture::count_not_malformed(fields, fault_of_decided), 0U);
  EXPECT_EQ(fault_of_decided(with(fields, 0, integer(2))), Fault::malformed);
  EXPECT_EQ(fault_of_decided(with(fields, 3, integer(0))), Fault::malformed);
}

TEST(Decided, ChangedInAnyBitOrSignedByAnotherIsRefused) {
  Decided decided = fixture::decided();
  EXPECT_EQ(
      fixture::count_taken_mutants(
          decided.encode(), [](const Bytes& raw) { return Decided::decode(raw).has_value(); }),
      0U);
  EXPECT_DEATH(decided.sign(kBob), "CHECK");
  decided.seat.peer = kBob.id();

  EXPECT_EQ(fault_of_decided(fields_of(decided)), Fault::forged);
}

// --- Certificate ---

Certificate certificate(std::size_t entries = 2) {
  Certificate certificate{fixture::room(), fixture::filled<ValueId>(11), {3}, {}};
  for (std::size_t i = 0; i < entries; ++i) {
    certificate.entries.push_back({{kPackIntegerMax - i}, fixture::pledge().signature});
  }
  return certificate;
}

Fields fields_of(const Certificate& certificate) {
  Fields entries;
  for (const auto& [stamp, signature] : certificate.entries) {
    entries.push_back(array_of({integer(stamp.value), bytes(signature)}));
  }
  return {integer(kSuite), bytes(certificate.room), bytes(certificate.value),
          integer(certificate.round.value), array_of(entries)};
}

std::optional<Fault> fault_of_certificate(const Fields& fields) {
  return fault_of(Certificate::decode(array_of(fields)));
}

TEST(Certificate, DecodesToWhatWasEncoded) {
  const auto decoded = Certificate::decode(certificate().encode());

  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->room, fixture::room());
  EXPECT_EQ(decoded->value, certificate().value);
  EXPECT_EQ(decoded->round, Round{3});
  ASSERT_EQ(decoded->entries.size(), 2U);
  EXPECT_EQ(decoded->entries[1].stamp, Stamp{kPackIntegerMax - 1});
  EXPECT_EQ(decoded->entries[1].signature, fixture::pledge().signature);
  EXPECT_EQ(decoded->encode(), certificate().encode());
}

TEST(Certificate, HasTheBytesThatTheProtocolDescribes) {
  EXPECT_EQ(certificate().encode(), array_of(fields_of(certificate())));
}

TEST(Certificate, BreakingARuleOfTheFormatIsMalformed) {
  const Fields fields = fields_of(certificate());
  const Fields entry = {integer(1), bytes(Signature{})};
  const auto fault_of_entry = [&](const Fields& broken) {
    return fault_of_certificate(with(fields, 4, array_of({array_of(broken)})));
  };

  EXPECT_EQ(fault_of_certificate(fields), std::nullopt);
  EXPECT_EQ(fixture::count_not_malformed(fields, fault_of_certificate), 0U);
  EXPECT_EQ(fixture::count_not_malformed(entry, fault_of_entry), 0U);
  EXPECT_EQ(fault_of_certificate(with(fields, 0, integer(2))), Fault::malformed);
  EXPECT_EQ(fault_of_certificate(with(fields, 3, integer(0))), Fault::malformed);
  EXPECT_EQ(fault_of_certificate(with(fields, 3, integer(kPackIntegerMax + 1))), Fault::malformed);
}

TEST(Certificate, HasAtMostOneEntryForEachMember) {
  EXPECT_TRUE(Certificate::decode(certificate(kMembersMax).encode()));
  EXPECT_LE(certificate(kMembersMax).encode().size(), kFrameBytesMax);
  EXPECT_EQ(fault_of_certificate(fields_of(certificate(kMembersMax + 1))), Fault::malformed);
  EXPECT_DEATH(certificate(kMembersMax + 1).encode(), "CHECK");
}

TEST(Certificate, HoldsThePledgeOfEachPlace) {
  const Pledge made = fixture::pledge();
  const Certificate signed_once{made.room, made.value, made.round, {{made.stamp, made.signature}}};

  const Pledge pledge = signed_once.pledge(0, fixture::anna_seat());

  EXPECT_EQ(pledge.encode(), made.encode());
  EXPECT_FALSE(signed_once.pledge(0, seat(kBob)).is_signed());
}

}  // namespace
}  // namespace p2pchat
