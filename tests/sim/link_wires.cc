#include "tests/sim/link_wires.h"

#include "proto/limits.h"

namespace p2pchat::sim {
namespace {

constexpr std::size_t kDialler = 0;
constexpr std::size_t kAcceptor = 1;

std::size_t end_at(LinkSide side) { return side == LinkSide::dialled ? kDialler : kAcceptor; }

}  // namespace

void LinkWires::dial(HostIndex host, const action::Dial& order) {
  const auto old = ends_.find({host, order.peer, LinkSide::dialled});
  if (old != ends_.end()) {
    const WireId id = old->second;
    ends_.erase(old);
    break_wire(id, 2s);
  }
  const WireId attempt = ++count_;
  attempts_[{host, order.peer}] = attempt;
  const auto life = fabric_.life(host);
  // A handshake takes two round trips.
  fabric_.agenda().after(fabric_.reliable_delay() + fabric_.delay(),
                         [this, host, order, attempt, life] {
                           if (fabric_.life(host) == life) finish_dial(host, order, attempt);
                         });
}

void LinkWires::finish_dial(HostIndex host, const action::Dial& order, WireId attempt) {
  const auto it = attempts_.find({host, order.peer});
  if (it == attempts_.end() || it->second != attempt) return;
  const auto target = fabric_.listener(order.host, order.port, Fabric::Socket::link);
  if (!target) return fail_dial(host, order.peer, attempt, 0ms, "connection refused");
  if (!fabric_.can_connect(host, *target)) {
    return fail_dial(host, order.peer, attempt, kHandshakeTimeout, "no route");
  }
  if (fabric_.id(*target) != order.peer) {
    return fail_dial(host, order.peer, attempt, 0ms, "another key answers there");
  }
  if (!fabric_.is_admitted(*target, fabric_.id(host))) {
    return fail_dial(host, order.peer, attempt, kHandshakeTimeout, "not admitted");
  }
  attempts_.erase(it);
  Wire wire;
  wire.host = {host, *target};
  wire.address = order.host;
  wires_[attempt] = wire;
  ends_[{host, order.peer, LinkSide::dialled}] = attempt;
  fabric_.deliver(host, event::LinkOpened{order.peer, LinkSide::dialled, order.host});
}

void LinkWires::fail_dial(HostIndex host, const PeerId& peer, WireId attempt, Duration wait,
                          const std::string& why) {
  const auto life = fabric_.life(host);
  fabric_.agenda().after(wait, [this, host, peer, attempt, life, why] {
    const auto it = attempts_.find({host, peer});
    if (it == attempts_.end() || it->second != attempt || fabric_.life(host) != life) return;
    attempts_.erase(it);
    fabric_.deliver(host, event::LinkClosed{peer, LinkSide::dialled, why});
  });
}

void LinkWires::send(HostIndex host, const PeerId& peer, LinkSide side, const Bytes& frame) {
  const auto it = ends_.find({host, peer, side});
  if (it == ends_.end()) return;
  const WireId id = it->second;
  Wire& wire = wires_.at(id);
  if (wire.is_dead) return;
  const std::size_t from = end_at(side);
  const Duration arrival =
      std::max(fabric_.agenda().now() + fabric_.reliable_delay(), wire.last_arrival[from]);
  wire.last_arrival[from] = arrival;
  fabric_.agenda().at(arrival, [this, id, from, frame] { arrive(id, from, frame); });
}

void LinkWires::arrive(WireId id, std::size_t from, const Bytes& frame) {
  Wire& wire = wires_.at(id);
  if (wire.is_dead) return;
  if (!wire.stalled[from].empty() || !fabric_.passes(wire.host[from], wire.host[1 - from])) {
    wire.stalled[from].push_back(frame);
    return;
  }
  hand_over(id, from, frame);
}

void LinkWires::hand_over(WireId id, std::size_t from, const Bytes& frame) {
  Wire& wire = wires_.at(id);
  const End end = end_of(wire, 1 - from);
  const auto [host, peer, side] = end;
  if (from == kDialler && !wire.is_told) {
    wire.is_told = true;
    const auto old = ends_.find(end);
    if (old != ends_.end()) {
      // The peer's earlier connection had broken unnoticed; this one takes its place.
      wires_.at(old->second).is_dead = true;
      if (fabric_.prng().chance(50)) close_end(old->second, kAcceptor, "replaced");
    }
    ends_[end] = id;
    fabric_.deliver(host, event::LinkOpened{peer, side, fabric_.ip(wire.host[kDialler])});
  }
  const auto it = ends_.find(end);
  if (it == ends_.end() || it->second != id) return;
  fabric_.deliver(host, event::LinkFrameReceived{peer, side, frame});
}

void LinkWires::hang_up(HostIndex host, const action::HangUp& order) {
  if (order.side == LinkSide::dialled) attempts_.erase({host, order.peer});
  const auto it = ends_.find({host, order.peer, order.side});
  if (it == ends_.end()) return;
  const WireId id = it->second;
  ends_.erase(it);
  Wire& wire = wires_.at(id);
  if (wire.is_dead) return;
  if (order.side == LinkSide::accepted && fabric_.prng().chance(50)) {
    // A ROUTER cannot close one connection: it only forgets it, until the next frame.
    wire.is_told = false;
    return;
  }
  if (fabric_.prng().chance(50)) return break_wire(id, 500ms);
  // What was sent before still arrives, and then the other side learns of the end.
  const std::size_t from = end_at(order.side);
  const Duration last = std::max(fabric_.agenda().now(), wire.last_arrival[from]);
  fabric_.agenda().at(last + fabric_.delay(), [this, id] { break_wire(id, 100ms); });
}

void LinkWires::expel(HostIndex host, const PeerId& peer) {
  for (const auto& [id, wire] : wires_) {
    const bool is_accepted = wire.host[kAcceptor] == host;
    if (wire.is_dead || (!is_accepted && wire.host[kDialler] != host)) continue;
    const bool is_hers = fabric_.id(wire.host[is_accepted ? kDialler : kAcceptor]) == peer;
    if (is_hers || (is_accepted && fabric_.conditions().is_harsh)) break_wire(id, 300ms);
  }
}

void LinkWires::fall(HostIndex host) {
  std::erase_if(attempts_, [host](const auto& it) { return it.first.first == host; });
  std::erase_if(ends_, [host](const auto& it) { return std::get<0>(it.first) == host; });
  for (const auto& [id, wire] : wires_) {
    if (!wire.is_dead && (wire.host[0] == host || wire.host[1] == host)) break_wire(id, 2s);
  }
}

void LinkWires::break_between(HostIndex a, HostIndex b, Duration noticed_within) {
  for (const auto& [id, wire] : wires_) {
    const bool is_between =
        (wire.host[0] == a && wire.host[1] == b) || (wire.host[0] == b && wire.host[1] == a);
    if (is_between && !wire.is_dead) break_wire(id, noticed_within);
  }
}

void LinkWires::mend(HostIndex a, HostIndex b) {
  for (auto& [id, wire] : wires_) {
    const bool is_between =
        (wire.host[0] == a && wire.host[1] == b) || (wire.host[0] == b && wire.host[1] == a);
    if (!is_between || wire.is_dead) continue;
    if (fabric_.prng().chance(50)) {
      break_wire(id, 2s);
      continue;
    }
    for (const std::size_t from : {kDialler, kAcceptor}) {
      if (!fabric_.passes(wire.host[from], wire.host[1 - from])) continue;
      std::deque<Bytes> stalled;
      std::swap(stalled, wire.stalled[from]);
      for (const Bytes& frame : stalled) hand_over(id, from, frame);
    }
  }
}

std::vector<event::LinkOpened> LinkWires::standing(HostIndex host) const {
  std::vector<event::LinkOpened> links;
  for (const auto& [end, id] : ends_) {
    const auto& [at, peer, side] = end;
    if (at != host) continue;
    const Wire& wire = wires_.at(id);
    links.push_back(
        {peer, side, side == LinkSide::dialled ? wire.address : fabric_.ip(wire.host[kDialler])});
  }
  return links;
}

void LinkWires::break_wire(WireId id, Duration noticed_within) {
  Wire& wire = wires_.at(id);
  wire.is_dead = true;
  wire.stalled = {};
  for (const std::size_t end : {kDialler, kAcceptor}) {
    fabric_.agenda().after(fabric_.prng().between(0ms, noticed_within),
                           [this, id, end] { close_end(id, end, "connection lost"); });
  }
}

void LinkWires::close_end(WireId id, std::size_t end, const std::string& why) {
  const End at = end_of(wires_.at(id), end);
  const auto it = ends_.find(at);
  if (it == ends_.end() || it->second != id) return;
  ends_.erase(it);
  const auto& [host, peer, side] = at;
  fabric_.deliver(host, event::LinkClosed{peer, side, why});
}

LinkWires::End LinkWires::end_of(const Wire& wire, std::size_t end) const {
  return {wire.host[end], fabric_.id(wire.host[1 - end]),
          end == kDialler ? LinkSide::dialled : LinkSide::accepted};
}

}  // namespace p2pchat::sim
