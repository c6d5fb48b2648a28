#include "daemon/shell/listener.h"

#include "tests/unit/daemon/shell/net_fixture.h"

namespace p2pchat {
namespace {

using testing::HasSubstr;

class ListenerTest : public testing::Test {
 protected:
  // Looks after `listener` until it stands at its port again.
  void wait_until_bound(Listener& listener, TimePoint now) {
    for (int i = 0; i < 1000 && !listener.is_bound(); ++i) {
      (void)zmq_poll(nullptr, 0, 1);
      now = now + kBindAgainInterval;
      (void)listener.tend(now, socket_);
    }
    ASSERT_TRUE(listener.is_bound());
  }

  zmq::context_t context_;
  zmq::socket_t socket_ = std::move(*open_socket(context_, zmq::socket_type::router));
};

TEST_F(ListenerTest, TakesAFreePortForZero) {
  const auto listener = Listener::bind(socket_, {kHost, 0}, "test");

  ASSERT_TRUE(listener) << listener.error().text;
  EXPECT_NE(listener->port(), 0);
}

TEST_F(ListenerTest, BindsAllAddressesOrANameOfThisHost) {
  EXPECT_TRUE(Listener::bind(socket_, {"*", 0}, "test"));
  EXPECT_TRUE(Listener::bind(socket_, {"localhost", 0}, "test"));
}

TEST_F(ListenerTest, SaysWhichPortIsTakenAndWhatFor) {
  const Tcp other = Tcp::listen();

  const auto listener = Listener::bind(socket_, {kHost, other.port()}, "door");

  ASSERT_FALSE(listener);
  EXPECT_EQ(listener.error().text,
            "port " + std::to_string(other.port()) + " for the door is taken by another program");
}

TEST_F(ListenerTest, SaysThatAnAddressIsNotOfThisMachine) {
  const auto listener = Listener::bind(socket_, {"192.0.2.1", 7473}, "door");

  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().text, HasSubstr("192.0.2.1 is no address of this machine"));
}

TEST_F(ListenerTest, CutsAtMostOnceAMinute) {
  auto listener = Listener::bind(socket_, {kHost, 0}, "test");
  const TimePoint start = clock_now();
  ASSERT_FALSE(listener->tend(start, socket_));

  listener->ask_cut();
  EXPECT_TRUE(listener->tend(start, socket_));
  wait_until_bound(*listener, start);
  listener->ask_cut();
  EXPECT_FALSE(listener->tend(start + 1s, socket_));
  EXPECT_FALSE(listener->tend(start + (kCutInterval - 1ms), socket_));
  EXPECT_TRUE(listener->tend(start + kCutInterval, socket_));
}

TEST_F(ListenerTest, StandsAtItsPortAgainAfterACut) {
  auto listener = Listener::bind(socket_, {kHost, 0}, "test");
  const std::uint16_t port = listener->port();
  listener->ask_cut();
  ASSERT_TRUE(listener->tend(clock_now(), socket_));

  wait_until_bound(*listener, clock_now());

  EXPECT_EQ(listener->port(), port);
  (void)Tcp::connect(port);
}

}  // namespace
}  // namespace p2pchat
