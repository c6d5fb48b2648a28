#include "daemon/shell/accepted_links.h"

#include "tests/unit/daemon/shell/net_fixture.h"

namespace p2pchat {
namespace {

using event::LinkClosed;
using event::LinkFrameReceived;
using event::LinkOpened;

class AcceptedLinksTest : public testing::Test {
 protected:
  // A DEALER of alice's at bob's link port that says what it likes.
  zmq::socket_t raw_link(const std::string& route = {}) {
    zmq::socket_t socket = std::move(*open_socket(raw_, zmq::socket_type::dealer));
    be_client(socket, alice_.identity);
    expect_server(socket, bob_.identity.curve_public());
    if (!route.empty()) socket.set(zmq::sockopt::routing_id, route);
    EXPECT_EQ(zmq_connect(socket.handle(), endpoint_text(kHost, bob_.link_port()).c_str()), 0);
    return socket;
  }
  void say(zmq::socket_t& socket, std::string_view text, int flags = 0) {
    ASSERT_GE(zmq_send(socket.handle(), text.data(), text.size(), flags | ZMQ_DONTWAIT), 0);
  }
  bool bob_until(const std::function<bool()>& fact) { return until({&bob_}, fact); }
  std::vector<std::string> heard_by_bob() const {
    std::vector<std::string> frames;
    for (const auto& event : bob_.all<LinkFrameReceived>())
      frames.push_back(to_string(event.frame));
    return frames;
  }

  zmq::context_t raw_;
  Peer alice_{1};
  Peer bob_{2};
};

TEST_F(AcceptedLinksTest, OpenWithTheFirstFrameAndNameThePeerByItsKey) {
  ASSERT_TRUE(linked(alice_, bob_));

  const auto opened = bob_.all<LinkOpened>();
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened.front().peer, alice_.id());
  EXPECT_EQ(opened.front().side, LinkSide::accepted);
  EXPECT_EQ(opened.front().host, kHost);
  // Opened before its first frame.
  EXPECT_TRUE(std::holds_alternative<LinkOpened>(bob_.events.front()));
  EXPECT_EQ(heard_by_bob(), std::vector<std::string>{"hello"});
}

TEST_F(AcceptedLinksTest, CarryFramesBothWaysInOrder) {
  ASSERT_TRUE(linked(alice_, bob_));
  for (const char* text : {"one", "two", "three"}) {
    alice_.order(action::SendLink{bob_.id(), LinkSide::dialled, to_bytes(text)});
    bob_.order(action::SendLink{alice_.id(), LinkSide::accepted, to_bytes(text)});
  }

  ASSERT_TRUE(until({&alice_, &bob_}, [&] {
    return alice_.count<LinkFrameReceived>() == 3 && bob_.count<LinkFrameReceived>() == 4;
  }));
  EXPECT_EQ(heard_by_bob(), (std::vector<std::string>{"hello", "one", "two", "three"}));
  const auto back = alice_.all<LinkFrameReceived>();
  EXPECT_EQ(back.front().peer, bob_.id());
  EXPECT_EQ(back.front().side, LinkSide::dialled);
  EXPECT_EQ(to_string(back.back().frame), "three");
}

TEST_F(AcceptedLinksTest, DoNotCareWhatAPeerCallsItself) {
  bob_.order(action::Admit{alice_.id()});
  zmq::socket_t liar = raw_link(to_text(bob_.id()));
  say(liar, "I am bob");

  ASSERT_TRUE(bob_until([&] { return bob_.count<LinkFrameReceived>() == 1; }));

  EXPECT_EQ(bob_.all<LinkFrameReceived>().front().peer, alice_.id());
}

TEST_F(AcceptedLinksTest, CarryTheLargestFrame) {
  ASSERT_TRUE(linked(alice_, bob_));
  const Bytes frame(kFrameBytesMax, 'x');
  alice_.order(action::SendLink{bob_.id(), LinkSide::dialled, frame});

  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.count<LinkFrameReceived>() == 2; }));

  EXPECT_EQ(bob_.all<LinkFrameReceived>().back().frame, frame);
}

