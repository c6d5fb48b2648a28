#include "daemon/shell/search_index.h"

#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/daemon/shell/store_fixture.h"

namespace p2pchat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace fs = std::filesystem;

class SearchIndexTest : public StoreFixture {
 protected:
  SearchIndexTest() { index_.emplace(*store_); }

  // As after a restart of the daemon; `between` is done while it is down.
  template <class Deed>
  void restart(Deed between) {
    index_.reset();
    store_.reset();
    between();
    reopen();
    index_.emplace(*store_);
  }
  void restart() {
    restart([] {});
  }
  std::int64_t newest() { return std::stoll("0" + behind("SELECT max(id) FROM entries")); }
  // Turns until it knows all there is.
  int catch_up() {
    for (int turns = 1;; ++turns) {
      const auto done = index_->catch_up(newest());
      EXPECT_TRUE(done) << done.error().text;
      if (!done || *done) return turns;
    }
  }
  // "POSITION.INDEX" of each post with these words, the index being brought up to date.
  std::vector<std::string> found(std::string_view words) {
    const auto expression = index_->expression(parse_search(words).value());
    EXPECT_TRUE(expression) << expression.error().text;
    std::vector<BatchHead> heads;
    for (std::int64_t position = 1; position <= newest(); ++position) {
      heads.push_back({position, {}, {}, 0, 0});
    }
    for (Result<bool> done = false; !done.value();) {
      catch_up();
      done = index_->find(*expression, newest(), heads);
    }
    std::vector<std::string> places;
    for (const BatchHead& head : heads) {
      for (unsigned i = 0; i < 64; ++i) {
        if ((head.wanted >> i & 1U) == 0) continue;
        places.push_back(std::to_string(head.position) + "." + std::to_string(i));
      }
    }
    return places;
  }
  // So many batches of 64 posts, "post N" each.
  void store_many(int batches) {
    std::vector<Batch> all;
    for (int i = 0; i < batches; ++i) {
      std::vector<Post> posts;
      for (int k = 0; k < 64; ++k) {
        posts.push_back(sample_post(++stamp_, "post " + std::to_string(++posted_)));
      }
      all.push_back(anna_.sign(std::move(posts)));
    }
    store(all);
  }
  fs::path index_file() const { return folder_ / "search.db"; }

  RoomId room_ = sample_room(7);
  SampleFeed anna_{1, room_};
  std::uint64_t stamp_ = 100;
  int posted_ = 0;
  std::optional<SearchIndex> index_;
};

TEST_F(SearchIndexTest, IsPossibleOnThisHost) {
  EXPECT_TRUE(SearchIndex::check(store_->database()));
}

