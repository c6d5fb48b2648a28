#include "daemon/core/node.h"

#include <gtest/gtest.h>
#include <set>

#include "proto/pair.h"
#include "tests/unit/daemon/core/turn_fixture.h"

namespace p2pchat {
namespace {

const Moment kNow{TimePoint{1s}, WallTime{1'700'000'000'000}};

Settings settings(std::string name) {
  Settings settings;
  settings.name = std::move(name);
  settings.places = {{"127.0.0.1", 1, 2, 3}};
  settings.rate = 3;
  return settings;
}

// What the store holds once peer 2, called ben, has been met.
Snapshot met_ben() {
  Contact ben;
  ben.id = sample_peer(2);
  ben.name = "ben";
  ben.is_near = true;
  ben.card = sample_card(2, "ben");
  ben.founding = sign_founding(sample_identity(2), sample_peer(1));
  Snapshot snapshot;
  snapshot.card_counter = {4};
  snapshot.promised = {99};
  snapshot.contacts = {ben};
  return snapshot;
}

class NodeTest : public testing::Test {
 protected:
  Actions step(const Event& event) { return node_.step(kNow, event); }
  Actions push(const std::string& to, Bytes body, std::uint64_t request = 1) {
    Actions actions = step(event::PushRequested{{request}, to, std::move(body)});
    for (Action& action : step(event::TurnEnded{})) actions.push_back(std::move(action));
    return actions;
  }
  ExitCode push_code(const std::string& to, Bytes body) {
    return only<action::Answer>(push(to, std::move(body))).at(0).code;
  }

  Node node_{settings("anna"), sample_identity(1), Seed{}, met_ben()};
  Actions started_ = node_.start(kNow);
};

TEST_F(NodeTest, BeginsByStoringTheNextCardCounter) {
  const auto stored = only<action::StoreSelf>(started_);

  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].card_counter, Counter{5});
}

TEST_F(NodeTest, AdmitsAndDialsWhomItHasMet) {
  EXPECT_EQ(only<action::Admit>(started_).at(0).peer, sample_peer(2));
  ASSERT_LE(node_.deadline(), kNow.steady);

  EXPECT_EQ(only<action::Dial>(step(event::TimerFired{})).at(0).peer, sample_peer(2));
}

TEST_F(NodeTest, APushIsStoredBeforeItIsAnswered) {
  const Actions actions = push("ben", to_bytes("hello"));

  ASSERT_EQ(actions.size(), 3U);
  EXPECT_EQ(std::get<action::StoreBatch>(actions[0]).batch.posts.at(0).kind, PostKind::opening);
  const auto& stored = std::get<action::StoreBatch>(actions[1]).batch;
  const auto& answer = std::get<action::Answer>(actions[2]);
  EXPECT_EQ(answer.code, ExitCode::done);
  EXPECT_EQ(answer.row.text("conversation"), "ben");
  EXPECT_EQ(answer.row.text("id"), message_id(feed_tag(stored.room, stored.feed), stored.last()));
  EXPECT_EQ(stored.posts.at(0).body, to_bytes("hello"));
}

TEST_F(NodeTest, PushesOfOneTurnShareABatch) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    (void)step(event::PushRequested{{i}, "ben", to_bytes("x")});
  }

  const Actions actions = step(event::TurnEnded{});

  const auto stored = only<action::StoreBatch>(actions);
  ASSERT_EQ(stored.size(), 2U) << "an opening and";
  EXPECT_EQ(stored[1].batch.posts.size(), 3U);
  EXPECT_EQ(only<action::Answer>(actions).size(), 3U);
}

TEST_F(NodeTest, APushToANameThatNobodyHasIsUnknown) {
  EXPECT_EQ(push_code("carol", to_bytes("x")), ExitCode::unknown);
}

