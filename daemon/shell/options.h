// Options: what a daemon was told, by flags, environment and config file.
//
// Flags win over the environment (P2PCHATD_*), which wins over the file. A word
// that is not understood is an error wherever it stands: a typo is not silent.
//
// Effects: reads the config file and, in surroundings(), the process. Called
// once, before anything else is opened.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/settings.h"
#include "daemon/shell/log.h"
#include "proto/address.h"
#include "proto/rendezvous.h"
#include "proto/result.h"

namespace p2pchat {

// What sun_path of a unix socket holds, without its final zero.
inline constexpr std::size_t kSocketPathBytesMax = 107;

struct Options {
  std::filesystem::path state;
  std::filesystem::path socket;
  std::string name;
  Address listen;                    // Host: "*" or an IP address. Port 0: any three free ones.
  std::optional<Address> advertise;  // Port 0: the one that is listened on.
  std::optional<rendezvous::Locator> rendezvous;
  std::set<PeerId> auto_vote;  // Whose knocks get our yes at once.
  Accept accept = Accept::ask;
  std::uint32_t rate = kPushRateDefault;
  std::uint64_t room_bytes = kRoomBytesDefault;
  bool is_relay = false;
  LogLevel log_level = LogLevel::info;
  std::string proof;  // The room to print the proof of, instead of running; or empty.
};

// What stands on stdout instead of a daemon's work: help, version, a checked configuration.
struct Printout {
  std::string text;
};

// The part of the process that defaults depend on.
struct Surroundings {
  bool is_root = false;
  std::string host_name;
  std::map<std::string, std::string> environment;
};
Surroundings surroundings();

// `arguments` without the program's own name. An error is Fault::usage and one sentence.
Result<std::variant<Options, Printout>> read_options(const std::vector<std::string>& arguments,
                                                     const Surroundings& around);

}  // namespace p2pchat
