#include "daemon/shell/host.h"

#include <gmock/gmock.h>

#include "daemon/shell/store/database.h"
#include "tests/unit/daemon/shell/local_fixture.h"

namespace p2pchat {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class TheHost : public LocalFixture {
 protected:
  TheHost()
      : host_((keep(met(2, "bob")), Settings{}), sample_identity(1), *store_,
              {[this](Moment, const Action& action) {
                 stored_rooms_ = store_->load()->rooms.size();
                 actions_.push_back(action);
               },
               [this](const std::set<RoomId>& rooms) { woken_ = rooms; },
               [this](const std::string& why) { failures_.push_back(why); }}) {
    EXPECT_TRUE(host_.start(at_));
  }

  void keep(const Contact& contact) {
    const Actions actions{action::StoreContact{contact}};
    ASSERT_TRUE(store_->commit(actions));
  }
  void push(std::uint64_t request, std::string text) {
    host_.raise(at_, event::PushRequested{{request}, "bob", to_bytes(text)});
    ASSERT_TRUE(host_.end_turn(at_));
  }
  void pass(Duration wait) {
    at_.steady = at_.steady + wait;
    at_.wall.milliseconds += wait.count();
    ASSERT_TRUE(host_.end_turn(at_));
  }
  void link_with_bob() {
    host_.raise(at_, event::LinkOpened{sample_peer(2), LinkSide::accepted, "192.0.2.2"});
    say_as_bob(link::Registration{sample_card(2, "bob", 9), {}});
    say_as_bob(link::Ack{});
  }
  void say_as_bob(const link::Message& message) {
    host_.raise(
        at_, event::LinkFrameReceived{sample_peer(2), LinkSide::accepted, link::encode(message)});
    ASSERT_TRUE(host_.end_turn(at_));
  }
  // A feed of bob's, of which the opening has come.
  SampleFeed opened_by_bob() {
    SampleFeed feed(2, room(2));
    Post opening = sample_post(1, "");
    opening.kind = PostKind::opening;
    opening.body = Opening{}.encode();
    say_as_bob(link::Posts{room(2), feed.sign({opening}).raw});
    return feed;
  }
  void break_disk(bool broken) {
    ASSERT_TRUE(
        store_->database().run(broken ? "PRAGMA query_only = ON" : "PRAGMA query_only = OFF"));
  }

  template <class Kind>
  std::vector<Kind> carried_out() const {
    std::vector<Kind> found;
    for (const Action& action : actions_) {
      if (const auto* each = std::get_if<Kind>(&action)) found.push_back(*each);
    }
    return found;
  }
  // The messages of one kind that went to bob.
  template <class Kind>
  std::vector<Kind> sent() const {
    std::vector<Kind> found;
    for (const auto& order : carried_out<action::SendLink>()) {
      const auto message = link::decode(order.frame).value();
      if (const auto* each = std::get_if<Kind>(&message)) found.push_back(*each);
    }
    return found;
  }

  Moment at_{TimePoint{1h}, {1'700'000'000'000}};
  Actions actions_;
  std::set<RoomId> woken_;
  std::vector<std::string> failures_;
  std::size_t stored_rooms_ = 0;  // When the last action was carried out.
  Host host_;
};

TEST_F(TheHost, BeginsWithWhatTheStoreHolds) {
  const auto admitted = carried_out<action::Admit>();

  ASSERT_THAT(admitted, SizeIs(1));
  EXPECT_EQ(admitted[0].peer, sample_peer(2));
}

TEST_F(TheHost, StoresBeforeItAnswersAndWakesReaders) {
  push(7, "hello");

  const auto answers = carried_out<action::Answer>();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].request, RequestId{7});
  EXPECT_EQ(answers[0].code, ExitCode::done);
  EXPECT_EQ(stored_rooms_, 1U);
  EXPECT_THAT(woken_, ElementsAre(room(2)));
}

TEST_F(TheHost, HandsNoDurableActionOn) {
  push(7, "hello");

  EXPECT_THAT(carried_out<action::StoreBatch>(), IsEmpty());
  EXPECT_THAT(carried_out<action::StoreSelf>(), IsEmpty());
}

TEST_F(TheHost, CarriesOutNothingOfATurnThatCouldNotBeStored) {
  break_disk(true);
  actions_.clear();

  push(7, "hello");

  EXPECT_THAT(carried_out<action::Answer>(), IsEmpty());
  EXPECT_THAT(carried_out<action::Publish>(), IsEmpty());
  ASSERT_THAT(failures_, SizeIs(1));
  EXPECT_THAT(failures_[0], ::testing::HasSubstr("p2pchat.db"));
  EXPECT_FALSE(host_.can_store());
}

TEST_F(TheHost, RefusesPushesUntilTheStoreTakesWritesAgain) {
  break_disk(true);
  push(7, "lost");
  push(8, "refused");
  ASSERT_THAT(carried_out<action::Answer>(), SizeIs(1));
  EXPECT_EQ(carried_out<action::Answer>()[0].code, ExitCode::failed);
  pass(3s);
  EXPECT_FALSE(host_.can_store());

  break_disk(false);
  pass(3s);
  actions_.clear();
  push(9, "kept");

  EXPECT_TRUE(host_.can_store());
  ASSERT_THAT(carried_out<action::Answer>(), SizeIs(1));
  EXPECT_EQ(carried_out<action::Answer>()[0].code, ExitCode::done);
  EXPECT_EQ(store_->load()->rooms.at(0).feeds.size(), 1U);
}

TEST_F(TheHost, LooksAtAFailedStoreNowAndThenAndNeverSpins) {
  break_disk(true);
  push(7, "lost");

  EXPECT_GT(host_.deadline(), at_.steady);
  EXPECT_LE(host_.deadline(), at_.steady + 2s);
  pass(2s);
  EXPECT_GT(host_.deadline(), at_.steady);
}

