#include "proto/door.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using fixture::fault_of;
using fixture::kAnna;
using fixture::kBob;
using fixture::registration;
using fixture::reminder;

const Identity kCarl = fixture::identity(3);
const RoomId kRoom = fixture::filled<RoomId>(9);

Knock knock() {
  Knock knock;
  knock.room = kRoom;
  knock.card = fixture::card_of(kAnna);
  knock.note = "let me in";
  knock.expires = {1'767'225'600'000};
  knock.after = 4;
  knock.sign(kAnna);
  return knock;
}

// The question that comes out where `question` goes in.
template <class T>
T asked(const T& question) {
  const auto decoded = door::decode_question(door::encode(question));
  EXPECT_TRUE(decoded && std::holds_alternative<T>(*decoded));
  EXPECT_EQ(door::encode(std::get<T>(*decoded)), door::encode(question));
  return std::get<T>(*decoded);
}

// What decoding says to a registration by Anna after `change`.
template <class Change>
std::optional<Fault> fault_after(Change change) {
  door::Registration wish = registration();
  wish.reminder = reminder();
  change(wish);
  return fault_of(door::decode_question(wish.encode(kAnna)));
}

Bytes with_signature_for(const PeerId& to) {
  Packer packer;
  packer.array(5).integer(kSuite).bytes(fixture::card_of(kAnna).raw).fixed(to);
  const Bytes body = packer.fixed(sign_founding(kAnna, to)).nil().take();
  const Hash what = Hasher("p2pchat registration").add(ByteView(body)).finish();
  const Signature signature = kAnna.sign(Purpose::registration, fixture::pair(), what);
  return Packer().array(3).integer(1).bytes(body).fixed(signature).take();
}

template <class T>
T carried(const T& answer) {
  const Bytes bytes = door::encode(door::Answer(answer));
  const auto decoded = door::decode_answer(bytes);
  EXPECT_TRUE(decoded && std::holds_alternative<T>(*decoded));
  EXPECT_EQ(door::encode(*decoded), bytes);
  return std::get<T>(*decoded);
}

TEST(Door, WhoIsAQuestion) {
  const auto question = door::decode_question(door::encode_who());

  ASSERT_TRUE(question);
  EXPECT_TRUE(std::holds_alternative<door::Who>(*question));
}

TEST(Door, RegistrationDecodesToWhatWasSigned) {
  const auto question = door::decode_question(registration().encode(kAnna));

  ASSERT_TRUE(question);
  const auto& wish = std::get<door::Registration>(*question);
  EXPECT_EQ(wish.card.raw, fixture::card_of(kAnna).raw);
  EXPECT_EQ(wish.to, kBob.id());
  EXPECT_EQ(wish.founding, sign_founding(kAnna, kBob.id()));
  EXPECT_FALSE(wish.reminder);
}

TEST(Door, RegistrationHasTheBytesThatTheProtocolDescribes) {
  EXPECT_EQ(registration().encode(kAnna), with_signature_for(kBob.id()));
}

TEST(Door, ReminderDecodesToWhatWasSigned) {
  door::Registration made = registration();
  made.reminder = reminder();

  const auto question = door::decode_question(made.encode(kAnna));

  ASSERT_TRUE(question);
  const auto& wish = std::get<door::Registration>(*question);
  ASSERT_TRUE(wish.reminder);
  EXPECT_EQ(wish.reminder->founding, reminder().founding);
  EXPECT_EQ(wish.reminder->card.raw, reminder().card.raw);
  EXPECT_EQ(wish.reminder->stamp, Stamp{55});
  EXPECT_EQ(wish.encode(kAnna), made.encode(kAnna));
}

TEST(Door, RegistrationSignedForAnotherPeerIsForged) {
  EXPECT_EQ(fault_of(door::decode_question(with_signature_for(kCarl.id()))), Fault::forged);
}

TEST(Door, RegistrationWithAnotherFoundingIsForged) {
  EXPECT_EQ(fault_after([](auto&) {}), std::nullopt);
  EXPECT_EQ(fault_after([](auto& wish) { wish.founding = sign_founding(kAnna, kCarl.id()); }),
            Fault::forged);
  EXPECT_EQ(fault_after([](auto& wish) { wish.founding = sign_founding(kBob, kAnna.id()); }),
            Fault::forged);
}

