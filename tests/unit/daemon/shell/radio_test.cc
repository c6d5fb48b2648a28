#include "daemon/shell/radio.h"

#include "tests/unit/daemon/shell/net_fixture.h"

namespace p2pchat {
namespace {

using event::LiveFrameReceived;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

Topic topic_of(std::uint8_t number) {
  Topic topic;
  topic.bytes.fill(number);
  return topic;
}

Bytes frame_of(const Topic& topic, std::string_view text) {
  Bytes frame = to_bytes(topic.view());
  frame.insert(frame.end(), text.begin(), text.end());
  return frame;
}

const Topic kTopic = topic_of(7);

class RadioTest : public testing::Test {
 protected:
  void SetUp() override { alice_.order(action::Subscribe{kTopic}); }

  // Publishes until alice has heard a frame that she had not heard before.
  bool alice_hears(Peer& publisher, const Topic& topic = kTopic) {
    const std::size_t before = alice_.count<LiveFrameReceived>();
    return until({&alice_, &publisher}, [&] {
      publisher.order(action::Publish{frame_of(topic, "news")});
      return alice_.count<LiveFrameReceived>() > before;
    });
  }
  bool alice_hears_one() { return alice_.counter("live_heard") == 1; }
  void hear_bob() { alice_.order(action::Hear{bob_.id(), kHost, bob_.pub_port()}); }

  Peer alice_{1};
  Peer bob_{2};
};

TEST_F(RadioTest, HearsATopicOfAPeerThatAdmitsUs) {
  bob_.order(action::Admit{alice_.id()});
  hear_bob();

  ASSERT_TRUE(alice_hears(bob_));

  EXPECT_EQ(alice_.all<LiveFrameReceived>().front().frame, frame_of(kTopic, "news"));
  EXPECT_TRUE(alice_hears_one());
}

TEST_F(RadioTest, HearsNoTopicThatWasNotSubscribedTo) {
  bob_.order(action::Admit{alice_.id()});
  hear_bob();
  ASSERT_TRUE(alice_hears(bob_));
  const std::size_t before = alice_.count<LiveFrameReceived>();
  bob_.order(action::Publish{frame_of(topic_of(8), "other")});
  ASSERT_TRUE(alice_hears(bob_));

  for (std::size_t i = before; i < alice_.count<LiveFrameReceived>(); ++i) {
    EXPECT_EQ(alice_.all<LiveFrameReceived>()[i].frame, frame_of(kTopic, "news"));
  }
}

TEST_F(RadioTest, HearsATopicThatWasSubscribedToLater) {
  bob_.order(action::Admit{alice_.id()});
  hear_bob();
  ASSERT_TRUE(alice_hears(bob_));
  alice_.order(action::Subscribe{topic_of(9)});

  EXPECT_TRUE(alice_hears(bob_, topic_of(9)));
}

TEST_F(RadioTest, IsNotHeardByAStranger) {
  hear_bob();
  ASSERT_TRUE(until({&alice_, &bob_}, [&] {
    bob_.order(action::Publish{frame_of(kTopic, "secret")});
    return bob_.counter("refused_handshakes") > 0 && !alice_.net->complaints().empty();
  }));

  EXPECT_EQ(alice_.count<LiveFrameReceived>(), 0U);
  EXPECT_THAT(alice_.net->complaints(), Contains(HasSubstr("does not admit us yet")));
}

TEST_F(RadioTest, IsHeardByAStrangerOnceItIsAdmitted) {
  hear_bob();
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.counter("refused_handshakes") > 0; }));
  bob_.order(action::Admit{alice_.id()});

  EXPECT_TRUE(alice_hears(bob_));
  EXPECT_THAT(alice_.net->complaints(), IsEmpty());
}

TEST_F(RadioTest, HearsAPeerThatComesBack) {
  bob_.order(action::Admit{alice_.id()});
  hear_bob();
  ASSERT_TRUE(alice_hears(bob_));
  bob_.order(action::Admit{identity_of(9).id()});
  bob_.order(action::Expel{identity_of(9).id()});  // Cuts all.
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return !alice_hears_one(); }));

  EXPECT_TRUE(alice_hears(bob_));
}

TEST_F(RadioTest, IsNotHeardByAnExpelledPeer) {
  bob_.order(action::Admit{alice_.id()});
  hear_bob();
  ASSERT_TRUE(alice_hears(bob_));
  bob_.order(action::Expel{alice_.id()});
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.counter("refused_handshakes") > 0; }));
  const std::size_t before = alice_.count<LiveFrameReceived>();
  bob_.order(action::Publish{frame_of(kTopic, "secret")});
  ASSERT_TRUE(until({&alice_, &bob_}, [&] { return bob_.counter("refused_handshakes") > 1; }));

  EXPECT_EQ(alice_.count<LiveFrameReceived>(), before);
}

