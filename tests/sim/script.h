// Script: what a seed makes of a world: its hosts, who meets whom, what their
// users push, and which faults strike when.
//
// Phase one plays all of that, and the checkers watch. Phase two heals the
// network, starts every host, and asks for liveness: within kDeliveryMax all
// that was answered with success is held by both members of its pair.
//
// A few mercies keep the question fair: of a pair only one side moves, cannot
// be dialled, or loses its state, because otherwise no side could find the
// other without its user. Pure; owned by a test.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace p2pchat::sim {

// All is delivered within this time after the network has healed.
inline constexpr Duration kDeliveryMax = 60s;
// Users who try again every few seconds have met within this time, whatever the policies:
// a wish is repeated after kWishBackoffMin.
inline constexpr Duration kMeetingMax = 180s;

// What the seed has decided before anything happens.
struct Plan {
  std::size_t hosts = 2;
  Duration length{};  // Of phase one.
  std::size_t pushes = 0;
  std::size_t faults = 0;
  Conditions conditions;
  bool crashes = false;
  bool partitions = false;
  bool snaps = false;  // Connections break.
  bool clock_jumps = false;
  bool disk_fills = false;
  bool damages = false;
  bool quarrels = false;  // Users block each other, and think better of it.
  std::optional<HostIndex> sheltered;
  std::optional<HostIndex> mover;
  std::optional<HostIndex> amnesiac;
};

class Script {
 public:
  explicit Script(std::uint64_t seed);

  // Plays both phases. What went wrong, or nothing.
  std::string play();

  World& world() { return world_; }
  const Plan& plan() const { return plan_; }

 private:
  struct Pair {
    HostIndex a;
    HostIndex b;
    bool a_asks = false;  // Whose user wishes to meet the other.
    bool b_asks = false;
    bool has_met = false;  // Once, on both sides.
    bool had_met = false;  // Before the network healed.
  };

  Plan draw_plan();
  void draw_faults(Plan& plan);
  void set_up();
  void draw_pairs();
  void schedule_pushes();
  void schedule_faults();

  // --- Users ---
  void users_look(Duration interval);
  void seek(Host& who, const Host& whom, bool wants, const Pair& pair);
  void answer_strangers(Host& who);
  void make_peace(Host& who);
  void push_some();
  void push_one_again(Host& from, const Host& to);
  std::string next_text();

  // --- Faults ---
  void strike();
  void crash_some();
  void stutter_some();
  void partition_some();
  void jump_some();
  void fill_some();
  void damage_some();
  void quarrel_some();
  void forget_once();
  void move_once();
  void restart(Host& host, Duration wait);

  // --- Phase two ---
  void heal();
  std::string await_delivery();
  // Who still sends although all agree.
  std::string noise();
  // Whose posts are not all final although everybody has everything.
  std::string unsettled() const;
  std::string disagreement(bool only_had_met) const;
  std::string unmet() const;
  std::string open_requests();

  Prng prng_;
  Plan plan_;
  World world_;
  std::vector<Pair> pairs_;
  std::vector<std::optional<RequestId>> seeking_;  // By a * hosts + b.
  bool is_healed_ = false;
  std::uint64_t texts_ = 0;
};

}  // namespace p2pchat::sim
