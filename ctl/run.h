// Run: a whole command, from its words to its exit code.
//
// Effects: all of them, through the console and the daemon's socket.
// Single-threaded; nothing throws across it.
#pragma once

#include <string>
#include <vector>

#include "ctl/console.h"

namespace p2pchat::ctl {

// `arguments` without the program's own name. Answers the exit code.
int run(std::vector<std::string> arguments, Console& console);

}  // namespace p2pchat::ctl
