// Print: messages and records in words, for people.
//
// On a terminal everything is cleaned, and the further lines of a message are
// set in, so that none can pass for a message of its own. Anywhere else the
// text of a message is written as it came; names are cleaned always.
// Pure, but for the host's time zone. O(n).
#pragma once

#include <string>
#include <vector>

#include "proto/control.h"

namespace p2pchat::ctl {

struct Look {
  bool is_terminal = false;         // What is written may be obeyed.
  bool shows_conversation = false;  // Several are read at once.
};

// "2026-11-20 14:03:12 [ops] bob: text" and a newline.
std::string message_text(const control::Record& row, const Look& look);
// The text of a message as `look` allows it, or its bytes.
std::string body_text(const control::Record& row, const Look& look);

// One field a line, each with its key.
std::string pairs_text(const control::Record& record);
// One record a line, in columns. Ids are cut to what people see. With `has_heading`, the keys
// stand above.
std::string table_text(const std::vector<control::Record>& records, bool has_heading);
// The values of a row that is a sentence, in one line.
std::string sentence_text(const control::Record& row);

}  // namespace p2pchat::ctl
