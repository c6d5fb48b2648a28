// Result: how every function answers that can be told nonsense by the world.
//
// An Error is a kind to branch on and a sentence to print. Bugs of our own are
// CHECK's business, not this one's.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "proto/exit_code.h"

namespace p2pchat {

enum class Fault {
  malformed,  // Bytes that do not decode, or exceed a limit of the format.
  forged,     // A signature or a hash that does not hold.
  usage,      // Wrong words from a user or a configuration.
  unknown,    // No such room, peer, reader or message.
  identity,   // Another key than the one that was pinned.
  limit,      // Over a limit named in limits.h.
  refused,    // The other side, or a rule of ours, says no.
  machine,    // Disk, socket, permission.
  damaged,    // A file of ours does not hold what was written there.
};

struct Error {
  Fault fault;
  std::string text;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Fault fault, std::string text) {
  return tl::unexpected<Error>(Error{fault, std::move(text)});
}

// What a script learns of `fault` when it ends a command.
inline ExitCode exit_code(Fault fault) {
  switch (fault) {
    case Fault::usage: return ExitCode::usage;
    case Fault::unknown: return ExitCode::unknown;
    case Fault::identity: return ExitCode::identity;
    case Fault::limit: return ExitCode::limit;
    case Fault::malformed:
    case Fault::forged:
    case Fault::refused:
    case Fault::machine:
    case Fault::damaged: return ExitCode::failed;
  }
  return ExitCode::failed;
}

}  // namespace p2pchat
