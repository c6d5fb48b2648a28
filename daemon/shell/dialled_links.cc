#include "daemon/shell/dialled_links.h"

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

DialledLinks::DialledLinks(zmq::context_t& context, const Identity& identity)
    : context_(&context), identity_(identity) {}

void DialledLinks::dial(TimePoint now, const PeerId& peer, const std::string& host,
                        std::uint16_t port) {
  hang_up(peer);
  const auto key = curve_key(peer);
  if (!key) {
    closed_.push_back({peer, LinkSide::dialled, "its id is no key"});
    return;
  }
  Line& line = lines_[peer];
  line.host = host;
  line.port = port;
  line.key = *key;
  line.lookup.emplace(host);
  look(now, line);
}

void DialledLinks::send(const PeerId& peer, ByteView frame) {
  const auto it = lines_.find(peer);
  const bool is_sent = it != lines_.end() && it->second.is_open && it->second.wire &&
                       send_frame(it->second.wire->socket, frame) == Sent::done;
  ++(is_sent ? traffic_.out : traffic_.dropped);
}

void DialledLinks::hang_up(const PeerId& peer) {
  const auto it = lines_.find(peer);
  if (it != lines_.end()) {
    part(it->second);
    lines_.erase(it);
  }
  std::erase_if(closed_, [&](const event::LinkClosed& each) { return each.peer == peer; });
}

void DialledLinks::expel(const PeerId& peer) {
  if (!lines_.contains(peer)) return;
  hang_up(peer);
  closed_.push_back({peer, LinkSide::dialled, "no longer admitted"});
}

void DialledLinks::part(Line& line) {
  if (line.wire && line.is_open) set_option(line.wire->socket, ZMQ_LINGER, kPartingTime);
}

void DialledLinks::receive(TimePoint now, const Raise& raise) {
  look_ = TimePoint::never();
  for (auto& [peer, line] : lines_) {
    if (line.lookup) look(now, line);
    if (line.wire) read_monitor(now, peer, line, raise);
    const bool is_read = !line.is_open || read_frames(peer, line, raise);
    if (line.ended.empty() || !is_read) continue;
    if (!line.is_open && !line.hosts.empty()) {
      try_next(now, line);
    } else {
      closed_.push_back({peer, LinkSide::dialled, line.ended});
    }
  }
  for (event::LinkClosed& closed : std::exchange(closed_, {})) {
    lines_.erase(closed.peer);
    raise(std::move(closed));
  }
}

void DialledLinks::look(TimePoint now, Line& line) {
  auto answer = line.lookup->answer();
  if (!answer) {
    look_ = std::min(look_, now + kLookupInterval);
    return;
  }
  line.lookup.reset();
  if (*answer) {
    line.hosts = **std::move(answer);
    std::reverse(line.hosts.begin(), line.hosts.end());
    try_next(now, line);
  } else {
    line.ended = answer->error().text;
  }
}

void DialledLinks::try_next(TimePoint now, Line& line) {
  const std::string host = std::move(line.hosts.back());
  line.hosts.pop_back();
  line.wire.reset();
  line.began = now;
  line.ended.clear();
  auto wire = connect(line, host);
  if (wire) {
    line.wire.emplace(std::move(*wire));
  } else {
    line.ended = wire.error().text;
  }
}

Result<Watched> DialledLinks::connect(const Line& line, const std::string& host) {
  auto wire = Watched::open(*context_, zmq::socket_type::dealer, kWatched);
  if (!wire) return wire;
  zmq::socket_t& socket = wire->socket;
  set_option(socket, ZMQ_RECONNECT_IVL, kNeverReconnect);
  set_option(socket, ZMQ_CONNECT_TIMEOUT, kHandshakeTimeout);
  set_option(socket, ZMQ_HANDSHAKE_IVL, kDialHandshakeTimeout);
  be_client(socket, identity_);
  expect_server(socket, line.key);
  if (zmq_connect(socket.handle(), endpoint_text(host, line.port).c_str()) == 0) return wire;
  return fail(Fault::machine,
              place_text(host, line.port) + " is no address: " + zmq_strerror(zmq_errno()));
}

void DialledLinks::read_monitor(TimePoint now, const PeerId& peer, Line& line, const Raise& raise) {
  while (line.ended.empty()) {
    const auto event = line.wire->monitor.next();
    if (!event) return;
    if (event->kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
      line.is_open = true;
      raise(event::LinkOpened{peer, LinkSide::dialled, line.host});
    } else {
      note(now, *event, line);
    }
  }
}

void DialledLinks::note(TimePoint now, const MonitorEvent& event, Line& line) const {
  const std::string place = place_text(line.host, line.port);
  const Duration took = now - line.began;
  switch (event.kind) {
    case ZMQ_EVENT_CLOSED:
      line.ended = took < kAtOnce ? "nobody listens at " + place : "no answer from " + place;
      return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
      if (event.value == EAGAIN) {
        line.ended = "no answer from " + place + ": whoever is there says nothing";
      } else if (took < kAtOnce) {
        line.ended = "the peer at " + place + " has another key, or does not admit us yet";
      } else {
        line.ended = "the peer at " + place + " does not admit us yet";
      }
      return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
      line.ended = "the peer at " + place + " refuses us";
      return;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
      line.ended = "whoever is at " + place + " does not speak our protocol";
      return;
    default:
      line.ended =
          line.is_open ? "the connection was lost" : "whoever is at " + place + " hung up at once";
      return;
  }
}

// True if nothing is left to be read.
bool DialledLinks::read_frames(const PeerId& peer, Line& line, const Raise& raise) {
  Parts parts;
  Budget budget;
  while (budget.is_left()) {
    if (!receive_parts(line.wire->socket, 1, parts)) return true;
    const ByteView frame = view(parts.front());
    budget.spend(frame.size());
    if (parts.size() != 1) {
      ++traffic_.rubbish;
      continue;
    }
    ++traffic_.in;
    raise(event::LinkFrameReceived{peer, LinkSide::dialled, to_bytes(frame)});
  }
  return false;
}

TimePoint DialledLinks::deadline() const {
  const bool is_due =
      !closed_.empty() || std::any_of(lines_.begin(), lines_.end(),
                                      [](const auto& each) { return !each.second.ended.empty(); });
  return is_due ? TimePoint{} : look_;
}

void DialledLinks::add_poll_items(std::vector<zmq::pollitem_t>& items) {
  for (auto& [peer, line] : lines_) {
    if (!line.wire) continue;
    items.push_back({line.wire->socket.handle(), 0, ZMQ_POLLIN, 0});
    items.push_back(line.wire->monitor.poll_item());
  }
}

std::size_t DialledLinks::size() const {
  return static_cast<std::size_t>(std::count_if(
      lines_.begin(), lines_.end(), [](const auto& each) { return each.second.is_open; }));
}

}  // namespace p2pchat
