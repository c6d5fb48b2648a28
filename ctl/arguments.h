// Arguments: words in, a Command out.
//
// Flags win over the environment (CHATCTL_SOCKET, CHATCTL_JSON, CHATCTL_QUIET).
// All that is wrong with the words is exit 2 and one sentence.
//
// Effects: reads the environment and looks whether the user's own socket is
// there. The clock is passed in.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "ctl/command.h"
#include "ctl/outcome.h"
#include "proto/moment.h"

namespace p2pchat::ctl {

// Stands on stdout instead of a command's work: help, or the version.
struct Printout {
  std::string text;
};

// `arguments` without the program's own name.
Outcome<std::variant<Command, Printout>> read_arguments(std::vector<std::string> arguments,
                                                        WallTime now);

}  // namespace p2pchat::ctl
