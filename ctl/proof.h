// Proof: who let whom into a room, checked from nothing but what was signed.
//
// It begins with the room's genesis and takes a value and its certificate for
// each height. Each must follow the one before and be pledged by everybody whom
// it needs, so whoever hands the bytes over, a daemon or a file, is trusted with
// nothing. That there is no newer height than the last one taken, it cannot
// know.
//
// Pure; a value type. Bounded as Roster is; take() is O(members).
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "proto/object.h"
#include "proto/roster.h"

namespace p2pchat::ctl {

struct ProvedPerson {
  PeerId id;
  std::string name;  // On the newest card that the chain holds; empty if it holds none.
};

// What is proved of one height.
struct ProvedStep {
  std::uint64_t height = 0;
  ValueId value;
  WallTime time;  // By the clock of whoever pledged last.
  Round round;
  std::vector<ProvedPerson> came;
  std::vector<ProvedPerson> evicted;
  std::vector<ProvedPerson> left;
  std::vector<ProvedPerson> signers;
  std::size_t members = 0;  // After it.
};

class Proof {
 public:
  // Fails, as take() does, with the place and what is wrong there.
  static Result<Proof> begin(const Object& founding);

  // The next height, which stands first in `rest`. On failure nothing is changed.
  Result<ProvedStep> take(std::span<const Object> rest);
  // As many of `rest` as take() reads.
  static constexpr std::size_t kObjectsOfAStep = 2;

  const Genesis& genesis() const { return genesis_; }
  const Roster& roster() const { return roster_; }

 private:
  explicit Proof(Genesis genesis) : genesis_(std::move(genesis)), roster_(genesis_) {}

  Result<void> check(const Value& value, const Certificate& certificate) const;
  ProvedPerson person(const PeerId& peer) const;

  Genesis genesis_;
  Roster roster_;
  std::map<PeerId, std::string> names_;  // Of everybody who ever came.
};

}  // namespace p2pchat::ctl