TEST_F(AcceptedLinksTest, DropAPeerWhoseFrameIsTooLarge) {
  ASSERT_TRUE(linked(alice_, bob_));
  alice_.order(action::SendLink{bob_.id(), LinkSide::dialled, Bytes(kFrameBytesMax + 1, 'x')});

  ASSERT_TRUE(until({&alice_, &bob_}, [&] {
    return bob_.count<LinkClosed>() == 1 && alice_.count<LinkClosed>() == 1;
  }));

  EXPECT_EQ(bob_.count<LinkFrameReceived>(), 1U);
}

TEST_F(AcceptedLinksTest, CloseOnceWhenThePeerHangsUp) {
  ASSERT_TRUE(linked(alice_, bob_));
  alice_.order(action::HangUp{bob_.id(), LinkSide::dialled});

  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.count<LinkClosed>() > 0; }));

  EXPECT_EQ(bob_.count<LinkClosed>(), 1U);
  EXPECT_EQ(bob_.all<LinkClosed>().front().peer, alice_.id());
  EXPECT_EQ(bob_.all<LinkClosed>().front().side, LinkSide::accepted);
  EXPECT_EQ(alice_.count<LinkClosed>(), 0U);
}

TEST_F(AcceptedLinksTest, AreReadToTheEndBeforeTheyClose) {
  bob_.order(action::Admit{alice_.id()});
  {
    zmq::socket_t socket = raw_link();
    say(socket, "first");
    ASSERT_TRUE(bob_until([&] { return bob_.count<LinkFrameReceived>() == 1; }));
    set_option(socket, ZMQ_LINGER, 5000);
    for (int i = 0; i < 100; ++i) say(socket, "tail");
  }

  ASSERT_TRUE(bob_until([&] { return bob_.count<LinkClosed>() == 1; }));

  EXPECT_EQ(bob_.count<LinkFrameReceived>(), 101U);
  EXPECT_EQ(bob_.count<LinkOpened>(), 1U);
  EXPECT_TRUE(std::holds_alternative<LinkClosed>(bob_.events.back()));
}

TEST_F(AcceptedLinksTest, GiveWayToANewerConnectionOfTheSamePeer) {
  bob_.order(action::Admit{alice_.id()});
  zmq::socket_t older = raw_link();
  say(older, "old");
  ASSERT_TRUE(bob_until([&] { return bob_.count<LinkFrameReceived>() == 1; }));
  zmq::socket_t newer = raw_link();
  say(newer, "new");
  ASSERT_TRUE(bob_until([&] { return bob_.count<LinkFrameReceived>() == 2; }));

  ASSERT_EQ(bob_.events.size(), 5U);
  EXPECT_TRUE(std::holds_alternative<LinkClosed>(bob_.events[2]));
  EXPECT_TRUE(std::holds_alternative<LinkOpened>(bob_.events[3]));
  bob_.order(action::SendLink{alice_.id(), LinkSide::accepted, to_bytes("to the newer")});
  Parts parts;
  ASSERT_TRUE(bob_until([&] { return receive_parts(newer, 1, parts); }));
  // What the older one goes on to say is not heard, and its end is no event.
  say(older, "still here");
  ASSERT_TRUE(bob_until([&] { return bob_.counter("rubbish_frames") == 1; }));
  older.close();
  say(newer, "newest");
  ASSERT_TRUE(bob_until([&] { return bob_.count<LinkFrameReceived>() == 3; }));
  EXPECT_EQ(bob_.count<LinkClosed>(), 1U);
}

TEST_F(AcceptedLinksTest, StayWithTheNewerConnectionWhenTheOlderOneEnds) {
  ASSERT_TRUE(linked(alice_, bob_));
  ASSERT_TRUE(linked(alice_, bob_));

  EXPECT_EQ(bob_.count<LinkClosed>(), 1U);
  EXPECT_EQ(bob_.count<LinkOpened>(), 2U);
  bob_.order(action::SendLink{alice_.id(), LinkSide::accepted, to_bytes("x")});
  EXPECT_TRUE(until({&alice_, &bob_}, [&] { return alice_.count<LinkFrameReceived>() == 1; }));
}