TEST_F(RadioTest, LeavesAnOlderAddressOfTheSamePeer) {
  const Tcp old_address = Tcp::listen();
  alice_.order(action::Hear{bob_.id(), kHost, old_address.port()});
  Tcp connection = old_address.accept();
  bob_.order(action::Admit{alice_.id()});
  hear_bob();
  ASSERT_TRUE(alice_hears(bob_));

  EXPECT_TRUE(until({&alice_}, [&] { return connection.read(); }));
}

TEST_F(RadioTest, HearsAPeerNoMoreThatItLeft) {
  Peer carol{3};
  bob_.order(action::Admit{alice_.id()});
  carol.order(action::Admit{alice_.id()});
  hear_bob();
  ASSERT_TRUE(alice_hears(bob_));
  alice_.order(action::Unhear{bob_.id()});
  alice_.order(action::Hear{carol.id(), kHost, carol.pub_port()});
  ASSERT_TRUE(alice_hears(carol));
  const std::size_t before = alice_.count<LiveFrameReceived>();
  bob_.order(action::Publish{frame_of(kTopic, "too late")});
  ASSERT_TRUE(until({&alice_, &bob_, &carol}, [&] {
    carol.order(action::Publish{frame_of(kTopic, "last")});
    return alice_.count<LiveFrameReceived>() > before;
  }));

  for (const LiveFrameReceived& event : alice_.all<LiveFrameReceived>()) {
    EXPECT_NE(event.frame, frame_of(kTopic, "too late"));
  }
}

TEST_F(RadioTest, KeepsTwoPeersAtOneAddressApart) {
  // One of them is wrong about its address; the other is heard none the less.
  alice_.order(action::Hear{identity_of(3).id(), kHost, bob_.pub_port()});
  bob_.order(action::Admit{alice_.id()});
  hear_bob();
  ASSERT_TRUE(alice_hears(bob_));
  alice_.order(action::Unhear{identity_of(3).id()});

  EXPECT_TRUE(alice_hears(bob_));
}

TEST_F(RadioTest, ComesBackToAPublisherThatBrokeABound) {
  zmq::context_t raw;
  RawServer server(raw, zmq::socket_type::pub, identity_of(3));
  alice_.order(action::Hear{identity_of(3).id(), kHost, server.port()});
  const Bytes news = frame_of(kTopic, "news");
  ASSERT_TRUE(until({&alice_}, [&] {
    (void)send_frame(server.socket, news);
    return alice_.count<LiveFrameReceived>() > 0;
  }));
  (void)send_frame(server.socket, frame_of(kTopic, std::string(kFrameBytesMax, 'x')));
  ASSERT_TRUE(until({&alice_}, [&] { return !alice_hears_one(); }));
  const std::size_t before = alice_.count<LiveFrameReceived>();

  alice_.ahead = kHearAgainMin;

  EXPECT_TRUE(until({&alice_}, [&] {
    (void)send_frame(server.socket, news);
    return alice_.count<LiveFrameReceived>() > before;
  }));
}

TEST_F(RadioTest, SaysWhyAPeerIsNotHeard) {
  const std::uint16_t port = [] { return Tcp::listen().port(); }();
  alice_.order(action::Hear{bob_.id(), kHost, port});
  alice_.order(action::Hear{identity_of(3).id(), "no..such..name", 7475});

  ASSERT_TRUE(until({&alice_}, [&] { return alice_.net->complaints().size() == 2; }));

  EXPECT_THAT(alice_.net->complaints(), Contains(HasSubstr("nobody listens there")));
  EXPECT_THAT(alice_.net->complaints(), Contains(HasSubstr("is not known")));
}

TEST_F(RadioTest, DropsAndCountsMessagesOfManyParts) {
  zmq::context_t raw;
  RawServer server(raw, zmq::socket_type::pub, identity_of(3));
  alice_.order(action::Hear{identity_of(3).id(), kHost, server.port()});

  ASSERT_TRUE(until({&alice_}, [&] {
    (void)zmq_send(server.socket.handle(), kTopic.bytes.data(), 16, ZMQ_SNDMORE);
    (void)zmq_send(server.socket.handle(), "more", 4, 0);
    return alice_.counter("rubbish_frames") > 0;
  }));

  EXPECT_EQ(alice_.count<LiveFrameReceived>(), 0U);
}

}  // namespace
}  // namespace p2pchat
