#include "daemon/shell/dialled_links.h"

#include "tests/unit/daemon/shell/net_fixture.h"

namespace p2pchat {
namespace {

using event::LinkClosed;
using event::LinkFrameReceived;
using event::LinkOpened;
using testing::HasSubstr;

class DialledLinksTest : public testing::Test {
 protected:
  void dial(const PeerId& peer, std::uint16_t port, const std::string& host = kHost) {
    alice_.order(action::Dial{peer, host, port});
  }
  bool alice_is_told() {
    return until({&alice_, &bob_}, [&] { return !alice_.events.empty(); });
  }
  // After those of ZAP and of the accepted links come two for each dial.
  zmq::pollitem_t monitor_of_alices_only_dial() { return alice_.net->poll_items()[4]; }
  static std::string at(std::uint16_t port) { return place_text(kHost, port); }

  Peer alice_{1};
  Peer bob_{2};
};

TEST_F(DialledLinksTest, OpenWhenThePeerAdmitsUs) {
  bob_.order(action::Admit{alice_.id()});
  dial(bob_.id(), bob_.link_port());

  ASSERT_TRUE(alice_is_told());

  const auto opened = alice_.all<LinkOpened>();
  ASSERT_EQ(opened.size(), 1U);
  EXPECT_EQ(opened.front().peer, bob_.id());
  EXPECT_EQ(opened.front().side, LinkSide::dialled);
  EXPECT_EQ(opened.front().host, kHost);
}

TEST_F(DialledLinksTest, LeadToANamedHost) {
  bob_.order(action::Admit{alice_.id()});
  dial(bob_.id(), bob_.link_port(), "localhost");

  ASSERT_TRUE(alice_is_told());

  ASSERT_EQ(alice_.count<LinkOpened>(), 1U) << last_why(alice_);
  EXPECT_EQ(alice_.all<LinkOpened>().front().host, "localhost");
}

TEST_F(DialledLinksTest, SayThatNobodyListens) {
  const std::uint16_t port = [] { return Tcp::listen().port(); }();
  dial(bob_.id(), port);

  ASSERT_TRUE(alice_is_told());

  EXPECT_EQ(last_why(alice_), "nobody listens at " + at(port));
  EXPECT_EQ(alice_.all<LinkClosed>().front().side, LinkSide::dialled);
}

TEST_F(DialledLinksTest, SayThatANameIsNotKnown) {
  dial(bob_.id(), 7474, "no..such..name");

  ASSERT_TRUE(alice_is_told());

  EXPECT_THAT(last_why(alice_), HasSubstr("the name no..such..name is not known"));
}

TEST_F(DialledLinksTest, SayThatNobodyAnswers) {
  const Tcp silent = Tcp::listen();
  dial(bob_.id(), silent.port());

  ASSERT_TRUE(alice_is_told());

  EXPECT_EQ(last_why(alice_),
            "no answer from " + at(silent.port()) + ": whoever is there says nothing");
}

TEST_F(DialledLinksTest, SayThatThePeerHasAnotherKey) {
  bob_.order(action::Admit{alice_.id()});
  dial(identity_of(3).id(), bob_.link_port());

  ASSERT_TRUE(alice_is_told());

  EXPECT_EQ(last_why(alice_),
            "the peer at " + at(bob_.link_port()) + " has another key, or does not admit us yet");
}

TEST_F(DialledLinksTest, SayThatThePeerDoesNotAdmitUs) {
  dial(bob_.id(), bob_.link_port());

  ASSERT_TRUE(alice_is_told());

  // libzmq refuses sooner or later, so it may be less sure of why.
  EXPECT_THAT(last_why(alice_), HasSubstr("the peer at " + at(bob_.link_port())));
  EXPECT_THAT(last_why(alice_), HasSubstr("does not admit us yet"));
}

TEST_F(DialledLinksTest, SayThatSomethingElseListens) {
  const Tcp other = Tcp::listen();
  dial(bob_.id(), other.port());
  const Tcp connection = other.accept();
  connection.send(view("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));

  ASSERT_TRUE(alice_is_told());

  EXPECT_EQ(alice_.count<LinkClosed>(), 1U);
  EXPECT_THAT(last_why(alice_), HasSubstr(at(other.port())));
}

TEST_F(DialledLinksTest, TellOfOneFailureOnce) {
  dial(identity_of(3).id(), bob_.link_port());
  ASSERT_TRUE(alice_is_told());
  bob_.order(action::Admit{alice_.id()});
  dial(bob_.id(), bob_.link_port());
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return alice_.count<LinkOpened>() == 1; }));