TEST_F(NodeTest, ANameThatSomebodyMerelyClaimsReceivesNothing) {
  Snapshot snapshot = met_ben();
  snapshot.contacts[0].asks = true;
  Node node(settings("anna"), sample_identity(1), Seed{}, snapshot);
  (void)node.start(kNow);

  const auto actions = node.step(kNow, event::PushRequested{{1}, "ben", to_bytes("x")});

  EXPECT_EQ(only<action::Answer>(actions).at(0).code, ExitCode::unknown);
}

TEST_F(NodeTest, AMessageLongerThanABodyIsOverTheLimit) {
  EXPECT_EQ(push_code("ben", Bytes(kBodyBytesMax + 1, 'x')), ExitCode::limit);
  EXPECT_EQ(push_code("ben", Bytes(kBodyBytesMax, 'x')), ExitCode::done);
}

TEST_F(NodeTest, PushesBeyondTheRateAreToldWhenToComeBack) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ(push_code("ben", to_bytes("x")), ExitCode::done);

  const auto answer = only<action::Answer>(push("ben", to_bytes("x"))).at(0);

  EXPECT_EQ(answer.code, ExitCode::limit);
  EXPECT_GT(answer.row.integer("retry_after"), 0);
}

TEST_F(NodeTest, WithoutAStoreThatTakesWritesPushesFail) {
  Node node(settings("anna"), sample_identity(1), Seed{}, met_ben(), "the disk is full");
  const auto started = node.start(kNow);

  const auto actions = node.step(kNow, event::PushRequested{{1}, "ben", to_bytes("x")});

  EXPECT_TRUE(only<action::StoreSelf>(started).empty());
  EXPECT_EQ(only<action::Answer>(actions).at(0).code, ExitCode::failed);
  EXPECT_EQ(only<action::Answer>(actions).at(0).error, "the disk is full; nothing was stored");
}

TEST_F(NodeTest, AFrameThatDoesNotDecodeIsAnsweredAsInvalid) {
  const auto sent = only<action::SendLink>(
      step(event::LinkFrameReceived{sample_peer(2), LinkSide::accepted, to_bytes("rubbish")}));

  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(std::get<link::Ack>(*link::decode(sent[0].frame)).code, Code::invalid);
}

TEST_F(NodeTest, AnAckIsNeverAnsweredWithAnAck) {
  const Bytes ack = link::encode(link::Ack{Code::invalid, "no"});

  const auto actions = step(event::LinkFrameReceived{sample_peer(2), LinkSide::accepted, ack});

  EXPECT_TRUE(only<action::SendLink>(actions).empty());
}

TEST_F(NodeTest, AFrameOfARoomThatIsNotKnownIsUnregistered) {
  const Bytes ask = link::encode(link::AskHeads{sample_room(9)});

  const auto sent = only<action::SendLink>(
      step(event::LinkFrameReceived{sample_peer(2), LinkSide::accepted, ask}));

  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(std::get<link::Ack>(*link::decode(sent[0].frame)).code, Code::unregistered);
}

TEST_F(NodeTest, ACardOfSomebodyElseOnALinkIsInvalid) {
  const Bytes frame = link::encode(link::Registration{sample_card(3, "mallory"), {}});

  const auto sent = only<action::SendLink>(
      step(event::LinkFrameReceived{sample_peer(2), LinkSide::accepted, frame}));

  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(std::get<link::Ack>(*link::decode(sent[0].frame)).code, Code::invalid);
}

TEST_F(NodeTest, WhoeverIsBlockedIsExpelledAndGetsNothingMore) {
  const auto actions = step(event::BlockRequested{{1}, "ben"});

  EXPECT_EQ(only<action::Expel>(actions).size(), 1U);
  EXPECT_EQ(push_code("ben", to_bytes("x")), ExitCode::unknown);
  EXPECT_EQ(
      only<action::HangUp>(step(event::LinkOpened{sample_peer(2), LinkSide::accepted, "127.0.0.1"}))
          .size(),
      1U);
}

