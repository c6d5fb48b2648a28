#include "daemon/shell/search_words.h"

#include <gmock/gmock.h>

#include "proto/limits.h"

namespace p2pchat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<SearchWord> words(std::string_view text) {
  const auto parsed = parse_search(text);
  EXPECT_TRUE(parsed) << parsed.error().text;
  return parsed.value_or(std::vector<SearchWord>());
}

TEST(SearchWords, StandApartBySpace) {
  EXPECT_THAT(words("  disk\tfull\n"), ElementsAre(SearchWord{"disk"}, SearchWord{"full"}));
  EXPECT_THAT(words(""), IsEmpty());
  EXPECT_THAT(words(" \t\r\n"), IsEmpty());
}

TEST(SearchWords, InQuotesAreAPhrase) {
  EXPECT_THAT(words("the \"disk is full\" again"),
              ElementsAre(SearchWord{"the"}, SearchWord{"disk is full"}, SearchWord{"again"}));
  EXPECT_THAT(words("a\"b c\"d"), ElementsAre(SearchWord{"a"}, SearchWord{"b c"}, SearchWord{"d"}));
}

TEST(SearchWords, WithAStarAtTheirEndMayGoOn) {
  EXPECT_THAT(words("dis* \"is fu\"* f*ll *"),
              ElementsAre(SearchWord{"dis", true}, SearchWord{"is fu", true}, SearchWord{"f*ll"},
                          SearchWord{"", true}));
  EXPECT_THAT(words("\"a*\""), ElementsAre(SearchWord{"a*"}));
}

TEST(SearchWords, LeaveALoneQuoteOut) {
  EXPECT_THAT(words("\""), IsEmpty());
  EXPECT_THAT(words("a \"b c"), ElementsAre(SearchWord{"a"}, SearchWord{"b"}, SearchWord{"c"}));
  EXPECT_THAT(words("5\" disk"), ElementsAre(SearchWord{"5"}, SearchWord{"disk"}));
}

TEST(SearchWords, AreBoundedByNumberAndBytes) {
  std::string most;
  for (std::size_t i = 0; i < kSearchWordsMax; ++i) most += "w ";

  EXPECT_EQ(words(most).size(), kSearchWordsMax);
  EXPECT_EQ(parse_search(most + "w").error().fault, Fault::limit);
  EXPECT_EQ(words(std::string(kSearchBytesMax, 'x')).size(), 1U);
  EXPECT_EQ(parse_search(std::string(kSearchBytesMax + 1, 'x')).error().fault, Fault::limit);
}

TEST(SearchWords, AreText) { EXPECT_EQ(parse_search("\xff").error().fault, Fault::usage); }

// Whatever was typed: outside of quotes stands nothing but our own AND and stars.
TEST(SearchWords, NeverBecomeOperators) {
  struct Case {
    std::string_view typed;
    std::string_view asked;
  };
  for (const Case& each : {
           Case{"disk full", R"("disk" AND "full")"},
           Case{"a AND b", R"("a" AND "AND" AND "b")"},
           Case{"a OR NOT b", R"("a" AND "OR" AND "NOT" AND "b")"},
           Case{"NEAR(a b, 3)", R"~("NEAR(a" AND "b," AND "3)")~"},
           Case{"body:x", R"("body:x")"},
           Case{"{body}:x - ^y + z", R"("{body}:x" AND "-" AND "^y" AND "+" AND "z")"},
           Case{R"(" OR "x)", R"(" OR " AND "x")"},
           Case{R"("")", R"("")"},
           Case{R"(a"")", R"("a" AND "")"},
           Case{"a* b**", R"("a"* AND "b*"*)"},
           Case{std::string_view("a\0b \"c\0\"", 8), R"("a" AND "b" AND "c ")"},
           Case{"';--", R"("';--")"},
       }) {
    EXPECT_EQ(search_expression(words(each.typed)), each.asked) << each.typed;
  }
}

}  // namespace
}  // namespace p2pchat
