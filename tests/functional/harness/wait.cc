#include "tests/functional/harness/wait.h"

#include <ctime>

namespace p2pchat::functional {

bool wait_until(const std::function<bool()>& fact, std::chrono::milliseconds bound) {
  const auto until = std::chrono::steady_clock::now() + bound;
  while (!fact()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    constexpr timespec kPause{0, 5'000'000};
    nanosleep(&kPause, nullptr);
  }
  return true;
}

}  // namespace p2pchat::functional
