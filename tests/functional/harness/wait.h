// Waiting for facts: the only place of the functional tests where time passes.
//
// A fact is looked at again and again until it holds. The bound only says when
// to give up; no test passes or fails by how long something took.
#pragma once

#include <chrono>
#include <functional>

namespace p2pchat::functional {

// Far beyond what a loaded machine needs, and below the limit of a ctest test.
inline constexpr std::chrono::seconds kPatience{60};

// True as soon as `fact` holds; false if it does not until the bound.
[[nodiscard]] bool wait_until(const std::function<bool()>& fact,
                              std::chrono::milliseconds bound = kPatience);

}  // namespace p2pchat::functional
