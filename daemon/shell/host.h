// Host: what a Node needs of whoever runs it; see the duties named in node.h.
//
// A turn's events are stepped as they are raised; at its end all that is to be
// stored is made durable in one commit, and only then the rest is carried out,
// in order. If the commit fails, nothing of the turn is: the Node is built anew
// from the store, told which links stand, and asked to store nothing until the
// store takes writes again. A damaged store never will: it ends the Host.
//
// Effects: the store, and what the Outlets do. Single-threaded; owned by Loop.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "daemon/core/node.h"
#include "daemon/shell/store.h"

namespace p2pchat {

// Whom a Host hands on what is not the store's.
struct Outlets {
  // Everything but Store..., Give, Find... and Compare.
  std::function<void(Moment, const Action&)> carry_out;
  // What is in these rooms has grown.
  std::function<void(const std::set<RoomId>&)> wake;
  // The Node that was to answer is gone; this is why.
  std::function<void(const std::string&)> fail_pending;
};

class Host {
 public:
  // `store` outlives it.
  Host(Settings settings, Identity identity, Store& store, Outlets outlets);

  // Builds the first Node and carries out what it begins with.
  Result<void> start(Moment now);

  void raise(Moment now, const Event& event);
  // Tells of the time, ends the turn and carries it out. Fails only if the store is damaged
  // or cannot be read: then there is no going on.
  Result<void> end_turn(Moment now);
  // When the next turn is due, whatever else happens.
  TimePoint deadline() const;

  const Node& node() const { return *node_; }
  bool can_store() const { return can_store_; }

 private:
  Result<void> build(const std::string& store_trouble);
  Result<void> carry_out(Moment now, Actions actions);
  Result<void> begin_anew(Moment now, const Error& why);
  void hand_on(Moment now, const Actions& actions);
  void compare(Moment now, const action::Compare& order);
  void find_pruned(Moment now, const action::FindPruned& order);
  void give(Moment now, const action::Give& order);
  void find_key(Moment now, const action::FindKey& order);
  void note_link(const Event& event);

  Settings settings_;
  Identity identity_;
  Store& store_;
  Outlets outlets_;
  std::optional<Node> node_;
  Actions actions_;                                           // Of this turn, so far.
  std::map<std::pair<PeerId, LinkSide>, std::string> links_;  // Those that stand; to which host.
  bool is_due_ = false;    // The Node has been told something at the end of a turn.
  bool can_store_ = true;  // As the Node was told last.
  bool is_failure_logged_ = false;
  TimePoint next_probe_ = TimePoint::never();  // Of a store that failed.
};

}  // namespace p2pchat
