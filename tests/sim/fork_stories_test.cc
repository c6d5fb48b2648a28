// Stories of members who show one history of their posts to some and another to others; see
// room_stage.h.
#include <algorithm>
#include <gtest/gtest.h>

#include "proto/link.h"
#include "proto/pair.h"
#include "tests/sim/liar.h"
#include "tests/sim/room_stage.h"

namespace p2pchat::sim {
namespace {

// What a member signs by itself, in its seat.
class Pen {
 public:
  Pen(const Host& author, const RoomId& room, std::uint8_t run)
      : author_(author), seat_(*author.disk().membership(room)->roster().seat_of(author.id())) {
    batch_.room = room;
    batch_.feed = {author.id(), incarnation_in(seat_.admission, {{0, 0, 0, 0, run}})};
    batch_.value = author.disk().membership(room)->roster().value();
    batch_.head = feed_root(room, batch_.feed);
    batch_.first = {0};
    stamp_ = author.moment().wall.milliseconds + 1000;
  }

  Batch opens(const std::optional<Head>& past = {}) {
    Opening opening;
    if (past) opening = {past->feed.incarnation, past->number, past->hash, {}};
    return writes(PostKind::opening, opening.encode());
  }
  Batch says(const std::string& text) { return writes(PostKind::chat, to_bytes(text)); }
  Head head() const { return {batch_.feed, batch_.first, batch_.head}; }

 private:
  Batch writes(PostKind kind, Bytes body) {
    batch_.first = batch_.first.next();
    batch_.previous = batch_.head;
    batch_.posts = {{Stamp::at({++stamp_}), kind, {}, std::move(body)}};
    batch_.sign(author_.identity());
    return batch_;
  }

  const Host& author_;
  Seat seat_;
  Batch batch_;
  std::int64_t stamp_;
};

// Anna, bert, carl and dora sing with lily, who lies by hand.
class ForkedFeed : public ::testing::Test {
 protected:
  ForkedFeed() {
    members_ = stage_.found("choir", {"anna", "bert", "carl", "dora", "lily"});
    lily_ = members_.back();
    members_.pop_back();
    room_ = stage_.id_of(*lily_, "choir");
    // What follows is said by its key alone.
    stage_.world().distrust(*lily_);
    stage_.passes(20s);
    stage_.leaves(*lily_);
    pen_.emplace(*lily_, room_, 1);
  }

  void shows(const std::vector<Host*>& whom, const std::vector<Batch>& batches) {
    for (Host* host : whom) {
      for (const Batch& batch : batches) {
        host->hand(event::LinkFrameReceived{lily_->id(), LinkSide::accepted,
                                            link::encode(link::Posts{room_, batch.raw})});
      }
    }
  }
  static bool holds_proof(const Host& host) {
    const auto& objects = host.disk().room_called("choir")->objects;
    return std::any_of(objects.begin(), objects.end(),
                       [](const auto& it) { return it.second.kind == Kind::fork; });
  }
  bool names_liar(const Host& host) const {
    const auto rows = host.node().member_records(room_);
    return std::any_of(rows.begin(), rows.end(), [&](const control::Record& row) {
      return row.flag("liar") && row.text("id") == to_text(lily_->id());
    });
  }
  void expect_proof(const std::vector<Host*>& whom) {
    for (const Host* host : whom) {
      EXPECT_TRUE(stage_.until([&] { return holds_proof(*host) && names_liar(*host); }, 60s))
          << host->name();
      EXPECT_TRUE(stage_.has_notice(*host, "lily has signed what contradicts itself"))
          << host->name();
    }
  }
  // Of all that is held here and that honest members have said.
  bool is_final(const Host& host) const {
    const Stamp settled = host.node().final_stamp(room_);
    const auto& rows = host.disk().rows();
    return std::all_of(rows.begin(), rows.end(), [&](const Disk::Row& row) {
      return !row.batch || row.room != room_ || row.batch->feed.author == lily_->id() ||
             row.batch->posts.back().stamp <= settled;
    });
  }
  // Nobody comes; the others talk; and once lily is put out, all is well.
  void expect_to_go_on() {
    Host& emil = stage_.enter("emil");
    stage_.joins(emil, "choir");
    stage_.agree(members_, "choir", emil);
    stage_.passes(20s);
    EXPECT_FALSE(stage_.is_in(emil, "choir"));
    EXPECT_EQ(stage_.says_in(*members_[0], "choir", "we sing on").code, ExitCode::done);
    EXPECT_TRUE(stage_.comes_to_all(members_, *members_[0], "we sing on"));

    for (Host* member : members_) stage_.evicts(*member, "choir", {lily_});
    auto all = members_;
    all.push_back(&emil);
    EXPECT_TRUE(stage_.is_settled(all, "choir", 2min));
    EXPECT_EQ(stage_.says_in(*members_[1], "choir", "without her").code, ExitCode::done);
    EXPECT_TRUE(stage_.comes_to_all(all, *members_[1], "without her"));
    for (const Host* member : all) {
      EXPECT_TRUE(stage_.until([&] { return is_final(*member); }, 2min)) << member->name();
    }
  }

