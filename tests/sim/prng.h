// Prng: all the chance of a simulated world, drawn from one seed.
//
// xoshiro256** filled by splitmix64, and plain arithmetic on top: the standard
// library's distributions differ between implementations, and a seed must mean
// the same run everywhere. Pure; one instance for each independent concern, so
// that a change of one concern's draws leaves the others' as they were.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "proto/ids.h"
#include "proto/moment.h"

namespace p2pchat::sim {

class Prng {
 public:
  explicit Prng(std::uint64_t seed) {
    for (auto& word : state_) {
      seed += 0x9e3779b97f4a7c15ULL;
      std::uint64_t mixed = seed;
      mixed = (mixed ^ (mixed >> 30U)) * 0xbf58476d1ce4e5b9ULL;
      mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebULL;
      word = mixed ^ (mixed >> 31U);
    }
  }

  std::uint64_t next() {
    const std::uint64_t result = rotated(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17U;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotated(state_[3], 45);
    return result;
  }

  // Less than `bound`, which is not 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  Duration between(Duration low, Duration high) {
    const auto wide = static_cast<std::uint64_t>((high - low).count()) + 1;
    return low + Duration(static_cast<Duration::rep>(below(wide)));
  }
  bool chance(std::uint64_t percent) { return below(100) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  Seed seed() {
    Seed out;
    for (auto& byte : out.bytes) byte = static_cast<std::uint8_t>(next());
    return out;
  }

 private:
  static std::uint64_t rotated(std::uint64_t word, unsigned by) {
    return (word << by) | (word >> (64U - by));
  }

  std::array<std::uint64_t, 4> state_{};
};

}  // namespace p2pchat::sim
