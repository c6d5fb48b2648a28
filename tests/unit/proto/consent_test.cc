#include "proto/consent.h"

#include <functional>
#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/consent_fixtures.h"
#include "tests/unit/proto/fields.h"
#include "tests/unit/proto/twisted.h"

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
using fixture::text;
using fixture::with;

constexpr auto kPurposes = {Purpose::card,  Purpose::registration, Purpose::founding,
                            Purpose::batch, Purpose::beat,         Purpose::genesis,
                            Purpose::knock, Purpose::vote,         Purpose::pledge,
                            Purpose::leave, Purpose::close,        Purpose::decided};

// One kind of what is signed: the fields of its body, packed by hand, and how it decodes.
struct Kind {
  std::string name;
  Purpose purpose;
  Bytes raw;  // As sign() has made it.
  Fields fields;
  std::function<std::optional<Fault>(ByteView)> fault;
  Identity signer = kAnna;
  RoomId room = fixture::room();

  std::string domain() const { return "p2pchat " + name; }
  Bytes packed(const Fields& from) const {
    return fixture::signed_by(signer, purpose, domain(), room, array_of(from));
  }
  // What decoding says of these fields, signed.
  std::optional<Fault> fault_with(std::size_t place, Bytes field) const {
    return fault(packed(with(fields, place, std::move(field))));
  }
};

template <class Object>
std::optional<Fault> decoded(ByteView raw) {
  return fault_of(Object::decode(raw));
}

Fields fields_of(const Seat& seat) { return {bytes(seat.peer), bytes(seat.admission)}; }
Fields fields_of(const Head& head) {
  return {bytes(head.feed.author), bytes(head.feed.incarnation), integer(head.number.value),
          bytes(head.hash)};
}

Kind genesis_kind() {
  const Genesis made = fixture::genesis();
  return {"genesis",
          Purpose::genesis,
          made.raw,
          {integer(kSuite), bytes(made.creator), bytes(made.nonce), text(made.name),
           integer(made.size), integer(1)},
          decoded<Genesis>};
}

Kind knock_kind() {
  const Knock made = fixture::knock(kBob);
  return {"knock",
          Purpose::knock,
          made.raw,
          {integer(kSuite), bytes(made.room), bytes(made.card.raw), text(made.note),
           integer(static_cast<std::uint64_t>(made.expires.milliseconds)), integer(made.after)},
          decoded<Knock>,
          kBob};
}

Kind vote_kind() {
  const Vote made = fixture::vote();
  return {"vote",
          Purpose::vote,
          made.raw,
          {integer(kSuite), bytes(made.room), array_of(fields_of(made.seat)), bytes(made.change),
           Packer().boolean(made.yes).take(), text(made.note)},
          decoded<Vote>};
}

Kind leave_kind() {
  const Leave made = fixture::leave(kAnna, fixture::anna_seat());
  return {"leave",
          Purpose::leave,
          made.raw,
          {integer(kSuite), bytes(made.room), array_of(fields_of(made.seat)),
           array_of(fields_of(*made.last))},
          decoded<Leave>};
}

Kind close_kind() {
  const Close made = fixture::close();
  return {"close",
          Purpose::close,
          made.raw,
          {integer(kSuite), bytes(made.room), array_of(fields_of(made.seat)), bytes(made.value)},
          decoded<Close>};
}

std::vector<Kind> kinds() {
  return {genesis_kind(), knock_kind(), vote_kind(), leave_kind(), close_kind()};
}

std::vector<Kind> seated_kinds() { return {vote_kind(), leave_kind(), close_kind()}; }

// --- Each that is signed ---

TEST(ConsentObject, HasTheBytesThatTheProtocolDescribes) {
  for (const Kind& kind : kinds()) {
    EXPECT_EQ(kind.raw, kind.packed(kind.fields)) << kind.name;
    EXPECT_EQ(kind.fault(kind.raw), std::nullopt) << kind.name;
  }
}

TEST(ConsentObject, WithAFieldMissingOrTwiceOrOfAnotherKindIsMalformed) {
  for (const Kind& kind : kinds()) {
    const auto fault = [&](const Fields& fields) { return kind.fault(kind.packed(fields)); };

    EXPECT_EQ(fixture::count_not_malformed(kind.fields, fault), 0U) << kind.name;
  }
}