TEST_F(NodeTest, ABlockCanBeUndone) {
  (void)step(event::BlockRequested{{1}, "ben"});

  const auto actions = step(event::BlockRequested{{2}, "ben", true});

  EXPECT_EQ(only<action::Admit>(actions).size(), 1U);
  EXPECT_EQ(push_code("ben", to_bytes("x")), ExitCode::done);
}

TEST_F(NodeTest, AnIdMayBeNamedBeforeAnythingElseIsKnownOfIt) {
  const auto actions = step(event::AliasRequested{{1}, to_text(sample_peer(3)), "carol"});

  EXPECT_EQ(only<action::Answer>(actions).at(0).code, ExitCode::done);
  EXPECT_EQ(node_.resolve("carol")->peer, sample_peer(3));
}

TEST_F(NodeTest, ABadNameForAnIdLeavesNothingBehind) {
  const auto actions = step(event::AliasRequested{{1}, to_text(sample_peer(3)), "no good"});

  EXPECT_EQ(only<action::Answer>(actions).at(0).code, ExitCode::usage);
  EXPECT_FALSE(node_.resolve(to_text(sample_peer(3))));
  EXPECT_EQ(node_.conversations().size(), 1U);
}

TEST_F(NodeTest, PushesThatWaitForTheRateKeepTheirOrder) {
  std::vector<std::string> stored;
  const auto note = [&](const Actions& actions) {
    for (const auto& each : only<action::StoreBatch>(actions)) {
      for (const Post& post : each.batch.posts) {
        if (post.kind == PostKind::chat) stored.push_back(to_string(post.body));
      }
    }
  };
  for (std::uint64_t i = 0; i < 9; ++i) {
    (void)step(event::PushRequested{{i}, "ben", to_bytes(std::to_string(i)), true});
    if (i == 4) (void)step(event::RequestDropped{{4}});
  }
  note(step(event::TurnEnded{}));
  EXPECT_EQ(stored.size(), 3U) << "as many as the rate allows at once";

  for (Duration past = 0s; past < 3s; past += 100ms) {
    const Moment later{kNow.steady + past, kNow.wall};
    (void)node_.step(later, event::TimerFired{});
    note(node_.step(later, event::TurnEnded{}));
  }

  EXPECT_EQ(stored, (std::vector<std::string>{"0", "1", "2", "3", "5", "6", "7", "8"}));
}

TEST_F(NodeTest, HowMuchIsKeptIsStoredAndShown) {
  const Retention month{.age = 30 * 24h, .bytes = 500ULL << 20U};

  const auto actions = step(event::KeepRequested{{1}, "ben", month});

  const auto stored = only<action::StoreRetention>(actions);
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_EQ(stored[0].room, pair_room(sample_peer(1), sample_peer(2)));
  EXPECT_EQ(stored[0].retention, month);
  const control::Record row = only<action::Answer>(actions).at(0).row;
  EXPECT_EQ(row.text("conversation"), "ben");
  EXPECT_EQ(row.text("keep"), "30d 500M");
  EXPECT_EQ(node_.room_records(kNow).at(0).text("keep"), "30d 500M");
  EXPECT_EQ(only<action::Prune>(step(event::TurnEnded{})).size(), 1U);
}

TEST(NodeWithTwoContacts, PrunesOneRoomATurn) {
  Snapshot snapshot = met_ben();
  Contact carol = snapshot.contacts.front();
  carol.id = sample_peer(3);
  carol.name = "carol";
  carol.card = sample_card(3, "carol");
  carol.founding = sign_founding(sample_identity(3), sample_peer(1));
  snapshot.contacts.push_back(carol);
  Node node(settings("anna"), sample_identity(1), Seed{}, snapshot);
  (void)node.start(kNow);
  for (const char* name : {"ben", "carol"}) {
    (void)node.step(kNow, event::KeepRequested{{1}, name, Retention{.age = 24h, .bytes = {}}});
  }
  std::set<RoomId> pruned;
  for (int turn = 0; turn < 2; ++turn) {
    EXPECT_LE(node.deadline(), kNow.steady);

    const auto orders = only<action::Prune>(node.step(kNow, event::TurnEnded{}));

    ASSERT_EQ(orders.size(), 1U);
    EXPECT_EQ(orders[0].after, 0);
    pruned.insert(orders[0].room);
    (void)node.step(kNow, event::Pruned{orders[0].room, 0, {}, 9, false});
  }
  EXPECT_EQ(pruned.size(), 2U);
  EXPECT_TRUE(only<action::Prune>(node.step(kNow, event::TurnEnded{})).empty());
}

