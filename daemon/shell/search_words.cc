#include "daemon/shell/search_words.h"

#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat {

namespace {

// FTS5 ends its expression at a zero byte, whatever stands behind it.
constexpr std::string_view kSpace(" \t\n\v\f\r\0", 7);
constexpr std::string_view kWordEnd(" \t\n\v\f\r\0\"", 8);

// Takes the word or phrase that `rest` begins with.
SearchWord take_word(std::string_view& rest) {
  SearchWord word;
  const bool is_phrase = rest.front() == '"';
  const std::size_t begin = is_phrase ? 1 : 0;
  const std::size_t end = is_phrase ? rest.find('"', 1) : rest.find_first_of(kWordEnd);
  word.text = rest.substr(begin, end - begin);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + begin);
  if (is_phrase) {
    word.is_prefix = rest.starts_with('*');
    if (word.is_prefix) rest.remove_prefix(1);
  } else if (word.text.ends_with('*')) {
    word.is_prefix = true;
    word.text.pop_back();
  }
  for (char& each : word.text) {
    if (each == '\0') each = ' ';
  }
  return word;
}

}  // namespace

Result<std::vector<SearchWord>> parse_search(std::string_view text) {
  if (!is_utf8(text)) return fail(Fault::usage, "what is searched for must be text");
  if (text.size() > kSearchBytesMax) {
    return fail(Fault::limit,
                "a search may have " + std::to_string(kSearchBytesMax) + " bytes at most");
  }
  std::vector<SearchWord> words;
  for (std::string_view rest = text; !rest.empty();) {
    const bool is_lone_quote = rest.front() == '"' && rest.find('"', 1) == std::string_view::npos;
    if (is_lone_quote || kSpace.find(rest.front()) != std::string_view::npos) {
      rest.remove_prefix(1);
      continue;
    }
    if (words.size() == kSearchWordsMax) {
      return fail(Fault::limit,
                  "a search may have " + std::to_string(kSearchWordsMax) + " words at most");
    }
    words.push_back(take_word(rest));
  }
  return words;
}

std::string search_expression(const std::vector<SearchWord>& words) {
  std::string expression;
  for (const SearchWord& word : words) {
    if (!expression.empty()) expression += " AND ";
    // Between quotes nothing but a quote means anything, and that can only end the phrase: none
    // is left in a word.
    expression += '"' + word.text + (word.is_prefix ? "\"*" : "\"");
  }
  return expression;
}

}  // namespace p2pchat