TEST(ConsentObject, OfAnotherSuiteIsMalformed) {
  for (const Kind& kind : kinds()) {
    EXPECT_EQ(kind.fault_with(0, integer(kSuite + 1)), Fault::malformed) << kind.name;
  }
}

TEST(ConsentObject, SignedForAnotherPurposeIsForged) {
  for (const Kind& kind : kinds()) {
    for (const Purpose purpose : kPurposes) {
      const Bytes raw =
          fixture::signed_by(kind.signer, purpose, kind.domain(), kind.room, array_of(kind.fields));

      EXPECT_EQ(kind.fault(raw) == Fault::forged, purpose != kind.purpose) << kind.name;
    }
  }
}

TEST(ConsentObject, SignedWithTheHashOfAnotherKindIsForged) {
  for (const Kind& kind : kinds()) {
    for (const Kind& other : kinds()) {
      const Bytes raw = fixture::signed_by(kind.signer, kind.purpose, other.domain(), kind.room,
                                           array_of(kind.fields));

      EXPECT_EQ(kind.fault(raw) == Fault::forged, other.name != kind.name) << kind.name;
    }
  }
}

TEST(ConsentObject, SignedByAnotherKeyIsForged) {
  for (const Kind& kind : kinds()) {
    const Bytes raw =
        fixture::signed_by(kCarl, kind.purpose, kind.domain(), kind.room, array_of(kind.fields));

    EXPECT_EQ(kind.fault(raw), Fault::forged) << kind.name;
  }
}

TEST(ConsentObject, SignedForAnotherRoomIsForged) {
  for (const Kind& kind : kinds()) {
    for (const RoomId& room : {fixture::other_room(), RoomId{}}) {
      const Bytes raw =
          fixture::signed_by(kind.signer, kind.purpose, kind.domain(), room, array_of(kind.fields));

      EXPECT_EQ(kind.fault(raw), Fault::forged) << kind.name;
    }
  }
}

TEST(ConsentObject, CarriedIntoAnotherRoomIsForged) {
  for (const Kind& kind : kinds()) {
    if (kind.name == "genesis") continue;  // It names no room: it makes one.
    EXPECT_EQ(kind.fault_with(1, bytes(fixture::other_room())), Fault::forged) << kind.name;
  }
}

TEST(ConsentObject, ChangedInAnyBitIsRefused) {
  for (const Kind& kind : kinds()) {
    EXPECT_EQ(fixture::count_taken_mutants(
                  kind.raw, [&](const Bytes& raw) { return !kind.fault(raw).has_value(); }),
              0U)
        << kind.name;
  }
}

TEST(ConsentObject, OfOneKindIsOfNoOther) {
  for (const Kind& kind : kinds()) {
    for (const Kind& other : kinds()) {
      EXPECT_EQ(kind.fault(other.raw).has_value(), kind.name != other.name) << other.name;
    }
  }
}

TEST(ConsentObject, WithABodyOverItsLimitIsMalformed) {
  for (const Kind& kind : kinds()) {
    const Bytes body = bytes(Bytes(kConsentBytesMax + 1));
    const Bytes raw = Packer().array(2).bytes(body).fixed(Signature{}).take();

    EXPECT_EQ(kind.fault(raw), Fault::malformed) << kind.name;
  }
}

TEST(ConsentObject, ASeatIsAPeerAndAnAdmission) {
  const Fields seat = fields_of(fixture::anna_seat());
  for (const Kind& kind : seated_kinds()) {
    const auto fault = [&](const Fields& fields) { return kind.fault_with(2, array_of(fields)); };

    EXPECT_EQ(fault(seat), std::nullopt) << kind.name;
    EXPECT_EQ(fixture::count_not_malformed(seat, fault), 0U) << kind.name;
  }
}

TEST(ConsentObject, InAnotherSeatIsForgedIfItsPeerHasNotSigned) {
  const Bytes seat = array_of(fields_of({kBob.id(), fixture::anna_seat().admission}));

  EXPECT_EQ(vote_kind().fault_with(2, seat), Fault::forged);
  EXPECT_EQ(close_kind().fault_with(2, seat), Fault::forged);
}

