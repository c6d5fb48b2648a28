#include "tests/sim/pub_wires.h"

#include "proto/live.h"

namespace p2pchat::sim {
namespace {

// libzmq's own reconnect interval, with some slack.
constexpr Duration kRetryMin = 50ms;
constexpr Duration kRetryMax = 500ms;

}  // namespace

void PubWires::hear(HostIndex host, const action::Hear& order) {
  Hearing& hearing = hearings_[{host, order.peer}];
  if (hearing.host == order.host && hearing.port == order.port) return;
  disconnect(hearing);
  hearing.host = order.host;
  hearing.port = order.port;
  stir();
}

void PubWires::unhear(HostIndex host, const action::Unhear& order) {
  hearings_.erase({host, order.peer});
}

void PubWires::subscribe(HostIndex host, const Topic& topic) {
  topics_[host].insert(topic);
  for (const auto& [key, hearing] : hearings_) {
    if (key.first == host && hearing.publisher) send_topic(key, topic, true);
  }
}

void PubWires::unsubscribe(HostIndex host, const Topic& topic) {
  topics_[host].erase(topic);
  for (const auto& [key, hearing] : hearings_) {
    if (key.first == host && hearing.publisher) send_topic(key, topic, false);
  }
}

void PubWires::send_topic(const Key& key, const Topic& topic, bool is_wanted) {
  const std::uint64_t session = hearings_.at(key).session;
  fabric_.agenda().after(fabric_.reliable_delay(), [this, key, session, topic, is_wanted] {
    const auto it = hearings_.find(key);
    if (it == hearings_.end() || it->second.session != session) return;
    if (is_wanted) {
      it->second.arrived.insert(topic);
    } else {
      it->second.arrived.erase(topic);
    }
  });
}

void PubWires::publish(HostIndex host, const Bytes& frame) {
  const auto live = live::decode(frame);
  if (!live) return;
  for (auto& [key, hearing] : hearings_) {
    if (hearing.publisher != host || !hearing.arrived.contains(live->topic)) continue;
    if (fabric_.is_lost() || !fabric_.passes(host, key.first)) continue;
    send_frame(key, hearing, frame);
    if (fabric_.prng().chance(fabric_.conditions().duplication)) send_frame(key, hearing, frame);
  }
}

void PubWires::send_frame(const Key& key, Hearing& hearing, const Bytes& frame) {
  Duration arrival = fabric_.agenda().now() + fabric_.delay();
  if (!fabric_.conditions().reorders) arrival = std::max(arrival, hearing.last_arrival);
  hearing.last_arrival = arrival;
  fabric_.agenda().at(arrival, [this, key, session = hearing.session, frame] {
    const auto it = hearings_.find(key);
    if (it == hearings_.end() || it->second.session != session) return;
    fabric_.deliver(key.first, event::LiveFrameReceived{frame});
  });
}

void PubWires::expel(HostIndex host, const PeerId& peer) {
  for (auto& [key, hearing] : hearings_) {
    if (hearing.publisher != host) continue;
    if (fabric_.id(key.first) == peer || fabric_.conditions().is_harsh) disconnect(hearing);
  }
  stir();
}

void PubWires::fall(HostIndex host) {
  std::erase_if(hearings_, [host](const auto& it) { return it.first.first == host; });
  topics_.erase(host);
  for (auto& [key, hearing] : hearings_) {
    if (hearing.publisher == host) disconnect(hearing);
  }
}

void PubWires::break_between(HostIndex a, HostIndex b) {
  for (auto& [key, hearing] : hearings_) {
    if (!hearing.publisher) continue;
    const bool is_between =
        (key.first == a && hearing.publisher == b) || (key.first == b && hearing.publisher == a);
    if (is_between) disconnect(hearing);
  }
  stir();
}

void PubWires::stir() {
  for (auto& [key, hearing] : hearings_) {
    if (hearing.publisher || hearing.is_trying) continue;
    hearing.is_trying = true;
    fabric_.agenda().after(fabric_.prng().between(kRetryMin, kRetryMax),
                           [this, key_copy = key] { attempt(key_copy); });
  }
}

void PubWires::attempt(const Key& key) {
  const auto it = hearings_.find(key);
  if (it == hearings_.end() || it->second.publisher) return;
  Hearing& hearing = it->second;
  hearing.is_trying = false;
  const auto target = fabric_.listener(hearing.host, hearing.port, Fabric::Socket::pub);
  if (!target || !fabric_.can_connect(key.first, *target)) return;
  if (fabric_.id(*target) != key.second) return;
  if (!fabric_.is_admitted(*target, fabric_.id(key.first))) return;
  hearing.publisher = *target;
  hearing.session = ++sessions_;
  hearing.last_arrival = {};
  for (const Topic& topic : topics_[key.first]) send_topic(key, topic, true);
}

void PubWires::disconnect(Hearing& hearing) {
  hearing.publisher.reset();
  hearing.arrived.clear();
  hearing.session = ++sessions_;
}

}  // namespace p2pchat::sim
