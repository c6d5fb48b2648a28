#include "daemon/shell/net.h"

#include "tests/unit/daemon/shell/net_fixture.h"

namespace p2pchat {
namespace {

using testing::HasSubstr;

Result<Net> open_at(zmq::context_t& context, const Address& listen) {
  return Net::open(context, identity_of(5), {listen});
}

// The first of `count` ports in a row that were free a moment ago.
std::uint16_t free_ports(int count) {
  for (;;) {
    const std::uint16_t first = [] { return Tcp::listen().port(); }();
    if (first > 0xffff - count) continue;
    zmq::context_t context;
    bool is_free = true;
    for (int i = 0; i < count; ++i) {
      auto socket = open_socket(context, zmq::socket_type::router);
      const auto port = static_cast<std::uint16_t>(first + i);
      is_free = is_free && Listener::bind(*socket, {kHost, port}, "test").has_value();
    }
    if (is_free) return first;
  }
}

TEST(Net, TakesFreePortsForZeroAndSaysWhich) {
  const Peer peer{1};

  const Place place = peer.net->place();
  EXPECT_EQ(place.host, kHost);
  EXPECT_NE(place.door, 0);
  EXPECT_NE(place.link, 0);
  EXPECT_NE(place.pub, 0);
}

TEST(Net, TakesTheTwoPortsAfterTheDoor) {
  const std::uint16_t port = free_ports(3);
  const Peer peer{1, {{kHost, port}}};

  ASSERT_TRUE(peer.net);
  EXPECT_EQ(peer.door_port(), port);
  EXPECT_EQ(peer.link_port(), port + 1);
  EXPECT_EQ(peer.pub_port(), port + 2);
}

TEST(Net, CanBeOpenedWithoutADoor) {
  const Peer peer{1, {{kHost, 0}, {}, false}};

  EXPECT_EQ(peer.door_port(), 0);
  EXPECT_NE(peer.link_port(), 0);
}

TEST(Net, SaysWhichPortIsTakenAndWhatFor) {
  const std::uint16_t port = free_ports(3);
  const char* purposes[] = {"door", "links", "live messages (PUB)"};
  for (std::uint16_t i = 0; i < 3; ++i) {
    zmq::context_t other;
    auto socket = open_socket(other, zmq::socket_type::router);
    const auto taken = static_cast<std::uint16_t>(port + i);
    ASSERT_TRUE(Listener::bind(*socket, {kHost, taken}, "test"));
    zmq::context_t context;

    const auto net = open_at(context, {kHost, port});

    ASSERT_FALSE(net);
    EXPECT_EQ(net.error().fault, Fault::machine);
    EXPECT_EQ(net.error().text, "port " + std::to_string(taken) + " for the " + purposes[i] +
                                    " is taken by another program");
  }
}

TEST(Net, RefusesAPortWithoutTwoOthersBehindIt) {
  zmq::context_t context;

  const auto net = open_at(context, {kHost, 65534});

  ASSERT_FALSE(net);
  EXPECT_EQ(net.error().fault, Fault::usage);
  EXPECT_THAT(net.error().text, HasSubstr("port 65534 is too high"));
}

TEST(Net, ListensOnAllAddresses) {
  Peer alice{1, {{"*", 0}}};
  Peer bob{2, {{"*", 0}}};

  EXPECT_TRUE(linked(alice, bob));
}

TEST(Net, IsDueWheneverAnActionHasSomethingToTell) {
  Peer peer{1};
  ASSERT_EQ(peer.net->deadline(), TimePoint::never());

  peer.order(action::Dial{identity_of(2).id(), "no..such..name", 1});

  ASSERT_NE(peer.net->deadline(), TimePoint::never());
  EXPECT_TRUE(until({&peer}, [&] { return peer.events.size() == 1; }));
  EXPECT_EQ(peer.net->deadline(), TimePoint::never());
}

TEST(Net, CountsWhatItSees) {
  Peer alice{1};
  Peer bob{2};
  ASSERT_TRUE(linked(alice, bob));

  EXPECT_EQ(alice.counter("links_dialled"), 1);
  EXPECT_EQ(alice.counter("link_frames_out"), 1);
  EXPECT_EQ(bob.counter("links_accepted"), 1);
  EXPECT_EQ(bob.counter("link_frames_in"), 1);
}

}  // namespace
}  // namespace p2pchat