TEST(ConsentObject, OfAnotherSignerIsNotSigned) {
  Genesis genesis = fixture::genesis();
  Knock knock = fixture::knock(kBob);
  Vote vote = fixture::vote();
  Leave leave = fixture::leave(kAnna, fixture::anna_seat());
  Close close = fixture::close();

  EXPECT_DEATH(genesis.sign(kCarl), "CHECK");
  EXPECT_DEATH(knock.sign(kCarl), "CHECK");
  EXPECT_DEATH(vote.sign(kCarl), "CHECK");
  EXPECT_DEATH(leave.sign(kCarl), "CHECK");
  EXPECT_DEATH(close.sign(kCarl), "CHECK");
}

// --- Notes ---

TEST(Note, HasAtMost256BytesOfUtf8) {
  const std::string longest(kNoteBytesMax, 'x');
  const Bytes not_utf8 = {0xa2, 0xc3, 0x28};

  EXPECT_EQ(knock_kind().fault_with(3, text(longest)), std::nullopt);
  EXPECT_EQ(knock_kind().fault_with(3, text("")), std::nullopt);
  EXPECT_EQ(knock_kind().fault_with(3, text(longest + "x")), Fault::malformed);
  EXPECT_EQ(knock_kind().fault_with(3, not_utf8), Fault::malformed);
  EXPECT_EQ(vote_kind().fault_with(5, text(longest)), std::nullopt);
  EXPECT_EQ(vote_kind().fault_with(5, text("")), std::nullopt);
  EXPECT_EQ(vote_kind().fault_with(5, text(longest + "x")), Fault::malformed);
  EXPECT_EQ(vote_kind().fault_with(5, not_utf8), Fault::malformed);
}

TEST(Note, ThatNobodyCouldReadIsNotSigned) {
  Knock knock = fixture::knock(kBob);
  Vote vote = fixture::vote();
  knock.note = vote.note = "\xff";
  EXPECT_DEATH(knock.sign(kBob), "CHECK");
  EXPECT_DEATH(vote.sign(kAnna), "CHECK");

  knock.note = vote.note = std::string(kNoteBytesMax + 1, 'x');
  EXPECT_DEATH(knock.sign(kBob), "CHECK");
  EXPECT_DEATH(vote.sign(kAnna), "CHECK");
}

// --- Genesis ---

TEST(Genesis, DecodesToWhatWasSigned) {
  const Genesis made = fixture::genesis();

  const auto genesis = Genesis::decode(made.raw);

  ASSERT_TRUE(genesis);
  EXPECT_EQ(genesis->creator, kAnna.id());
  EXPECT_EQ(genesis->nonce, made.nonce);
  EXPECT_EQ(genesis->name, "garden");
  EXPECT_EQ(genesis->size, 8U);
  EXPECT_EQ(genesis->history, History::all);
  EXPECT_EQ(genesis->room, made.room);
  EXPECT_EQ(genesis->raw, made.raw);
}

TEST(Genesis, BreakingARuleOfTheFormatIsMalformed) {
  const Kind kind = genesis_kind();

  EXPECT_EQ(kind.fault_with(3, text("")), Fault::malformed);
  EXPECT_EQ(kind.fault_with(3, text("two words")), Fault::malformed);
  EXPECT_EQ(kind.fault_with(3, text(std::string(33, 'a'))), Fault::malformed);
  EXPECT_EQ(kind.fault_with(3, Bytes{0xa2, 0xc3, 0x28}), Fault::malformed);
  EXPECT_EQ(kind.fault_with(4, integer(1)), Fault::malformed);
  EXPECT_EQ(kind.fault_with(4, integer(kMembersMax + 1)), Fault::malformed);
  EXPECT_EQ(kind.fault_with(5, integer(2)), Fault::malformed);
}

TEST(Genesis, IsOfTwoTo256Members) {
  EXPECT_TRUE(Genesis::decode(fixture::genesis(2).raw));
  EXPECT_TRUE(Genesis::decode(fixture::genesis(kMembersMax).raw));
  EXPECT_DEATH(fixture::genesis(1), "CHECK");
  EXPECT_DEATH(fixture::genesis(kMembersMax + 1), "CHECK");
}

