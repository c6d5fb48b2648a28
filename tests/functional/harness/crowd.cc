#include "tests/functional/harness/crowd.h"

#include "tests/functional/harness/garden.h"

namespace p2pchat::functional {
namespace {

constexpr int kPortsEach = 3;

}  // namespace

Crowd::Member::Member(const std::filesystem::path& folder, const std::string& name, int door_port)
    : daemon(folder, name,
             {own_host(0) + ":" + std::to_string(door_port),
              {"--advertise", own_host(1), "--rate", "0"}}),
      relay(own_host(1), own_host(0), door_port) {}

Crowd::Crowd(const std::filesystem::path& folder, const std::vector<std::string>& names)
    : rendezvous_(folder) {
  int door_port = kDoorPort;
  for (const std::string& name : names) {
    members_.emplace_back(folder, name, door_port);
    door_port += kPortsEach;
  }
}

void Crowd::gather() {
  rendezvous_.start();
  std::vector<const Daemon*> inside;
  for (Member& each : members_) {
    Words& flags = each.daemon.setup().flags;
    flags.insert(flags.end(), {"--rendezvous", rendezvous_.address()});
    each.daemon.start();
    if (inside.empty()) {
      each.daemon.tell({"create", "garden", std::to_string(members_.size())});
    } else {
      each.daemon.tell({"join", "garden"});
      for (const Daemon* member : inside) Garden::say_yes(*member, each.daemon.name());
    }
    inside.push_back(&each.daemon);
    Garden::await_members(inside);
  }
}

std::string garden_log(const Daemon& daemon) {
  return daemon.tell({"log", "garden", "--format", "%i %t %a %m\\n"});
}

}  // namespace p2pchat::functional
