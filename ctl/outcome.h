// Outcome: what a step of a command answers: a value, or how the command ends.
//
// A Failure is the exit code that a script sees and the sentence that a person
// reads; it travels up unchanged to run(), the one place that prints it.
// Pure values.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "proto/exit_code.h"

namespace p2pchat::ctl {

struct Failure {
  ExitCode code = ExitCode::failed;
  std::string text;  // A sentence; empty ends quietly.
};

template <class T>
using Outcome = tl::expected<T, Failure>;

inline tl::unexpected<Failure> end_with(ExitCode code, std::string text = {}) {
  return tl::unexpected<Failure>(Failure{code, std::move(text)});
}
inline tl::unexpected<Failure> end_with(Failure failure) {
  return tl::unexpected<Failure>(std::move(failure));
}

// Nobody reads stdout any more. What a shell shows for a program that SIGPIPE ended.
inline constexpr ExitCode kOutputClosed = ExitCode{141};

}  // namespace p2pchat::ctl