TEST_F(AcceptedLinksTest, DropAndCountMessagesOfManyParts) {
  bob_.order(action::Admit{alice_.id()});
  zmq::socket_t socket = raw_link();
  say(socket, "a", ZMQ_SNDMORE);
  say(socket, "b");
  say(socket, "whole");

  ASSERT_TRUE(bob_until([&] { return bob_.count<LinkFrameReceived>() == 1; }));

  EXPECT_EQ(heard_by_bob(), std::vector<std::string>{"whole"});
  EXPECT_EQ(bob_.counter("rubbish_frames"), 1);
}

TEST_F(AcceptedLinksTest, AreForgottenWhenToldToHangUpUntilThePeerSpeaksAgain) {
  ASSERT_TRUE(linked(alice_, bob_));
  bob_.order(action::HangUp{alice_.id(), LinkSide::accepted});
  bob_.order(action::SendLink{alice_.id(), LinkSide::accepted, to_bytes("lost")});
  EXPECT_EQ(bob_.counter("link_frames_dropped"), 1);

  alice_.order(action::SendLink{bob_.id(), LinkSide::dialled, to_bytes("again")});
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.count<LinkFrameReceived>() == 2; }));

  EXPECT_EQ(bob_.count<LinkOpened>(), 2U);
  EXPECT_EQ(bob_.count<LinkClosed>(), 0U);
}

TEST_F(AcceptedLinksTest, AreCutWhenThePeerIsExpelled) {
  ASSERT_TRUE(linked(alice_, bob_));
  bob_.order(action::Expel{alice_.id()});

  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return alice_.count<LinkClosed>() == 1; }));

  EXPECT_EQ(bob_.count<LinkClosed>(), 1U);
  EXPECT_EQ(last_why(bob_), "no longer admitted");
}

TEST_F(AcceptedLinksTest, HearNothingOfAnExpelledPeerThatIsNotCutYet) {
  ASSERT_TRUE(linked(alice_, bob_));
  bob_.order(action::Expel{identity_of(9).id()});  // Not admitted: nothing to do.
  bob_.order(action::Admit{identity_of(9).id()});
  bob_.order(action::Expel{identity_of(9).id()});  // Cuts now, and for a minute not again.
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return alice_.count<LinkClosed>() == 1; }));
  ASSERT_TRUE(linked(alice_, bob_));
  const std::size_t heard = bob_.count<LinkFrameReceived>();
  bob_.order(action::Expel{alice_.id()});

  alice_.order(action::SendLink{bob_.id(), LinkSide::dialled, to_bytes("let me in")});
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.counter("rubbish_frames") == 1; }));
  EXPECT_EQ(bob_.count<LinkFrameReceived>(), heard);
  EXPECT_EQ(alice_.count<LinkClosed>(), 1U);

  bob_.ahead = kCutInterval;
  EXPECT_TRUE(until({&alice_, &bob_}, [&] { return alice_.count<LinkClosed>() == 2; }));
}

TEST_F(AcceptedLinksTest, OfOthersAreBackAfterACut) {
  ASSERT_TRUE(linked(alice_, bob_));
  bob_.order(action::Admit{identity_of(9).id()});
  bob_.order(action::Expel{identity_of(9).id()});
  ASSERT_TRUE(until({&alice_, &bob_}, [&] {
    return alice_.count<LinkClosed>() == 1 && bob_.count<LinkClosed>() == 1;
  }));
  const std::uint16_t port = bob_.link_port();

  EXPECT_TRUE(linked(alice_, bob_));
  EXPECT_EQ(bob_.link_port(), port);
}

TEST_F(AcceptedLinksTest, AreNotOpenedByAStranger) {
  zmq::socket_t socket = raw_link();
  say(socket, "let me in");

  ASSERT_TRUE(bob_until([&] { return bob_.counter("refused_handshakes") == 1; }));

  EXPECT_TRUE(bob_.events.empty());
}

}  // namespace
}  // namespace p2pchat
