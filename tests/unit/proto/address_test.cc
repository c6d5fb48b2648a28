#include "proto/address.h"

#include <gtest/gtest.h>

#include "proto/limits.h"

namespace p2pchat {
namespace {

Address parsed(std::string_view text) {
  return parse_address(text, kDoorPortDefault).value_or(Address{"refused", 0});
}

bool is_refused(std::string_view text) {
  const auto address = parse_address(text, kDoorPortDefault);
  return !address && address.error().fault == Fault::usage;
}

TEST(Address, AHostAloneMeansTheDefaultPort) {
  EXPECT_EQ(parsed("host.example"), (Address{"host.example", 7473}));
  EXPECT_EQ(parsed("192.0.2.1"), (Address{"192.0.2.1", 7473}));
  EXPECT_EQ(parsed("::1"), (Address{"::1", 7473}));
  EXPECT_EQ(parsed("[2001:db8::7]"), (Address{"2001:db8::7", 7473}));
}

TEST(Address, APortFollowsAColon) {
  EXPECT_EQ(parsed("host:1"), (Address{"host", 1}));
  EXPECT_EQ(parsed("[fe80::1%eth0]:65535"), (Address{"fe80::1%eth0", 65535}));
  EXPECT_EQ(parsed("*:0"), (Address{"*", 0}));
}

TEST(Address, WhatIsNoAddressIsRefused) {
  for (const std::string_view text :
       {"",        ":",         ":1",       "host:",   "host:65536",  "host:-1", "host:+1",
        "host:1x", "ho st:1",   "host:1:2", "[::1",    "[::1]1",      "[::1]:",  "[host]:1",
        "::1]:1",  "-host",     ".host",    "a..b",    "h\xc3\xb6st", "a/b",     "a@b",
        "**",      "*.example", "host\n",   "host:1\n"}) {
    EXPECT_TRUE(is_refused(text)) << text;
  }
}

TEST(Address, HostsHaveALengthLimit) {
  EXPECT_FALSE(is_refused(std::string(kHostBytesMax, 'a')));
  EXPECT_TRUE(is_refused(std::string(kHostBytesMax + 1, 'a')));
}

TEST(Address, TextReadsBack) {
  for (const Address& address : {Address{"host", 1}, Address{"::", 0}, Address{"*", 7473},
                                 Address{"fe80::1%eth0", 9}, Address{"192.0.2.1", 65535}}) {
    EXPECT_EQ(parsed(to_text(address)), address);
  }
  EXPECT_EQ(to_text(Address{"::1", 5}), "[::1]:5");
}

TEST(Host, ATextThatResolversReadAsANumberIsADottedQuadOrNone) {
  EXPECT_TRUE(is_host("127.0.0.1"));
  for (const std::string_view text :
       {"127.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "127.0.0.0x1", "0177.0.0.1", "1.2.3.256",
        "1.2.3.4.", "1.2.3.4.5", "host.1", "7"}) {
    EXPECT_FALSE(is_host(text)) << text;
  }
  EXPECT_TRUE(is_host("4you.example"));
}

TEST(Host, Ip6IsReadInFull) {
  for (const std::string_view text :
       {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1::8", "::ffff:1.2.3.4", "64:ff9b::1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7::"}) {
    EXPECT_TRUE(is_host(text)) << text;
  }
  for (const std::string_view text :
       {":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "1::2::3",
        "12345::", "g::", "1.2.3.4::", "::1.2.3", "::1%", "::1%a/b", "1:", ":1", "::1.2.3.4:5"}) {
    EXPECT_FALSE(is_host(text)) << text;
  }
}

TEST(Host, LoopbackLinkLocalAndUnspecifiedAreLocalOnly) {
  for (const std::string_view host :
       {"127.0.0.1", "127.255.0.3", "169.254.7.7", "0.0.0.0", "::1", "::", "fe80::1",
        "febf::1%eth0", "::ffff:127.0.0.1", "::ffff:7f00:1", "localhost", "LocalHost", "localhost.",
        "a.localhost"}) {
    EXPECT_TRUE(is_local_only(host)) << host;
  }
  for (const std::string_view host :
       {"128.0.0.1", "10.0.0.1", "192.0.2.1", "2001:db8::1", "fec0::1", "::ffff:192.0.2.1", "host",
        "localhost.example", "*", ""}) {
    EXPECT_FALSE(is_local_only(host)) << host;
  }
}

}  // namespace
}  // namespace p2pchat
