// Crowd: a rendezvous and daemons that reach each other by way of relays alone, in one
// room, "garden", into which each was voted by all who were there.
#pragma once

#include <deque>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/functional/harness/daemon.h"
#include "tests/functional/harness/relay.h"
#include "tests/functional/harness/rendezvous.h"

namespace p2pchat::functional {

class Crowd {
 public:
  Crowd(const std::filesystem::path& folder, const std::vector<std::string>& names);

  // Starts them all; each asks to be let in and is, one after the other.
  void gather();

  std::size_t size() const { return members_.size(); }
  Daemon& daemon(std::size_t number) { return members_[number].daemon; }
  Relay& relay(std::size_t number) { return members_[number].relay; }

 private:
  struct Member {
    Member(const std::filesystem::path& folder, const std::string& name, int door_port);

    Daemon daemon;
    Relay relay;
  };

  Rendezvous rendezvous_;
  std::deque<Member> members_;
};

// Id, time, author and text of every message in the room, in the order of `log`.
std::string garden_log(const Daemon& daemon);

}  // namespace p2pchat::functional
