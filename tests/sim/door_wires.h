// DoorWires: the doors of a virtual network. A visit is one connection with one
// question and one answer, and ends within kDoorTimeout either way.
// Pure; owned by Network.
#pragma once

#include <map>

#include "daemon/core/action.h"
#include "tests/sim/fabric.h"

namespace p2pchat::sim {

class DoorWires {
 public:
  explicit DoorWires(Fabric& fabric) : fabric_(fabric) {}

  void visit(HostIndex host, const action::VisitDoor& order);
  void answer(HostIndex host, const action::AnswerDoor& order);
  // Nobody waits any more for the visits that this host has begun.
  void forget(HostIndex host);

 private:
  struct Visit {
    HostIndex from;
    Fabric::Life life;  // Of whoever began it.
    VisitId name;       // As whoever began it calls it.
    Address address;
    Bytes question;
    HostIndex to = 0;  // Known once it has arrived.
  };
  using Id = std::uint64_t;  // As whoever is visited calls it.

  void arrive(Id id);
  void fail(Id id, Duration wait, const std::string& why);

  Fabric& fabric_;
  Id count_ = 1000;  // Apart from the numbers that visitors choose.
  std::map<Id, Visit> visits_;
};

}  // namespace p2pchat::sim
