// Fabric: the virtual network beneath links, PUB and doors: who is up, where
// its sockets stand, whose packets pass, and how long they take.
//
// It knows nothing of frames. An event for a host reaches only the life of the
// host that it was meant for. Pure; owned by Network.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/event.h"
#include "proto/card.h"
#include "tests/sim/agenda.h"
#include "tests/sim/prng.h"

namespace p2pchat::sim {

using HostIndex = std::size_t;

// Where the agenda's beginning stands by the wall clock: 2026-01-01T00:00:00Z.
inline constexpr std::int64_t kWorldBegins = 1'767'225'600'000;

struct Conditions {
  std::uint64_t loss = 0;         // Percent of live frames and door visits.
  std::uint64_t duplication = 0;  // Percent of live frames.
  bool reorders = false;          // Live frames may overtake each other.
  bool is_harsh = false;          // Cutting one peer off cuts others, too; see Expel.
  Duration delay_min = 1ms;
  Duration delay_max = 20ms;
};
// Some that a swarm is run under.
Conditions draw_conditions(Prng& prng);

// A silent connection ends after this time (two heartbeats).
inline constexpr Duration kSilenceMax = 30s;
// What a sender waits before it sends a lost TCP segment again.
inline constexpr Duration kResendMin = 200ms;
inline constexpr Duration kResendMax = 1500ms;

class Fabric {
 public:
  using Deliver = std::function<void(HostIndex host, Event event)>;
  enum class Socket : std::uint8_t { door, link, pub };
  // One bound life of one host; 0 while it is down.
  using Life = std::uint64_t;

  Fabric(Agenda& agenda, std::uint64_t seed, Deliver deliver)
      : agenda_(agenda), prng_(seed), deliver_(std::move(deliver)) {}

  Agenda& agenda() { return agenda_; }
  Prng& prng() { return prng_; }
  Conditions& conditions() { return conditions_; }

  HostIndex attach(const PeerId& id);
  void rise(HostIndex host, std::vector<Place> places);
  void fall(HostIndex host);

  // Whether packets pass in this direction.
  bool passes(HostIndex from, HostIndex to) const;
  // Whether a new connection can be made.
  bool can_connect(HostIndex from, HostIndex to) const;
  void set_cut(HostIndex from, HostIndex to, bool is_cut);
  // Counts what happens to a direction, so that a later look knows whether it was the same cut.
  std::uint64_t cuts(HostIndex from, HostIndex to) const;
  // Nobody can connect to a sheltered host; it can connect to others.
  void shelter(HostIndex host, bool is_sheltered) { hosts_[host].is_sheltered = is_sheltered; }

  // Whose socket stands there, up or not known to be down.
  std::optional<HostIndex> listener(const std::string& host, std::uint16_t port,
                                    Socket socket) const;

  void admit(HostIndex host, const PeerId& peer) { hosts_[host].admitted.insert(peer); }
  void expel(HostIndex host, const PeerId& peer) { hosts_[host].admitted.erase(peer); }
  bool is_admitted(HostIndex host, const PeerId& peer) const {
    return hosts_[host].admitted.contains(peer);
  }

  const PeerId& id(HostIndex host) const { return hosts_[host].id; }
  std::string ip(HostIndex host) const;
  Life life(HostIndex host) const { return hosts_[host].is_up ? hosts_[host].life : 0; }
  std::size_t size() const { return hosts_.size(); }

  Duration delay() { return prng_.between(conditions_.delay_min, conditions_.delay_max); }
  // How long a segment takes that TCP sends until it has arrived.
  Duration reliable_delay();
  bool is_lost() { return prng_.chance(conditions_.loss); }

  // Hands `event` to the host now, or at `when` if the same life still runs then.
  void deliver(HostIndex host, Event event) { deliver_(host, std::move(event)); }
  void deliver_at(Duration when, HostIndex host, Life to_life, Event event);

 private:
  struct Machine {
    PeerId id;
    bool is_up = false;
    Life life = 0;
    std::vector<Place> places;
    bool is_sheltered = false;
    std::set<PeerId> admitted;
  };

  Agenda& agenda_;
  Prng prng_;
  Conditions conditions_;
  Deliver deliver_;
  std::vector<Machine> hosts_;
  std::set<std::pair<HostIndex, HostIndex>> cut_;
  std::map<std::pair<HostIndex, HostIndex>, std::uint64_t> cut_counts_;
};

}  // namespace p2pchat::sim