TEST_F(NodeTest, HowMuchIsKeptIsToldAndNothingIsSet) {
  const auto actions = step(event::KeepRequested{{1}, "ben", std::nullopt});

  EXPECT_TRUE(only<action::StoreRetention>(actions).empty());
  EXPECT_EQ(only<action::Answer>(actions).at(0).row.text("keep"), "all");
  EXPECT_FALSE(node_.room_records(kNow).at(0).has("keep"));
}

TEST_F(NodeTest, NothingIsKeptOfWhomItDoesNotTalkTo) {
  const auto actions = step(event::KeepRequested{{1}, "carol", Retention{.age = 24h, .bytes = {}}});

  EXPECT_EQ(only<action::Answer>(actions).at(0).code, ExitCode::unknown);
  EXPECT_TRUE(only<action::StoreRetention>(actions).empty());
}

// Once the link to ben is ready, what is sent to him when a turn ends.
class LinkedNodeTest : public NodeTest {
 protected:
  LinkedNodeTest() {
    (void)step(event::LinkOpened{sample_peer(2), LinkSide::accepted, "127.0.0.1"});
    say(link::Ack{Code::success, ""});
  }

  Actions say(const link::Message& message) {
    return step(
        event::LinkFrameReceived{sample_peer(2), LinkSide::accepted, link::encode(message)});
  }
  template <class Message>
  std::size_t sent(Duration later = 0s) {
    std::size_t count = 0;
    for (const auto& each : only<action::SendLink>(end_turn(later))) {
      count += std::holds_alternative<Message>(*link::decode(each.frame)) ? 1U : 0U;
    }
    return count;
  }
  Actions end_turn(Duration later = 0s) {
    return node_.step({kNow.steady + later, kNow.wall}, event::TurnEnded{});
  }

  RoomId room_ = pair_room(sample_peer(1), sample_peer(2));
};

TEST_F(LinkedNodeTest, AllThatIsHeldIsToldOnceASecondHoweverOftenItIsAskedFor) {
  EXPECT_EQ(sent<link::Handover>(), 1U);
  for (int i = 0; i < 100; ++i) (void)say(link::AskHeads{room_});

  EXPECT_EQ(sent<link::Handover>(), 0U);
  EXPECT_EQ(sent<link::Handover>(kFullStateInterval), 1U);
  EXPECT_EQ(sent<link::Handover>(2 * kFullStateInterval), 0U);
}

TEST_F(LinkedNodeTest, OfManyWantsInATurnTheLastIsAnswered) {
  for (std::uint64_t i = 1; i <= 100; ++i) {
    (void)say(link::Want{{i}, room_, {sample_peer(1), {}}, {1}, {9}, 9 * kWantBytesMax});
  }

  const auto gives = only<action::Give>(end_turn());

  ASSERT_EQ(gives.size(), 1U);
  EXPECT_EQ(gives[0].want.want, WantId{100});
  EXPECT_EQ(gives[0].want.budget, kWantBytesMax);
  EXPECT_TRUE(only<action::Give>(end_turn()).empty());
}