  EXPECT_EQ(alice_.count<LinkClosed>(), 1U);
}

TEST_F(DialledLinksTest, AreReadToTheEndBeforeTheyClose) {
  zmq::context_t raw;
  std::optional<RawServer> server(std::in_place, raw, zmq::socket_type::router, bob_.identity);
  dial(bob_.id(), server->port());
  ASSERT_TRUE(alice_is_told());
  alice_.order(action::SendLink{bob_.id(), LinkSide::dialled, to_bytes("hello")});
  Parts parts;
  ASSERT_TRUE(until({&alice_}, [&] { return receive_parts(server->socket, 2, parts); }));
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(send_frame(server->socket, parts.front().to_string_view(), view("tail")), Sent::done);
  }
  set_option(server->socket, ZMQ_LINGER, 5000);
  server.reset();
  raw.close();
  // libzmq tells of the end before alice looks for the frames.
  zmq::pollitem_t monitor = monitor_of_alices_only_dial();
  ASSERT_EQ(zmq_poll(&monitor, 1, 5000), 1);

  ASSERT_TRUE(until({&alice_}, [&] { return alice_.count<LinkClosed>() == 1; }));

  EXPECT_EQ(alice_.count<LinkFrameReceived>(), 100U);
  EXPECT_TRUE(std::holds_alternative<LinkClosed>(alice_.events.back()));
}

TEST_F(DialledLinksTest, AreReplacedWithoutAWordByANewDial) {
  ASSERT_TRUE(linked(alice_, bob_));
  ASSERT_TRUE(linked(alice_, bob_));

  EXPECT_EQ(alice_.count<LinkOpened>(), 2U);
  EXPECT_EQ(alice_.count<LinkClosed>(), 0U);
}

TEST_F(DialledLinksTest, AreHungUpWithoutAWord) {
  ASSERT_TRUE(linked(alice_, bob_));
  alice_.order(action::HangUp{bob_.id(), LinkSide::dialled});
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.count<LinkClosed>() == 1; }));

  EXPECT_EQ(alice_.count<LinkClosed>(), 0U);
  EXPECT_EQ(alice_.counter("links_dialled"), 0);
}

TEST_F(DialledLinksTest, CarryTheLastWordsBeforeAHangUp) {
  ASSERT_TRUE(linked(alice_, bob_));
  alice_.order(action::SendLink{bob_.id(), LinkSide::dialled, to_bytes("last words")});
  alice_.order(action::HangUp{bob_.id(), LinkSide::dialled});

  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.count<LinkClosed>() == 1; }));

  EXPECT_EQ(to_string(bob_.all<LinkFrameReceived>().back().frame), "last words");
}

TEST_F(DialledLinksTest, CloseWhenThePeerIsExpelled) {
  ASSERT_TRUE(linked(alice_, bob_));
  alice_.order(action::Admit{bob_.id()});
  alice_.order(action::Expel{bob_.id()});

  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.count<LinkClosed>() == 1; }));

  ASSERT_EQ(alice_.count<LinkClosed>(), 1U);
  EXPECT_EQ(alice_.all<LinkClosed>().front().side, LinkSide::dialled);
}

TEST_F(DialledLinksTest, CloseWhenThePeersProcessIsKilled) {
  bob_.order(action::Admit{alice_.id()});
  auto carol = std::make_unique<Peer>(3);
  ASSERT_TRUE(linked(alice_, *carol));

  // To a peer that is killed, a context that ends looks the same: the kernel closes.
  carol->net.reset();
  ASSERT_TRUE(until({&alice_}, [&] { return alice_.count<LinkClosed>() == 1; }));

  EXPECT_EQ(alice_.all<LinkClosed>().front().peer, carol->id());
  EXPECT_EQ(last_why(alice_), "the connection was lost");
}

}  // namespace
}  // namespace p2pchat
