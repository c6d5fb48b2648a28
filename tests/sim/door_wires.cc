#include "tests/sim/door_wires.h"

#include "proto/limits.h"

namespace p2pchat::sim {

void DoorWires::visit(HostIndex host, const action::VisitDoor& order) {
  const Id id = ++count_;
  visits_[id] = {host, fabric_.life(host), order.visit, order.address, order.question};
  fabric_.agenda().after(fabric_.delay(), [this, id] { arrive(id); });
}

void DoorWires::arrive(Id id) {
  const auto it = visits_.find(id);
  if (it == visits_.end()) return;
  Visit& visit = it->second;
  const auto target =
      fabric_.listener(visit.address.host, visit.address.port, Fabric::Socket::door);
  if (!target) return fail(id, 0ms, "connection refused");
  if (!fabric_.can_connect(visit.from, *target) || fabric_.is_lost()) {
    return fail(id, kDoorTimeout, "no answer in time");
  }
  visit.to = *target;
  fabric_.deliver(*target, event::DoorAsked{VisitId{id}, fabric_.ip(visit.from), visit.question});
  fail(id, kDoorTimeout, "no answer in time");
}

void DoorWires::answer(HostIndex host, const action::AnswerDoor& order) {
  const auto it = visits_.find(order.visit.value);
  if (it == visits_.end() || it->second.to != host) return;
  if (fabric_.is_lost() || !fabric_.passes(host, it->second.from)) return;
  const Visit visit = it->second;
  visits_.erase(it);
  fabric_.deliver_at(fabric_.agenda().now() + fabric_.delay(), visit.from, visit.life,
                     event::DoorAnswered{visit.name, order.answer});
}

void DoorWires::fail(Id id, Duration wait, const std::string& why) {
  fabric_.agenda().after(wait, [this, id, why] {
    const auto it = visits_.find(id);
    if (it == visits_.end()) return;
    const Visit visit = it->second;
    visits_.erase(it);
    if (visit.life != 0 && fabric_.life(visit.from) == visit.life) {
      fabric_.deliver(visit.from, event::DoorFailed{visit.name, why});
    }
  });
}

void DoorWires::forget(HostIndex host) {
  std::erase_if(visits_, [host](const auto& it) { return it.second.from == host; });
}

}  // namespace p2pchat::sim
