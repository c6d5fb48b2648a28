#include "tests/sim/fabric.h"

namespace p2pchat::sim {

Conditions draw_conditions(Prng& prng) {
  Conditions conditions;
  conditions.loss = prng.chance(50) ? prng.between(1, 30) : 0;
  conditions.duplication = prng.chance(50) ? prng.between(1, 50) : 0;
  conditions.reorders = prng.chance(50);
  conditions.is_harsh = prng.chance(30);
  conditions.delay_max = prng.pick(std::vector<Duration>{5ms, 50ms, 500ms, 3000ms});
  return conditions;
}

HostIndex Fabric::attach(const PeerId& id) {
  hosts_.push_back({});
  hosts_.back().id = id;
  return hosts_.size() - 1;
}

void Fabric::rise(HostIndex host, std::vector<Place> places) {
  Machine& machine = hosts_[host];
  machine.is_up = true;
  ++machine.life;
  machine.places = std::move(places);
  machine.admitted.clear();
}

void Fabric::fall(HostIndex host) { hosts_[host].is_up = false; }

bool Fabric::passes(HostIndex from, HostIndex to) const { return !cut_.contains({from, to}); }

bool Fabric::can_connect(HostIndex from, HostIndex to) const {
  return hosts_[to].is_up && !hosts_[to].is_sheltered && passes(from, to) && passes(to, from);
}

void Fabric::set_cut(HostIndex from, HostIndex to, bool is_cut) {
  ++cut_counts_[{from, to}];
  if (is_cut) {
    cut_.insert({from, to});
  } else {
    cut_.erase({from, to});
  }
}

std::uint64_t Fabric::cuts(HostIndex from, HostIndex to) const {
  const auto it = cut_counts_.find({from, to});
  return it == cut_counts_.end() ? 0 : it->second;
}

std::optional<HostIndex> Fabric::listener(const std::string& host, std::uint16_t port,
                                          Socket socket) const {
  for (HostIndex i = 0; i < hosts_.size(); ++i) {
    if (!hosts_[i].is_up) continue;
    for (const Place& place : hosts_[i].places) {
      const std::uint16_t at = socket == Socket::door   ? place.door
                               : socket == Socket::link ? place.link
                                                        : place.pub;
      if (place.host == host && at == port && port != 0) return i;
    }
  }
  return std::nullopt;
}

std::string Fabric::ip(HostIndex host) const {
  return hosts_[host].places.empty() ? "192.0.2.1" : hosts_[host].places.front().host;
}

Duration Fabric::reliable_delay() {
  Duration wait = delay();
  if (is_lost()) wait += prng_.between(kResendMin, kResendMax);
  return wait;
}

void Fabric::deliver_at(Duration when, HostIndex host, Life to_life, Event event) {
  agenda_.at(when, [this, host, to_life, event = std::move(event)] {
    if (to_life != 0 && life(host) == to_life) deliver_(host, event);
  });
}

}  // namespace p2pchat::sim
