#include "daemon/shell/sockets.h"

#include <gtest/gtest.h>

namespace p2pchat {
namespace {

TEST(Sockets, ReadIpv4WithinIpv6AsIpv4) {
  EXPECT_EQ(plain_host("::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(plain_host("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(plain_host("::1"), "::1");
  EXPECT_EQ(plain_host("::ffff:0:1"), "::ffff:0:1");
}

TEST(Sockets, NameAnEndpointWithBracketsAroundIpv6) {
  EXPECT_EQ(endpoint_text("10.0.0.1", 7474), "tcp://10.0.0.1:7474");
  EXPECT_EQ(endpoint_text("2001:db8::1", 7474), "tcp://[2001:db8::1]:7474");
}

TEST(Sockets, CutAMessageOfTooManyPartsButReadItToItsEnd) {
  zmq::context_t context;
  zmq::socket_t sender(context, zmq::socket_type::pair);
  zmq::socket_t receiver(context, zmq::socket_type::pair);
  receiver.bind("inproc://parts");
  sender.connect("inproc://parts");
  for (const int more : {ZMQ_SNDMORE, ZMQ_SNDMORE, ZMQ_SNDMORE, 0}) {
    ASSERT_EQ(zmq_send(sender.handle(), "x", 1, more), 1);
  }
  ASSERT_EQ(zmq_send(sender.handle(), "whole", 5, 0), 5);

  Parts parts;

  ASSERT_TRUE(receive_parts(receiver, 1, parts));
  EXPECT_EQ(parts.size(), 2U);
  ASSERT_TRUE(receive_parts(receiver, 1, parts));
  ASSERT_EQ(parts.size(), 1U);
  EXPECT_EQ(to_string(view(parts.front())), "whole");
  EXPECT_FALSE(receive_parts(receiver, 1, parts));
}

TEST(Sockets, NeverWaitForASlowOrMissingReader) {
  zmq::context_t context;
  auto alone = open_socket(context, zmq::socket_type::dealer);
  auto router = open_socket(context, zmq::socket_type::router);
  ASSERT_TRUE(alone && router);
  set_option(*router, ZMQ_ROUTER_MANDATORY, 1);

  EXPECT_EQ(send_frame(*alone, view("x")), Sent::full);
  EXPECT_EQ(send_frame(*router, "nobody", view("x")), Sent::gone);
}

}  // namespace
}  // namespace p2pchat
