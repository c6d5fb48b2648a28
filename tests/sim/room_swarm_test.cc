// Swarms of rooms, each seed a whole world with faults and liars; see room_script.h, and seeds.h
// for what the environment may ask.
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>

#include "tests/sim/room_script.h"
#include "tests/sim/seeds.h"

namespace p2pchat::sim {
namespace {

constexpr std::uint64_t kSeedsDefault = seeds_here(1000, 100);
constexpr std::uint64_t kParts = 4;

// What a run came to, so that a swarm that tests nothing is noticed.
struct Sum {
  std::uint64_t seeds = 0;
  std::uint64_t successes = 0;
  std::uint64_t decisions = 0;
};

void run_seed(std::uint64_t seed, Sum& sum) {
  RoomScript script(seed);
  play(script, seed, "RoomSwarm");
  ++sum.seeds;
  sum.successes += script.world().ledger().successes();
  sum.decisions += script.heights();
}

void run_part(std::uint64_t part) {
  arm_death();
  Sum sum;
  const auto begin = std::chrono::steady_clock::now();
  const bool has_run =
      for_each_seed(part, kParts, kSeedsDefault, [&](std::uint64_t seed) { run_seed(seed, sum); });
  if (!has_run) GTEST_SKIP() << "one seed only";
  if (sum.seeds > 1) {
    EXPECT_GT(sum.successes, sum.seeds) << "hardly anything was said: this swarm proves nothing";
    EXPECT_GT(sum.decisions, 2 * sum.seeds) << "hardly anybody came or went";
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%llu seeds, %llu posts, %llu decisions, %.1f seeds/s\n",
              static_cast<unsigned long long>(sum.seeds),
              static_cast<unsigned long long>(sum.successes),
              static_cast<unsigned long long>(sum.decisions),
              static_cast<double>(sum.seeds) / took.count());
}

TEST(RoomSwarm, FirstPartOfTheSeedsIsSafeAndLive) { run_part(0); }
TEST(RoomSwarm, SecondPartOfTheSeedsIsSafeAndLive) { run_part(1); }
TEST(RoomSwarm, ThirdPartOfTheSeedsIsSafeAndLive) { run_part(2); }
TEST(RoomSwarm, FourthPartOfTheSeedsIsSafeAndLive) { run_part(3); }

TEST(RoomReplay, ASeedMeansTheSameRunEveryTime) {
  for (const std::uint64_t seed : {3, 14}) {
    RoomScript first(seed);
    RoomScript second(seed);

    first.play();
    second.play();

    EXPECT_EQ(first.world().trace().hash(), second.world().trace().hash()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace p2pchat::sim