TEST(Door, AReminderThatItsReaderHasNotSignedIsForged) {
  EXPECT_EQ(
      fault_after([](auto& wish) { wish.reminder->founding = sign_founding(kAnna, kBob.id()); }),
      Fault::forged);
  EXPECT_EQ(
      fault_after([](auto& wish) { wish.reminder->founding = sign_founding(kBob, kCarl.id()); }),
      Fault::forged);
  EXPECT_EQ(fault_after([](auto& wish) { wish.reminder->card = fixture::card_of(kCarl); }),
            Fault::forged);
}

TEST(Door, AQuestionChangedInAnyBitIsRefused) {
  EXPECT_EQ(fixture::count_taken_mutants(
                registration().encode(kAnna),
                [](const Bytes& bytes) { return door::decode_question(bytes).has_value(); }),
            0U);
}

TEST(Door, InquiryCarriesANameAndItsAsker) {
  const auto inquiry = asked(door::Inquiry{"garden", kAnna.id()});

  EXPECT_EQ(inquiry.name, "garden");
  EXPECT_EQ(inquiry.asker, kAnna.id());
  EXPECT_EQ(asked(door::Inquiry{std::string(kNameBytesMax, 'n'), {}}).name.size(), kNameBytesMax);
  const door::Inquiry longer{std::string(kNameBytesMax + 1, 'n'), {}};
  EXPECT_EQ(fault_of(door::decode_question(door::encode(longer))), Fault::malformed);
}

TEST(Door, KnockingCarriesASignedKnock) {
  const auto knocking = asked(door::Knocking{knock()});

  EXPECT_EQ(knocking.knock.raw, knock().raw);
  EXPECT_EQ(knocking.knock.id, knock().id);
  EXPECT_EQ(knocking.knock.room, kRoom);
  EXPECT_EQ(knocking.knock.after, 4U);
}

TEST(Door, AKnockingChangedInAnyBitIsRefused) {
  EXPECT_EQ(fixture::count_taken_mutants(
                door::encode(door::Knocking{knock()}),
                [](const Bytes& bytes) { return door::decode_question(bytes).has_value(); }),
            0U);
}

TEST(Door, TheLargestKnockFitsADoor) {
  Knock largest = knock();
  const std::vector<Place> places(1, {std::string(kHostBytesMax, 'h'), 65535, 65535, 65535});
  largest.card = Card::make(kAnna, std::string(kNameBytesMax / 4, 'n'), places, true,
                            {static_cast<std::uint64_t>(kPackIntegerMax)});
  largest.note = std::string(kNoteBytesMax, 'n');
  largest.sign(kAnna);

  EXPECT_LE(door::framed(door::encode(door::Knocking{largest})).size(), kDoorBytesMax);
  EXPECT_EQ(asked(door::Knocking{largest}).knock.raw, largest.raw);
}

TEST(Door, InvitationCarriesARoomAndTheCardOfAMember) {
  const Card card = fixture::card_of(kBob, "bob");

  const auto invitation = asked(door::Invitation::make(kBob, kRoom, card, kAnna.id()));

  EXPECT_EQ(invitation.room, kRoom);
  EXPECT_EQ(invitation.card.raw, card.raw);
  EXPECT_EQ(invitation.to, kAnna.id());
}

TEST(Door, AnInvitationIsForgedUnlessItsCardsOwnerSignedItForThisRoomAndCandidate) {
  const auto fault_after = [](auto change) {
    auto invitation =
        door::Invitation::make(kBob, kRoom, fixture::card_of(kBob, "bob"), kAnna.id());
    change(invitation);
    return fault_of(door::decode_question(door::encode(invitation)));
  };

  EXPECT_EQ(fault_after([](auto& it) { it.to = kCarl.id(); }), Fault::forged);
  EXPECT_EQ(fault_after([](auto& it) { it.room = fixture::filled<RoomId>(8); }), Fault::forged);
  EXPECT_EQ(fault_after([](auto& it) { it.card = fixture::card_of(kCarl); }), Fault::forged);
  EXPECT_EQ(fault_after([](auto& it) { it.card.raw.back() ^= 1U; }), Fault::forged);
}

