// Entropy: all the randomness of a run, drawn from the seed that was handed in.
//
// The n-th draw is a hash of the seed and n, so a run replays exactly. The seed
// is as secret as the keys that are drawn from it.
//
// Pure; owned by Node.
#pragma once

#include "proto/crypto.h"
#include "proto/moment.h"

namespace p2pchat {

class Entropy {
 public:
  explicit Entropy(const Seed& seed) : seed_(seed) {}

  template <class T>
  T draw() {
    return Hasher("p2pchat entropy").add(seed_).add(draws_++).template finish<T>();
  }
  // Between a half and the whole of `wait`, so that hosts do not knock in step.
  Duration jitter(Duration wait) {
    const auto byte = draw<Fixed<struct JitterTag, 1>>().bytes[0];
    return wait / 2 + wait * byte / 512;
  }

 private:
  Seed seed_;
  std::uint64_t draws_ = 0;
};

}  // namespace p2pchat
