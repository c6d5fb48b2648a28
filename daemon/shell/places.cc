#include "daemon/shell/places.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <ifaddrs.h>
#include <net/if.h>

#include "proto/limits.h"

namespace p2pchat {
namespace {

std::optional<std::string> host_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* raw = nullptr;
  if (address->sa_family == AF_INET) {
    raw = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  } else if (address->sa_family == AF_INET6) {
    raw = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  } else {
    return std::nullopt;
  }
  if (inet_ntop(address->sa_family, raw, text.data(), text.size()) == nullptr) return std::nullopt;
  return std::string(text.data());
}

}  // namespace

bool is_wildcard(const std::string& host) {
  if (host == "*" || host == "0.0.0.0") return true;
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_UNSPECIFIED(&address);
}

std::vector<Place> card_places(const std::optional<Address>& advertise, const Place& bound,
                               const std::vector<std::string>& interfaces) {
  if (advertise) {
    Place place = bound;
    place.host = advertise->host;
    if (advertise->port != 0 && advertise->port != bound.door) {
      place.door = advertise->port;
      place.link = static_cast<std::uint16_t>(advertise->port + 1);
      place.pub = static_cast<std::uint16_t>(advertise->port + 2);
    }
    return {place};
  }
  if (!is_wildcard(bound.host)) return {bound};
  std::vector<Place> places;
  for (const std::string& host : interfaces) {
    if (places.size() == kCardAddressesMax) break;
    places.push_back({host, bound.door, bound.link, bound.pub});
  }
  return places;
}

std::vector<std::string> interface_hosts() {
  std::vector<std::string> hosts;
  ifaddrs* all = nullptr;
  if (getifaddrs(&all) != 0) return hosts;
  for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
    if ((each->ifa_flags & IFF_UP) == 0) continue;
    const auto host = host_of(each->ifa_addr);
    if (!host || is_local_only(*host)) continue;
    if (std::find(hosts.begin(), hosts.end(), *host) == hosts.end()) hosts.push_back(*host);
  }
  freeifaddrs(all);
  std::stable_partition(hosts.begin(), hosts.end(), [](const std::string& host) {
    return host.find(':') == std::string::npos;
  });
  return hosts;
}

}  // namespace p2pchat
