// Packer and Unpacker: msgpack out and msgpack in, without surprises.
//
// A value has one encoding, the shortest one; Unpacker refuses every other, and
// so nobody can dress the same message in different bytes. Text is UTF-8.
//
// Unpacker never builds a tree and never allocates by a length that foreign
// bytes claim: msgpack's parser runs over the whole message once and records
// flat tokens, at most kPackTokensMax of them, nested at most kPackDepthMax
// deep, whose views point into the input. Reading is sticky: the first value
// that is not what the reader asks for spoils the rest, so a decoder reads
// straight through and asks once, at the end, whether all was well.
//
// Pure; single-threaded; bounded by the input and by kPackTokensMax.
#pragma once

#include <limits>
#include <string_view>
#include <vector>

#include "proto/bytes.h"

namespace p2pchat {

// Every whole number that has a meaning fits a signed one too, so any store can keep it.
inline constexpr std::uint64_t kPackIntegerMax = std::numeric_limits<std::int64_t>::max();

class Packer {
 public:
  Packer& array(std::size_t size);
  Packer& map(std::size_t size);
  Packer& integer(std::uint64_t value);
  Packer& signed_integer(std::int64_t value);
  Packer& boolean(bool value);
  Packer& nil();
  // Bytes that are not UTF-8 are written as U+FFFD.
  Packer& text(std::string_view value);
  Packer& bytes(ByteView value);
  template <class Tag, std::size_t N>
  Packer& fixed(const Fixed<Tag, N>& value) {
    return bytes(value.view());
  }

  Bytes take() { return std::move(out_); }

 private:
  Bytes out_;
};

class Unpacker {
 public:
  enum class Kind : std::uint8_t {
    nil,
    boolean,
    unsigned_integer,
    negative_integer,
    text,
    bytes,
    array,
    map
  };

  // Looks at `bytes`, which must outlive every view that is read from it. A
  // message that is not exactly one msgpack value within the limits reads as
  // nothing: is_good() is false from the start.
  explicit Unpacker(ByteView bytes);

  // The kind of the next value, or nil when there is none.
  Kind peek() const;

  // Each reads the next value. What does not fit spoils the reader and
  // answers an empty value.
  std::size_t array(std::size_t at_most);
  bool array_of(std::size_t exactly);
  std::size_t map(std::size_t at_most);
  std::uint64_t integer(std::uint64_t at_most = kPackIntegerMax);
  std::int64_t signed_integer();
  bool boolean();
  std::string_view text(std::size_t bytes_at_most);
  ByteView bytes(std::size_t at_most);
  template <class T>
  T fixed() {
    const auto value = T::from(bytes(T::kSize));
    if (!value) spoil();
    return value.value_or(T{});
  }
  // True, and the nil is read, if the next value is nil.
  bool skip_nil();
  // Reads one value of any kind, with all that is inside it.
  void skip();

  void spoil() { good_ = false; }
  bool is_good() const { return good_; }
  // Good, and everything has been read.
  bool is_done() const { return good_ && next_ == tokens_.size(); }

 private:
  struct Token {
    Kind kind;
    std::uint64_t integer;  // Value (negative: two's complement), or the count of a container.
    ByteView view;          // Of text and bytes.
  };
  struct Visitor;

  const Token* take(Kind kind);

  std::vector<Token> tokens_;  // In the order of the input; their views point into it.
  std::size_t next_ = 0;
  bool good_ = false;
};

}  // namespace p2pchat
