// RoomScript: what a seed makes of a room: who comes, who goes, who is put out,
// who says what, who lies, and which faults strike when.
//
// Phase one plays all of that, and the checkers watch. Phase two heals the
// network and the rendezvous, and the liars fall silent or honest; then, within
// kSettlingMax, honest members list the same people, nobody waits for an answer
// who could have one, and what was said with success is held by every honest
// member that stayed.
//
// Users vote as the seed has decided of each knock and each eviction, all alike
// or with one no among them. In phase two they put out whoever is silent or is
// known to lie, if they are enough. Pure; owned by a test.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proto/limits.h"
#include "tests/sim/liar.h"

namespace p2pchat::sim {

// All has settled within this time after the network has healed, even if what somebody said before
// it left is lost.
inline constexpr Duration kSettlingMax = kGoerPatience + 10min;

// What the seed has decided before anything happens.
struct RoomPlan {
  std::size_t hosts = 3;
  Duration length{};  // Of phase one.
  std::size_t pushes = 0;
  std::size_t leaves = 0;
  std::size_t evictions = 0;
  std::size_t faults = 0;
  Conditions conditions;
  Manners manners;  // Of the rendezvous.
  bool crashes = false;
  bool partitions = false;
  bool snaps = false;
  bool disk_fills = false;
  bool tears = false;                // Pages are torn that were written just before a crash.
  bool is_rendezvous_shaky = false;  // Down for a while, or empty again.
  std::optional<HostIndex> restored;
  std::size_t liars = 0;
  History history = History::none;
  std::size_t prunings = 0;  // Somebody keeps no more than the last so many seconds.
};

class RoomScript {
 public:
  explicit RoomScript(std::uint64_t seed);

  // Plays both phases. What went wrong, or nothing.
  std::string play();

  World& world() { return world_; }
  const RoomPlan& plan() const { return plan_; }
  // How many were let into the room and how many went, by what honest members have decided.
  std::size_t heights() const;

 private:
  struct Said {
    RequestId request;
    HostIndex author;
    std::map<PeerId, ChangeId> members;  // As its author knew them.
  };

  RoomPlan draw_plan();
  void draw_manners(RoomPlan& plan);
  void draw_faults(RoomPlan& plan);
  void set_up();
  void add_liars();
  void schedule();

  // --- Users ---
  void users_look(Duration interval);
  void look_for_entry(Host& who);
  void vote(Host& who);
  bool is_wanted(const std::string& change, const Host& voter) const;
  void put_out_some(Host& who);
  // Members whom it would put out in phase two, as ids.
  std::set<std::string> unwanted(const Host& who) const;
  std::optional<std::string> first_kept(const Host& who, const std::string& ids) const;
  void put_out_the_lost(Host& who);
  void leave_some();
  void push_some();
  void prune_some();
  void push(Host& from);

  // --- Faults ---
  void strike();
  void crash_some();
  void partition_some();
  void fill_some();
  void shake_rendezvous();
  void restart(Host& host, Duration wait);
  void tear_newest(Host& host);
  bool is_held_elsewhere(const Host& host, const Batch& batch) const;

  // --- Phase two ---
  void heal();
  std::string await_settling();
  std::string unsettled() const;
  bool is_feud() const;
  bool is_frozen(const Host& who) const;
  std::string differing(const Host& one, const Host& other) const;
  std::string waiting(const Host& who) const;
  std::string undelivered() const;
  bool is_held(const PostId& post) const;
  bool has_voted_out(const Host& who, const PeerId& peer, bool is_refused = false) const;
  std::string open_requests();

  bool is_liar(HostIndex host) const;
  bool is_lost(const PeerId& peer) const;  // Silent for good, or a liar.
  const Disk::Membership* room_of(const Host& host) const;
  bool is_in(const Host& host) const;

  Prng prng_;
  RoomPlan plan_;
  World world_;
  std::optional<RoomId> room_;
  std::vector<std::unique_ptr<Liar>> liars_;
  std::set<HostIndex> silent_;          // In phase two.
  std::map<HostIndex, Duration> away_;  // Wish to be out of the room until then.
  std::vector<Said> said_;
  std::optional<Disk> copy_;
  Prng pruning_prng_;  // So that worlds without pruning are what they were.
  bool is_healed_ = false;
  std::uint64_t texts_ = 0;
};

}  // namespace p2pchat::sim