TEST_F(TheHost, EndsWhenTheStoreIsDamaged) {
  destroy_under_way("entries");
  actions_.clear();
  host_.raise(at_, event::PushRequested{{7}, "bob", to_bytes("lost")});

  const auto ended = host_.end_turn(at_);

  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().fault, Fault::damaged);
  EXPECT_THAT(ended.error().text, ::testing::HasSubstr("is damaged, and nothing was changed"));
  EXPECT_THAT(actions_, IsEmpty());
}

TEST_F(TheHost, TellsANewNodeOfTheLinksThatStand) {
  link_with_bob();
  break_disk(true);
  actions_.clear();

  push(7, "lost");

  EXPECT_THAT(sent<link::Registration>(), SizeIs(1));
}

TEST_F(TheHost, TellsANewNodeOfNoLinkThatIsGone) {
  link_with_bob();
  host_.raise(at_, event::LinkClosed{sample_peer(2), LinkSide::accepted, "gone"});
  break_disk(true);
  actions_.clear();

  push(7, "lost");

  EXPECT_THAT(sent<link::Registration>(), IsEmpty());
}

TEST_F(TheHost, TellsANewNodeOfNoLinkThatWasHungUp) {
  host_.raise(at_, event::LinkOpened{sample_peer(2), LinkSide::dialled, "192.0.2.2"});
  ASSERT_TRUE(host_.end_turn(at_));
  pass(kDialTimeout);
  ASSERT_THAT(carried_out<action::HangUp>(), SizeIs(1));
  break_disk(true);
  actions_.clear();

  push(7, "lost");

  EXPECT_THAT(sent<link::Registration>(), IsEmpty());
}

TEST_F(TheHost, GivesBatchesFromTheStoreInFramesThatFit) {
  link_with_bob();
  for (std::uint64_t i = 0; i < 4; ++i) push(i, std::string(kBodyBytesMax, 'x'));
  const FeedState feed = store_->load()->rooms.at(0).feeds.at(0);
  actions_.clear();

  say_as_bob(link::Want{{5}, room(2), feed.feed, {2}, feed.have, kWantBytesMax});

  std::size_t batches = 0;
  const auto gives = sent<link::Give>();
  ASSERT_FALSE(gives.empty());
  for (const link::Give& give : gives) {
    EXPECT_EQ(give.want, WantId{5});
    EXPECT_EQ(give.end, &give == &gives.back());
    batches += give.batches.size();
  }
  EXPECT_EQ(batches, 4U);
  for (const auto& order : carried_out<action::SendLink>()) {
    EXPECT_LE(order.frame.size(), kFrameBytesMax);
  }
}

TEST_F(TheHost, GivesNoMoreThanIsWanted) {
  link_with_bob();
  for (std::uint64_t i = 0; i < 4; ++i) push(i, std::string(kBodyBytesMax, 'x'));
  const FeedState feed = store_->load()->rooms.at(0).feeds.at(0);
  actions_.clear();

  say_as_bob(link::Want{{5}, room(2), feed.feed, {2}, feed.have, 70'000});

  std::size_t batches = 0;
  for (const link::Give& give : sent<link::Give>()) batches += give.batches.size();
  EXPECT_EQ(batches, 2U);
  EXPECT_TRUE(sent<link::Give>().back().end);
}

TEST_F(TheHost, TellsNodeOfDamagedBatches) {
  push(7, "hello");
  damage(1);
  PullCursor cursor = inbox_->open_pull({0, "r"}, {room(2)}).value();
  ASSERT_TRUE(inbox_->pull(cursor, 10, sample_peer(2), false));
  actions_.clear();

  pass(1ms);

  EXPECT_THAT(carried_out<action::Report>(), SizeIs(1));
}

TEST_F(TheHost, ComparesWhatDoesNotFitWithWhatItHolds) {
  link_with_bob();
  SampleFeed feed = opened_by_bob();
  SampleFeed other = feed;
  say_as_bob(link::Posts{room(2), feed.say(5, {"yes"}).raw});

  say_as_bob(link::Posts{room(2), other.say(5, {"no"}).raw});
  EXPECT_LE(host_.deadline(), at_.steady) << "it is not waited for";
  pass(0ms);

  EXPECT_EQ(host_.node().status_record(at_).integer("forks_proved"), 1);
}

TEST_F(TheHost, FindsWhatItLacksTheTextsOf) {
  link_with_bob();
  SampleFeed feed = opened_by_bob();
  const Batch old = feed.say(5, {"old words"});
  const Head head{old.feed, old.last(), old.head};
  Beat beat;
  beat.room = room(2);
  beat.author = sample_peer(2);
  beat.counter = {1};
  beat.kept = old.posts.back().stamp;
  beat.sign(sample_identity(2));
  say_as_bob(link::Pulse{room(2), beat.raw});
  say_as_bob(link::Heads{room(2), {head}});
  ASSERT_THAT(sent<link::Want>(), SizeIs(1));

  say_as_bob(link::Give{sent<link::Want>()[0].want, room(2), {old.pruned()}, true});
  EXPECT_EQ(store_->load()->rooms[0].kept, Stamp{5});
  EXPECT_LE(host_.deadline(), at_.steady) << "it is not waited for";
  pass(0ms);
  ASSERT_THAT(sent<link::Want>(), SizeIs(2));
  say_as_bob(link::Give{sent<link::Want>()[1].want, room(2), {old.raw}, true});

  EXPECT_EQ(store_->load()->rooms[0].kept, Stamp{});
}

}  // namespace
}  // namespace p2pchat
