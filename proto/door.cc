#include "proto/door.h"

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/pack.h"
#include "proto/pair.h"

namespace p2pchat::door {

namespace {

// The first value of a question.
enum class Word : std::uint8_t {
  who = 0,
  registration = 1,
  inquiry = 2,
  knocking = 3,
  invitation = 4,
};
// An answer begins with a Code, or with one of these.
enum class Reply : std::uint8_t { outline = 5, answered = 6, refused = 7 };

constexpr std::uint64_t kCodeMax = 255;
constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kMessageBytesMax = kDoorBytesMax - kLengthBytes;

Hash hash_of_invitation(const RoomId& room, const PeerId& to) {
  return Hasher("p2pchat invitation").add(room).add(to).finish();
}

Hash hash_of(ByteView body) { return Hasher("p2pchat registration").add(body).finish(); }

Bytes packed_body(const Registration& registration) {
  Packer packer;
  packer.array(5).integer(kSuite).bytes(registration.card.raw).fixed(registration.to);
  packer.fixed(registration.founding);
  if (!registration.reminder) return packer.nil().take();
  const Reminder& reminder = *registration.reminder;
  packer.array(3).fixed(reminder.founding).bytes(reminder.card.raw).integer(reminder.stamp.value);
  return packer.take();
}

// The bytes of the cards, which are decoded when all around them has been.
struct Cards {
  ByteView sender;
  ByteView reminded;
};

Cards read_body(ByteView body, Unpacker& in, Registration& registration) {
  Cards cards;
  Unpacker fields(body);
  fields.array_of(5);
  if (fields.integer() != kSuite) fields.spoil();
  cards.sender = fields.bytes(kCardBytesMax);
  registration.to = fields.fixed<PeerId>();
  registration.founding = fields.fixed<Signature>();
  if (!fields.skip_nil()) {
    Reminder& reminder = registration.reminder.emplace();
    fields.array_of(3);
    reminder.founding = fields.fixed<Signature>();
    cards.reminded = fields.bytes(kCardBytesMax);
    reminder.stamp = {fields.integer()};
  }
  if (!fields.is_done()) in.spoil();
  return cards;
}

tl::unexpected<Error> no_question() {
  return fail(Fault::malformed, "the question does not decode");
}

Result<void> verify_reminder(const Reminder& reminder, const PeerId& to, const PeerId& sender) {
  if (reminder.card.id != to) return fail(Fault::forged, "the reminder is of another peer");
  if (!verify_founding(to, sender, reminder.founding)) {
    return fail(Fault::forged, "the reminder's founding is not signed by the peer it reminds");
  }
  return {};
}

Result<Question> read_registration(Unpacker& in) {
  Registration registration;
  const ByteView body = in.bytes(kMessageBytesMax);
  const auto signature = in.fixed<Signature>();
  const Cards cards = read_body(body, in, registration);
  if (!in.is_done()) return fail(Fault::malformed, "the registration does not decode");
  Result<Card> card = Card::decode(cards.sender);
  if (!card) return tl::unexpected(card.error());
  registration.card = *std::move(card);
  const PeerId& sender = registration.card.id;
  if (!verify(sender, Purpose::registration, pair_room(sender, registration.to), hash_of(body),
              signature)) {
    return fail(Fault::forged, "the registration is not signed by its card's id");
  }
  if (!verify_founding(sender, registration.to, registration.founding)) {
    return fail(Fault::forged, "the registration's founding is not signed by its card's id");
  }
  if (registration.reminder) {
    Result<Card> reminded = Card::decode(cards.reminded);
    if (!reminded) return tl::unexpected(reminded.error());
    registration.reminder->card = *std::move(reminded);
    const auto verified = verify_reminder(*registration.reminder, registration.to, sender);
    if (!verified) return tl::unexpected(verified.error());
  }
  return registration;
}

Result<Question> read_inquiry(Unpacker& in) {
  Inquiry inquiry;
  inquiry.name = in.text(kNameBytesMax);
  inquiry.asker = in.fixed<PeerId>();
  if (!in.is_done()) return no_question();
  return inquiry;
}

Result<Question> read_knocking(Unpacker& in) {
  const ByteView raw = in.bytes(kConsentBytesMax);
  if (!in.is_done()) return no_question();
  return Knock::decode(raw).map([](Knock knock) -> Question { return Knocking{std::move(knock)}; });
}

Result<Question> read_invitation(Unpacker& in) {
  const auto room = in.fixed<RoomId>();
  const ByteView raw = in.bytes(kCardBytesMax);
  const auto to = in.fixed<PeerId>();
  const auto signature = in.fixed<Signature>();
  if (!in.is_done()) return no_question();
  Result<Card> card = Card::decode(raw);
  if (!card) return tl::unexpected(card.error());
  const Hash what = hash_of_invitation(room, to);
  if (!verify(card->id, Purpose::invitation, room, what, signature)) {
    return fail(Fault::forged, "the invitation is not signed by its card's id");
  }
  return Invitation{room, *std::move(card), to, signature};
}

Packer& begin(Packer& out, std::size_t size, Reply word) {
  return out.array(size).integer(static_cast<std::uint64_t>(word));
}

struct Writer {
  Packer& out;

