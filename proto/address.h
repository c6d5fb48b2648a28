// Address: where a door stands: a host and a port, as people write it.
//
// "HOST:PORT", "[v6]:PORT"; a host alone means the default door port.
// Pure value; bounded by kHostBytesMax.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proto/result.h"

namespace p2pchat {

inline constexpr std::uint16_t kDoorPortDefault = 7473;

struct Address {
  std::string host;        // A name, an IPv4 or a bare IPv6 address, or "*".
  std::uint16_t port = 0;  // 0 where a program may choose.

  auto operator<=>(const Address&) const = default;
};

Result<Address> parse_address(std::string_view text, std::uint16_t default_port);
// As people and libzmq write it: IPv6 in brackets.
std::string to_text(const Address& address);
// A host name of ASCII letters, digits, '-', '_' and '.', a dotted IPv4 or a bare IPv6 address;
// what resolvers read as a number otherwise ("127.1", "0x7f000001") is none.
bool is_host(std::string_view text);
// Loopback, link-local or unspecified: means something else on every host.
bool is_local_only(std::string_view host);

}  // namespace p2pchat
