#include "daemon/shell/log_stream.h"

#include <algorithm>
#include <cctype>
#include <gmock/gmock.h>
#include <random>
#include <tuple>

#include "daemon/shell/inbox.h"
#include "tests/unit/daemon/shell/store_fixture.h"

namespace p2pchat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LogStreamTest : public StoreFixture {
 protected:
  LogStreamTest() { inbox_.emplace(*store_); }

  // The whole log, `at_most` at a time.
  std::vector<Entry> log(const LogQuery& query, std::size_t at_most = 10) {
    auto stream = inbox_->open_log(query);
    EXPECT_TRUE(stream) << stream.error().text;
    std::vector<Entry> all;
    while (true) {
      auto some = inbox_->log(**stream, at_most);
      EXPECT_TRUE(some) << some.error().text;
      EXPECT_LE(some->size(), at_most);
      if (some->empty() && (*stream)->is_at_end()) return all;
      all.insert(all.end(), some->begin(), some->end());
    }
  }
  std::vector<std::string> texts(const LogQuery& query, std::size_t at_most = 10) {
    std::vector<std::string> texts;
    for (const Entry& entry : log(query, at_most)) texts.push_back(to_string(entry.body));
    return texts;
  }
  LogQuery all() const { return last(0); }
  LogQuery last(std::size_t count) const {
    LogQuery query;
    query.room = room_;
    query.last = count;
    return query;
  }
  LogQuery between(std::uint64_t since, std::uint64_t until) const {
    LogQuery query;
    query.room = room_;
    query.since = {{since}, {}};
    query.until = LogPlace::end_of({until});
    return query;
  }

  RoomId room_ = sample_room(7);
  SampleFeed anna_{1, room_};
  SampleFeed bob_{2, room_};
  std::optional<Inbox> inbox_;
};

TEST_F(LogStreamTest, IsEmptyForARoomOfWhichNothingIsStored) {
  EXPECT_THAT(texts(all()), IsEmpty());
  EXPECT_THAT(texts(last(5)), IsEmpty());
}

TEST_F(LogStreamTest, IsInTheOneOrderWhateverTheArrival) {
  const Batch anna_opens = anna_.open(1);
  const Batch anna_says = anna_.sign({sample_post(10, "a"), sample_post(40, "d")});
  const Batch bob_opens = bob_.open(2);
  const Batch bob_says = bob_.sign({sample_post(20, "b"), sample_post(30, "c")});

  store({bob_opens, bob_says, anna_opens, anna_says});

  EXPECT_THAT(texts(all()), ElementsAre("a", "b", "c", "d"));
}

TEST_F(LogStreamTest, LeavesNoticesAndOtherRoomsOut) {
  SampleFeed elsewhere(1, sample_room(8));
  store({anna_.open(1), elsewhere.open(1), elsewhere.say(2, {"other"}), anna_.say(2, {"a"})});
  notice(room_, sample_peer(3), 0, "notice");

  EXPECT_THAT(texts(all()), ElementsAre("a"));
}

TEST_F(LogStreamTest, AnswersWhatPullAnswers) {
  store({anna_.open(1), bob_.open(2), anna_.say(100, {"a"}), bob_.say(50, {"late"})});
  PullCursor cursor{{room_, {}}};

  const auto pulled = inbox_->pull(cursor, 10, sample_peer(9), true);
  const auto logged = log(all());

  ASSERT_TRUE(pulled);
  ASSERT_EQ(logged.size(), 2U);
  const Entry& late = logged[0];
  const Entry& same = pulled->at(1);
  EXPECT_EQ(late.id, same.id);
  EXPECT_EQ(late.room, same.room);
  EXPECT_EQ(late.author, same.author);
  EXPECT_EQ(late.number, same.number);
  EXPECT_EQ(late.stamp, same.stamp);
  EXPECT_EQ(late.received, same.received);
  EXPECT_EQ(late.body, same.body);
  EXPECT_TRUE(late.is_late && same.is_late);
  EXPECT_FALSE(logged[1].is_late);
  EXPECT_EQ(late.position, same.position);
  EXPECT_EQ(late.index, same.index);
}

