#include "daemon/shell/visits.h"

#include <algorithm>
#include <utility>

#include "proto/door.h"

namespace p2pchat {
namespace {

// One framed message.
constexpr std::size_t kReceivedMax = kDoorBytesMax;

std::string seconds_text(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

}  // namespace

void Visits::begin(TimePoint now, const action::VisitDoor& visit) {
  if (visits_.size() >= kVisitsMax) {
    refused_.push_back({visit.visit, "too many doors are visited at once"});
    return;
  }
  visits_.erase(visit.visit);
  Visit& begun = visits_[visit.visit];
  begun.address = visit.address;
  begun.question = door::framed(visit.question);
  begun.lookup.emplace(visit.address.host);
  begun.end = now + kDoorTimeout;
  step(now, begun);
}

void Visits::receive(TimePoint now, const Raise& raise) {
  for (event::DoorFailed& failed : std::exchange(refused_, {})) raise(std::move(failed));
  look_ = TimePoint::never();
  for (auto it = visits_.begin(); it != visits_.end();) {
    const VisitId id = it->first;
    Visit& visit = it->second;
    step(now, visit);
    if (visit.answer) {
      ++answered_;
      raise(event::DoorAnswered{id, *std::move(visit.answer)});
    } else if (!visit.failure.empty()) {
      ++failed_;
      raise(event::DoorFailed{id, visit.failure});
    } else {
      ++it;
      continue;
    }
    it = visits_.erase(it);
  }
}

void Visits::step(TimePoint now, Visit& visit) {
  if (visit.lookup) look(visit);
  if (visit.lookup) look_ = std::min(look_, now + kLookupInterval);
  if (visit.wire) read_frames(visit);
  if (visit.wire && !visit.answer && visit.failure.empty()) read_monitor(visit);
  while (!visit.has_asked && !visit.hosts.empty() && (!visit.wire || !visit.failure.empty())) {
    try_next(visit);
  }
  if (visit.answer || !visit.failure.empty() || visit.end > now) return;
  const std::string within = " within " + seconds_text(kDoorTimeout);
  visit.failure = visit.lookup ? "the name " + visit.address.host + " was not found" + within
                               : "no answer from " + to_text(visit.address) + within;
}

void Visits::look(Visit& visit) {
  auto answer = visit.lookup->answer();
  if (!answer) return;
  visit.lookup.reset();
  if (*answer) {
    visit.hosts = **std::move(answer);
    std::reverse(visit.hosts.begin(), visit.hosts.end());
  } else {
    visit.failure = answer->error().text;
  }
}

void Visits::try_next(Visit& visit) {
  const std::string host = std::move(visit.hosts.back());
  visit.hosts.pop_back();
  visit.failure.clear();
  visit.wire.reset();
  auto wire = connect(host, visit.address.port);
  if (wire) {
    visit.wire.emplace(std::move(*wire));
  } else {
    visit.failure = wire.error().text;
  }
}

Result<Watched> Visits::connect(const std::string& host, std::uint16_t port) {
  auto wire = Watched::open(*context_, zmq::socket_type::stream, ZMQ_EVENT_CLOSED);
  if (!wire) return wire;
  set_option(wire->socket, ZMQ_RECONNECT_IVL, kNeverReconnect);
  // Later than our own end, which says so in better words.
  set_option(wire->socket, ZMQ_CONNECT_TIMEOUT, 2 * kDoorTimeout);
  if (zmq_connect(wire->socket.handle(), endpoint_text(host, port).c_str()) == 0) return wire;
  return fail(Fault::machine,
              place_text(host, port) + " is no address: " + zmq_strerror(zmq_errno()));
}

void Visits::read_frames(Visit& visit) {
  Parts parts;
  while (!visit.answer && visit.failure.empty() && receive_parts(visit.wire->socket, 2, parts)) {
    if (parts.size() != 2) continue;
    const ByteView bytes = view(parts.back());
    if (!bytes.empty()) {
      read_answer(visit, bytes);
    } else if (visit.has_asked) {
      // Nothing is said by libzmq itself: first that we are connected, then that we are not.
      visit.failure = to_text(visit.address) + " hung up without an answer";
    } else {
      visit.has_asked = true;
      (void)send_frame(visit.wire->socket, parts.front().to_string_view(), visit.question);
    }
  }
}

void Visits::read_answer(Visit& visit, ByteView bytes) {
  const std::size_t room = kReceivedMax - visit.received.size();
  const bool is_too_much = bytes.size() > room;
  const ByteView kept = bytes.first(std::min(bytes.size(), room));
  visit.received.insert(visit.received.end(), kept.begin(), kept.end());
  auto answer = door::unframed(visit.received);
  if (answer && answer->has_value()) {
    visit.answer = **std::move(answer);
  } else if (!answer || is_too_much) {
    visit.failure = to_text(visit.address) + " is not a p2pchat door";
  }
}

void Visits::read_monitor(Visit& visit) {
  while (visit.wire->monitor.next()) {
    visit.failure = "nobody listens at " + to_text(visit.address);
  }
}

TimePoint Visits::deadline() const {
  TimePoint next = look_;
  if (!refused_.empty()) next = TimePoint{};
  for (const auto& [id, visit] : visits_) {
    const bool is_over = visit.answer || !visit.failure.empty();
    next = std::min(next, is_over ? TimePoint{} : visit.end);
  }
  return next;
}

void Visits::add_poll_items(std::vector<zmq::pollitem_t>& items) {
  for (auto& [id, visit] : visits_) {
    if (!visit.wire) continue;
    items.push_back({visit.wire->socket.handle(), 0, ZMQ_POLLIN, 0});
    items.push_back(visit.wire->monitor.poll_item());
  }
}

}  // namespace p2pchat
