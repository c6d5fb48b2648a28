#include "proto/link.h"

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/pack.h"
#include "proto/text.h"

namespace p2pchat::link {

namespace {

// The first value of a frame. Those of the four codes are their own.
enum class Word : std::uint8_t {
  registration = 1,
  success = 2,
  unregistered = 3,
  invalid = 4,
  handover = 5,
  posts = 6,
  pulse = 7,
  ask_heads = 8,
  heads = 9,
  want = 10,
  give = 11,
  roll = 12,
  objects = 13,
};

Packer& begin(Packer& packer, std::size_t size, Word word) {
  return packer.array(size).integer(static_cast<std::uint64_t>(word));
}

struct Writer {
  Packer& out;

  void operator()(const Registration& message) const {
    CHECK(!message.card.raw.empty());
    begin(out, 3, Word::registration).bytes(message.card.raw).fixed(message.incarnation);
  }
  void operator()(const Ack& message) const {
    CHECK(message.code != Code::registration);
    begin(out, 2, static_cast<Word>(message.code)).text(reason_text(message.reason));
  }
  void operator()(const Handover& message) const {
    begin(out, 4, Word::handover).fixed(message.room).fixed(message.topic).fixed(message.key);
  }
  void operator()(const Posts& message) const {
    begin(out, 3, Word::posts).fixed(message.room).bytes(message.batch);
  }
  void operator()(const Pulse& message) const {
    begin(out, 3, Word::pulse).fixed(message.room).bytes(message.beat);
  }
  void operator()(const AskHeads& message) const {
    begin(out, 2, Word::ask_heads).fixed(message.room);
  }
  void operator()(const Heads& message) const {
    CHECK(message.heads.size() <= kHeadsMax);
    begin(out, 3, Word::heads).fixed(message.room).array(message.heads.size());
    for (const Head& head : message.heads) pack(out, head);
  }
  void operator()(const Want& message) const {
    begin(out, 8, Word::want).integer(message.want.value).fixed(message.room);
    out.fixed(message.feed.author).fixed(message.feed.incarnation);
    out.integer(message.first.value).integer(message.last.value).integer(message.budget);
  }
  void operator()(const Give& message) const {
    begin(out, 5, Word::give).integer(message.want.value).fixed(message.room);
    out.array(message.batches.size());
    for (const Bytes& batch : message.batches) out.bytes(batch);
    out.boolean(message.end);
  }
  void operator()(const Roll& message) const {
    begin(out, 5, Word::roll).fixed(message.room).integer(message.height);
    out.fixed(message.value).fixed(message.pool);
  }
  void operator()(const Objects& message) const {
    CHECK(message.objects.size() <= kPageItemsMax);
    begin(out, 3, Word::objects).fixed(message.room).array(message.objects.size());
    for (const Object& object : message.objects) pack(out, object);
  }
};

Posts read_posts(Unpacker& in) {
  Posts message;
  message.room = in.fixed<RoomId>();
  message.batch = to_bytes(in.bytes(kBatchBytesMax));
  return message;
}

Pulse read_pulse(Unpacker& in) {
  Pulse message;
  message.room = in.fixed<RoomId>();
  message.beat = to_bytes(in.bytes(kFrameBytesMax));
  return message;
}

WantId read_want_id(Unpacker& in) {
  return {in.integer(std::numeric_limits<std::uint64_t>::max())};
}

Result<Message> read_registration(Unpacker& in) {
  const ByteView raw = in.bytes(kCardBytesMax);
  const auto incarnation = in.fixed<Incarnation>();
  if (!in.is_done()) return Registration{};
  return Card::decode(raw).map([&](Card card) -> Message {
    return Registration{std::move(card), incarnation};
  });
}

Handover read_handover(Unpacker& in) {
  Handover message;
  message.room = in.fixed<RoomId>();
  message.topic = in.fixed<Topic>();
  message.key = in.fixed<RoomKey>();
  return message;
}

Heads read_heads(Unpacker& in) {
  Heads message;
  message.room = in.fixed<RoomId>();
  for (std::size_t left = in.array(kHeadsMax); left > 0 && in.is_good(); --left) {
    message.heads.push_back(unpack_head(in));
  }
  return message;
}

Want read_want(Unpacker& in) {
  Want message;
  message.want = read_want_id(in);
  message.room = in.fixed<RoomId>();
  message.feed.author = in.fixed<PeerId>();
  message.feed.incarnation = in.fixed<Incarnation>();
  message.first = {in.integer()};
  message.last = {in.integer()};
  message.budget = in.integer();
  if (message.first.value == 0 || message.last < message.first) in.spoil();
  return message;
}

Give read_give(Unpacker& in) {
  Give message;
  message.want = read_want_id(in);
  message.room = in.fixed<RoomId>();
  for (std::size_t left = in.array(kPackTokensMax); left > 0 && in.is_good(); --left) {
    message.batches.push_back(to_bytes(in.bytes(kBatchBytesMax)));
  }
  message.end = in.boolean();
  return message;
}

Roll read_roll(Unpacker& in) {
  Roll message;
  message.room = in.fixed<RoomId>();
  message.height = in.integer();
  message.value = in.fixed<ValueId>();
  message.pool = in.fixed<Hash>();
  return message;
}

Objects read_objects(Unpacker& in) {
  Objects message;
  message.room = in.fixed<RoomId>();
  for (std::size_t left = in.array(kPageItemsMax); left > 0 && in.is_good(); --left) {
    const Object& object = message.objects.emplace_back(unpack_object(in));
    if (!is_for_members(object.kind)) in.spoil();
  }
  return message;
}

// The rest of the message that `word` begins. Values that are missing spoil the reader, and those
// that are too many are left unread.
Result<Message> read(Unpacker& in, Word word) {
  switch (word) {
    case Word::registration: return read_registration(in);
    case Word::success:
    case Word::unregistered:
    case Word::invalid: return Ack{static_cast<Code>(word), std::string(in.text(kReasonBytesMax))};
    case Word::handover: return read_handover(in);
    case Word::posts: return read_posts(in);
    case Word::pulse: return read_pulse(in);
    case Word::ask_heads: return AskHeads{in.fixed<RoomId>()};
    case Word::heads: return read_heads(in);
    case Word::want: return read_want(in);
    case Word::give: return read_give(in);
    case Word::roll: return read_roll(in);
    case Word::objects: return read_objects(in);
  }
  in.spoil();
  return Ack{};
}

}  // namespace

Bytes encode(const Message& message) {
  Packer packer;
  std::visit(Writer{packer}, message);
  Bytes frame = packer.take();
  CHECK(frame.size() <= kFrameBytesMax);
  return frame;
}

Result<Message> decode(ByteView frame) {
  if (frame.size() > kFrameBytesMax) return fail(Fault::malformed, "the message is too long");
  Unpacker in(frame);
  in.array(kPackTokensMax);
  const auto word = static_cast<Word>(in.integer(static_cast<std::uint64_t>(Word::objects)));
  Result<Message> message = read(in, word);
  if (!in.is_done()) return fail(Fault::malformed, "the message does not decode");
  return message;
}

}  // namespace p2pchat::link

namespace p2pchat {

std::string reason_text(std::string_view reason) {
  std::string text = as_utf8(reason);
  if (text.size() <= kReasonBytesMax) return text;
  std::size_t end = kReasonBytesMax;
  // Not within a code point.
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

}  // namespace p2pchat
