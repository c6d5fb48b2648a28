// RendezvousWires: the one rendezvous of a virtual network, and the roads to it.
//
// The registry is the production's own, driven as rendezvous/service/loop.h
// drives it: what changes is taken in before the answer goes out, a watch for
// which nothing is new is held, and time alone makes things expire. Around it
// stands what may go wrong: it can be down, out of reach, and lie in every way
// that needs nobody else's key.
//
// Pure; owned by Network.
#pragma once

#include <deque>
#include <list>
#include <map>
#include <optional>
#include <set>

#include "daemon/core/action.h"
#include "rendezvous/registry/registry.h"
#include "tests/sim/fabric.h"

namespace p2pchat::sim {

// How a rendezvous treats those who ask. Numbers are percents.
struct Manners {
  bool is_down = false;
  std::uint64_t drops = 0;      // Questions that are never answered.
  std::uint64_t swallows = 0;   // Objects taken with success, and forgotten.
  std::uint64_t withholds = 0;  // Objects never shown to one reader, and perhaps to another.
  std::uint64_t replays = 0;    // Answers that this reader has had before.
  std::set<Kind> conceals;      // Kinds of objects never shown to anybody.
  std::set<HostIndex> shuns;    // Hosts that are shown nothing at all.
};

class RendezvousWires {
 public:
  explicit RendezvousWires(Fabric& fabric) : fabric_(fabric) {}

  // Nobody is answered before.
  void open(std::uint64_t seed);
  bool is_open() const { return registry_.has_value(); }

  // A host's question; it takes the place of an earlier one at the same desk.
  void ask(HostIndex host, const action::AskRendezvous& order);
  // Nobody waits for answers there any more.
  void fall(HostIndex host);

  // --- Faults ---
  void set_manners(const Manners& manners) { manners_ = manners; }
  Manners& manners() { return manners_; }
  // It begins again with an empty store.
  void lose_state();

 private:
  using Id = std::uint64_t;
  struct Asked {
    HostIndex host;
    Desk desk;
    Fabric::Life life;
    Bytes question;
  };
  struct Held {
    Id id;
    rendezvous::Cursor cursor;
    Duration due;
  };

  WallTime wall_now() const;
  void arrive(Id id);
  void answer(Id id, const rendezvous::Answer& answer);
  void fail(Id id, Duration wait, const std::string& why);
  // Told of it, unless it has asked something else since.
  void tell(const Asked& asked, Id id, Event event, Duration wait);
  void take_in(const rendezvous::Changes& changes);
  void offer_news();
  void sweep();
  rendezvous::Answer shown_to(HostIndex host, rendezvous::Answer answer) const;
  bool is_withheld(HostIndex host, const Object& object) const;

  Fabric& fabric_;
  std::optional<rendezvous::Registry> registry_;
  std::uint64_t seed_ = 0;  // Of its stores, and of what it withholds from whom.
  Manners manners_;
  Id count_ = 0;
  std::map<Id, Asked> asked_;
  std::map<std::pair<HostIndex, Desk>, Id> current_;
  std::list<Held> held_;
  std::map<std::pair<HostIndex, Desk>, std::deque<Bytes>> past_;  // Answers; the newest last.
};

}  // namespace p2pchat::sim
