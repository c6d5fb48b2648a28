#include "daemon/shell/radio.h"

#include <algorithm>
#include <utility>

#include "proto/check.h"

namespace p2pchat {
namespace {

constexpr int kWatched = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                         ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                         ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED |
                         ZMQ_EVENT_CLOSED | ZMQ_EVENT_CONNECT_RETRIED;

// One spelling for what libzmq spells in three ways: IPv4 within IPv6 once it has connected,
// and the zeros before a port with which is_used() is avoided.
std::string normal(std::string endpoint) {
  constexpr std::string_view kMapped = "tcp://[::ffff:";
  const std::size_t bracket = endpoint.find(']');
  if (endpoint.starts_with(kMapped) && bracket != std::string::npos &&
      endpoint.find('.') != std::string::npos) {
    endpoint = "tcp://" + endpoint.substr(kMapped.size(), bracket - kMapped.size()) +
               endpoint.substr(bracket + 1);
  }
  const std::size_t port = endpoint.rfind(':') + 1;
  const std::size_t digits = endpoint.find_first_not_of('0', port);
  if (digits != std::string::npos) endpoint.erase(port, digits - port);
  return endpoint;
}

}  // namespace

Result<Radio> Radio::open(zmq::context_t& context, const Identity& identity,
                          const Address& listen) {
  auto publisher = open_socket(context, zmq::socket_type::pub);
  if (!publisher) return tl::unexpected(publisher.error());
  set_option(*publisher, ZMQ_SNDHWM, kPublishFramesMax);
  be_server(*publisher, identity);
  auto listener = Listener::bind(*publisher, listen, "live messages (PUB)");
  if (!listener) return tl::unexpected(listener.error());
  auto subscriber = Watched::open(context, zmq::socket_type::sub, kWatched);
  if (!subscriber) return tl::unexpected(subscriber.error());
  set_option(subscriber->socket, ZMQ_SNDHWM, kTopicsMax);
  set_option(subscriber->socket, ZMQ_CONNECT_TIMEOUT, kHandshakeTimeout);
  set_option(subscriber->socket, ZMQ_RECONNECT_IVL, kReconnectMin);
  set_option(subscriber->socket, ZMQ_RECONNECT_IVL_MAX, kReconnectMax);
  be_client(subscriber->socket, identity);
  return Radio(std::move(*publisher), std::move(*listener), std::move(*subscriber));
}

Radio::Radio(zmq::socket_t publisher, Listener listener, Watched subscriber)
    : publisher_(std::move(publisher)),
      listener_(std::move(listener)),
      subscriber_(std::move(subscriber)) {}

void Radio::hear(TimePoint now, const PeerId& peer, const std::string& host, std::uint16_t port) {
  const auto key = curve_key(peer);
  if (!key) return;
  Heard& heard = heard_[peer];
  const bool is_same = heard.host == host && heard.port == port;
  if (is_same && heard.failure.empty()) return;
  heard.pause = kHearAgainMin;
  heard.key = *key;
  heard.host = host;
  heard.port = port;
  begin(heard);
  tend(now);
}

void Radio::unhear(const PeerId& peer) {
  const auto it = heard_.find(peer);
  if (it == heard_.end()) return;
  leave(it->second);
  heard_.erase(it);
}

void Radio::subscribe(const Topic& topic) {
  CHECK(zmq_setsockopt(subscriber_.socket.handle(), ZMQ_SUBSCRIBE, topic.bytes.data(),
                       topic.bytes.size()) == 0);
}

void Radio::unsubscribe(const Topic& topic) {
  // One that was never subscribed to is no error worth telling.
  (void)zmq_setsockopt(subscriber_.socket.handle(), ZMQ_UNSUBSCRIBE, topic.bytes.data(),
                       topic.bytes.size());
}

void Radio::publish(ByteView frame) {
  if (send_frame(publisher_, frame) == Sent::done) {
    traffic_.sent(frame);
  } else {
    ++traffic_.dropped;
  }
}

void Radio::receive(TimePoint now, const Raise& raise) {
  watch(now);
  Parts parts;
  for (Budget budget; budget.is_left() && receive_parts(subscriber_.socket, 1, parts);) {
    const ByteView frame = view(parts.front());
    budget.spend(frame.size());
    if (parts.size() != 1) {
      ++traffic_.rubbish;
      continue;
    }
    ++traffic_.in;
    raise(event::LiveFrameReceived{to_bytes(frame)});
  }
  (void)listener_.tend(now, publisher_);
  tend(now);
}

void Radio::watch(TimePoint now) {
  while (const auto event = subscriber_.monitor.next()) {
    const std::string endpoint = normal(event->endpoint);
    for (auto& [peer, heard] : heard_) {
      if (!heard.endpoint.empty() && normal(heard.endpoint) == endpoint) note(now, *event, heard);
    }
  }
}

void Radio::note(TimePoint now, const MonitorEvent& event, Heard& heard) {
  switch (event.kind) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
      heard.is_up = true;
      heard.failure.clear();
      heard.pause = kHearAgainMin;
      heard.again = heard.refresh = TimePoint::never();
      return;
    case ZMQ_EVENT_CONNECT_RETRIED:
      // libzmq goes on by itself, but knows one address only.
      if (heard.hosts.size() == 1) heard.again = TimePoint::never();
      return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      // libzmq is done with this endpoint, and must be told so before it is used again.
      leave(heard);
      fail(now, heard, "it refuses us");
      return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      fail(now, heard, "it has another key, or does not admit us yet");
      return;
    case ZMQ_EVENT_CLOSED: fail(now, heard, "nobody listens there"); return;
    default:
      // After a handshake that failed this says nothing new.
      fail(now, heard, heard.failure.empty() ? "the connection was lost" : heard.failure);
      return;
  }
}

