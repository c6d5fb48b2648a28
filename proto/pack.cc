#include "proto/pack.h"

// Boost is only used by parts of msgpack that stay unused here.
#ifndef MSGPACK_NO_BOOST
#define MSGPACK_NO_BOOST
#endif
#include <exception>
#include <msgpack.hpp>

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat {

namespace {

// Where msgpack's packer writes to.
struct Sink {
  Bytes& out;

  void write(const char* data, std::size_t size) {
    const ByteView bytes = view(std::string_view(data, size));
    out.insert(out.end(), bytes.begin(), bytes.end());
  }
};

std::uint32_t count(std::size_t size) {
  CHECK(size <= std::numeric_limits<std::uint32_t>::max());
  return static_cast<std::uint32_t>(size);
}

// Bytes that the shortest encoding takes, of an integer and of what stands before other values.
std::size_t bytes_of_integer(std::uint64_t value) {
  if (value < 0x80U) return 1;
  if (value <= 0xffU) return 2;
  if (value <= 0xffffU) return 3;
  return value <= 0xffffffffU ? 5 : 9;
}
std::size_t bytes_of_negative(std::int64_t value) {
  if (value >= -32) return 1;
  if (value >= std::numeric_limits<std::int8_t>::min()) return 2;
  if (value >= std::numeric_limits<std::int16_t>::min()) return 3;
  return value >= std::numeric_limits<std::int32_t>::min() ? 5 : 9;
}
std::size_t bytes_before_text(std::size_t size) {
  if (size < 32) return 1;
  if (size <= 0xffU) return 2;
  return size <= 0xffffU ? 3 : 5;
}
std::size_t bytes_before_bytes(std::size_t size) {
  if (size <= 0xffU) return 2;
  return size <= 0xffffU ? 3 : 5;
}
std::size_t bytes_before_items(std::size_t size) {
  if (size < 16) return 1;
  return size <= 0xffffU ? 3 : 5;
}

template <class Write>
Packer& write_to(Packer& packer, Bytes& out, Write write) {
  Sink sink{out};
  msgpack::packer<Sink> msgpack(sink);
  write(msgpack);
  return packer;
}

}  // namespace

Packer& Packer::array(std::size_t size) {
  return write_to(*this, out_, [&](auto& packer) { packer.pack_array(count(size)); });
}

Packer& Packer::map(std::size_t size) {
  return write_to(*this, out_, [&](auto& packer) { packer.pack_map(count(size)); });
}

Packer& Packer::integer(std::uint64_t value) {
  return write_to(*this, out_, [&](auto& packer) { packer.pack_uint64(value); });
}

Packer& Packer::signed_integer(std::int64_t value) {
  if (value >= 0) return integer(static_cast<std::uint64_t>(value));
  return write_to(*this, out_, [&](auto& packer) { packer.pack_int64(value); });
}

Packer& Packer::boolean(bool value) {
  return write_to(*this, out_, [&](auto& packer) {
    if (value) {
      packer.pack_true();
    } else {
      packer.pack_false();
    }
  });
}

Packer& Packer::nil() {
  return write_to(*this, out_, [](auto& packer) { packer.pack_nil(); });
}

Packer& Packer::text(std::string_view value) {
  if (!is_utf8(value)) return text(as_utf8(value));
  return write_to(*this, out_, [&](auto& packer) {
    packer.pack_str(count(value.size()));
    packer.pack_str_body(value.data(), count(value.size()));
  });
}

Packer& Packer::bytes(ByteView value) {
  return write_to(*this, out_, [&](auto& packer) {
    packer.pack_bin(count(value.size()));
    packer.pack_bin_body(text_view(value).data(), count(value.size()));
  });
}

// What msgpack's parser tells of the input. Answering false stops it.
//
// `shortest` sums up what the values would take at least: at the end it equals
// the input's size, or some value was not written in its shortest form, or
// bytes follow the last one.
struct Unpacker::Visitor : msgpack::null_visitor {
  Visitor(std::vector<Token>& list, std::size_t size) : tokens(list), input_bytes(size) {}

  bool visit_nil() { return add({Kind::nil, 0, {}}, 1); }
  bool visit_boolean(bool value) { return add({Kind::boolean, value ? 1U : 0U, {}}, 1); }
  bool visit_positive_integer(std::uint64_t value) {
    return add({Kind::unsigned_integer, value, {}}, bytes_of_integer(value));
  }
  // Called for the signed formats, which the shortest encoding uses below zero only.
  bool visit_negative_integer(std::int64_t value) {
    if (value >= 0) return false;
    return add({Kind::negative_integer, static_cast<std::uint64_t>(value), {}},
               bytes_of_negative(value));
  }
  bool visit_float32(float /*value*/) { return false; }
  bool visit_float64(double /*value*/) { return false; }
  bool visit_ext(const char* /*data*/, std::uint32_t /*size*/) { return false; }
  bool visit_str(const char* data, std::uint32_t size) {
    const std::string_view text = size == 0 ? std::string_view() : std::string_view(data, size);
    if (!is_utf8(text)) return false;
    return add({Kind::text, 0, p2pchat::view(text)}, bytes_before_text(size) + size);
  }
  bool visit_bin(const char* data, std::uint32_t size) {
    const std::string_view text = size == 0 ? std::string_view() : std::string_view(data, size);
    return add({Kind::bytes, 0, p2pchat::view(text)}, bytes_before_bytes(size) + size);
  }
  bool start_array(std::uint32_t items) { return open(Kind::array, items, items); }
  bool end_array() { return close(); }
  bool start_map(std::uint32_t pairs) { return open(Kind::map, pairs, 2ULL * pairs); }
  bool end_map() { return close(); }

  bool add(Token token, std::size_t bytes) {
    shortest += bytes;
    if (tokens.size() == kPackTokensMax || shortest > input_bytes) return false;
    tokens.push_back(token);
    return true;
  }
  // `values` follow, of at least one byte each.
  bool open(Kind kind, std::uint32_t items, std::uint64_t values) {
    if (++depth > kPackDepthMax || !add({kind, items, {}}, bytes_before_items(items))) return false;
    return values <= input_bytes - shortest && values <= kPackTokensMax - tokens.size();
  }
  bool close() {
    --depth;
    return true;
  }

  std::vector<Token>& tokens;
  std::size_t input_bytes;
  std::size_t shortest = 0;
  std::size_t depth = 0;
};

Unpacker::Unpacker(ByteView bytes) {
  Visitor visitor(tokens_, bytes.size());
  try {
    good_ = msgpack::parse(text_view(bytes).data(), bytes.size(), visitor);
  } catch (const std::exception&) {
    good_ = false;
  }
  if (visitor.shortest != bytes.size()) good_ = false;
  if (!good_) tokens_.clear();
}

Unpacker::Kind Unpacker::peek() const {
  return good_ && next_ < tokens_.size() ? tokens_[next_].kind : Kind::nil;
}

const Unpacker::Token* Unpacker::take(Kind kind) {
  if (!good_ || next_ == tokens_.size() || tokens_[next_].kind != kind) {
    spoil();
    return nullptr;
  }
  return &tokens_[next_++];
}

std::size_t Unpacker::array(std::size_t at_most) {
  const Token* token = take(Kind::array);
  if (token == nullptr) return 0;
  if (token->integer <= at_most) return static_cast<std::size_t>(token->integer);
  spoil();
  return 0;
}

bool Unpacker::array_of(std::size_t exactly) {
  if (array(exactly) != exactly) spoil();
  return good_;
}

std::size_t Unpacker::map(std::size_t at_most) {
  const Token* token = take(Kind::map);
  if (token == nullptr) return 0;
  if (token->integer <= at_most) return static_cast<std::size_t>(token->integer);
  spoil();
  return 0;
}

std::uint64_t Unpacker::integer(std::uint64_t at_most) {
  const Token* token = take(Kind::unsigned_integer);
  if (token == nullptr) return 0;
  if (token->integer <= at_most) return token->integer;
  spoil();
  return 0;
}

std::int64_t Unpacker::signed_integer() {
  if (peek() != Kind::negative_integer) return static_cast<std::int64_t>(integer(kPackIntegerMax));
  return static_cast<std::int64_t>(take(Kind::negative_integer)->integer);
}

bool Unpacker::boolean() {
  const Token* token = take(Kind::boolean);
  return token != nullptr && token->integer != 0;
}

std::string_view Unpacker::text(std::size_t bytes_at_most) {
  const Token* token = take(Kind::text);
  if (token == nullptr) return {};
  if (token->view.size() <= bytes_at_most) return text_view(token->view);
  spoil();
  return {};
}

ByteView Unpacker::bytes(std::size_t at_most) {
  const Token* token = take(Kind::bytes);
  if (token == nullptr) return {};
  if (token->view.size() <= at_most) return token->view;
  spoil();
  return {};
}

bool Unpacker::skip_nil() {
  if (!good_ || next_ == tokens_.size() || peek() != Kind::nil) return false;
  ++next_;
  return true;
}

void Unpacker::skip() {
  if (!good_ || next_ == tokens_.size()) return spoil();
  // The parser has seen to it that all values of a container are there.
  for (std::uint64_t left = 1; left > 0; --left) {
    const Token& token = tokens_[next_++];
    if (token.kind == Kind::array) left += token.integer;
    if (token.kind == Kind::map) left += 2 * token.integer;
  }
}

}  // namespace p2pchat