TEST_F(LogStreamTest, IncludesBothBounds) {
  store({anna_.open(1), anna_.say(10, {"10", "11", "12", "13"}), anna_.say(20, {"20", "21"})});

  EXPECT_THAT(texts(between(11, 20)), ElementsAre("11", "12", "13", "20"));
  EXPECT_THAT(texts(between(12, 12)), ElementsAre("12"));
  EXPECT_THAT(texts(between(14, 19)), IsEmpty());
  EXPECT_THAT(texts(between(20, 11)), IsEmpty());
}

TEST_F(LogStreamTest, ReachesIntoABatchThatBeganLongBefore) {
  store({anna_.open(1), bob_.open(2), anna_.sign({sample_post(10, "a"), sample_post(9000, "z")}),
         bob_.say(500, {"b"})});

  EXPECT_THAT(texts(between(600, 9999)), ElementsAre("z"));
  EXPECT_THAT(texts(last(1)), ElementsAre("z"));
  EXPECT_THAT(texts(last(2)), ElementsAre("b", "z"));
}

TEST_F(LogStreamTest, AnswersTheLastSoMany) {
  store({anna_.open(1), anna_.say(10, {"a", "b", "c"}), anna_.say(20, {"d"})});

  EXPECT_THAT(texts(last(1)), ElementsAre("d"));
  EXPECT_THAT(texts(last(3)), ElementsAre("b", "c", "d"));
  EXPECT_THAT(texts(last(4)), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(texts(last(99)), ElementsAre("a", "b", "c", "d"));
}

TEST_F(LogStreamTest, EndsWithWhatWasThereWhenItBegan) {
  store({anna_.open(1), anna_.say(10, {"a"}), anna_.say(20, {"b"})});
  auto stream = inbox_->open_log(all());
  ASSERT_TRUE(stream);
  EXPECT_EQ(inbox_->log(**stream, 1)->size(), 1U);

  store({anna_.say(30, {"c"}), bob_.open(2), bob_.say(15, {"between"})});

  const auto rest = inbox_->log(**stream, 10);
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->size(), 1U);
  EXPECT_EQ(to_string((*rest)[0].body), "b");
}

// An open read would keep the log of the file from being written back.
TEST_F(LogStreamTest, HoldsNoTransactionWhileItRests) {
  store({anna_.open(1), anna_.say(10, {"a"}), anna_.say(20, {"b"})});
  auto stream = inbox_->open_log(all());
  ASSERT_TRUE(stream);
  EXPECT_EQ(inbox_->log(**stream, 1)->size(), 1U);
  store({anna_.say(30, {"c"})});

  EXPECT_EQ(behind("PRAGMA wal_checkpoint(TRUNCATE)"), "0");  // Not busy.
  EXPECT_EQ(std::filesystem::file_size(folder_ / "p2pchat.db-wal"), 0U);
}

TEST_F(LogStreamTest, LeavesADamagedBatchOutAndNamesIt) {
  store({anna_.open(1), anna_.say(10, {"a"}), anna_.say(20, {"b"}), anna_.say(30, {"c"})});
  damage(3);

  EXPECT_THAT(texts(all()), ElementsAre("a", "c"));
  EXPECT_EQ(store_->take_damages().size(), 1U);
}

