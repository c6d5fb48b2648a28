// Words: what a daemon was told, before it means anything.
//
// Every setting is a flag, a variable of the environment and a key of the file,
// read by one parser. A word that is none of them is an error, and so is a key
// that stands in the file twice.
//
// Effects: reads the config file. Called once or twice, by read_options().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/shell/options.h"
#include "proto/limits.h"

namespace p2pchat {

struct Words {
  std::string config, state, socket, name, listen{"127.0.0.1:7473"}, advertise, accept;
  std::string rendezvous;
  std::vector<std::string> auto_vote;
  std::string rate = std::to_string(kPushRateDefault);
  std::string room_bytes = std::to_string(kRoomBytesDefault);
  std::string log_level = "info", proof;
  bool relay = false;
  bool check_config = false;
};

// Reads the arguments and the file that they name into `words`. Nothing if they ask for
// a run; otherwise what to print.
Result<std::optional<Printout>> read_words(std::vector<std::string> arguments, Words& words);
// `arguments` behind the environment as arguments, so that they win against it, and both against
// the file.
Result<std::vector<std::string>> with_environment(const std::vector<std::string>& arguments,
                                                  const Surroundings& around);

}  // namespace p2pchat
