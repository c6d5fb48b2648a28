#include "daemon/shell/door_guard.h"

#include <algorithm>
#include <arpa/inet.h>

#include "proto/check.h"

namespace p2pchat {
namespace {

constexpr Duration kMinute = 1min;

// What one stranger has: an IPv4 address, or the first half of an IPv6 address.
std::string address_of(const std::string& host) {
  in6_addr address{};
  const std::string bare = host.substr(0, host.find('%'));
  if (inet_pton(AF_INET6, bare.c_str(), &address) != 1) return host;
  return {reinterpret_cast<const char*>(address.s6_addr), sizeof address.s6_addr / 2};
}

bool is_this_host(const std::string& host) { return host == "::1" || host.starts_with("127."); }

}  // namespace

bool DoorGuard::comes(TimePoint now, const std::string& host) {
  if (open_ >= kDoorOpenMax) return false;
  const std::string address = is_this_host(host) ? "localhost" : address_of(host);
  if (!visitors_.contains(address) && visitors_.size() >= kDoorAddressesMax) forget_old(now);
  Visitor& visitor = visitors_[address];
  while (!visitor.came.empty() && now - visitor.came.front() >= kMinute) {
    visitor.came.pop_front();
  }
  const bool is_local = is_this_host(host);
  const std::size_t per_minute = is_local ? kDoorLocalPerMinuteMax : kDoorPerMinuteMax;
  const std::size_t at_once = is_local ? kDoorOpenMax : kDoorOpenPerAddressMax;
  if (visitor.came.size() >= per_minute || visitor.open >= at_once) return false;
  visitor.came.push_back(now);
  ++visitor.open;
  ++open_;
  return true;
}

void DoorGuard::goes(const std::string& host) {
  const auto it = visitors_.find(is_this_host(host) ? "localhost" : address_of(host));
  CHECK(it != visitors_.end() && it->second.open > 0 && open_ > 0);
  --it->second.open;
  --open_;
}

// Makes room for one: whoever has not been here for a minute goes, else who came last of all
// the longest ago. Those who are here stay, and are fewer than the table holds.
void DoorGuard::forget_old(TimePoint now) {
  const auto last_came = [](const Visitor& visitor) {
    return visitor.came.empty() ? TimePoint{} : visitor.came.back();
  };
  std::erase_if(visitors_, [&](const auto& each) {
    return each.second.open == 0 && now - last_came(each.second) >= kMinute;
  });
  if (visitors_.size() < kDoorAddressesMax) return;
  auto oldest = visitors_.end();
  for (auto it = visitors_.begin(); it != visitors_.end(); ++it) {
    if (it->second.open > 0) continue;
    if (oldest == visitors_.end() || last_came(it->second) < last_came(oldest->second)) {
      oldest = it;
    }
  }
  CHECK(oldest != visitors_.end());
  visitors_.erase(oldest);
}

static_assert(kDoorOpenMax < kDoorAddressesMax);

}  // namespace p2pchat
