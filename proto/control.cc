#include "proto/control.h"

#include <algorithm>

#include "proto/limits.h"
#include "proto/pack.h"
#include "proto/text.h"

namespace p2pchat::control {

namespace {

constexpr std::uint64_t kCodeMax = 255;
constexpr std::uint64_t kTagMax = std::numeric_limits<std::uint64_t>::max();

struct Writer {
  Packer& out;

  void operator()(std::monostate) const { out.nil(); }
  void operator()(bool value) const { out.boolean(value); }
  void operator()(std::int64_t value) const { out.signed_integer(value); }
  void operator()(const std::string& value) const {
    if (is_utf8(value)) {
      out.text(value);
    } else {
      out.bytes(view(value));
    }
  }
  void operator()(const Bytes& value) const { out.bytes(value); }
  void operator()(const std::vector<std::string>& value) const {
    out.array(value.size());
    for (const std::string& text : value) out.text(text);
  }
};

void write(Packer& out, const Record& record) {
  out.array(record.fields().size());
  for (const auto& [key, value] : record.fields()) {
    out.array(2).text(key);
    std::visit(Writer{out}, value);
  }
}

std::vector<std::string> read_texts(Unpacker& in) {
  std::vector<std::string> texts;
  for (std::size_t left = in.array(kPackTokensMax); left > 0 && in.is_good(); --left) {
    texts.emplace_back(in.text(kControlBytesMax));
  }
  return texts;
}

Value read_value(Unpacker& in) {
  switch (in.peek()) {
    case Unpacker::Kind::nil: break;
    case Unpacker::Kind::boolean: return in.boolean();
    case Unpacker::Kind::unsigned_integer:
    case Unpacker::Kind::negative_integer: return in.signed_integer();
    case Unpacker::Kind::text: return std::string(in.text(kControlBytesMax));
    case Unpacker::Kind::bytes: return to_bytes(in.bytes(kControlBytesMax));
    case Unpacker::Kind::array: return read_texts(in);
    case Unpacker::Kind::map: in.spoil();
  }
  if (!in.skip_nil()) in.spoil();
  return std::monostate();
}

Record read_record(Unpacker& in) {
  Record record;
  for (std::size_t left = in.array(kFieldsMax); left > 0 && in.is_good(); --left) {
    in.array_of(2);
    std::string key(in.text(kControlBytesMax));
    if (record.has(key)) in.spoil();
    Value value = read_value(in);
    record.set(std::move(key), std::move(value));
  }
  return record;
}

tl::unexpected<Error> too_long() {
  return fail(Fault::limit, "the message to or from the daemon is too long");
}

// Why `in`, which has been read, is no message: another version, or nonsense.
tl::unexpected<Error> refusal(std::uint64_t version) {
  if (version != 0 && version != kVersion) {
    return fail(Fault::refused, "program and daemon speak different versions: update both");
  }
  return fail(Fault::malformed, "the message to or from the daemon does not decode");
}

// Enters the array and reads the version; another one spoils the reader. So do values that are
// missing, and those that are too many are left unread: their number needs no check of its own.
std::uint64_t read_version(Unpacker& in) {
  in.array(kPackTokensMax);
  const std::uint64_t version = in.integer();
  if (version != kVersion) in.spoil();
  return version;
}

}  // namespace

Record& Record::set(std::string key, Value value) {
  const auto field = std::find_if(fields_.begin(), fields_.end(),
                                  [&key](const auto& each) { return each.first == key; });
  if (field == fields_.end()) {
    fields_.emplace_back(std::move(key), std::move(value));
  } else {
    field->second = std::move(value);
  }
  return *this;
}

const Value* Record::find(std::string_view key) const {
  for (const auto& [name, value] : fields_) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string Record::text(std::string_view key, std::string fallback) const {
  const Value* value = find(key);
  const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
  if (text == nullptr) return fallback;
  return *text;
}

std::int64_t Record::integer(std::string_view key, std::int64_t fallback) const {
  const Value* value = find(key);
  const auto* integer = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  return integer == nullptr ? fallback : *integer;
}

bool Record::flag(std::string_view key) const {
  const Value* value = find(key);
  const auto* flag = value == nullptr ? nullptr : std::get_if<bool>(value);
  return flag != nullptr && *flag;
}

Bytes Record::bytes(std::string_view key) const {
  const Value* value = find(key);
  const auto* bytes = value == nullptr ? nullptr : std::get_if<Bytes>(value);
  return bytes == nullptr ? Bytes() : *bytes;
}

Bytes encode(const Request& request) {
  Packer packer;
  packer.array(4).integer(kVersion).integer(request.tag).text(request.verb);
  write(packer, request.values);
  return packer.take();
}

Result<Request> decode_request(ByteView bytes) {
  if (bytes.size() > kControlBytesMax) return too_long();
  Request request;
  Unpacker in(bytes);
  const std::uint64_t version = read_version(in);
  request.tag = in.integer(kTagMax);
  request.verb = in.text(kControlBytesMax);
  request.values = read_record(in);
  if (!in.is_done()) return refusal(version);
  return request;
}

Bytes encode(const Reply& reply) {
  Packer packer;
  packer.array(6).integer(kVersion).integer(reply.tag).boolean(reply.end);
  packer.integer(static_cast<std::uint64_t>(reply.code)).text(reply.error);
  write(packer, reply.row);
  return packer.take();
}

Result<Reply> decode_reply(ByteView bytes) {
  if (bytes.size() > kControlBytesMax) return too_long();
  Reply reply;
  Unpacker in(bytes);
  const std::uint64_t version = read_version(in);
  reply.tag = in.integer(kTagMax);
  reply.end = in.boolean();
  reply.code = static_cast<ExitCode>(in.integer(kCodeMax));
  reply.error = in.text(kControlBytesMax);
  reply.row = read_record(in);
  if (!in.is_done()) return refusal(version);
  return reply;
}

}  // namespace p2pchat::control
