// How much is kept on a disk: real daemons, a pair.
#include <gtest/gtest.h>

#include "tests/functional/harness/pair.h"

namespace p2pchat::functional {
namespace {

using Texts = std::vector<std::string>;

constexpr int kPosts = 60;
constexpr std::size_t kPostBytes = 30'000;

std::string word(int number) { return "word" + std::to_string(number); }

struct Retention : Pair {
  // Anna says more than a megabyte, and Ben has it all.
  void SetUp() override {
    Pair::SetUp();
    std::string lines;
    for (int i = 0; i < kPosts; ++i) lines += word(i) + " " + std::string(kPostBytes, 'x') + "\n";
    ASSERT_EQ(anna.ctl_with_input({"push", "ben", "-l"}, lines).code, 0);
    ASSERT_TRUE(wait_until([&] { return kept().size() == kPosts; }));
  }

  // The first words of what Ben has.
  Texts kept(const Words& more = {}) {
    Words words{"log", "anna", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return first_words(texts_of(ben.tell(words)));
  }
  static Texts first_words(Texts texts) {
    for (std::string& text : texts) text = text.substr(0, text.find(' '));
    return texts;
  }
  // Once Ben knows that Anna has it all.
  void keep_a_megabyte() {
    ASSERT_TRUE(wait_until([&] {
      ben.tell({"keep", "anna", "1M"});
      return kept().size() < kPosts;
    }));
  }
};

TEST_F(Retention, BySizeLeavesTheNewest) {
  keep_a_megabyte();
  Texts left;
  ASSERT_TRUE(wait_until([&] {
    left = kept();
    return left.size() * kPostBytes < 1U << 20U;
  }));

  ASSERT_GT(left.size(), 20U);
  EXPECT_EQ(left.back(), word(kPosts - 1));
  EXPECT_EQ(left.front(), word(kPosts - static_cast<int>(left.size())));
  EXPECT_EQ(kept({"-n", "3"}).size(), 3U);
  EXPECT_EQ(first_words(texts_of(ben.tell({"pull", "anna", "--as", "late", "--json"}))), left);
  EXPECT_EQ(texts_of(anna.tell({"log", "ben", "--json"})).size(), std::size_t{kPosts});
}

TEST_F(Retention, IsShownAndSwitchedOff) {
  EXPECT_EQ(ben.ask({"keep", "anna"}).text("keep"), "all");
  EXPECT_EQ(ben.ask({"keep", "anna", "30d", "2M"}).text("keep"), "30d 2M");
  EXPECT_EQ(ben.ask({"rooms"}).text("keep"), "30d 2M");
  ben.restart();
  EXPECT_EQ(ben.ask({"keep", "anna"}).text("keep"), "30d 2M");
  EXPECT_EQ(ben.ask({"keep", "anna", "all"}).text("keep"), "all");
  EXPECT_FALSE(ben.ask({"rooms"}).has("keep"));

  EXPECT_EQ(kept().size(), std::size_t{kPosts});
  EXPECT_EQ(ben.ctl({"keep", "nobody", "30d"}).code, 4);
  EXPECT_EQ(ben.ctl({"keep", "anna", "500m"}).code, 2);
}

TEST_F(Retention, LeavesNothingForASearchToFind) {
  EXPECT_EQ(kept({"--search", word(0)}), Texts{word(0)});

  keep_a_megabyte();

  EXPECT_EQ(kept({"--search", word(0)}), Texts{});
  EXPECT_EQ(kept({"--search", word(kPosts - 1)}), Texts{word(kPosts - 1)});
}

TEST_F(Retention, HoldsOverARestartAndTheTalkGoesOn) {
  keep_a_megabyte();
  const Texts before = kept();

  ben.restart();

  EXPECT_EQ(kept(), before);
  deliver("and on it goes");
  EXPECT_EQ(kept().size(), before.size() + 1);
  EXPECT_EQ(ben.ask({"status"}).integer("posts_missing"), 0);
}

}  // namespace
}  // namespace p2pchat::functional
