// Network: the virtual network of a simulated world, with its faults.
//
// Carries out the network's orders of every host and hands back what comes of
// them as events. Pure; owned by World.
#pragma once

#include "tests/sim/door_wires.h"
#include "tests/sim/link_wires.h"
#include "tests/sim/pub_wires.h"
#include "tests/sim/rendezvous_wires.h"

namespace p2pchat::sim {

class Network {
 public:
  Network(Agenda& agenda, std::uint64_t seed, Fabric::Deliver deliver)
      : fabric_(agenda, seed, std::move(deliver)),
        links_(fabric_),
        pubs_(fabric_),
        doors_(fabric_),
        rendezvous_(fabric_) {}

  HostIndex attach(const PeerId& id) { return fabric_.attach(id); }

  // --- A host's life ---
  void rise(HostIndex host, std::vector<Place> places);
  void fall(HostIndex host);
  // For a Node that is built anew under open sockets.
  std::vector<event::LinkOpened> standing(HostIndex host) const { return links_.standing(host); }

  // --- Orders; all others are ignored ---
  void carry_out(HostIndex host, const Action& action);
  void send_link(HostIndex host, const PeerId& peer, LinkSide side, const Bytes& frame);

  // --- Faults ---
  void set_conditions(const Conditions& conditions) { fabric_.conditions() = conditions; }
  // Packets vanish in this direction. What is connected breaks after kSilenceMax.
  void cut(HostIndex from, HostIndex to);
  void mend(HostIndex from, HostIndex to);
  void mend_all();
  // What is connected between the two breaks now.
  void snap(HostIndex a, HostIndex b);
  void shelter(HostIndex host, bool is_sheltered);

  RendezvousWires& rendezvous() { return rendezvous_; }

  // What this host's SUB has subscribed to.
  const std::set<Topic>& topics_of(HostIndex host) { return pubs_.topics_of(host); }

 private:
  Fabric fabric_;
  LinkWires links_;
  PubWires pubs_;
  DoorWires doors_;
  RendezvousWires rendezvous_;
};

}  // namespace p2pchat::sim
