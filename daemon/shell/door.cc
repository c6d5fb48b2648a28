#include "daemon/shell/door.h"

#include <algorithm>
#include <utility>

#include "proto/door.h"

namespace p2pchat {
namespace {

// Pieces of at most 8 KiB that libzmq holds for us from one visitor, and what the kernel holds:
// a visitor that says more than a question is to be slowed down, not remembered.
constexpr int kPiecesMax = 2;
constexpr int kKernelBytes = 8 * 1024;
// One framed message.
constexpr std::size_t kReceivedMax = kDoorBytesMax;

}  // namespace

Result<Door> Door::open(zmq::context_t& context, const Address& listen) {
  auto socket = open_socket(context, zmq::socket_type::stream);
  if (!socket) return tl::unexpected(socket.error());
  set_option(*socket, ZMQ_RCVHWM, kPiecesMax);
  set_option(*socket, ZMQ_RCVBUF, kKernelBytes);
  auto listener = Listener::bind(*socket, listen, "door");
  if (!listener) return tl::unexpected(listener.error());
  return Door(std::move(*socket), std::move(*listener));
}

Door::Door(zmq::socket_t socket, Listener listener)
    : socket_(std::move(socket)), listener_(std::move(listener)) {}

void Door::answer(TimePoint now, const VisitId& visit, ByteView answer) {
  const auto it = std::find_if(visitors_.begin(), visitors_.end(),
                               [&](const auto& each) { return each.second.visit == visit; });
  if (it == visitors_.end() || it->second.is_answered) return;
  if (send_frame(socket_, it->first, door::framed(answer)) != Sent::done) {
    end(it, true);
    return;
  }
  ++counts_.answered;
  it->second.is_answered = true;
  it->second.end = std::min(it->second.end, now + kDoorPartingTime);
}

void Door::receive(TimePoint now, const Raise& raise) {
  for (Budget budget; budget.is_left() && receive_parts(socket_, 2, parts_);) {
    budget.spend(parts_.back().size());
    take(now, raise);
  }
  for (auto it = visitors_.begin(); it != visitors_.end();) {
    const auto visitor = it++;
    if (visitor->second.end > now) continue;
    if (!visitor->second.is_answered) ++counts_.timed_out;
    end(visitor, true);
  }
}

void Door::take(TimePoint now, const Raise& raise) {
  if (parts_.size() != 2) return;
  const Route route = parts_.front().to_string();
  const ByteView bytes = view(parts_.back());
  const auto it = visitors_.find(route);
  // Nothing is said by libzmq itself: somebody comes or goes.
  if (bytes.empty()) {
    it == visitors_.end() ? welcome(now, route) : end(it, false);
  } else if (it != visitors_.end()) {
    listen_to(it, bytes, raise);
  }
}

void Door::welcome(TimePoint now, const Route& route) {
  std::string host = plain_host(property(parts_.back(), "Peer-Address"));
  if (!guard_.comes(now, host)) {
    ++counts_.turned_away;
    close(route);
    return;
  }
  last_visit_ = last_visit_.next();
  Visitor visitor;
  visitor.visit = last_visit_;
  visitor.host = std::move(host);
  visitor.end = now + kDoorTimeout;
  visitors_.emplace(route, std::move(visitor));
}

void Door::listen_to(Visitors::iterator visitor, ByteView bytes, const Raise& raise) {
  Visitor& from = visitor->second;
  // Whoever goes on after its question is not listened to any more.
  if (from.has_asked) return;
  const std::size_t room = kReceivedMax - from.received.size();
  const bool is_too_much = bytes.size() > room;
  const ByteView kept = bytes.first(std::min(bytes.size(), room));
  from.received.insert(from.received.end(), kept.begin(), kept.end());
  auto question = door::unframed(from.received);
  const bool is_whole = question && question->has_value();
  if (!question || (is_too_much && !is_whole)) {
    ++counts_.rubbish;
    end(visitor, true);
    return;
  }
  if (!is_whole) return;
  ++counts_.asked;
  from.has_asked = true;
  from.received = {};
  raise(event::DoorAsked{from.visit, from.host, **std::move(question)});
}

void Door::end(Visitors::iterator visitor, bool close) {
  if (close) this->close(visitor->first);
  guard_.goes(visitor->second.host);
  visitors_.erase(visitor);
}

// An empty frame closes, after what was sent before has gone out.
void Door::close(const Route& route) { (void)send_frame(socket_, route, {}); }

TimePoint Door::deadline() const {
  TimePoint next = TimePoint::never();
  for (const auto& [route, visitor] : visitors_) next = std::min(next, visitor.end);
  return next;
}

}  // namespace p2pchat