// More batches lie across each other than may be in memory with their text.
TEST_F(LogStreamTest, MergesMoreBatchesThanItKeepsOpen) {
  constexpr std::size_t kFeeds = LogStream::kLogBatchesMax + 20;
  std::vector<Batch> batches;
  std::vector<std::uint64_t> expected;
  for (std::size_t i = 0; i < kFeeds; ++i) {
    SampleFeed feed(static_cast<std::uint8_t>(i % 5), room_, static_cast<std::uint8_t>(i + 1));
    batches.push_back(feed.open(1));
    std::vector<Post> posts;
    for (std::uint64_t round = 1; round < 6; ++round) {
      posts.push_back(sample_post(round * 1000 + i, "x"));
      expected.push_back(round * 1000 + i);
    }
    batches.push_back(feed.sign(std::move(posts)));
  }
  store(batches);
  std::sort(expected.begin(), expected.end());

  std::vector<std::uint64_t> stamps;
  for (const Entry& entry : log(all(), 7)) stamps.push_back(entry.stamp.value);

  EXPECT_EQ(stamps, expected);
}

// --- Against a naive twin ---

struct Key {
  std::uint64_t stamp = 0;
  FeedId feed;
  std::uint64_t number = 0;

  auto operator<=>(const Key&) const = default;
};

class LogTwin : public LogStreamTest, public ::testing::WithParamInterface<unsigned> {};

