// PubWires: the PUB and SUB sockets of a virtual network.
//
// A subscriber's connection comes back by itself, and then its topics have to
// travel to the publisher again. What is published while no topic has arrived
// is gone, and so is what the network loses: nothing here is reliable, as
// nothing is on PUB. Pure; owned by Network.
#pragma once

#include <map>
#include <set>

#include "daemon/core/action.h"
#include "tests/sim/fabric.h"

namespace p2pchat::sim {

class PubWires {
 public:
  explicit PubWires(Fabric& fabric) : fabric_(fabric) {}

  void hear(HostIndex host, const action::Hear& order);
  void unhear(HostIndex host, const action::Unhear& order);
  void subscribe(HostIndex host, const Topic& topic);
  void unsubscribe(HostIndex host, const Topic& topic);
  void publish(HostIndex host, const Bytes& frame);
  void expel(HostIndex host, const PeerId& peer);

  void fall(HostIndex host);
  void break_between(HostIndex a, HostIndex b);
  // Something has changed by which a connection may come to be.
  void stir();

  const std::set<Topic>& topics_of(HostIndex host) { return topics_[host]; }

 private:
  struct Hearing {
    std::string host;
    std::uint16_t port = 0;
    std::optional<HostIndex> publisher;  // While connected.
    std::uint64_t session = 0;           // Counts connections, for what is in flight.
    bool is_trying = false;
    std::set<Topic> arrived;  // Topics that the publisher knows of.
    Duration last_arrival{};  // Of the frames sent over it.
  };
  using Key = std::pair<HostIndex, PeerId>;  // Who hears whom.

  void attempt(const Key& key);
  void send_topic(const Key& key, const Topic& topic, bool is_wanted);
  void send_frame(const Key& key, Hearing& hearing, const Bytes& frame);
  void disconnect(Hearing& hearing);

  Fabric& fabric_;
  std::map<Key, Hearing> hearings_;
  std::map<HostIndex, std::set<Topic>> topics_;
  std::uint64_t sessions_ = 0;
};

}  // namespace p2pchat::sim
