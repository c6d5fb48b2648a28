// Verbs: what is done for each kind of command.
//
// Each returns when the command is over; a failure carries its exit code.
//
// Effects: the daemon's socket and the console. Single-threaded.
#pragma once

#include "ctl/command.h"
#include "ctl/console.h"
#include "ctl/outcome.h"

namespace p2pchat::ctl {

Outcome<void> carry_out(const Command& command, const Query& query, Console& console);
Outcome<void> carry_out(const Command& command, const Chat& chat, Console& console);
Outcome<void> carry_out(const Command& command, const Push& push, Console& console);
Outcome<void> carry_out(const Command& command, const Pull& pull, Console& console);
Outcome<void> carry_out(const Command& command, const Log& log, Console& console);
Outcome<void> carry_out(const Command& command, const Join& join, Console& console);
Outcome<void> carry_out(const Command& command, const Vote& vote, Console& console);
Outcome<void> carry_out(const Command& command, const Farewell& farewell, Console& console);
Outcome<void> carry_out(const Command& command, const Prove& prove, Console& console);

}  // namespace p2pchat::ctl
