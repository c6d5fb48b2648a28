#include "daemon/shell/streams.h"

#include <gmock/gmock.h>

#include "tests/unit/daemon/shell/local_fixture.h"

namespace p2pchat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kNow = std::uint64_t{1'700'000'000'000} << 16U;

class Stream : public LocalFixture {
 protected:
  Stream()
      : bob_(2, room(2)),
        carol_(3, room(3)),
        streams_(*inbox_, sample_peer(1), [this](const Caller& caller, const Bytes& message) {
          if (caller.route == full_) return Sent::full;
          if (caller.route == gone_) return Sent::gone;
          sent_[caller.route].push_back(control::decode_reply(message).value());
          return Sent::done;
        }) {}

  static Caller caller(std::string route, std::uint32_t uid = 1000) {
    return {std::move(route), uid, -1, 0};
  }
  static PullWish wish(std::string reader = "default") {
    PullWish wish;
    wish.reader = {1000, std::move(reader)};
    return wish;
  }
  static PullWish followed(std::string reader = "default") {
    PullWish each = wish(std::move(reader));
    each.follow = true;
    return each;
  }
  void feed() {
    while (streams_.feed(*node_)) {
    }
  }
  // What came to `route` since the last call.
  std::vector<control::Reply> came(const std::string& route) {
    return std::exchange(sent_[route], {});
  }
  void say(SampleFeed& feed, std::initializer_list<std::string_view> words) {
    const auto stamp = kNow + 100 * static_cast<std::uint64_t>(received_);
    if (feed.have() == Number{}) store({feed.open(stamp)});
    store({feed.say(stamp + 1, words)});
  }

  SampleFeed bob_;
  SampleFeed carol_;
  std::string full_ = "-";
  std::string gone_ = "-";
  std::map<std::string, std::vector<control::Reply>> sent_;
  Streams streams_;
};

TEST_F(Stream, OfAPullAnswersWhatWaitsAndEnds) {
  say(bob_, {"one", "two"});
  say(carol_, {"three"});

  streams_.pull(caller("a"), 7, wish(), *node_);
  feed();

  const auto replies = came("a");
  EXPECT_THAT(texts(replies), ElementsAre("one", "two", "three"));
  EXPECT_TRUE(replies.back().end);
  EXPECT_EQ(replies.back().code, ExitCode::done);
  EXPECT_EQ(replies.back().tag, 7U);
  EXPECT_EQ(streams_.size(), 0U);
}

TEST_F(Stream, OfAPullSaysWhereEachMessageStands) {
  say(bob_, {"one", "two"});
  streams_.pull(caller("a"), 7, wish(), *node_);
  feed();

  const auto place = decode_place(came("a").at(0).row.text("place"));

  ASSERT_TRUE(place);
  EXPECT_EQ(place->first, room(2));
  ASSERT_TRUE(inbox_->move({1000, "default"}, {*place}));
  streams_.pull(caller("a"), 8, wish(), *node_);
  feed();
  EXPECT_THAT(texts(came("a")), ElementsAre("two"));
}

TEST_F(Stream, OfAPullOfOneConversationLeavesTheOthers) {
  say(bob_, {"one"});
  say(carol_, {"two"});
  PullWish only = wish();
  only.room = room(3);

  streams_.pull(caller("a"), 7, only, *node_);
  feed();

  EXPECT_THAT(texts(came("a")), ElementsAre("two"));
}

TEST_F(Stream, ThatFollowsSaysOnceThatItIsIdle) {
  say(bob_, {"one"});
  streams_.pull(caller("a"), 7, followed(), *node_);
  feed();
  feed();

  const auto replies = came("a");
  ASSERT_EQ(replies.size(), 2U);
  EXPECT_EQ(replies.back().row, control::Record().set("idle", true));

  streams_.wake({room(2)});
  feed();
  EXPECT_THAT(came("a"), IsEmpty());

  say(bob_, {"two"});
  streams_.wake({room(2)});
  feed();
  const auto more = came("a");
  ASSERT_EQ(more.size(), 2U);
  EXPECT_EQ(more[0].row.text("text"), "two");
  EXPECT_TRUE(more[1].row.flag("idle"));
}

