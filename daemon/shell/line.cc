#include "daemon/shell/line.h"

#include <algorithm>
#include <utility>

namespace p2pchat {
namespace {

constexpr int kWatched = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                         ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED |
                         ZMQ_EVENT_CLOSED;

// A peer with another key hangs up at once. One that does not admit us does so after its own
// handshake time, but now and then at once, too.
constexpr Duration kAtOnce = kHandshakeTimeout / 2;

}  // namespace

Line::Line(TimePoint now, zmq::context_t& context, const Identity& identity, Target target)
    : context_(&context),
      identity_(identity),
      target_(std::move(target)),
      lookup_(target_.address.host) {
  look(now);
}

bool Line::step(TimePoint now) {
  const bool was_open = is_open_;
  if (lookup_) look(now);
  while (wire_ && ended_.empty()) {
    const auto event = wire_->monitor.next();
    if (!event) break;
    if (event->kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
      is_open_ = true;
    } else {
      note(now, *event);
    }
  }
  while (!is_open_ && !ended_.empty() && !hosts_.empty()) try_next(now);
  return is_open_ && !was_open;
}

void Line::look(TimePoint now) {
  auto answer = lookup_->answer();
  look_ = answer ? TimePoint::never() : now + kLookupInterval;
  if (!answer) return;
  lookup_.reset();
  if (*answer) {
    hosts_ = **std::move(answer);
    std::reverse(hosts_.begin(), hosts_.end());
    try_next(now);
  } else {
    ended_ = answer->error().text;
  }
}

void Line::try_next(TimePoint now) {
  const std::string host = std::move(hosts_.back());
  hosts_.pop_back();
  wire_.reset();
  began_ = now;
  ended_.clear();
  auto wire = connect(host);
  if (wire) {
    wire_.emplace(std::move(*wire));
  } else {
    ended_ = wire.error().text;
  }
}

Result<Watched> Line::connect(const std::string& host) {
  auto wire = Watched::open(*context_, zmq::socket_type::dealer, kWatched);
  if (!wire) return wire;
  zmq::socket_t& socket = wire->socket;
  set_option(socket, ZMQ_RECONNECT_IVL, kNeverReconnect);
  set_option(socket, ZMQ_CONNECT_TIMEOUT, kHandshakeTimeout);
  set_option(socket, ZMQ_HANDSHAKE_IVL, kDialHandshakeTimeout);
  be_client(socket, identity_);
  expect_server(socket, target_.key);
  const std::uint16_t port = target_.address.port;
  if (zmq_connect(socket.handle(), endpoint_text(host, port).c_str()) == 0) return wire;
  return fail(Fault::machine,
              place_text(host, port) + " is no address: " + zmq_strerror(zmq_errno()));
}

void Line::note(TimePoint now, const MonitorEvent& event) {
  const std::string place = to_text(target_.address);
  const std::string whom = "the " + target_.whom + " at " + place;
  const Duration took = now - began_;
  switch (event.kind) {
    case ZMQ_EVENT_CLOSED:
      ended_ = took < kAtOnce ? "nobody listens at " + place : "no answer from " + place;
      return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      if (event.value == EAGAIN) {
        ended_ = "no answer from " + place + ": whoever is there says nothing";
      } else if (took < kAtOnce) {
        ended_ = whom + " has another key, or does not admit us yet";
      } else {
        ended_ = whom + " does not admit us yet";
      }
      return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: ended_ = whom + " refuses us"; return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      ended_ = "whoever is at " + place + " does not speak our protocol";
      return;
    default:
      ended_ = is_open_ ? "the connection was lost" : "whoever is at " + place + " hung up at once";
      return;
  }
}

TimePoint Line::deadline() const { return ended_.empty() ? look_ : TimePoint{}; }

void Line::add_poll_items(std::vector<zmq::pollitem_t>& items) {
  if (!wire_) return;
  items.push_back({wire_->socket.handle(), 0, ZMQ_POLLIN, 0});
  items.push_back(wire_->monitor.poll_item());
}

}  // namespace p2pchat