void Radio::fail(TimePoint now, Heard& heard, std::string why) {
  heard.is_up = false;
  heard.failure = std::move(why);
  heard.again = std::min(heard.again, now + heard.pause);
  heard.refresh = std::min(heard.refresh, now + kHearRefresh);
}

void Radio::tend(TimePoint now) {
  look_ = TimePoint::never();
  for (auto& [peer, heard] : heard_) {
    if (std::min(heard.again, heard.refresh) <= now) {
      heard.pause = std::min(2 * heard.pause, kHearAgainMax);
      begin(heard);
    }
    if (!heard.lookup) continue;
    auto answer = heard.lookup->answer();
    if (!answer) {
      look_ = now + kLookupInterval;
      continue;
    }
    heard.lookup.reset();
    if (*answer) {
      heard.hosts = **std::move(answer);
      connect(now, heard);
    } else {
      fail(now, heard, answer->error().text);
    }
  }
}

void Radio::begin(Heard& heard) {
  leave(heard);
  heard.again = heard.refresh = TimePoint::never();
  heard.lookup.emplace(heard.host);
}

void Radio::connect(TimePoint now, Heard& heard) {
  heard.refresh = now + kHearRefresh;
  const std::string& host = heard.hosts[heard.next++ % heard.hosts.size()];
  std::string endpoint = endpoint_text(host, heard.port);
  // libzmq connects a SUB once to an endpoint, whatever the key; zeros make it another one.
  while (is_used(endpoint)) endpoint.insert(endpoint.rfind(':') + 1, "0");
  expect_server(subscriber_.socket, heard.key);
  if (zmq_connect(subscriber_.socket.handle(), endpoint.c_str()) == 0) {
    heard.endpoint = std::move(endpoint);
  } else {
    fail(now, heard, zmq_strerror(zmq_errno()));
  }
}

void Radio::leave(Heard& heard) {
  heard.is_up = false;
  heard.lookup.reset();
  if (heard.endpoint.empty()) return;
  (void)zmq_disconnect(subscriber_.socket.handle(), heard.endpoint.c_str());
  heard.endpoint.clear();
}

bool Radio::is_used(const std::string& endpoint) const {
  return std::any_of(heard_.begin(), heard_.end(),
                     [&](const auto& each) { return each.second.endpoint == endpoint; });
}

TimePoint Radio::deadline() const {
  TimePoint next = std::min(listener_.deadline(), look_);
  for (const auto& [peer, heard] : heard_) next = std::min({next, heard.again, heard.refresh});
  return next;
}

void Radio::add_poll_items(std::vector<zmq::pollitem_t>& items) {
  // PUB has nothing to read; polled, it notices who comes, goes and subscribes.
  items.push_back({publisher_.handle(), 0, ZMQ_POLLIN, 0});
  items.push_back({subscriber_.socket.handle(), 0, ZMQ_POLLIN, 0});
  items.push_back(subscriber_.monitor.poll_item());
}

std::size_t Radio::heard() const {
  return static_cast<std::size_t>(std::count_if(
      heard_.begin(), heard_.end(), [](const auto& each) { return each.second.is_up; }));
}

std::vector<std::string> Radio::complaints() const {
  std::vector<std::string> sentences;
  for (const auto& [peer, heard] : heard_) {
    if (heard.is_up || heard.failure.empty()) continue;
    sentences.push_back("live messages of " + short_text(peer) + " at " +
                        place_text(heard.host, heard.port) + " are not heard: " + heard.failure);
  }
  if (!listener_.is_bound()) {
    sentences.push_back("port " + std::to_string(port()) + " for live messages is taken");
  }
  return sentences;
}

}  // namespace p2pchat