TEST_P(LogTwin, SortsLikeOneWhoHoldsAllInMemory) {
  std::mt19937 random(GetParam());
  const auto below = [&](std::uint64_t end) { return random() % end; };
  std::vector<SampleFeed> feeds;
  std::vector<Batch> batches;
  std::vector<std::uint64_t> clocks;
  for (std::uint8_t i = 0; i < 6; ++i) {
    feeds.emplace_back(static_cast<std::uint8_t>(i % 3), room_, static_cast<std::uint8_t>(i + 1));
    clocks.push_back(1 + below(20));
    batches.push_back(feeds[i].open(clocks[i]));
  }
  std::vector<Key> keys;
  for (int i = 0; i < 60; ++i) {
    const std::size_t who = below(feeds.size());
    std::vector<Post> posts;
    for (std::uint64_t count = 1 + below(6); count > 0; --count) {
      clocks[who] += 1 + below(below(20) == 0 ? 400 : 8);
      posts.push_back(sample_post(clocks[who], "x"));
      keys.push_back({clocks[who], feeds[who].id(), feeds[who].have().value + posts.size()});
    }
    batches.push_back(feeds[who].sign(std::move(posts)));
  }
  store(batches);
  std::sort(keys.begin(), keys.end());

  // Any time, or where some message stands.
  const auto a_key = [&]() -> LogPlace {
    if (below(2) == 0) return {{below(900)}, {}};
    const Key& key = keys[below(keys.size())];
    return {{key.stamp}, key.feed};
  };

  for (int i = 0; i < 30; ++i) {
    LogQuery query = all();
    if (below(2) == 0) query.since = a_key();
    if (below(2) == 0) query.until = a_key();
    if (below(2) == 0) query.last = 1 + below(keys.size() + 5);
    std::vector<Key> expected;
    for (const Key& key : keys) {
      const LogPlace place{{key.stamp}, key.feed};
      if (query.since <= place && place <= query.until) expected.push_back(key);
    }
    if (query.last > 0 && expected.size() > query.last) {
      expected.erase(expected.begin(), expected.end() - static_cast<std::ptrdiff_t>(query.last));
    }

    std::vector<std::string> ids;
    for (const Entry& entry : log(query, 1 + below(40))) ids.push_back(entry.id);

    std::vector<std::string> expected_ids;
    expected_ids.reserve(expected.size());
    for (const Key& key : expected) {
      expected_ids.push_back(message_id(feed_tag(room_, key.feed), {key.number}));
    }
    EXPECT_EQ(ids, expected_ids) << query.since.stamp.value << ".." << query.until.stamp.value
                                 << " last " << query.last;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, LogTwin, ::testing::Range(1U, 9U));

// --- Searching ---

class LogSearch : public LogStreamTest {
 protected:
  LogQuery search(std::string_view words) const {
    LogQuery query = all();
    query.search = parse_search(words).value();
    return query;
  }
};

TEST_F(LogSearch, AnswersInTheOneOrderWhateverTheArrival) {
  store(
      {anna_.open(1), bob_.open(2), bob_.say(20, {"b hit", "c hit", "miss"}),
       anna_.sign({sample_post(10, "a hit"), sample_post(15, "miss"), sample_post(40, "d hit")})});

  EXPECT_THAT(texts(search("hit")), ElementsAre("a hit", "b hit", "c hit", "d hit"));
  EXPECT_THAT(texts(search("HIT b")), ElementsAre("b hit"));
  EXPECT_THAT(texts(search("nothing")), IsEmpty());
}

TEST_F(LogSearch, CountsAndBoundsWhatIsFound) {
  store({anna_.open(1), anna_.say(10, {"hit 10", "miss", "hit 12", "miss", "hit 14"}),
         anna_.say(20, {"miss"}), anna_.say(30, {"hit 30", "miss"})});
  LogQuery newest = search("hit");
  newest.last = 2;
  LogQuery middle = search("hit");
  middle.since = {{11}, {}};
  middle.until = LogPlace::end_of({29});

  EXPECT_THAT(texts(newest), ElementsAre("hit 14", "hit 30"));
  EXPECT_THAT(texts(middle), ElementsAre("hit 12", "hit 14"));
  middle.last = 1;
  EXPECT_THAT(texts(middle), ElementsAre("hit 14"));
}

TEST_F(LogSearch, LeavesOtherRoomsOut) {
  SampleFeed elsewhere(1, sample_room(8));
  store({anna_.open(1), elsewhere.open(1), elsewhere.say(2, {"hit there"}),
         anna_.say(2, {"hit here"})});

  EXPECT_THAT(texts(search("hit")), ElementsAre("hit here"));
}

TEST_F(LogSearch, LeavesADamagedBatchOutAndNamesIt) {
  store({anna_.open(1), anna_.say(10, {"hit a"}), anna_.say(20, {"hit b"})});
  EXPECT_THAT(texts(search("hit")), ElementsAre("hit a", "hit b"));

  damage(2);

  EXPECT_THAT(texts(search("hit")), ElementsAre("hit b"));
  EXPECT_EQ(store_->take_damages().size(), 1U);
}

TEST_F(LogSearch, GoesOnWhenItsIndexBeginsAnew) {
  store({anna_.open(1), bob_.open(2)});
  for (std::uint64_t i = 1; i <= 1100; ++i) store({anna_.say(100 * i, {"hit"})});
  auto stream = inbox_->open_log(search("hit"));
  ASSERT_TRUE(stream);
  std::size_t found = 0;
  while (found < 10) found += inbox_->log(**stream, 10)->size();

  destroy_index();
  while (!(*stream)->is_at_end()) {
    const auto some = inbox_->log(**stream, 10);
    ASSERT_TRUE(some) << some.error().text;
    found += some->size();
  }

  EXPECT_EQ(found, 1100U);
}

TEST_F(LogSearch, WithoutAWordIsRefused) {
  const auto stream = inbox_->open_log(search("!"));

  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().fault, Fault::usage);
}

// A naive twin: words are runs of letters and digits, whatever their case.
std::vector<std::string> tokens(std::string_view text) {
  std::vector<std::string> all{""};
  for (const char each : text) {
    if (std::isalnum(static_cast<unsigned char>(each)) != 0) {
      all.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(each)));
    } else if (!all.back().empty()) {
      all.emplace_back();
    }
  }
  if (all.back().empty()) all.pop_back();
  return all;
}

bool holds(const std::vector<std::string>& text, const SearchWord& word) {
  const std::vector<std::string> phrase = tokens(word.text);
  const auto is_like = [&](const std::string& said, const std::string& asked) {
    const bool may_go_on = word.is_prefix && &asked == &phrase.back();
    return may_go_on ? said.starts_with(asked) : said == asked;
  };
  return std::search(text.begin(), text.end(), phrase.begin(), phrase.end(), is_like) != text.end();
}

