#include "tests/sim/seeds.h"

#include <csignal>
#include <cstdlib>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace p2pchat::sim {
namespace {

void tell_seed() {
  const Running& now = running();
  const std::string line =
      (now.trace == nullptr ? "" : now.trace->text()) + replay_line(now) + "\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

Running& running() {
  static Running now;
  return now;
}

void arm_death() {
  std::signal(SIGABRT, [](int) { tell_seed(); });
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_set_death_callback(tell_seed);
#endif
}

std::string replay_line(const Running& running) {
  return "replay: P2PCHAT_SEED=" + std::to_string(running.seed) +
         " P2PCHAT_TRACE=1 build/dev/tests/sim_tests --gtest_filter=" + running.suite + ".First*";
}

std::uint64_t number_in(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

bool for_each_seed(std::uint64_t part, std::uint64_t parts, std::uint64_t seeds_default,
                   const std::function<void(std::uint64_t seed)>& run) {
  if (const std::uint64_t only = number_in("P2PCHAT_SEED", 0); only != 0) {
    if (part == 0) run(only);
    return part == 0;
  }
  const std::uint64_t seeds = number_in("P2PCHAT_SEEDS", seeds_default);
  for (std::uint64_t i = part * seeds / parts; i < (part + 1) * seeds / parts; ++i) run(i + 1);
  return true;
}

}  // namespace p2pchat::sim
