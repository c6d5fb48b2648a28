// DaemonProgram: p2pchatd, run for what it can read without running as a daemon.
//
// Effects: starts a process and waits for its end. Single-threaded. Bounded: a
// line of its output is as long as a message of the control socket may be.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/outcome.h"
#include "proto/object.h"

namespace p2pchat::ctl {

// "genesis", "value" and "certificate": what a proof is made of. Nothing for any other word.
std::optional<Kind> proof_kind(std::string_view word);

// What `p2pchatd --proof ROOM` prints. It is the one beside this program, else the one in PATH;
// `state` is its folder, if it is not the usual one. What it has to say goes to stderr.
Outcome<std::vector<Object>> read_proof(const std::string& room, const std::string& state);

}  // namespace p2pchat::ctl
