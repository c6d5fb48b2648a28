// Text: what may be shown to a person, and what may be a name.
//
// cleaned() stands at every exit to a terminal or a log: control characters,
// escapes, bidirectional and zero-width marks become U+FFFD, and so do bytes
// that are not UTF-8. JSON is left untouched.
// Pure; O(n).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace p2pchat {

bool is_utf8(std::string_view text);
// Every byte that is not UTF-8 becomes U+FFFD; the rest stays.
std::string as_utf8(std::string_view text);
// `keep_lines`: newline and tab stay, for text that is written as it came.
std::string cleaned(std::string_view text, bool keep_lines = false);
// A byte that is not UTF-8 counts as one.
std::size_t count_points(std::string_view utf8);

// At most kNamePointsMax code points of UTF-8 that cleaning leaves alone: what a card may claim.
// An empty name claims none.
bool is_claimable_name(std::string_view name);
// A name that needs no mark: claimable, not empty, without a space or one of `: @ ~ /`, not
// beginning with '-', and reading like no id (52 base32 characters), no address (host characters
// with a dot, or "localhost") and no other name: its letters are of one alphabet and composed.
bool is_plain_name(std::string_view name);

}  // namespace p2pchat