TEST(Door, MutantsOfAQuestionAreRefusedOrReadAsWhatTheySay) {
  const Bytes inquiry = door::encode(door::Inquiry{"garden", kAnna.id()});
  const Bytes invitation =
      door::encode(door::Invitation::make(kBob, kRoom, fixture::card_of(kBob), kAnna.id()));
  for (const Bytes& bytes : {inquiry, invitation}) {
    fixture::count_taken_mutants(bytes, [](const Bytes& mutant) {
      const auto read = door::decode_question(mutant);
      if (!read) return false;
      const auto* asks = std::get_if<door::Inquiry>(&*read);
      const auto* invites = std::get_if<door::Invitation>(&*read);
      EXPECT_TRUE(asks == nullptr || door::encode(*asks) == mutant);
      EXPECT_TRUE(invites == nullptr || door::encode(*invites) == mutant);
      return true;
    });
  }
}

TEST(Door, OtherWordsAreMalformed) {
  const auto fault = [](Packer& packer) { return fault_of(door::decode_question(packer.take())); };

  EXPECT_EQ(fault(Packer().array(1).integer(2)), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(1).integer(1)), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(1).integer(5)), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(2).integer(0).nil()), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(2).integer(2).text("garden")), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(2).integer(4).fixed(kRoom)), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(0)), Fault::malformed);
  EXPECT_EQ(fault_of(door::decode_question(Bytes(kDoorBytesMax))), Fault::malformed);
}

TEST(Door, IntroductionCarriesACard) {
  EXPECT_EQ(carried(door::Introduction{fixture::card_of(kAnna)}).card.raw,
            fixture::card_of(kAnna).raw);
}

TEST(Door, AckCarriesWhatItHolds) {
  const Signature founding = sign_founding(kBob, kAnna.id());
  const door::Ack success{Code::success, "", false, founding, fixture::card_of(kBob)};

  EXPECT_EQ(carried(success).founding, founding);
  EXPECT_EQ(carried(success).card->raw, fixture::card_of(kBob).raw);
  const door::Ack waiting = carried(door::Ack{Code::unregistered, "asked", true, {}, {}});
  EXPECT_EQ(waiting.code, Code::unregistered);
  EXPECT_EQ(waiting.reason, "asked");
  EXPECT_TRUE(waiting.waiting);
  EXPECT_FALSE(waiting.founding);
  EXPECT_FALSE(waiting.card);
  EXPECT_EQ(carried(door::Ack{Code::invalid, "why", false, {}, {}}).code, Code::invalid);
}

TEST(Door, OutlineTellsACandidateOfARoom) {
  const Card card = fixture::card_of(kBob, "bob");

  const auto outline = carried(door::Outline{kRoom, kCarl.id(), kMembersMax, 12, card});

  EXPECT_EQ(outline.room, kRoom);
  EXPECT_EQ(outline.creator, kCarl.id());
  EXPECT_EQ(outline.size, kMembersMax);
  EXPECT_EQ(outline.gone, 12U);
  EXPECT_EQ(outline.card.raw, card.raw);
}

TEST(Door, AnsweredTellsACandidateHowItStands) {
  const Card card = fixture::card_of(kBob, "bob");
  for (auto state = static_cast<int>(State::waiting); state <= static_cast<int>(State::closed);
       ++state) {
    const auto answered = carried(door::Answered{static_cast<State>(state), 3, card});

    EXPECT_EQ(answered.state, static_cast<State>(state));
    EXPECT_EQ(answered.voted, 3U);
    EXPECT_EQ(answered.card.raw, card.raw);
  }
}

TEST(Door, RefusedCarriesACodeAndAReason) {
  const auto refused = carried(door::Refused{ExitCode::limit, "the room is full"});

  EXPECT_EQ(refused.code, ExitCode::limit);
  EXPECT_EQ(refused.reason, "the room is full");
  EXPECT_EQ(carried(door::Refused{ExitCode::terminated, std::string(999, 'x')}).reason.size(),
            kReasonBytesMax);
}

