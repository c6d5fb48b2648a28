#include "daemon/shell/visits.h"

#include "tests/unit/daemon/shell/net_fixture.h"

namespace p2pchat {
namespace {

using event::DoorAnswered;
using event::DoorAsked;
using event::DoorFailed;
using testing::HasSubstr;

class VisitsTest : public testing::Test {
 protected:
  void visit(std::uint16_t port, const std::string& host = kHost, VisitId id = {1}) {
    alice_.order(action::VisitDoor{id, {host, port}, to_bytes("who?")});
  }
  // What alice is told in the end, in words.
  std::string why() {
    const bool is_told = until({&alice_, &bob_}, [&] { return !alice_.events.empty(); });
    const auto failed = alice_.all<DoorFailed>();
    return is_told && !failed.empty() ? failed.front().why : "";
  }
  static std::string at(std::uint16_t port) { return place_text(kHost, port); }

  Peer alice_{1};
  Peer bob_{2};
};

TEST_F(VisitsTest, BringBackTheAnswer) {
  visit(bob_.door_port(), kHost, VisitId{17});
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.count<DoorAsked>() == 1; }));
  bob_.order(action::AnswerDoor{bob_.all<DoorAsked>().front().visit, to_bytes("me")});

  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return !alice_.events.empty(); }));

  EXPECT_EQ(to_string(bob_.all<DoorAsked>().front().question), "who?");
  ASSERT_EQ(alice_.count<DoorAnswered>(), 1U);
  EXPECT_EQ(alice_.all<DoorAnswered>().front().visit, VisitId{17});
  EXPECT_EQ(to_string(alice_.all<DoorAnswered>().front().answer), "me");
}

TEST_F(VisitsTest, LeadToANamedHost) {
  visit(bob_.door_port(), "localhost");

  EXPECT_TRUE(until({&alice_, &bob_}, [&] { return bob_.count<DoorAsked>() == 1; }));
}

TEST_F(VisitsTest, BringBackAnAnswerThatIsFollowedByTheEnd) {
  const Tcp door = Tcp::listen();
  visit(door.port());
  Tcp connection = door.accept();
  ASSERT_TRUE(until({&alice_}, [&] {
    (void)connection.read();
    return connection.received == door::framed(view("who?"));
  }));
  connection.send(door::framed(view("me")));
  // libzmq has seen the end before alice looks for the answer.
  ASSERT_TRUE(connection.finish());

  ASSERT_TRUE(until({&alice_}, [&] { return !alice_.events.empty(); }));
  EXPECT_EQ(alice_.count<DoorAnswered>(), 1U);
}

TEST_F(VisitsTest, SayThatNobodyListens) {
  const std::uint16_t port = [] { return Tcp::listen().port(); }();
  visit(port);

  EXPECT_EQ(why(), "nobody listens at " + at(port));
}

TEST_F(VisitsTest, SayThatANameIsNotKnown) {
  visit(7473, "no..such..name");

  EXPECT_THAT(why(), HasSubstr("the name no..such..name is not known"));
}

TEST_F(VisitsTest, SayThatNobodyAnswers) {
  const Tcp silent = Tcp::listen();
  visit(silent.port());
  alice_.ahead = kDoorTimeout;

  EXPECT_EQ(why(), "no answer from " + at(silent.port()) + " within 3 s");
}

TEST_F(VisitsTest, SayThatThisIsNoDoor) {
  const Tcp other = Tcp::listen();
  visit(other.port());
  Tcp connection = other.accept();
  connection.send(view("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"));

  EXPECT_EQ(why(), at(other.port()) + " is not a p2pchat door");
}

TEST_F(VisitsTest, SayThatTheDoorWasShut) {
  const Tcp other = Tcp::listen();
  visit(other.port());
  { const Tcp connection = other.accept(); }

  EXPECT_EQ(why(), at(other.port()) + " hung up without an answer");
}

TEST_F(VisitsTest, EndTheAnswerThatHasNoEnd) {
  const Tcp other = Tcp::listen();
  visit(other.port());
  const Tcp connection = other.accept();
  connection.send(ByteView(door::framed(Bytes(kDoorBytesMax - 4, 'x'))).first(100));
  alice_.ahead = kDoorTimeout;

  EXPECT_EQ(why(), "no answer from " + at(other.port()) + " within 3 s");
}

TEST_F(VisitsTest, AreBoundedInNumber) {
  const Tcp silent = Tcp::listen();
  for (std::uint64_t i = 0; i <= kVisitsMax; ++i) visit(silent.port(), kHost, VisitId{i});

  EXPECT_EQ(why(), "too many doors are visited at once");
  EXPECT_EQ(alice_.all<DoorFailed>().front().visit, VisitId{kVisitsMax});
  EXPECT_EQ(alice_.events.size(), 1U);
}

}  // namespace
}  // namespace p2pchat
