#include "daemon/core/node.h"

#include <gtest/gtest.h>

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

  ASSERT_EQ(actions.size(), 2U);
  const auto& stored = std::get<action::StoreBatch>(actions[0]).batch;
  const auto& answer = std::get<action::Answer>(actions[1]);
  EXPECT_EQ(answer.code, ExitCode::done);
  EXPECT_EQ(answer.row.text("conversation"), "ben");
  EXPECT_EQ(answer.row.text("id"), message_id(feed_tag(stored.room, stored.feed), stored.last()));
  EXPECT_EQ(stored.posts.at(1).body, to_bytes("hello"));
}

TEST_F(NodeTest, PushesOfOneTurnShareABatch) {
  for (std::uint64_t i = 1; i <= 3; ++i) {
    (void)step(event::PushRequested{{i}, "ben", to_bytes("x")});
  }

  const Actions actions = step(event::TurnEnded{});

  EXPECT_EQ(only<action::StoreBatch>(actions).size(), 1U);
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
  Node node(settings("anna"), sample_identity(1), Seed{}, met_ben(), false);
  const auto started = node.start(kNow);

  const auto actions = node.step(kNow, event::PushRequested{{1}, "ben", to_bytes("x")});

  EXPECT_TRUE(only<action::StoreSelf>(started).empty());
  EXPECT_EQ(only<action::Answer>(actions).at(0).code, ExitCode::failed);
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

TEST_F(NodeTest, APromiseIsStoredBeforeABeatIsSent) {
  (void)step(event::LinkOpened{sample_peer(2), LinkSide::accepted, "127.0.0.1"});
  const Bytes ack = link::encode(link::Ack{Code::success, ""});

  const auto actions = step(event::LinkFrameReceived{sample_peer(2), LinkSide::accepted, ack});

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