TEST(Door, MutantsOfAnAnswerAreRefusedOrReadAsWhatTheySay) {
  const Card card = fixture::card_of(kBob);
  for (const door::Answer& answer : std::initializer_list<door::Answer>{
           door::Outline{kRoom, kCarl.id(), 5, 0, card}, door::Answered{State::waiting, 2, card},
           door::Refused{ExitCode::refused, "no"}}) {
    fixture::count_taken_mutants(door::encode(answer), [](const Bytes& mutant) {
      const auto read = door::decode_answer(mutant);
      EXPECT_TRUE(!read || door::encode(*read) == mutant);
      return read.has_value();
    });
  }
}

TEST(Door, AnAnswerOutOfItsBoundsIsMalformed) {
  const auto fault = [](const door::Answer& answer) {
    return fault_of(door::decode_answer(door::encode(answer)));
  };
  const Card card = fixture::card_of(kBob);

  EXPECT_EQ(fault(door::Outline{kRoom, {}, kMembersMax + 1, 0, card}), Fault::malformed);
  EXPECT_EQ(fault(door::Answered{static_cast<State>(6), 0, card}), Fault::malformed);
  EXPECT_EQ(fault(door::Answered{State::waiting, kMembersMax + 1, card}), Fault::malformed);
  EXPECT_EQ(fault(door::Refused{ExitCode::done, "no"}), Fault::malformed);
  EXPECT_EQ(fault(door::Refused{static_cast<ExitCode>(256), "no"}), Fault::malformed);
}

TEST(Door, AnAnswerWithAForgedCardIsForged) {
  Card card = fixture::card_of(kAnna);
  card.raw.back() ^= 1U;
  const door::Ack ack{Code::success, "", false, std::nullopt, card};

  EXPECT_EQ(fault_of(door::decode_answer(door::encode(door::Introduction{card}))), Fault::forged);
  EXPECT_EQ(fault_of(door::decode_answer(door::encode(ack))), Fault::forged);
  const door::Outline outline{kRoom, kCarl.id(), 5, 0, card};
  EXPECT_EQ(fault_of(door::decode_answer(door::encode(outline))), Fault::forged);
  const door::Answered answered{State::member, 0, card};
  EXPECT_EQ(fault_of(door::decode_answer(door::encode(answered))), Fault::forged);
}

TEST(Door, WhatIsNoAnswerIsMalformed) {
  const auto fault = [](Packer& packer) { return fault_of(door::decode_answer(packer.take())); };

  EXPECT_EQ(fault(Packer().array(2).integer(1).bytes({})), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(2).integer(2).text("")), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(2).integer(5).text("")), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(2).integer(0).text("")), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(3).integer(8).integer(1).text("")), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(2).integer(7).integer(1)), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(3).integer(6).integer(0).integer(0)), Fault::malformed);
  EXPECT_EQ(fault(Packer().array(5).integer(4).text("").boolean(false).nil().integer(1)),
            Fault::malformed);
  EXPECT_EQ(fault_of(door::decode_answer({})), Fault::malformed);
}

TEST(DoorFrame, IsALengthInBigEndianAndTheMessage) {
  EXPECT_EQ(door::framed(view("abc")), (Bytes{0, 0, 0, 3, 'a', 'b', 'c'}));
}

TEST(DoorFrame, IsWholeWhenItsLastByteHasCome) {
  const Bytes frame = door::framed(Bytes(300, 7));

  for (std::size_t size = 0; size < frame.size(); ++size) {
    const auto message = door::unframed(ByteView(frame).first(size));
    ASSERT_TRUE(message);
    ASSERT_FALSE(*message);
  }
  EXPECT_EQ(*door::unframed(frame), Bytes(300, 7));
}

TEST(DoorFrame, OfALengthOverTheLimitIsRefusedAtOnce) {
  EXPECT_TRUE(door::unframed(Bytes{0, 0, 0x0f, 0xfc}));
  EXPECT_EQ(fault_of(door::unframed(Bytes{0, 0, 0x0f, 0xfd})), Fault::malformed);
  EXPECT_EQ(fault_of(door::unframed(Bytes{0xff, 0xff, 0xff, 0xff})), Fault::malformed);
  EXPECT_EQ(fault_of(door::unframed(Bytes{0, 0, 0, 0})), Fault::malformed);
}

}  // namespace
}  // namespace p2pchat