TEST_F(Stream, ThatFollowsTakesInConversationsThatComeLater) {
  Contact dave = met(4, "dave");
  streams_.pull(caller("a"), 7, followed(), *node_);
  feed();
  (void)came("a");

  Snapshot snapshot;
  snapshot.contacts = {dave};
  node_.emplace(Settings{}, sample_identity(1), Seed{}, snapshot);
  (void)node_->start({});
  SampleFeed feed_of_dave(4, room(4));
  say(feed_of_dave, {"hello"});
  streams_.wake({room(4)});
  feed();

  EXPECT_THAT(texts(came("a")), ElementsAre("hello"));
}

TEST_F(Stream, NeverRunsAheadOfItsCredit) {
  for (int i = 0; i < 5; ++i)
    say(bob_, {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"});
  streams_.pull(caller("a"), 7, wish(), *node_);
  feed();

  EXPECT_EQ(came("a").size(), kPullCreditRows);
  streams_.more(caller("a"), 7, 10);
  feed();
  EXPECT_EQ(came("a").size(), 10U);
  streams_.more(caller("b"), 7, 10);
  streams_.more(caller("a"), 8, 10);
  streams_.more(caller("a"), 7, -10);
  feed();
  EXPECT_THAT(came("a"), IsEmpty());
  streams_.more(caller("a"), 7, 1'000'000);
  feed();
  const auto rest = came("a");
  EXPECT_EQ(rest.size(), 80 - kPullCreditRows - 10 + 1);
  EXPECT_TRUE(rest.back().end);
}

TEST_F(Stream, ThatUsedUpItsCreditExactlyStillEnds) {
  for (int i = 0; i < 4; ++i)
    say(bob_, {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"});
  streams_.pull(caller("a"), 7, wish(), *node_);
  feed();

  EXPECT_EQ(came("a").size(), kPullCreditRows + 1);
}

TEST_F(Stream, OfACallerThatDoesNotReadWaitsWhereItStands) {
  say(bob_, {"one", "two"});
  full_ = "a";
  streams_.pull(caller("a"), 7, wish(), *node_);
  feed();
  EXPECT_TRUE(streams_.is_blocked());

  full_ = "-";
  feed();

  EXPECT_FALSE(streams_.is_blocked());
  EXPECT_THAT(texts(came("a")), ElementsAre("one", "two"));
}

TEST_F(Stream, OfACallerThatIsGoneIsDropped) {
  say(bob_, {"one"});
  gone_ = "a";
  streams_.pull(caller("a"), 7, followed(), *node_);
  feed();

  EXPECT_EQ(streams_.size(), 0U);
  EXPECT_THAT(streams_.take_gone(), ElementsAre("a"));
}

TEST_F(Stream, UnderANameEndsTheOneBefore) {
  streams_.pull(caller("a"), 7, followed("r"), *node_);
  feed();
  (void)came("a");

  streams_.pull(caller("b"), 1, followed("r"), *node_);
  feed();

  const auto replies = came("a");
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_TRUE(replies[0].end);
  EXPECT_EQ(replies[0].code, ExitCode::failed);
  EXPECT_EQ(replies[0].error, "another reader took the name r");
  EXPECT_EQ(streams_.size(), 1U);
}

TEST_F(Stream, OfOthersIsLeftAlone) {
  PullWish bobs = followed("r");
  bobs.room = room(2);
  PullWish carols = followed("r");
  carols.room = room(3);
  PullWish peeks = followed("r");
  peeks.peek = true;
  PullWish another_user = followed("r");
  another_user.reader.uid = 1001;

  streams_.pull(caller("a"), 1, bobs, *node_);
  streams_.pull(caller("b"), 1, carols, *node_);
  streams_.pull(caller("c"), 1, followed("other"), *node_);
  streams_.pull(caller("d"), 1, peeks, *node_);
  streams_.pull(caller("e", 1001), 1, another_user, *node_);
  feed();

  EXPECT_EQ(streams_.size(), 5U);
}

TEST_F(Stream, OfALogAnswersTheOneOrderWithoutPlaces) {
  say(bob_, {"one", "two"});
  LogQuery query;
  query.room = room(2);

  streams_.log(caller("a"), 7, query);
  feed();

  const auto replies = came("a");
  EXPECT_THAT(texts(replies), ElementsAre("one", "two"));
  EXPECT_FALSE(replies[0].row.has("place"));
  EXPECT_TRUE(replies.back().end);
}

TEST_F(Stream, OfALogWaitsForCreditAndForItsReader) {
  for (int i = 0; i < 5; ++i)
    say(bob_, {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"});
  LogQuery query;
  query.room = room(2);

  streams_.log(caller("a"), 7, query);
  feed();
  EXPECT_EQ(came("a").size(), kPullCreditRows);
  streams_.more(caller("a"), 7, 64);
  full_ = "a";
  feed();
  EXPECT_TRUE(streams_.is_blocked());
  full_ = "-";
  feed();

  EXPECT_EQ(came("a").size(), 80 - kPullCreditRows + 1);
}

// Its caller is not to think that nobody answers.
TEST_F(Stream, OfALongSearchSaysThatItIsBusy) {
  std::vector<Batch> batches{bob_.open(kNow)};
  for (std::uint64_t i = 1; i <= 300; ++i) {
    std::vector<Post> posts;
    for (std::uint64_t k = 0; k < 64; ++k) posts.push_back(sample_post(kNow + 100 * i + k, "x"));
    batches.push_back(bob_.sign(std::move(posts)));
  }
  store(batches);
  say(bob_, {"found"});
  LogQuery query;
  query.room = room(2);
  query.search = parse_search("found").value();

  streams_.log(caller("a"), 7, query);
  feed();

  const auto replies = came("a");
  EXPECT_THAT(texts(replies), ElementsAre("found"));
  ASSERT_EQ(replies.size(), 3U);
  EXPECT_EQ(replies[0].row, control::Record().set("busy", true));
  EXPECT_FALSE(replies[0].end);
  EXPECT_TRUE(replies[2].end);
}

TEST_F(Stream, OfASearchForNothingEndsWithItsSentence) {
  LogQuery query;
  query.room = room(2);
  query.search = parse_search("!").value();

  streams_.log(caller("a"), 7, query);

  const auto replies = came("a");
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].code, ExitCode::usage);
}

TEST_F(Stream, OfKnownRowsSendsThemAllAndEnds) {
  streams_.rows(
      caller("a"), 7,
      {control::Record().set("n", std::int64_t{1}), control::Record().set("n", std::int64_t{2})});
  EXPECT_TRUE(streams_.is_open(caller("a"), 7));
  feed();

  EXPECT_EQ(came("a").size(), 3U);
  EXPECT_FALSE(streams_.is_open(caller("a"), 7));
}

TEST_F(Stream, KeepsAnEndForACallerThatDoesNotReadYet) {
  full_ = "a";
  streams_.end(caller("a"), 7, ExitCode::limit, "too much");
  EXPECT_EQ(streams_.size(), 1U);

  full_ = "-";
  feed();

  const auto replies = came("a");
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].code, ExitCode::limit);
  EXPECT_EQ(replies[0].error, "too much");
}

TEST_F(Stream, OfADamagedStoreEndsWithItsSentence) {
  say(bob_, {"one"});
  streams_.pull(caller("a"), 7, wish(), *node_);
  behind("DROP TABLE entries");
  feed();

  const auto replies = came("a");
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].code, ExitCode::failed);
  EXPECT_NE(replies[0].error, "");
}

}  // namespace
}  // namespace p2pchat
