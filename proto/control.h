// Control: what chatctl and the daemon say to each other over ipc.
//
// A request is a verb and named values; an answer is any number of rows and
// one end, which carries the exit code. Rows are Records: ordered, named
// values that chatctl prints as one JSON object, or in words. Pure; bounded by
// kControlBytesMax a message.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "proto/bytes.h"
#include "proto/result.h"

namespace p2pchat::control {

inline constexpr std::uint64_t kVersion = 1;
inline constexpr std::size_t kFieldsMax = 256;  // In one record.

// std::string is UTF-8 text; Bytes are bytes that are not. A std::string that is not UTF-8 arrives
// as Bytes, and with U+FFFD where only text fits: keys, verbs, errors, lists.
using Value =
    std::variant<std::monostate, bool, std::int64_t, std::string, Bytes, std::vector<std::string>>;

class Record {
 public:
  Record& set(std::string key, Value value);  // Replaces, or appends.
  const Value* find(std::string_view key) const;
  // The value under `key` if it is of that type, else the fallback.
  std::string text(std::string_view key, std::string fallback = {}) const;
  std::int64_t integer(std::string_view key, std::int64_t fallback = 0) const;
  bool flag(std::string_view key) const;
  Bytes bytes(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }

  const std::vector<std::pair<std::string, Value>>& fields() const { return fields_; }
  bool operator==(const Record&) const = default;

 private:
  std::vector<std::pair<std::string, Value>> fields_;
};

struct Request {
  std::uint64_t tag = 0;  // Chosen by the caller; comes back on every reply.
  std::string verb;
  Record values;
};

struct Reply {
  std::uint64_t tag = 0;
  bool end = false;
  ExitCode code = ExitCode::done;  // On the end.
  std::string error;               // On an end that is no success: a sentence.
  Record row;                      // A row, or what an end has to say.
};

// An encoding longer than kControlBytesMax is the other side's to refuse (Fault::limit).
Bytes encode(const Request& request);
Result<Request> decode_request(ByteView bytes);
Bytes encode(const Reply& reply);
Result<Reply> decode_reply(ByteView bytes);

}  // namespace p2pchat::control