TEST_F(SearchIndexTest, MakesNoFileBeforeTheFirstSearch) {
  store({anna_.open(1), anna_.say(10, {"hello"})});
  EXPECT_FALSE(fs::exists(index_file()));

  EXPECT_THAT(found("hello"), ElementsAre("2.0"));

  struct stat status {};
  ASSERT_EQ(::stat(index_file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(SearchIndexTest, FindsPostsWithAllWordsInAnyOrder) {
  store({anna_.open(1), anna_.say(10, {"the disk is full", "full of disks", "a full disk"}),
         anna_.say(20, {"disk"})});

  EXPECT_THAT(found("disk full"), ElementsAre("2.0", "2.2"));
  EXPECT_THAT(found("disk* full"), ElementsAre("2.0", "2.1", "2.2"));
  EXPECT_THAT(found("\"full disk\""), ElementsAre("2.2"));
  EXPECT_THAT(found("disk"), ElementsAre("2.0", "2.2", "3.0"));
  EXPECT_THAT(found("dis"), IsEmpty());
}

TEST_F(SearchIndexTest, LooksAtNeitherCaseNorDiacritics) {
  store({anna_.open(1), anna_.say(10, {"Caf\u00e9", "CAFE", "\u00dcbung", "\u0416\u0443\u043a"})});

  EXPECT_THAT(found("caf\u00e9"), ElementsAre("2.0", "2.1"));
  EXPECT_THAT(found("CaFe"), ElementsAre("2.0", "2.1"));
  EXPECT_THAT(found("ubung"), ElementsAre("2.2"));
  EXPECT_THAT(found("\u0436\u0443\u043a"), ElementsAre("2.3"));
}

TEST_F(SearchIndexTest, TakesWhatIsTypedAsText) {
  store({anna_.open(1), anna_.say(10, {"a b", "a and b", "near(x)", "body:x", "x", "1,2"})});

  EXPECT_THAT(found("a AND b"), ElementsAre("2.1"));
  EXPECT_THAT(found("NEAR(x"), ElementsAre("2.2"));
  EXPECT_THAT(found("body:x"), ElementsAre("2.3"));
  EXPECT_THAT(found("-x"), ElementsAre("2.2", "2.3", "2.4"));
  EXPECT_THAT(found("\"1 2\""), ElementsAre("2.5"));
  EXPECT_THAT(found("a OR b"), IsEmpty());
}

TEST_F(SearchIndexTest, LeavesOutWordsWithoutALetterOrADigit) {
  store({anna_.open(1), anna_.say(10, {"salt and pepper", "salt"})});

  EXPECT_THAT(found("salt & pepper"), ElementsAre("2.0"));
  EXPECT_THAT(found("salt \u2014 * \"\" \"!\"*"), ElementsAre("2.0", "2.1"));
  for (const char* typed : {"", " ", "&", "*", "\"\"", "\u2014", "( ) :"}) {
    const auto expression = index_->expression(parse_search(typed).value());
    ASSERT_FALSE(expression) << typed;
    EXPECT_EQ(expression.error().fault, Fault::usage);
  }
}

TEST_F(SearchIndexTest, KnowsNoOpeningsNoNoticesAndNoBytes) {
  store({anna_.open(1), anna_.say(10, {"hello \xff", "hello"})});
  notice(room_, sample_peer(3), 5000, "hello from carol");

  EXPECT_THAT(found("hello"), ElementsAre("2.1"));
}

TEST_F(SearchIndexTest, TakesShortTurnsAndGoesOnAfterARestart) {
  store({anna_.open(1)});
  store_many(40);  // 2,560 posts.

  ASSERT_FALSE(index_->catch_up(newest()).value());
  ASSERT_FALSE(index_->catch_up(newest()).value());
  std::vector<BatchHead> heads{{2, {}, {}, 0, 0}};
  EXPECT_FALSE(index_->find("\"post\"", newest(), heads).value());
  restart();

  EXPECT_EQ(catch_up(), 3);  // Of 5 turns.
  EXPECT_THAT(found("1"), ElementsAre("2.0"));
  EXPECT_THAT(found("512 post"), ElementsAre("9.63"));
  EXPECT_THAT(found("2560"), ElementsAre("41.63"));
  EXPECT_EQ(found("post").size(), 2560U);
}

TEST_F(SearchIndexTest, FollowsWhatComesLater) {
  store({anna_.open(1), anna_.say(10, {"one"})});
  EXPECT_THAT(found("two"), IsEmpty());

  store({anna_.say(20, {"two"})});

  EXPECT_THAT(found("two"), ElementsAre("3.0"));
}

TEST_F(SearchIndexTest, LeavesADamagedBatchOutUntilItIsThereAgain) {
  const Batch batch = (store({anna_.open(1)}), anna_.say(10, {"lost and found"}));
  store({batch, anna_.say(20, {"found"})});
  damage(2);

  EXPECT_THAT(found("found"), ElementsAre("3.0"));
  EXPECT_EQ(store_->take_damages().size(), 1U);
  store({batch});

  EXPECT_THAT(found("found"), ElementsAre("3.0", "4.0"));
}

TEST_F(SearchIndexTest, BeginsAnewIfItIsLostOrDamaged) {
  store({anna_.open(1), anna_.say(10, {"hello"})});
  const std::vector<std::function<void()>> harms{
      [&] { fs::remove(index_file()); },
      [&] { std::ofstream(index_file()) << "no database"; },
      [&] { fs::resize_file(index_file(), 0); },
      [&] { fs::resize_file(index_file(), 4096); },
      [&] { behind(index_file(), "DROP TABLE words"); },
      [&] { behind(index_file(), "DELETE FROM reached"); },
      [&] { behind(index_file(), "PRAGMA user_version = 3"); },
      [&] { behind(index_file(), "DELETE FROM words_data"); },
  };
  for (std::size_t i = 0; i < harms.size(); ++i) {
    EXPECT_THAT(found("hello"), ElementsAre("2.0"));
    restart(harms[i]);
    EXPECT_THAT(found("hello"), ElementsAre("2.0")) << i;
  }
}

TEST_F(SearchIndexTest, BeginsAnewIfItIsDamagedUnderWay) {
  store({anna_.open(1), anna_.say(10, {"hello"})});
  EXPECT_THAT(found("hello"), ElementsAre("2.0"));

  destroy_index();

  EXPECT_THAT(found("hello"), ElementsAre("2.0"));
}

// Positions mean other posts in another store.
TEST_F(SearchIndexTest, BeginsAnewBesideAStoreThatWasPutBack) {
  store({anna_.open(1)});
  restart([&] { fs::copy_file(file_, folder_ / "copy"); });
  SampleFeed as_before = anna_;
  store({anna_.say(10, {"never mind"})});
  EXPECT_THAT(found("never"), ElementsAre("2.0"));

  restart([&] { fs::copy_file(folder_ / "copy", file_, fs::copy_options::overwrite_existing); });
  EXPECT_THAT(found("never"), IsEmpty());
  restart([&] { fs::copy_file(folder_ / "copy", file_, fs::copy_options::overwrite_existing); });
  store({as_before.say(10, {"something else"})});

  EXPECT_THAT(found("never"), IsEmpty());
  EXPECT_THAT(found("else"), ElementsAre("2.0"));
}

TEST_F(SearchIndexTest, KeepsNoText) {
  store({anna_.open(1), anna_.say(10, {"meet me at the old zebra"})});
  EXPECT_THAT(found("zebra"), ElementsAre("2.0"));

  restart();  // What was written stands in the file itself now.

  std::ifstream file(index_file(), std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_NE(bytes.find("zebra"), std::string::npos);
  EXPECT_EQ(bytes.find("old zebra"), std::string::npos);
}

// Batches of interest among many of other rooms, some alone and some side by side.
TEST_F(SearchIndexTest, AnswersForTheBatchesThatItIsAskedAbout) {
  store({anna_.open(1)});
  store_many(100);
  catch_up();
  for (const std::vector<std::int64_t>& positions :
       {std::vector<std::int64_t>{2, 3, 50, 51, 101}, {101, 2}, {60}, {1}, {}}) {
    std::vector<BatchHead> heads;
    for (const std::int64_t position : positions) heads.push_back({position, {}, {}, 0, 0});

    ASSERT_TRUE(index_->find("\"post\"", newest(), heads).value());

    for (const BatchHead& head : heads) {
      EXPECT_EQ(head.wanted, head.position == 1 ? 0 : ~std::uint64_t{0}) << head.position;
    }
  }
}

}  // namespace
}  // namespace p2pchat
