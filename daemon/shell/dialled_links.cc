#include "daemon/shell/dialled_links.h"

#include <algorithm>
#include <utility>

namespace p2pchat {

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
  lines_.emplace(peer, Line(now, *context_, identity_, {"peer", {host, port}, *key}));
}

void DialledLinks::send(const PeerId& peer, ByteView frame) {
  const auto it = lines_.find(peer);
  const bool is_sent = it != lines_.end() && it->second.is_open() &&
                       send_frame(it->second.socket(), frame) == Sent::done;
  if (is_sent) {
    traffic_.sent(frame);
  } else {
    ++traffic_.dropped;
  }
}

void DialledLinks::hang_up(const PeerId& peer) {
  const auto it = lines_.find(peer);
  if (it != lines_.end()) {
    if (it->second.is_open()) set_option(it->second.socket(), ZMQ_LINGER, kPartingTime);
    lines_.erase(it);
  }
  std::erase_if(closed_, [&](const event::LinkClosed& each) { return each.peer == peer; });
}

void DialledLinks::expel(const PeerId& peer) {
  if (!lines_.contains(peer)) return;
  hang_up(peer);
  closed_.push_back({peer, LinkSide::dialled, "no longer admitted"});
}

void DialledLinks::receive(TimePoint now, const Raise& raise) {
  for (auto& [peer, line] : lines_) {
    if (line.step(now)) raise(event::LinkOpened{peer, LinkSide::dialled, line.address().host});
    const bool is_read = !line.is_open() || read_frames(peer, line, raise);
    if (!line.ended().empty() && is_read) {
      closed_.push_back({peer, LinkSide::dialled, line.ended()});
    }
  }
  for (event::LinkClosed& closed : std::exchange(closed_, {})) {
    lines_.erase(closed.peer);
    raise(std::move(closed));
  }
}

// True if nothing is left to be read.
bool DialledLinks::read_frames(const PeerId& peer, Line& line, const Raise& raise) {
  Parts parts;
  Budget budget;
  while (budget.is_left()) {
    if (!receive_parts(line.socket(), 1, parts)) return true;
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
  TimePoint next = closed_.empty() ? TimePoint::never() : TimePoint{};
  for (const auto& [peer, line] : lines_) next = std::min(next, line.deadline());
  return next;
}

void DialledLinks::add_poll_items(std::vector<zmq::pollitem_t>& items) {
  for (auto& [peer, line] : lines_) line.add_poll_items(items);
}

std::size_t DialledLinks::size() const {
  return static_cast<std::size_t>(std::count_if(
      lines_.begin(), lines_.end(), [](const auto& each) { return each.second.is_open(); }));
}

}  // namespace p2pchat