TEST(Genesis, OfACreatorWhoSignsButHasNoCurveKeyIsForged) {
  const PeerId twisted = fixture::twisted_id();
  const Bytes body = array_of(with(genesis_kind().fields, 1, bytes(twisted)));
  const auto room = Hasher("p2pchat genesis").add(body).finish<RoomId>();
  const Hash what = Hasher("p2pchat genesis").add(body).finish();

  bool has_verified = false;
  for (std::uint8_t nonce = 1; nonce < 200 && !has_verified; ++nonce) {
    const Signature signature =
        fixture::twisted_signature(twisted, nonce, Purpose::genesis, room, what);
    has_verified = verify(twisted, Purpose::genesis, room, what, signature);
    const Bytes raw = Packer().array(2).bytes(body).fixed(signature).take();
    EXPECT_EQ(fault_of(Genesis::decode(raw)), Fault::forged);
  }
  EXPECT_TRUE(has_verified);
}

TEST(Genesis, ItsRoomDependsOnEveryField) {
  const auto room_after = [](auto change) {
    Genesis genesis = fixture::genesis();
    change(genesis);
    genesis.sign(genesis.creator == kAnna.id() ? kAnna : kBob);
    return genesis.room;
  };

  EXPECT_EQ(room_after([](Genesis&) {}), fixture::room());
  EXPECT_NE(room_after([](Genesis& genesis) { genesis.creator = kBob.id(); }), fixture::room());
  EXPECT_NE(room_after([](Genesis& genesis) { genesis.nonce = {}; }), fixture::room());
  EXPECT_NE(room_after([](Genesis& genesis) { genesis.name = "gardens"; }), fixture::room());
  EXPECT_NE(room_after([](Genesis& genesis) { genesis.size = 9; }), fixture::room());
  EXPECT_NE(room_after([](Genesis& genesis) { genesis.history = History::none; }), fixture::room());
}

TEST(Genesis, StandsForAValueAndAKnockOfItsRoomAlone) {
  const RoomId room = fixture::room();

  EXPECT_EQ(genesis_value(room), Hasher("p2pchat genesis value").add(room).finish<ValueId>());
  EXPECT_EQ(genesis_change(room), Hasher("p2pchat genesis change").add(room).finish<ChangeId>());
  EXPECT_NE(genesis_value(room), genesis_value(fixture::other_room()));
  EXPECT_NE(genesis_change(room), genesis_change(fixture::other_room()));
}

// --- Knock ---

TEST(Knock, DecodesToWhatWasSigned) {
  const Knock made = fixture::knock(kBob, fixture::room(), "let me in", 7);

  const auto knock = Knock::decode(made.raw);

  ASSERT_TRUE(knock);
  EXPECT_EQ(knock->room, fixture::room());
  EXPECT_EQ(knock->card.raw, made.card.raw);
  EXPECT_EQ(knock->card.id, kBob.id());
  EXPECT_EQ(knock->note, "let me in");
  EXPECT_EQ(knock->expires, made.expires);
  EXPECT_EQ(knock->after, 7U);
  EXPECT_EQ(knock->id, made.id);
  EXPECT_EQ(knock->raw, made.raw);
}

TEST(Knock, WithACardThatDoesNotHoldIsRefusedAsTheCardIs) {
  Bytes forged = fixture::card_of(kBob).raw;
  forged.back() ^= 1U;

  EXPECT_EQ(knock_kind().fault_with(2, bytes(forged)), Fault::forged);
  EXPECT_EQ(knock_kind().fault_with(2, bytes(Bytes(kCardBytesMax))), Fault::malformed);
  EXPECT_EQ(knock_kind().fault_with(2, bytes(Bytes(kCardBytesMax + 1))), Fault::malformed);
}

TEST(Knock, WithTheCardOfAnotherIsForged) {
  EXPECT_EQ(knock_kind().fault_with(2, bytes(fixture::card_of(kCarl).raw)), Fault::forged);
}

TEST(Knock, ExpiresWithinTime) {
  EXPECT_EQ(knock_kind().fault_with(4, integer(0)), std::nullopt);
  EXPECT_EQ(knock_kind().fault_with(4, integer(kPackIntegerMax)), std::nullopt);
  EXPECT_EQ(knock_kind().fault_with(4, integer(kPackIntegerMax + 1)), Fault::malformed);
  EXPECT_EQ(knock_kind().fault_with(4, Packer().signed_integer(-1).take()), Fault::malformed);
}

