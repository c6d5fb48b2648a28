// Seeds: runs of a script for one seed after the other, as the environment asks for.
//
//   P2PCHAT_SEEDS=60000    so many seeds instead of a swarm's own number
//   P2PCHAT_SEED=1234      this seed only
//   P2PCHAT_TRACE=1        what happened last, in words, when a seed fails
#pragma once

#include <cstdint>
#include <functional>
#include <gtest/gtest.h>
#include <string>

#include "tests/sim/trace.h"

namespace p2pchat::sim {

// What tells of a run, should it end the process.
struct Running {
  std::uint64_t seed = 0;
  const char* suite = "";
  const Trace* trace = nullptr;  // Null while nothing runs.
};
Running& running();

// A CHECK or a sanitizer that ends the process tells the seed first.
void arm_death();
std::string replay_line(const Running& running);
std::uint64_t number_in(const char* name, std::uint64_t fallback);

// How many seeds a swarm plays: all of them in a build without sanitizers, where each takes a tenth
// of the time.
constexpr std::uint64_t seeds_here([[maybe_unused]] std::uint64_t all,
                                   [[maybe_unused]] std::uint64_t sanitized) {
#if defined(__SANITIZE_ADDRESS__)
  return sanitized;
#else
  return all;
#endif
}

// Calls `run` for each seed of this part. False if there is only one seed, and not for this part.
bool for_each_seed(std::uint64_t part, std::uint64_t parts, std::uint64_t seeds_default,
                   const std::function<void(std::uint64_t seed)>& run);

// Plays a whole world. An exception ends the process, so that its seed is told.
template <class Script>
void play(Script& script, std::uint64_t seed, const char* suite) noexcept {
  running() = {seed, suite, &script.world().trace()};
  const std::string failure = script.play();
  if (!failure.empty()) {
    ADD_FAILURE() << "seed " << seed << ": " << failure << "\n"
                  << replay_line(running()) << "\n"
                  << script.world().trace().text();
  }
  running().trace = nullptr;
}

}  // namespace p2pchat::sim
