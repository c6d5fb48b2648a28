// Pruning: what my retention wants of one room, and when it is carried out.
//
// A run goes over what is stored once, a chunk at a time, and each chunk is
// ordered once the one before is done. What it has pruned it remembers by two
// stamps: the newest post that I let go myself, which I do not ask for again,
// and the newest whose text I lack for whatever reason, which others are told.
// The one never falls while the daemon runs; the other does when texts have come.
//
// Pure; owned by Room.
#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "daemon/core/event.h"
#include "daemon/core/turn.h"

namespace p2pchat {

class Pruning {
 public:
  explicit Pruning(const RoomState& stored)
      : retention_(stored.retention), cut_(stored.cut), kept_(stored.kept) {}

  const Retention& retention() const { return retention_; }
  // A run begins with this turn.
  void set(const Turn& turn, const Retention& retention);
  // Sees to it that a run begins some time.
  void arm(const Turn& turn);
  // Whether a chunk is to be ordered now.
  bool is_due(const Turn& turn) const;
  // It is under way from now on. Answers behind what it begins.
  std::int64_t order();
  void pruned(const Turn& turn, const event::Pruned& event);
  TimePoint deadline() const;

  // Posts below are too old to be kept.
  Stamp floor(WallTime now) const;
  // Up to here my retention lets texts go.
  Stamp cut(WallTime now) const { return std::max(cut_, floor(now)); }
  // I hold whole what is stamped above.
  Stamp kept() const { return kept_; }
  // A post came without its text.
  void lacks(Stamp stamp) { kept_ = std::max(kept_, stamp); }
  // But for what I have let go myself, this is the newest that is lacked.
  void lacks_at_most(Stamp stamp) { kept_ = std::max(cut_, stamp); }

 private:
  Retention retention_;
  Stamp cut_;
  Stamp kept_;
  std::optional<TimePoint> due_;  // Of the next chunk; nothing before the first turn.
  std::int64_t reached_ = 0;      // In this run.
  bool is_under_way_ = false;     // A chunk is.
  bool is_anew_ = false;          // It has been set since the last chunk was ordered.
};

// As `chatctl keep` takes it: "30d 500M", or "all".
std::string keep_text(const Retention& retention);

}  // namespace p2pchat