  RoomStage stage_;
  std::vector<Host*> members_;
  Host* lily_ = nullptr;
  RoomId room_;
  std::optional<Pen> pen_;
};

TEST_F(ForkedFeed, OfEqualBranchesIsFoundByWhoHoldTheOneAndTheOther) {
  Pen other = *pen_;
  shows({members_[0], members_[1]}, {pen_->opens(), pen_->says("yes")});
  shows({members_[2], members_[3]}, {other.opens(), other.says("no")});

  expect_proof(members_);

  expect_to_go_on();
}

TEST_F(ForkedFeed, OfWhichOneBranchIsLongerIsFound) {
  Pen other = *pen_;
  shows({members_[0], members_[1]}, {pen_->opens(), pen_->says("yes")});
  shows({members_[2], members_[3]}, {other.opens(), other.says("no"), other.says("never")});

  expect_proof(members_);

  expect_to_go_on();
}

TEST_F(ForkedFeed, OfManyPostsHoldsNothingBackOnceItsAuthorHasGone) {
  Pen other = *pen_;
  std::vector<Batch> branch{other.opens()};
  for (int i = 0; i < 40; ++i) branch.push_back(other.says("no " + std::to_string(i)));
  shows({members_[0]}, {pen_->opens(), pen_->says("yes")});
  shows({members_[1], members_[2], members_[3]}, branch);

  expect_proof(members_);

  expect_to_go_on();
}

TEST_F(ForkedFeed, IsAnOpeningThatNamesWhatNeverWas) {
  Pen next(*lily_, room_, 2);
  const std::vector<Batch> said{pen_->opens(), pen_->says("yes")};
  Head past = pen_->head();
  past.hash = feed_root(room_, past.feed);
  shows(members_, said);
  shows({members_[0]}, {next.opens(past), next.says("and so on")});

  expect_proof(members_);

  expect_to_go_on();
}

TEST_F(ForkedFeed, IsAnOpeningThatNamesAnOlderPostThatNeverWas) {
  Pen next(*lily_, room_, 2);
  const std::vector<Batch> said{pen_->opens(), pen_->says("yes")};
  Head past = pen_->head();
  past.hash = feed_root(room_, past.feed);
  shows(members_, said);
  shows(members_, {pen_->says("yes again")});
  shows({members_[2]}, {next.opens(past)});

  expect_proof(members_);

  expect_to_go_on();
}

TEST_F(ForkedFeed, IsStillProvedAfterARestartAndToldToWhoWasAway) {
  Host& dora = *members_[3];
  stage_.leaves(dora);
  Pen other = *pen_;
  shows({members_[0]}, {pen_->opens(), pen_->says("yes")});
  shows({members_[1]}, {other.opens(), other.says("no")});
  expect_proof({members_[0], members_[1], members_[2]});

  for (std::size_t i : {0U, 1U, 2U}) {
    stage_.leaves(*members_[i]);
    stage_.returns(*members_[i]);
    EXPECT_TRUE(holds_proof(*members_[i]));
    EXPECT_TRUE(names_liar(*members_[i]));
  }
  stage_.returns(dora);

  expect_proof({&dora});
}

TEST_F(ForkedFeed, StopsNothingThatFits) {
  Pen other = *pen_;
  shows({members_[0], members_[1]}, {pen_->opens(), pen_->says("yes")});
  shows({members_[2], members_[3]}, {other.opens(), other.says("no")});
  expect_proof(members_);

  shows(members_, {pen_->says("more of yes"), other.says("more of no")});

  EXPECT_TRUE(stage_.comes(*members_[0], "more of yes"));
  EXPECT_TRUE(stage_.comes(*members_[3], "more of no"));
  stage_.passes(1min);
  EXPECT_FALSE(stage_.is_shown(*members_[0], "more of no"));
  EXPECT_FALSE(stage_.is_shown(*members_[3], "more of yes"));
}

TEST_F(ForkedFeed, MakesNobodyFetchTheSameAgainAndAgain) {
  Pen other = *pen_;
  shows({members_[0], members_[1]}, {pen_->opens(), pen_->says("yes")});
  shows({members_[2], members_[3]}, {other.opens(), other.says("no"), other.says("never")});
  expect_proof(members_);
  stage_.passes(1min);
  const auto count = [](const Host& host, const char* what) {
    return host.node().status_record(host.moment()).integer(what);
  };
  std::vector<std::int64_t> before;
  for (const Host* member : members_) before.push_back(count(*member, "posts_broken"));

  stage_.passes(5min);

  for (std::size_t i = 0; i < members_.size(); ++i) {
    EXPECT_EQ(count(*members_[i], "posts_broken"), before[i]) << members_[i]->name();
    EXPECT_EQ(count(*members_[i], "posts_missing"), 0) << members_[i]->name();
  }
}

TEST(ForkedFeedOfTwo, IsToldToTheOther) {
  Stage stage;
  Host& anna = stage.enter("anna");
  Host& lily = stage.enter("lily");
  stage.befriend(anna, lily);
  stage.says(lily, anna, "yes");
  EXPECT_TRUE(stage.comes(anna, "yes"));
  stage.world().distrust(lily);
  const RoomId room = pair_room(anna.id(), lily.id());
  Batch batch;
  for (const Disk::Row& row : lily.disk().rows()) {
    if (row.batch && row.batch->room == room) batch = *row.batch;
  }
  batch.posts.front().body = to_bytes("no");
  batch.sign(lily.identity());

  for (int i = 0; i < 3; ++i) {
    anna.hand(event::LinkFrameReceived{lily.id(), LinkSide::accepted,
                                       link::encode(link::Posts{room, batch.raw})});
    stage.passes(20s);
  }

  const auto notices = stage.notices(anna);
  EXPECT_EQ(std::count_if(notices.begin(), notices.end(),
                          [](const std::string& text) {
                            return text.find("lily has signed two different posts") !=
                                   std::string::npos;
                          }),
            1);
}

TEST(ForkedFeedOfALiar, IsProvedWhileSheTalksOn) {
  RoomStage stage;
  auto members = stage.found("choir", {"anna", "bert", "carl", "lily"});
  Host& lily = *members[3];
  const RoomId room = stage.id_of(lily, "choir");
  Repertoire repertoire;
  repertoire.forks_feeds = true;
  Liar liar(stage.world(), lily, repertoire, 3);
  // Her half of the others is whom the seed makes it.
  for (int i = 0; i < 3; ++i) {
    stage.says_in(lily, "choir", "line " + std::to_string(i));
    stage.passes(20s);
  }

  members.pop_back();
  for (const Host* member : members) {
    EXPECT_TRUE(stage.until(
        [&] {
          const auto rows = member->node().member_records(room);
          return std::any_of(rows.begin(), rows.end(), [&](const control::Record& row) {
            return row.flag("liar") && row.text("id") == to_text(lily.id());
          });
        },
        3min))
        << member->name();
  }
  Host& emil = stage.enter("emil");
  stage.joins(emil, "choir");
  stage.agree({members[0], members[1], members[2], &lily}, "choir", emil);
  stage.passes(1min);
  EXPECT_FALSE(stage.is_in(emil, "choir"));
  for (Host* member : members) stage.evicts(*member, "choir", {&lily});
  members.push_back(&emil);
  EXPECT_TRUE(stage.is_settled(members, "choir", 2min));
}

}  // namespace
}  // namespace p2pchat::sim
