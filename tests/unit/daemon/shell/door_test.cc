#include "daemon/shell/door.h"

#include "tests/unit/daemon/shell/net_fixture.h"

namespace p2pchat {
namespace {

using event::DoorAsked;

class DoorTest : public testing::Test {
 protected:
  Tcp visit() { return Tcp::connect(bob_.door_port()); }
  bool bob_until(const std::function<bool()>& fact) { return until({&bob_}, fact); }
  bool is_shown_out(Tcp& visitor) {
    return bob_until([&] { return visitor.read(); });
  }

  const Bytes question_ = door::framed(view("who?"));
  Peer bob_{2};
};

TEST_F(DoorTest, HandsOnAWholeQuestionAndCarriesTheAnswer) {
  Tcp visitor = visit();
  visitor.send(question_);
  ASSERT_TRUE(bob_until([&] { return bob_.count<DoorAsked>() == 1; }));
  const DoorAsked asked = bob_.all<DoorAsked>().front();
  bob_.order(action::AnswerDoor{asked.visit, to_bytes("me")});

  EXPECT_EQ(to_string(asked.question), "who?");
  EXPECT_EQ(asked.host, kHost);
  bob_.ahead = kDoorPartingTime;
  ASSERT_TRUE(is_shown_out(visitor));
  EXPECT_EQ(visitor.received, door::framed(view("me")));
}

TEST_F(DoorTest, FlushesTheLargestAnswerBeforeItCloses) {
  const Bytes answer(kDoorBytesMax - 4, 'x');
  for (std::size_t i = 0; i < 20; ++i) {
    Tcp visitor = visit();
    visitor.send(question_);
    ASSERT_TRUE(bob_until([&] { return bob_.count<DoorAsked>() == i + 1; }));
    bob_.order(action::AnswerDoor{bob_.all<DoorAsked>().back().visit, answer});
    bob_.ahead += kDoorPartingTime;
    ASSERT_TRUE(is_shown_out(visitor));
    EXPECT_EQ(visitor.received, door::framed(answer));
  }
}

TEST_F(DoorTest, PutsAQuestionTogetherThatComesByteByByte) {
  Tcp visitor = visit();
  for (std::size_t i = 0; i < question_.size(); ++i) {
    visitor.send(ByteView(question_).subspan(i, 1));
    bob_.turn();
  }

  EXPECT_TRUE(bob_until([&] { return bob_.count<DoorAsked>() == 1; }));
}

TEST_F(DoorTest, TakesAQuestionOfExactlyTheLimit) {
  Tcp visitor = visit();
  visitor.send(door::framed(Bytes(kDoorBytesMax - 4, 'x')));

  EXPECT_TRUE(bob_until([&] { return bob_.count<DoorAsked>() == 1; }));
}

TEST_F(DoorTest, ShowsOutWhoSaysNothing) {
  Tcp silent = visit();
  ASSERT_TRUE(bob_until([&] { return bob_.net->deadline() != TimePoint::never(); }));
  bob_.ahead = kDoorTimeout;

  EXPECT_TRUE(is_shown_out(silent));
  EXPECT_EQ(bob_.counter("door_timed_out"), 1);
}

TEST_F(DoorTest, ShowsOutWhoDripsWhateverItSays) {
  Tcp dripping = visit();
  bool is_out = false;
  for (int i = 0; i < 100 && !is_out; ++i) {
    dripping.send(ByteView(question_).first(1));
    bob_.ahead += kDoorTimeout / 50;
    bob_.turn();
    is_out = dripping.read();
  }

  EXPECT_TRUE(is_shown_out(dripping));
  EXPECT_EQ(bob_.count<DoorAsked>(), 0U);
}

TEST_F(DoorTest, ShowsOutWhoSaysWhatIsNoQuestion) {
  const Bytes too_long = {0, 0, 0x10, 0x01, 'x'};
  const Bytes huge = {0xff, 0xff, 0xff, 0xff};
  const Bytes empty = {0, 0, 0, 0};
  const Bytes http = to_bytes("GET / HTTP/1.1\r\nHost: bob\r\n\r\n");
  for (const Bytes& rubbish : {too_long, huge, empty, http}) {
    Tcp visitor = visit();
    visitor.send(rubbish);
    EXPECT_TRUE(is_shown_out(visitor));
  }

  EXPECT_EQ(bob_.counter("door_rubbish"), 4);
  EXPECT_EQ(bob_.count<DoorAsked>(), 0U);
}

TEST_F(DoorTest, DoesNotListenToWhatFollowsAQuestion) {
  Tcp visitor = visit();
  visitor.send(question_);
  ASSERT_TRUE(bob_until([&] { return bob_.count<DoorAsked>() == 1; }));
  for (int i = 0; i < 100; ++i) {
    visitor.send(Bytes(100'000, 'x'));
    bob_.turn();
  }
  bob_.ahead = kDoorTimeout;

  EXPECT_TRUE(is_shown_out(visitor));
  EXPECT_EQ(bob_.count<DoorAsked>(), 1U);
}

TEST_F(DoorTest, PassesByAnAnswerForSomebodyWhoHasGone) {
  {
    Tcp visitor = visit();
    visitor.send(question_);
    ASSERT_TRUE(bob_until([&] { return bob_.count<DoorAsked>() == 1; }));
  }
  ASSERT_TRUE(bob_until([&] { return bob_.net->deadline() == TimePoint::never(); }));
  bob_.order(action::AnswerDoor{bob_.all<DoorAsked>().front().visit, to_bytes("me")});
  bob_.order(action::AnswerDoor{VisitId{4711}, to_bytes("me")});

  EXPECT_EQ(bob_.counter("door_answered"), 0);
}

TEST_F(DoorTest, BearsSoManyVisitorsAtOnce) {
  std::vector<Tcp> visitors;
  for (std::size_t i = 0; i < kDoorOpenMax; ++i) visitors.push_back(visit());
  ASSERT_TRUE(bob_until([&] { return bob_.net->deadline() != TimePoint::never(); }));
  std::vector<Tcp> late;
  late.reserve(3);
  for (int i = 0; i < 3; ++i) late.push_back(visit());

  ASSERT_TRUE(bob_until([&] { return bob_.counter("door_turned_away") == 3; }));
  for (Tcp& one : late) EXPECT_TRUE(is_shown_out(one));

  // The others are still served.
  visitors.front().send(question_);
  EXPECT_TRUE(bob_until([&] { return bob_.count<DoorAsked>() == 1; }));
}

TEST_F(DoorTest, ServesManyOneAfterTheOther) {
  for (std::size_t i = 0; i < 3 * kDoorOpenMax; ++i) {
    Tcp visitor = visit();
    visitor.send(question_);
    ASSERT_TRUE(bob_until([&] { return bob_.count<DoorAsked>() == i + 1; }));
  }

  EXPECT_TRUE(bob_until([&] { return bob_.net->deadline() == TimePoint::never(); }));
  EXPECT_EQ(bob_.counter("door_turned_away"), 0);
}

}  // namespace
}  // namespace p2pchat