TEST(Knock, NamesAHeight) {
  EXPECT_EQ(knock_kind().fault_with(5, integer(kPackIntegerMax)), std::nullopt);
  EXPECT_EQ(knock_kind().fault_with(5, integer(kPackIntegerMax + 1)), Fault::malformed);
}

TEST(Knock, ItsIdDependsOnEveryField) {
  const auto id_after = [](auto change) {
    Knock knock = fixture::knock(kBob);
    change(knock);
    knock.sign(knock.card.id == kBob.id() ? kBob : kCarl);
    return knock.id;
  };
  const ChangeId id = fixture::knock(kBob).id;

  EXPECT_EQ(id_after([](Knock&) {}), id);
  EXPECT_NE(id_after([](Knock& knock) { knock.room = fixture::other_room(); }), id);
  EXPECT_NE(id_after([](Knock& knock) { knock.card = fixture::card_of(kBob, "bobby"); }), id);
  EXPECT_NE(id_after([](Knock& knock) { knock.card = fixture::card_of(kCarl, "candidate"); }), id);
  EXPECT_NE(id_after([](Knock& knock) { knock.note += "!"; }), id);
  EXPECT_NE(id_after([](Knock& knock) { ++knock.expires.milliseconds; }), id);
  EXPECT_NE(id_after([](Knock& knock) { ++knock.after; }), id);
}

// --- Vote, Leave, Close ---

TEST(Vote, DecodesToWhatWasSigned) {
  const Vote made = fixture::vote();

  const auto vote = Vote::decode(made.raw);

  ASSERT_TRUE(vote);
  EXPECT_EQ(vote->room, fixture::room());
  EXPECT_EQ(vote->seat, fixture::anna_seat());
  EXPECT_EQ(vote->change, fixture::knock(kBob).id);
  EXPECT_TRUE(vote->yes);
  EXPECT_EQ(vote->note, "welcome");
  EXPECT_EQ(vote->raw, made.raw);
}

TEST(Vote, MayBeNo) {
  Vote made = fixture::vote();
  made.yes = false;
  made.sign(kAnna);

  const auto vote = Vote::decode(made.raw);

  ASSERT_TRUE(vote);
  EXPECT_FALSE(vote->yes);
}

TEST(Leave, DecodesToWhatWasSigned) {
  const Leave made = fixture::leave(kAnna, fixture::anna_seat());

  const auto leave = Leave::decode(made.raw);

  ASSERT_TRUE(leave);
  EXPECT_EQ(leave->room, fixture::room());
  EXPECT_EQ(leave->seat, fixture::anna_seat());
  EXPECT_EQ(leave->last, fixture::head_of(kAnna));
  EXPECT_EQ(leave->raw, made.raw);
}

TEST(Leave, OfOneWhoHasNotPostedNamesNoPost) {
  Leave silent = fixture::leave(kAnna, fixture::anna_seat());
  silent.last.reset();
  silent.sign(kAnna);

  const auto leave = Leave::decode(silent.raw);

  ASSERT_TRUE(leave);
  EXPECT_FALSE(leave->last);
}

TEST(Leave, NamesAPostOfItsOwn) {
  const Kind kind = leave_kind();
  const auto fault = [&](const Fields& fields) { return kind.fault_with(3, array_of(fields)); };
  Leave of_another = fixture::leave(kAnna, fixture::anna_seat());
  of_another.last = fixture::head_of(kBob);

  EXPECT_EQ(fault(fields_of(fixture::head_of(kAnna))), std::nullopt);
  EXPECT_EQ(fault(fields_of(fixture::head_of(kBob))), Fault::malformed);
  EXPECT_EQ(fault(fields_of(fixture::head_of(kAnna, 0))), Fault::malformed);
  EXPECT_EQ(fixture::count_not_malformed(fields_of(fixture::head_of(kAnna)), fault), 0U);
  EXPECT_DEATH(of_another.sign(kAnna), "CHECK");
}

