// Options: what a rendezvous was told, by flags and a config file.
//
// Flags win over the file. A word that is not understood is an error wherever it
// stands: a typo is not silent.
//
// Effects: reads the config file and the environment. Called once, before
// anything else is opened.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "proto/address.h"
#include "proto/ids.h"

namespace p2pchat::rendezvous {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct Options {
  std::filesystem::path state;
  std::filesystem::path store;  // Of SQLite.
  Address listen;               // Host: "*" or an IP address. Port 0: a free one.
  std::set<PeerId> allow;       // Whom it serves; empty: everybody.
  LogLevel log_level = LogLevel::info;
};

// What stands on stdout instead of any work: help or version.
struct Printout {
  std::string text;
};

// `arguments` without the program's own name. An error is Fault::usage and one sentence.
Result<std::variant<Options, Printout>> read_options(std::vector<std::string> arguments);

}  // namespace p2pchat::rendezvous