TEST_F(LinkedNodeTest, NobodyElseSpeaksInAPairRoom) {
  Snapshot snapshot = met_ben();
  Contact carol;
  carol.id = sample_peer(3);
  carol.name = "carol";
  carol.card = sample_card(3, "carol");
  carol.founding = sign_founding(sample_identity(3), sample_peer(1));
  snapshot.contacts.push_back(carol);
  Node node(settings("anna"), sample_identity(1), Seed{}, snapshot);
  (void)node.start(kNow);
  SampleFeed ben(2, room_);
  Post opening = sample_post(1, "");
  opening.kind = PostKind::opening;
  opening.body = Opening{}.encode();
  Batch batch = sample_batch(sample_identity(2), room_, {}, {1},
                             feed_root(room_, {sample_peer(2), {}}), {opening});
  batch.value = pair_value(sample_peer(1), sample_peer(2));
  batch.sign(sample_identity(2));
  const Bytes frame = link::encode(link::Posts{room_, batch.raw});

  const auto from_carol =
      node.step(kNow, event::LinkFrameReceived{sample_peer(3), LinkSide::accepted, frame});
  const auto from_ben =
      node.step(kNow, event::LinkFrameReceived{sample_peer(2), LinkSide::accepted, frame});

  EXPECT_TRUE(only<action::StoreBatch>(from_carol).empty());
  EXPECT_EQ(only<action::StoreBatch>(from_ben).size(), 1U);
  const auto told = only<action::SendLink>(from_carol);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(std::get<link::Ack>(*link::decode(told[0].frame)).code, Code::unregistered);
}

TEST_F(LinkedNodeTest, EachBatchIsStoredBeforeItIsPublished) {
  std::size_t stored = 0;
  std::size_t published = 0;

  for (const Action& action : push("ben", to_bytes("hello"))) {
    if (std::holds_alternative<action::StoreBatch>(action)) ++stored;
    if (!std::holds_alternative<action::Publish>(action)) continue;
    ++published;
    EXPECT_LE(published, stored);
  }

  EXPECT_EQ(published, 2U) << "the opening and the text";
}

TEST_F(LinkedNodeTest, WhoeverIsBlockedIsNotListenedToAnyMore) {
  const Topic topic{{1}};
  ASSERT_EQ(only<action::Subscribe>(say(link::Handover{room_, topic, {}})).size(), 1U);

  const auto left = only<action::Unsubscribe>(step(event::BlockRequested{{1}, "ben"}));

  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(left[0].topic, topic);
}

TEST_F(LinkedNodeTest, AfterALossNobodyCanMendIGoOnInAFeedOfItsOwn) {
  const auto first = only<action::StoreBatch>(push("ben", to_bytes("one"))).at(0).batch;
  const auto wants = only<action::SendLink>(
      step(event::BatchDamaged{room_, first.feed, first.first, first.last()}));
  const auto want = std::get<link::Want>(*link::decode(wants.at(0).frame));

  (void)say(link::Give{want.want, room_, {}, true});
  const auto next = only<action::StoreBatch>(push("ben", to_bytes("two"))).at(0).batch;

  EXPECT_NE(next.feed, first.feed);
  EXPECT_EQ(Opening::decode(next.posts.at(0).body)->number, Number{});
  EXPECT_NE(node_.doctor_records().at(0).text("problem").find("damaged"), std::string::npos);
}

TEST_F(NodeTest, APromiseIsStoredBeforeABeatIsSent) {
  (void)step(event::LinkOpened{sample_peer(2), LinkSide::accepted, "127.0.0.1"});
  const Bytes ack = link::encode(link::Ack{Code::success, ""});

  (void)step(event::LinkFrameReceived{sample_peer(2), LinkSide::accepted, ack});
  const auto actions = step(event::TurnEnded{});

  const auto stored = only<action::StoreSelf>(actions);
  ASSERT_EQ(stored.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<action::StoreSelf>(actions.front()));
  for (const auto& sent : only<action::SendLink>(actions)) {
    const auto message = link::decode(sent.frame);
    if (const auto* pulse = std::get_if<link::Pulse>(&*message)) {
      EXPECT_LE(Beat::decode(pulse->beat)->stamp, stored[0].promised);
      return;
    }
  }
  FAIL() << "no beat was sent";
}

}  // namespace
}  // namespace p2pchat