TEST(Close, DecodesToWhatWasSigned) {
  const Close made = fixture::close();

  const auto close = Close::decode(made.raw);

  ASSERT_TRUE(close);
  EXPECT_EQ(close->room, fixture::room());
  EXPECT_EQ(close->seat, fixture::anna_seat());
  EXPECT_EQ(close->value, made.value);
  EXPECT_EQ(close->raw, made.raw);
}

// --- Eviction ---

Eviction eviction_of(std::vector<Seat> seats) {
  std::sort(seats.begin(), seats.end());
  return {fixture::room(), std::move(seats)};
}

Bytes packed_by_hand(const Eviction& eviction, std::uint64_t suite = kSuite) {
  Fields seats;
  for (const Seat& seat : eviction.seats) seats.push_back(array_of(fields_of(seat)));
  return array_of({integer(suite), bytes(eviction.room), array_of(seats)});
}

TEST(Eviction, DecodesToWhatWasEncoded) {
  const Eviction made = eviction_of({fixture::seat(kBob), fixture::seat(kCarl)});

  const auto eviction = Eviction::decode(made.encode());

  ASSERT_TRUE(eviction);
  EXPECT_EQ(*eviction, made);
  EXPECT_EQ(eviction->id(), made.id());
  EXPECT_EQ(made.encode(), packed_by_hand(made));
  EXPECT_EQ(fault_of(Eviction::decode(packed_by_hand(made, 2))), Fault::malformed);
}

TEST(Eviction, WithAFieldMissingOrTwiceOrOfAnotherKindIsMalformed) {
  const Fields seat = fields_of(fixture::seat(kBob));
  const Fields fields = {integer(kSuite), bytes(fixture::room()), array_of({array_of(seat)})};
  const auto fault = [](const Fields& broken) { return decoded<Eviction>(array_of(broken)); };
  const auto fault_of_seat = [&](const Fields& broken) {
    return fault(with(fields, 2, array_of({array_of(broken)})));
  };

  EXPECT_EQ(fault(fields), std::nullopt);
  EXPECT_EQ(fixture::count_not_malformed(fields, fault), 0U);
  EXPECT_EQ(fixture::count_not_malformed(seat, fault_of_seat), 0U);
}

TEST(Eviction, NamesSomebodyAndNobodyTwiceAndEachInOrder) {
  const Eviction two = eviction_of({fixture::seat(kBob), fixture::seat(kCarl)});
  Eviction disordered = two;
  std::swap(disordered.seats[0], disordered.seats[1]);
  const Eviction twice = eviction_of({fixture::seat(kBob, 1), fixture::seat(kBob, 2)});

  for (const Eviction& wrong : {disordered, twice, Eviction{fixture::room(), {}}}) {
    EXPECT_EQ(decoded<Eviction>(packed_by_hand(wrong)), Fault::malformed);
    EXPECT_DEATH(static_cast<void>(wrong.id()), "CHECK");
  }
}

TEST(Eviction, NamesAtMostARoomFull) {
  Eviction largest{fixture::room(), {}};
  for (std::size_t i = 0; i < kMembersMax; ++i) {
    largest.seats.push_back({fixture::filled<PeerId>(static_cast<std::uint8_t>(i)), {}});
  }
  Eviction larger = largest;
  larger.seats.push_back(larger.seats.back());
  larger.seats.back().peer.bytes.back() = 0xff;
  larger.seats[kMembersMax - 1].peer.bytes.back() = 0xfe;

  EXPECT_EQ(decoded<Eviction>(largest.encode()), std::nullopt);
  EXPECT_EQ(decoded<Eviction>(packed_by_hand(larger)), Fault::malformed);
}

TEST(Eviction, ItsIdDependsOnEveryField) {
  const Eviction eviction = eviction_of({fixture::seat(kBob)});

  EXPECT_EQ(eviction.id(),
            Hasher("p2pchat eviction").add(packed_by_hand(eviction)).finish<ChangeId>());
  EXPECT_NE(eviction.id(), (Eviction{fixture::other_room(), eviction.seats}.id()));
  EXPECT_NE(eviction.id(), eviction_of({fixture::seat(kCarl)}).id());
  EXPECT_NE(eviction.id(), eviction_of({fixture::seat(kBob, 9)}).id());
  EXPECT_NE(eviction.id(), eviction_of({fixture::seat(kBob), fixture::seat(kCarl)}).id());
}

}  // namespace
}  // namespace p2pchat