  void operator()(const Outline& answer) const {
    begin(out, 6, Reply::outline).fixed(answer.room).fixed(answer.creator);
    out.integer(answer.size).integer(answer.gone).bytes(answer.card.raw);
  }
  void operator()(const Answered& answer) const {
    begin(out, 4, Reply::answered).integer(static_cast<std::uint64_t>(answer.state));
    out.integer(answer.voted).bytes(answer.card.raw);
  }
  void operator()(const Refused& answer) const {
    begin(out, 3, Reply::refused).integer(static_cast<std::uint64_t>(answer.code));
    out.text(reason_text(answer.reason));
  }

  void operator()(const Introduction& answer) const {
    out.array(2).integer(static_cast<std::uint64_t>(Code::registration)).bytes(answer.card.raw);
  }
  void operator()(const Ack& answer) const {
    CHECK(answer.code != Code::registration);
    out.array(5).integer(static_cast<std::uint64_t>(answer.code)).text(reason_text(answer.reason));
    out.boolean(answer.waiting);
    if (answer.founding) {
      out.fixed(*answer.founding);
    } else {
      out.nil();
    }
    if (answer.card) {
      out.bytes(answer.card->raw);
    } else {
      out.nil();
    }
  }
};

tl::unexpected<Error> no_answer() { return fail(Fault::malformed, "the answer does not decode"); }

Result<Answer> read_introduction(Unpacker& in) {
  const ByteView raw = in.bytes(kCardBytesMax);
  if (!in.is_done()) return no_answer();
  return Card::decode(raw).map([](Card card) -> Answer { return Introduction{std::move(card)}; });
}

Result<Answer> read_ack(Unpacker& in, Code code) {
  Ack ack;
  ack.code = code;
  ack.reason = in.text(kReasonBytesMax);
  ack.waiting = in.boolean();
  if (!in.skip_nil()) ack.founding = in.fixed<Signature>();
  const bool has_card = !in.skip_nil();
  const ByteView raw = has_card ? in.bytes(kCardBytesMax) : ByteView();
  if (!in.is_done()) return no_answer();
  if (!has_card) return ack;
  Result<Card> card = Card::decode(raw);
  if (!card) return tl::unexpected(card.error());
  ack.card = *std::move(card);
  return ack;
}

Result<Answer> read_outline(Unpacker& in) {
  Outline outline;
  outline.room = in.fixed<RoomId>();
  outline.creator = in.fixed<PeerId>();
  outline.size = in.integer(kMembersMax);
  outline.gone = in.integer();
  const ByteView raw = in.bytes(kCardBytesMax);
  if (!in.is_done()) return no_answer();
  Result<Card> card = Card::decode(raw);
  if (!card) return tl::unexpected(card.error());
  outline.card = *std::move(card);
  return outline;
}

Result<Answer> read_answered(Unpacker& in) {
  Answered answered;
  answered.state = static_cast<State>(in.integer(static_cast<std::uint64_t>(State::closed)));
  answered.voted = in.integer(kMembersMax);
  const ByteView raw = in.bytes(kCardBytesMax);
  if (!in.is_done()) return no_answer();
  Result<Card> card = Card::decode(raw);
  if (!card) return tl::unexpected(card.error());
  answered.card = *std::move(card);
  return answered;
}

Result<Answer> read_refused(Unpacker& in) {
  Refused refused;
  refused.code = static_cast<ExitCode>(in.integer(kCodeMax));
  refused.reason = in.text(kReasonBytesMax);
  if (!in.is_done() || refused.code == ExitCode::done) return no_answer();
  return refused;
}

}  // namespace

Bytes Registration::encode(const Identity& sender) const {
  CHECK(card.id == sender.id());
  const Bytes body = packed_body(*this);
  const Signature signature =
      sender.sign(Purpose::registration, pair_room(card.id, to), hash_of(body));
  Packer packer;
  packer.array(3).integer(static_cast<std::uint64_t>(Word::registration));
  return packer.bytes(body).fixed(signature).take();
}

Invitation Invitation::make(const Identity& member, const RoomId& room, Card card,
                            const PeerId& to) {
  const Hash what = hash_of_invitation(room, to);
  return {room, std::move(card), to, member.sign(Purpose::invitation, room, what)};
}

Bytes encode_who() {
  return Packer().array(1).integer(static_cast<std::uint64_t>(Word::who)).take();
}

Bytes encode(const Inquiry& inquiry) {
  Packer out;
  out.array(3).integer(static_cast<std::uint64_t>(Word::inquiry)).text(inquiry.name);
  return out.fixed(inquiry.asker).take();
}

Bytes encode(const Knocking& knocking) {
  Packer out;
  out.array(2).integer(static_cast<std::uint64_t>(Word::knocking));
  return out.bytes(knocking.knock.raw).take();
}

Bytes encode(const Invitation& invitation) {
  Packer out;
  out.array(5).integer(static_cast<std::uint64_t>(Word::invitation)).fixed(invitation.room);
  return out.bytes(invitation.card.raw).fixed(invitation.to).fixed(invitation.signature).take();
}

Result<Question> decode_question(ByteView bytes) {
  if (bytes.size() > kMessageBytesMax) return fail(Fault::malformed, "the question is too long");
  Unpacker in(bytes);
  const std::size_t size = in.array(5);
  const auto word = static_cast<Word>(in.integer(static_cast<std::uint64_t>(Word::invitation)));
  if (!in.is_good()) return no_question();
  switch (word) {
    case Word::who: return size == 1 && in.is_done() ? Result<Question>(Who()) : no_question();
    case Word::registration: return size == 3 ? read_registration(in) : no_question();
    case Word::inquiry: return size == 3 ? read_inquiry(in) : no_question();
    case Word::knocking: return size == 2 ? read_knocking(in) : no_question();
    case Word::invitation: return size == 5 ? read_invitation(in) : no_question();
  }
  return no_question();
}

Bytes encode(const Answer& answer) {
  Packer packer;
  std::visit(Writer{packer}, answer);
  return packer.take();
}

Result<Answer> decode_answer(ByteView bytes) {
  if (bytes.size() > kMessageBytesMax) return fail(Fault::malformed, "the answer is too long");
  Unpacker in(bytes);
  const std::size_t size = in.array(6);
  const auto word = in.integer(static_cast<std::uint64_t>(Reply::refused));
  if (!in.is_good()) return no_answer();
  switch (static_cast<Reply>(word)) {
    case Reply::outline: return size == 6 ? read_outline(in) : no_answer();
    case Reply::answered: return size == 4 ? read_answered(in) : no_answer();
    case Reply::refused: return size == 3 ? read_refused(in) : no_answer();
  }
  const auto code = static_cast<Code>(word);
  switch (code) {
    case Code::registration: return size == 2 ? read_introduction(in) : no_answer();
    case Code::success:
    case Code::unregistered:
    case Code::invalid: return size == 5 ? read_ack(in, code) : no_answer();
  }
  return no_answer();
}

Bytes framed(ByteView message) {
  CHECK(message.size() <= kMessageBytesMax);
  Bytes frame;
  for (std::size_t left = kLengthBytes; left > 0; --left) {
    frame.push_back(static_cast<std::uint8_t>(message.size() >> 8 * (left - 1) & 0xffU));
  }
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

Result<std::optional<Bytes>> unframed(ByteView received) {
  if (received.size() < kLengthBytes) return std::nullopt;
  std::size_t length = 0;
  for (const std::uint8_t byte : received.first(kLengthBytes)) length = length << 8U | byte;
  if (length == 0 || length > kMessageBytesMax) {
    return fail(Fault::malformed, "the message breaks the limit of a door");
  }
  if (received.size() - kLengthBytes < length) return std::nullopt;
  return to_bytes(received.subspan(kLengthBytes, length));
}

}  // namespace p2pchat::door
