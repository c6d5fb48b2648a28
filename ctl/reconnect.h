// Reconnect: waiting for a daemon that has gone away.
//
// Effects: tries to connect again and again, more and more seldom.
#pragma once

#include <memory>
#include <string>

#include "ctl/client.h"
#include "ctl/console.h"
#include "ctl/signals.h"

namespace p2pchat::ctl {

// Says so on stderr, and answers a connection as soon as there is a daemon again. Fails with
// a signal's code, or with ExitCode::timed_out at `until`.
Outcome<std::unique_ptr<Client>> reconnect(const std::string& socket, Console& console,
                                           Signals& signals, Deadline until);

}  // namespace p2pchat::ctl
