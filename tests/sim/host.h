// Host: one simulated machine: a disk, clocks, users, and a Node while it runs.
//
// It does what daemon/core/node.h asks of a host, and can fail at every point
// at which a real one can: between turns, before a commit, after it and before
// any of the sends. A turn takes in a few of the waiting events, so that some
// share a commit and some do not.
//
// Pure; owned by World.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "daemon/core/node.h"
#include "tests/sim/checkers.h"
#include "tests/sim/network.h"
#include "tests/sim/trace.h"

namespace p2pchat::sim {

// What all hosts of a world share.
struct Surroundings {
  Agenda& agenda;
  Prng& prng;
  Network& network;
  Ledger& ledger;
  Checkers& checkers;
  Trace& trace;
  Verdict& verdict;
};

// Where in its next turn a host dies.
struct CrashPoint {
  bool is_before_commit = false;
  std::size_t orders_done = 0;  // After the commit.
};

// A liar's hands, beneath its Node. They see each order to send something over a link or to the
// rendezvous, and answer what is sent instead; and each event, which they may change, or keep
// from the Node by answering false.
struct Meddler {
  std::function<Actions(const Action& order)> sends;
  std::function<bool(Event& event)> hears;
};

class Host {
 public:
  Host(const Surroundings& around, std::string name, const Seed& key, Settings settings);

  // --- Life ---
  // Builds a Node from the disk. Nothing happens if one runs.
  void start();
  void crash();
  // In the next turn that has something to order.
  void doom(const CrashPoint& point) { doom_ = point; }
  void spare() { doom_.reset(); }
  void fill_disk();
  void free_disk();
  // What a new life will believe, and where it will stand. Down only.
  void lose_state();
  void restore(const Disk& copy) { disk_ = copy; }
  Settings& settings() { return settings_; }
  void jump_wall(Duration by) { wall_offset_ += by; }
  // Its clocks go on, and nothing else.
  void sleep(Duration time);
  void damage(std::size_t row) { disk_.damage(row); }
  void meddle(Meddler meddler) { meddler_ = std::move(meddler); }
  // A reader goes through all that is stored.
  void scrub();

  // --- Facts for the Node ---
  // Takes part in a turn to come. Lost while the host is down.
  void hand(Event event);

  // --- Queries ---
  bool is_up() const { return node_ != nullptr; }
  HostIndex index() const { return index_; }
  const PeerId& id() const { return identity_.id(); }
  const Identity& identity() const { return identity_; }
  const std::string& name() const { return name_; }
  const Disk& disk() const { return disk_; }
  const Node& node() const { return *node_; }
  Address door() const { return {settings_.places[0].host, settings_.places[0].door}; }
  Moment moment() const;
  // How often it has ordered something to be sent.
  std::uint64_t traffic() const { return traffic_; }

 private:
  void build(bool can_store);
  void plan_turn(Duration wait);
  void turn();
  void finish(const Actions& actions);
  bool commit(const Actions& actions);
  void carry_out(const Action& action);
  void send(const Action& action);
  void fail_commit();
  void answer(const action::Answer& answer);
  void give(const action::Give& order);
  void arm();
  void note_request(const Event& event);
  Witness witness() const;

  Surroundings around_;
  std::string name_;
  Identity identity_;
  Settings settings_;
  HostIndex index_;
  Disk disk_;
  Duration wall_offset_{};
  bool is_disk_full_ = false;

  Meddler meddler_;

  std::unique_ptr<Node> node_;
  bool can_store_ = true;
  std::uint64_t run_ = 0;   // Counts Nodes.
  std::uint64_t life_ = 0;  // Counts starts and crashes.
  WallTime boot_wall_;
  Duration booted_{};
  Duration steady_base_{};
  std::deque<Event> waiting_;
  std::set<RequestId> open_requests_;  // Told to the Node and not answered yet.
  std::optional<CrashPoint> doom_;
  std::optional<Duration> planned_;  // The next turn.
  Duration last_turn_{};
  std::size_t idle_turns_ = 0;  // At one and the same moment.
  std::uint64_t traffic_ = 0;
};

}  // namespace p2pchat::sim
