// Swarms of seeds, each a whole world with faults; see script.h, and seeds.h for what the
// environment may ask.
#include <chrono>
#include <cstdio>
#include <gtest/gtest.h>

#include "tests/sim/script.h"
#include "tests/sim/seeds.h"

namespace p2pchat::sim {
namespace {

constexpr std::uint64_t kSeedsDefault = seeds_here(500, 100);
constexpr std::uint64_t kParts = 4;

// What a run came to, so that a swarm that tests nothing is noticed.
struct Sum {
  std::uint64_t seeds = 0;
  std::uint64_t successes = 0;
};

void run_seed(std::uint64_t seed, Sum& sum) {
  Script script(seed);
  play(script, seed, "Swarm");
  ++sum.seeds;
  sum.successes += script.world().ledger().successes();
}

void run_part(std::uint64_t part) {
  arm_death();
  Sum sum;
  const auto begin = std::chrono::steady_clock::now();
  const bool has_run =
      for_each_seed(part, kParts, kSeedsDefault, [&](std::uint64_t seed) { run_seed(seed, sum); });
  if (!has_run) GTEST_SKIP() << "one seed only";
  if (sum.seeds > 1) {
    EXPECT_GT(sum.successes, sum.seeds) << "hardly anything was pushed: this swarm proves nothing";
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%llu seeds, %llu pushes answered with success, %.1f seeds/s\n",
              static_cast<unsigned long long>(sum.seeds),
              static_cast<unsigned long long>(sum.successes),
              static_cast<double>(sum.seeds) / took.count());
}

TEST(Swarm, FirstPartOfTheSeedsIsSafeAndLive) { run_part(0); }
TEST(Swarm, SecondPartOfTheSeedsIsSafeAndLive) { run_part(1); }
TEST(Swarm, ThirdPartOfTheSeedsIsSafeAndLive) { run_part(2); }
TEST(Swarm, FourthPartOfTheSeedsIsSafeAndLive) { run_part(3); }

TEST(Replay, ASeedMeansTheSameRunEveryTime) {
  for (const std::uint64_t seed : {3, 14, 159}) {
    Script first(seed);
    Script second(seed);

    first.play();
    second.play();

    EXPECT_EQ(first.world().trace().hash(), second.world().trace().hash()) << "seed " << seed;
  }
}

TEST(Replay, DifferentSeedsAreDifferentRuns) {
  Script first(1);
  Script second(2);

  first.play();
  second.play();

  EXPECT_NE(first.world().trace().hash(), second.world().trace().hash());
}

}  // namespace
}  // namespace p2pchat::sim
