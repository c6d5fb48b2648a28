// Disk: what survives a crash of a simulated host.
//
// Behaves as daemon/shell/store.h and inbox.h promise: one commit is durable
// whole or not at all, a batch whose place is taken is ignored unless what
// stands there is damaged, rows keep the order of arrival, and a read never
// answers damaged bytes but names them. What the rows hold is what has been
// shown to readers. Of a room of many it also works out who is in it, by what is
// decided there and nothing else.
//
// Pure; a value; owned by Host.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/snapshot.h"
#include "proto/roster.h"

namespace p2pchat::sim {

class Disk {
 public:
  using RowKey = std::pair<RoomId, FeedId>;
  // One arrival: a batch, or a notice of the daemon.
  struct Row {
    RoomId room;
    std::shared_ptr<const Batch> batch;  // Null for a notice.
    std::string notice;
    WallTime received;
    bool is_damaged = false;  // Its bytes are not what was stored.
  };

  // A room of many.
  struct Membership {
    RoomRecord record;
    std::vector<StoredDecision> decisions;  // By height, from 1 on.
    std::vector<Roster> rosters;            // By height, from 0 on: one more than the decisions.
    std::optional<StoredPledge> pledge;
    std::map<Hash, Object> objects;

    const Roster& roster() const { return rosters.back(); }
  };

  // Carries out one Store...; whoever commits a turn does so for all or none.
  void commit(const Action& action);
  // What pruning has done since the last call.
  std::vector<event::Pruned> take_prunings() { return std::exchange(prunings_, {}); }
  // The rows that it would prune, in order.
  std::vector<std::size_t> prunable(const action::Prune& order) const;
  std::vector<PrunedBatch> find_pruned(const action::FindPruned& order) const;
  Snapshot load() const;

  // The frames that answer `want`. A damaged batch ends the answer and is named.
  struct Given {
    std::vector<Bytes> frames;
    std::vector<event::BatchDamaged> damages;
  };
  Given give(const link::Want& want) const;
  std::optional<KeyRecord> key(const RoomId& room, const std::string& key) const;
  // What a local reader that reads everything comes upon.
  std::vector<event::BatchDamaged> scrub() const;
  void damage(std::size_t row) { rows_[row].is_damaged = true; }

  // The row at which a feed's batch begins, or that covers a post of it.
  const Row* find(const RoomId& room, const FeedId& feed, Number first) const;
  const Row* covering(const RoomId& room, const FeedId& feed, Number number) const;
  // Whether exactly these signed bytes are durable.
  bool holds(const Batch& batch) const;
  // The last row of a feed, before which nothing is missing.
  const Row* newest(const RoomId& room, const FeedId& feed) const;

  const std::vector<Row>& rows() const { return rows_; }
  const std::map<PeerId, Contact>& contacts() const { return contacts_; }
  const std::map<RoomId, Membership>& memberships() const { return memberships_; }
  // Null if nothing is kept of the room.
  const Membership* membership(const RoomId& room) const;
  // The room that is listed under this name here; null if none is.
  const Membership* room_called(const std::string& name) const;
  const std::map<RoomId, WishRecord>& wishes() const { return wishes_; }

  Counter card_counter() const { return card_counter_; }
  Stamp promised() const { return promised_; }
  const std::map<RowKey, std::map<Number, std::size_t>>& feeds() const { return feeds_; }

 private:
  void put(const action::StoreBatch& order);
  void put(const action::StoreRoom& order);
  void put(const action::StoreDecision& order);
  void put(const action::Prune& order);

  Counter card_counter_;
  Stamp promised_;
  std::map<PeerId, Contact> contacts_;
  std::vector<Row> rows_;
  std::map<RowKey, std::map<Number, std::size_t>> feeds_;  // Into rows_, by first number.
  std::map<RoomId, Membership> memberships_;
  std::map<RoomId, WishRecord> wishes_;
  std::optional<std::string> listing_;
  std::map<std::pair<RoomId, std::string>, KeyRecord> keys_;
  struct Kept {
    Retention retention;
    Stamp cut;
  };
  std::map<RoomId, Kept> retentions_;
  std::vector<event::Pruned> prunings_;
};

}  // namespace p2pchat::sim
