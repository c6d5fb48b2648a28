// LinkWires: the link sockets of a virtual network, as event.h and action.h
// describe them.
//
// A wire is one connection: in order and without loss within each direction
// while it lives, but it may break at any time with what is in flight. Each end
// learns of that in its own time. A packet that a cut holds up stalls all that
// follows it. The accepting end is told of a connection with its first frame.
// Pure; owned by Network.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <tuple>

#include "daemon/core/action.h"
#include "tests/sim/fabric.h"

namespace p2pchat::sim {

class LinkWires {
 public:
  explicit LinkWires(Fabric& fabric) : fabric_(fabric) {}

  void dial(HostIndex host, const action::Dial& order);
  void send(HostIndex host, const PeerId& peer, LinkSide side, const Bytes& frame);
  void hang_up(HostIndex host, const action::HangUp& order);
  // Cuts what leads to and from the peer; in harsh conditions also what others have dialled.
  void expel(HostIndex host, const PeerId& peer);

  void fall(HostIndex host);
  // All connections between the two break, with what is in flight.
  void break_between(HostIndex a, HostIndex b, Duration noticed_within);
  // Packets pass again: what stalled arrives, or the connection has broken.
  void mend(HostIndex a, HostIndex b);

  // What stands, as its events; for a Node that is built anew under open sockets.
  std::vector<event::LinkOpened> standing(HostIndex host) const;

 private:
  using WireId = std::uint64_t;
  struct Wire {
    std::array<HostIndex, 2> host{};  // Who dialled, who accepted.
    std::string address;              // Where it leads.
    bool is_told = false;             // The accepting end knows of it.
    bool is_dead = false;
    std::array<Duration, 2> last_arrival{};    // Of what each end sent.
    std::array<std::deque<Bytes>, 2> stalled;  // What each end sent.
  };
  using End = std::tuple<HostIndex, PeerId, LinkSide>;

  void finish_dial(HostIndex host, const action::Dial& order, WireId attempt);
  void fail_dial(HostIndex host, const PeerId& peer, WireId attempt, Duration wait,
                 const std::string& why);
  void arrive(WireId id, std::size_t from, const Bytes& frame);
  void hand_over(WireId id, std::size_t from, const Bytes& frame);
  void break_wire(WireId id, Duration noticed_within);
  void close_end(WireId id, std::size_t end, const std::string& why);
  End end_of(const Wire& wire, std::size_t end) const;

  Fabric& fabric_;
  WireId count_ = 0;
  std::map<WireId, Wire> wires_;
  std::map<End, WireId> ends_;                               // What each host means by its links.
  std::map<std::pair<HostIndex, PeerId>, WireId> attempts_;  // Dials under way.
};

}  // namespace p2pchat::sim
