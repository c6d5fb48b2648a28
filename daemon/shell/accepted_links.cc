#include "daemon/shell/accepted_links.h"

#include <utility>

namespace p2pchat {
namespace {

// The monitor is to report no ACCEPT_FAILED: at the limit of descriptors it comes without end.
constexpr int kWatched = ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED;

}  // namespace

Result<AcceptedLinks> AcceptedLinks::open(zmq::context_t& context, const Identity& identity,
                                          const Address& listen) {
  auto socket = open_socket(context, zmq::socket_type::router);
  if (!socket) return tl::unexpected(socket.error());
  set_option(*socket, ZMQ_ROUTER_MANDATORY, 1);
  be_server(*socket, identity);
  auto listener = Listener::bind(*socket, listen, "links");
  if (!listener) return tl::unexpected(listener.error());
  return AcceptedLinks(std::move(*socket), std::move(*listener));
}

AcceptedLinks::AcceptedLinks(zmq::socket_t socket, Listener listener)
    : socket_(std::move(socket)), listener_(std::move(listener)) {}

Result<void> AcceptedLinks::watch(zmq::context_t& context) {
  auto monitor = Monitor::open(context, socket_, kWatched);
  if (!monitor) return tl::unexpected(monitor.error());
  monitor_.emplace(std::move(*monitor));
  return {};
}

void AcceptedLinks::send(const PeerId& peer, ByteView frame) {
  const auto it = current_.find(peer);
  if (it == current_.end()) {
    ++traffic_.dropped;
    return;
  }
  switch (send_frame(socket_, it->second, frame)) {
    case Sent::done: traffic_.sent(frame); return;
    case Sent::full: ++traffic_.dropped; return;
    case Sent::gone:
      ++traffic_.dropped;
      close_link(Route(it->second), "the connection was lost");
      return;
  }
}

void AcceptedLinks::hang_up(const PeerId& peer) {
  const auto it = current_.find(peer);
  if (it != current_.end()) forget(Route(it->second));
  std::erase_if(closed_, [&](const event::LinkClosed& each) { return each.peer == peer; });
}

void AcceptedLinks::expel(const PeerId& peer) {
  const auto it = current_.find(peer);
  if (it != current_.end()) close_link(Route(it->second), "no longer admitted");
  listener_.ask_cut();
}

void AcceptedLinks::receive(TimePoint now, const Zap& zap, const Raise& raise) {
  flush(raise);
  read_monitor();
  if (read_frames(zap, raise)) lose_gone();
  if (listener_.tend(now, socket_)) lose_all();
  flush(raise);
}

void AcceptedLinks::read_monitor() {
  while (monitor_) {
    const auto event = monitor_->next();
    if (!event) return;
    const int descriptor = static_cast<int>(event->value);
    if (event->kind == ZMQ_EVENT_ACCEPTED) {
      closed_descriptors_.erase(descriptor);
      continue;
    }
    closed_descriptors_.insert(descriptor);
    const auto it = by_descriptor_.find(descriptor);
    if (it == by_descriptor_.end()) continue;
    gone_.push_back(it->second);
    by_descriptor_.erase(it);
  }
}

// True if nothing is left to be read.
bool AcceptedLinks::read_frames(const Zap& zap, const Raise& raise) {
  Budget budget;
  while (budget.is_left()) {
    if (!receive_parts(socket_, 2, parts_)) return true;
    budget.spend(view(parts_.back()).size());
    take(zap, raise);
  }
  return false;
}

void AcceptedLinks::take(const Zap& zap, const Raise& raise) {
  const auto peer = peer_id(property(parts_.back(), "User-Id"));
  if (parts_.size() != 2 || !peer || !zap.is_admitted(*peer)) {
    ++traffic_.rubbish;
    return;
  }
  const Route route = parts_.front().to_string();
  auto it = connections_.find(route);
  if (it != connections_.end() && it->second.peer != *peer) {
    close_link(route, "the connection was lost");
    it = connections_.end();
  }
  const Connection& from = it == connections_.end() ? open_link(route, *peer, raise) : it->second;
  if (!from.is_current) {
    ++traffic_.rubbish;
    return;
  }
  ++traffic_.in;
  raise(event::LinkFrameReceived{*peer, LinkSide::accepted, to_bytes(view(parts_.back()))});
}

AcceptedLinks::Connection& AcceptedLinks::open_link(const Route& route, const PeerId& peer,
                                                    const Raise& raise) {
  // Whatever happened to earlier connections is told before this one's descriptor is used.
  read_monitor();
  const auto older = current_.find(peer);
  if (older != current_.end()) {
    connections_.at(older->second).is_current = false;
    closed_.push_back({peer, LinkSide::accepted, "a newer connection took its place"});
  }
  const int descriptor = zmq_msg_get(parts_.back().handle(), ZMQ_SRCFD);
  by_descriptor_[descriptor] = route;
  if (closed_descriptors_.contains(descriptor)) gone_.push_back(route);
  current_[peer] = route;
  flush(raise);
  raise(event::LinkOpened{peer, LinkSide::accepted,
                          plain_host(property(parts_.back(), "Peer-Address"))});
  return connections_[route] = Connection{peer, descriptor, true};
}

void AcceptedLinks::lose_gone() {
  for (const Route& route : std::exchange(gone_, {})) {
    close_link(route, "the connection was lost");
  }
  closed_descriptors_.clear();
}

void AcceptedLinks::lose_all() {
  for (const auto& [peer, route] : current_) {
    closed_.push_back({peer, LinkSide::accepted, "all connections were cut, to lock one out"});
  }
  connections_.clear();
  current_.clear();
  by_descriptor_.clear();
  gone_.clear();
}

void AcceptedLinks::close_link(const Route& route, const std::string& why) {
  const auto it = connections_.find(route);
  if (it == connections_.end()) return;
  if (it->second.is_current) closed_.push_back({it->second.peer, LinkSide::accepted, why});
  forget(route);
}

void AcceptedLinks::forget(const Route& route) {
  const auto it = connections_.find(route);
  if (it == connections_.end()) return;
  const Connection& connection = it->second;
  if (connection.is_current) current_.erase(connection.peer);
  const auto named = by_descriptor_.find(connection.descriptor);
  if (named != by_descriptor_.end() && named->second == route) by_descriptor_.erase(named);
  connections_.erase(it);
}

void AcceptedLinks::flush(const Raise& raise) {
  for (event::LinkClosed& closed : std::exchange(closed_, {})) raise(std::move(closed));
}

TimePoint AcceptedLinks::deadline() const {
  return closed_.empty() ? listener_.deadline() : TimePoint{};
}

void AcceptedLinks::add_poll_items(std::vector<zmq::pollitem_t>& items) {
  items.push_back({socket_.handle(), 0, ZMQ_POLLIN, 0});
  if (monitor_) items.push_back(monitor_->poll_item());
}

std::vector<std::string> AcceptedLinks::complaints() const {
  if (listener_.is_bound()) return {};
  return {"port " + std::to_string(port()) + " for links is taken"};
}

}  // namespace p2pchat
