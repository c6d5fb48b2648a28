// JSON: a Record as one line that a program reads.
//
// Every object begins with "v":1. The line is valid UTF-8 whatever came in, and
// holds no character that a terminal would obey: those are written as \u
// escapes, which change no value. Bytes that are no text are base64.
// Pure; O(n).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/control.h"

namespace p2pchat::ctl {

// A message, with exactly the keys that are promised to scripts. Ends in a newline.
std::string message_json(const control::Record& row);
// Any other record: its fields in their order. `time`, `received`, `expires`, `since` and what
// ends in `_time` are milliseconds and become RFC 3339. Ends in a newline.
std::string record_json(const control::Record& record);

// With the quotes.
std::string json_string(std::string_view text);
// RFC 4648 with padding. The other way nothing, unless it is what base64() writes.
std::string base64(ByteView bytes);
std::optional<Bytes> from_base64(std::string_view text);

}  // namespace p2pchat::ctl
