// Verdict: whether all has been as it must be, and if not, what was wrong first.
// Pure; owned by World.
#pragma once

#include <string>

namespace p2pchat::sim {

class Verdict {
 public:
  // Only the first failure counts: what follows it may be its consequence.
  void fail(std::string text) {
    if (failure_.empty()) failure_ = std::move(text);
  }
  bool is_good() const { return failure_.empty(); }
  const std::string& failure() const { return failure_; }

 private:
  std::string failure_;
};

}  // namespace p2pchat::sim
