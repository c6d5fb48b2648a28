// SearchWords: what somebody searches for, as words and phrases.
//
// Words stand apart by space; "quotes" make a phrase; a `*` at the end of
// either stands for any ending. Nothing else means anything: a lone quote is
// left out, and all other signs are part of the text.
//
// Pure. Bounded: kSearchBytesMax and kSearchWordsMax.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/result.h"

namespace p2pchat {

struct SearchWord {
  std::string text;        // A word or a phrase; valid UTF-8.
  bool is_prefix = false;  // Its last word may go on.

  bool operator==(const SearchWord&) const = default;
};

// Fault::usage for what is no text, Fault::limit for too much of it. It may hold no word at all.
Result<std::vector<SearchWord>> parse_search(std::string_view text);

// Asks FTS5 for texts that hold all words.
std::string search_expression(const std::vector<SearchWord>& words);

}  // namespace p2pchat