struct Said {
  Key key;
  std::string text;
};

class SearchTwin : public LogSearch, public ::testing::WithParamInterface<unsigned> {
 protected:
  SearchTwin() : random_(GetParam()) {}

  std::size_t below(std::size_t end) { return random_() % end; }
  std::string a_text() {
    static const std::vector<std::string> kVocabulary{
        "a", "ab", "abc", "B", "bc", "Ca", "cab", "NOT", "and", "12", "near", "x1", "OR"};
    static const std::vector<std::string> kGaps{" ", " ",  "  ", ", ", "-",    ":",
                                                "(", "* ", "'",  "\n", "\" \""};
    std::string text;
    for (std::size_t count = below(6); count > 0; --count) {
      text += kVocabulary[below(kVocabulary.size())] + kGaps[below(kGaps.size())];
    }
    return text;
  }
  // Batches of four feeds, stored in any order. Answers all that was said, in the one order.
  std::vector<Said> talk() {
    std::vector<Said> said;
    std::vector<SampleFeed> feeds;
    std::vector<Batch> batches;
    for (std::uint8_t i = 0; i < 4; ++i) {
      feeds.emplace_back(static_cast<std::uint8_t>(i + 1), room_);
      batches.push_back(feeds[i].open(clock_));
    }
    for (int i = 0; i < 80; ++i) {
      SampleFeed& feed = feeds[below(feeds.size())];
      std::vector<Post> posts;
      for (std::size_t count = 1 + below(5); count > 0; --count) {
        clock_ += 1 + below(3);
        said.push_back({{clock_, feed.id(), feed.have().value + posts.size() + 1}, a_text()});
        posts.push_back(sample_post(clock_, said.back().text));
      }
      batches.push_back(feed.sign(std::move(posts)));
    }
    std::shuffle(batches.begin(), batches.end(), random_);
    store(batches);
    return said;
  }
  std::vector<std::string> expected(const std::vector<Said>& said, const LogQuery& query) const {
    std::vector<std::string> ids;
    for (const Said& each : said) {
      const LogPlace place{{each.key.stamp}, each.key.feed};
      const auto text = tokens(each.text);
      const bool is_found = std::all_of(
          query.search->begin(), query.search->end(),
          [&](const SearchWord& word) { return tokens(word.text).empty() || holds(text, word); });
      if (!is_found || place < query.since || query.until < place) continue;
      ids.push_back(message_id(feed_tag(room_, each.key.feed), {each.key.number}));
    }
    if (query.last > 0 && ids.size() > query.last) {
      ids.erase(ids.begin(), ids.end() - static_cast<std::ptrdiff_t>(query.last));
    }
    return ids;
  }

  std::mt19937 random_;
  std::uint64_t clock_ = 1;
};

TEST_P(SearchTwin, FindsWhatOneWhoReadsAllFinds) {
  const std::vector<Said> said = talk();

  for (int i = 0; i < 150; ++i) {
    const std::string typed = below(3) == 0 ? '"' + a_text() + '"' : a_text() + "a*";
    LogQuery query = search(typed);
    if (std::all_of(query.search->begin(), query.search->end(),
                    [](const SearchWord& word) { return tokens(word.text).empty(); })) {
      continue;
    }
    if (below(4) == 0) query.since = {{below(clock_)}, {}};
    if (below(4) == 0) query.until = {{below(clock_)}, {}};
    if (below(4) == 0) query.last = 1 + below(9);

    std::vector<std::string> ids;
    for (const Entry& entry : log(query, 1 + below(40))) ids.push_back(entry.id);

    EXPECT_EQ(ids, expected(said, query)) << typed;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SearchTwin, ::testing::Range(1U, 9U));

}  // namespace
}  // namespace p2pchat
