#include "ctl/json.h"

#include <algorithm>
#include <sodium.h>
#include <variant>

#include "ctl/time_text.h"
#include "proto/text.h"

namespace p2pchat::ctl {

namespace {

using control::Record;
using control::Value;

constexpr std::string_view kBegin = "{\"v\":1";

void add_escape(std::string& out, unsigned unit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "\\u";
  for (const unsigned shift : {12U, 8U, 4U, 0U}) out += kDigits[unit >> shift & 0xfU];
}

// The code point at the front of UTF-8 `text`, of two or more bytes.
unsigned long_point(std::string_view bytes) {
  const auto byte_at = [bytes](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  unsigned point = byte_at(0) & (0xffU >> (bytes.size() + 1));
  for (std::size_t at = 1; at < bytes.size(); ++at) point = point << 6U | (byte_at(at) & 0x3fU);
  return point;
}

std::size_t length_of(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xf0) return 4;
  if (byte >= 0xe0) return 3;
  return 2;
}

// Writes the two or more bytes of one code point: as they are, or escaped if
// cleaned() would not let them pass to a terminal.
void add_long(std::string& out, std::string_view bytes) {
  const unsigned point = long_point(bytes);
  if (point == 0xfffd || cleaned(bytes) == bytes) {
    out += bytes;
  } else if (point < 0x10000) {
    add_escape(out, point);
  } else {
    add_escape(out, 0xd800U + ((point - 0x10000U) >> 10U));
    add_escape(out, 0xdc00U + ((point - 0x10000U) & 0x3ffU));
  }
}

void add_short(std::string& out, char character) {
  switch (character) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;  // Of all characters there are too many to list.
  }
  const auto byte = static_cast<unsigned char>(character);
  if (byte < 0x20 || byte == 0x7f) {
    add_escape(out, byte);
  } else {
    out += character;
  }
}

std::string time_json(std::int64_t milliseconds) {
  return json_string(utc_text(WallTime{milliseconds}));
}

struct ValueWriter {
  std::string_view key;

  std::string operator()(std::monostate) const { return "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const {
    return is_time_key(key) ? time_json(value) : std::to_string(value);
  }
  std::string operator()(const std::string& value) const { return json_string(value); }
  std::string operator()(const Bytes& value) const { return json_string(base64(value)); }
  std::string operator()(const std::vector<std::string>& value) const {
    std::string list = "[";
    for (const std::string& text : value) {
      if (list.size() > 1) list += ',';
      list += json_string(text);
    }
    return list + "]";
  }
};

void add_field(std::string& out, std::string_view key, const Value& value) {
  out += ',';
  out += json_string(key);
  out += ':';
  out += std::visit(ValueWriter{key}, value);
}

// A promised key is always there: null if nothing is known.
void add_promised(std::string& out, const Record& row, std::string_view key) {
  const Value* value = row.find(key);
  add_field(out, key, value == nullptr ? Value() : *value);
}

}  // namespace

std::string message_json(const Record& row) {
  std::string out(kBegin);
  for (const std::string_view key :
       {"id", "kind", "conversation", "author", "from", "seq", "time", "received"}) {
    add_promised(out, row, key);
  }
  add_promised(out, row, row.has("data") ? "data" : "text");
  add_field(out, "late", row.flag("late"));
  add_field(out, "final", row.flag("final"));
  return out + "}\n";
}

std::string record_json(const Record& record) {
  std::string out(kBegin);
  for (const auto& [key, value] : record.fields()) {
    if (key != "v") add_field(out, key, value);
  }
  return out + "}\n";
}

std::string json_string(std::string_view text) {
  const std::string utf8 = as_utf8(text);
  std::string out = "\"";
  out.reserve(utf8.size() + 2);
  for (std::size_t at = 0; at < utf8.size();) {
    const bool is_short = static_cast<unsigned char>(utf8[at]) < 0x80;
    const std::size_t length = is_short ? 1 : length_of(utf8[at]);
    if (is_short) {
      add_short(out, utf8[at]);
    } else {
      add_long(out, std::string_view(utf8).substr(at, length));
    }
    at += length;
  }
  return out + "\"";
}

std::string base64(ByteView bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t size = std::min<std::size_t>(3, bytes.size() - at);
    unsigned triple = 0;
    for (std::size_t i = 0; i < 3; ++i) triple = triple << 8U | (i < size ? bytes[at + i] : 0U);
    for (std::size_t i = 0; i < 4; ++i) {
      out += i <= size ? kAlphabet[triple >> (18 - 6 * i) & 0x3fU] : '=';
    }
  }
  return out;
}

std::optional<Bytes> from_base64(std::string_view text) {
  Bytes bytes(text.size() / 4 * 3 + 3);
  std::size_t size = 0;
  const char* end = nullptr;
  const int failed = sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(),
                                       nullptr, &size, &end, sodium_base64_VARIANT_ORIGINAL);
  if (failed != 0 || end != text.data() + text.size()) return std::nullopt;
  bytes.resize(size);
  return bytes;
}

}  // namespace p2pchat::ctl
