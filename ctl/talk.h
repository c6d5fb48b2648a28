// Talk: a conversation on this terminal. What comes in is printed, and each
// line that is typed is pushed.
//
// The terminal stays in its line mode: nothing has to be restored, whatever
// ends the process. Of what waited at the beginning only the newest is shown;
// `log` has the rest.
//
// Effects: the daemon's socket and the console. Single-threaded. Bounded:
// kTalkLinesMax messages of the beginning, kPushWindow lines under way.
#pragma once

#include <memory>
#include <string>

#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/console.h"
#include "ctl/outcome.h"

namespace p2pchat::ctl {

inline constexpr std::size_t kTalkLinesMax = 100;

// `to` is the id, or the name, of whom `command` has met. Returns when the terminal says that all
// is said, or fails.
Outcome<void> talk(const Command& command, const std::string& reader, const std::string& to,
                   std::unique_ptr<Client> client, Console& console);

}  // namespace p2pchat::ctl
