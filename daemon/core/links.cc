#include "daemon/core/links.h"

#include <algorithm>
#include <utility>

#include "daemon/core/actions.h"
#include "proto/limits.h"

namespace p2pchat {

void Links::keep(const Turn& turn, const PeerId& peer, std::vector<Place> places) {
  Line& line = lines_[peer];
  if (line.places == places) return;
  line.places = std::move(places);
  line.place = 0;
  if (line.dialled != Dialled::waiting) return;
  line.backoff = kDialBackoffMin;
  line.due = line.places.empty() ? TimePoint::never() : turn.now.steady;
}

Actions Links::drop(const PeerId& peer) {
  const auto it = lines_.find(peer);
  if (it == lines_.end()) return {};
  Actions actions;
  if (it->second.dialled != Dialled::waiting) {
    actions.push_back(action::HangUp{peer, LinkSide::dialled});
  }
  if (it->second.accepted_open) actions.push_back(action::HangUp{peer, LinkSide::accepted});
  lines_.erase(it);
  return actions;
}

Actions Links::opened(const Turn& turn, const event::LinkOpened& event,
                      const link::Registration& own) {
  const auto it = lines_.find(event.peer);
  if (it == lines_.end()) return {action::HangUp{event.peer, event.side}};
  Line& line = it->second;
  line.greetings[event.side] = {};
  if (event.side == LinkSide::dialled) {
    // A Node that began behind a standing link has not dialled it: the card tells the ports.
    if (line.dialled == Dialled::waiting) {
      const auto place = std::find_if(line.places.begin(), line.places.end(),
                                      [&](const Place& each) { return each.host == event.host; });
      line.target = place == line.places.end() ? Place{} : *place;
    }
    line.dialled = Dialled::open;
    line.due = turn.now.steady + kDialTimeout;
  } else {
    line.accepted_open = true;
    line.accepted_ready = false;
  }
  return {action::SendLink{event.peer, event.side, link::encode(own)}};
}

Links::Closed Links::closed(const Turn& turn, const event::LinkClosed& event) {
  const auto it = lines_.find(event.peer);
  if (it == lines_.end()) return {};
  Line& line = it->second;
  const bool was_ready = is_ready(event.peer);
  Closed closed;
  if (event.side == LinkSide::accepted) {
    line.accepted_open = line.accepted_ready = false;
    // Whoever has gone may come back elsewhere at once; so look soon.
    if (line.dialled == Dialled::waiting && !line.places.empty()) {
      line.backoff = kDialBackoffMin;
      line.due = std::min(line.due, turn.now.steady + kDialBackoffMin);
    }
  } else if (line.dialled != Dialled::waiting) {
    closed.dial_failed = line.dialled != Dialled::ready;
    if (closed.dial_failed) line.failure = event.why;
    back_off(turn, line);
  }
  closed.lost_last = was_ready && !is_ready(event.peer);
  return closed;
}

Actions Links::registered(const PeerId& peer, LinkSide side, const Incarnation& run,
                          const link::Registration& own) {
  const auto it = lines_.find(peer);
  if (it == lines_.end()) return {};
  Greeting& greeting = it->second.greetings[side];
  const auto before = std::exchange(greeting.run, run);
  if (!before || *before == run) return {};
  greeting.is_repeated = true;
  return {action::SendLink{peer, side, link::encode(own)}};
}

bool Links::acknowledged(const PeerId& peer, LinkSide side) {
  const auto it = lines_.find(peer);
  if (it == lines_.end()) return false;
  Line& line = it->second;
  const bool leads_anew = std::exchange(line.greetings[side].is_repeated, false);
  if (side == LinkSide::accepted) {
    if (!line.accepted_open) return false;
    return !std::exchange(line.accepted_ready, true) || leads_anew;
  }
  if (line.dialled != Dialled::open) return line.dialled == Dialled::ready && leads_anew;
  line.dialled = Dialled::ready;
  line.due = TimePoint::never();
  line.backoff = kDialBackoffMin;
  line.failure.clear();
  return true;
}

Actions Links::timer(const Turn& turn) {
  Actions actions;
  for (auto& [peer, line] : lines_) {
    if (line.due > turn.now.steady) continue;
    if (line.dialled == Dialled::waiting) {
      append(actions, dial(turn, peer, line));
    } else {
      // The connection stands still: neither a failure nor an acknowledgement came.
      line.failure = "no answer";
      back_off(turn, line);
      actions.push_back(action::HangUp{peer, LinkSide::dialled});
    }
  }
  return actions;
}

TimePoint Links::deadline() const {
  TimePoint next = TimePoint::never();
  for (const auto& [peer, line] : lines_) next = std::min(next, line.due);
  return next;
}

Actions Links::dial(const Turn& turn, const PeerId& peer, Line& line) {
  if (line.places.empty()) {
    line.due = TimePoint::never();
    return {};
  }
  line.place %= line.places.size();
  line.dialled = Dialled::dialling;
  line.due = turn.now.steady + kDialTimeout;
  line.target = line.places[line.place];
  return {action::Dial{peer, line.target.host, line.target.link}};
}

void Links::back_off(const Turn& turn, Line& line) {
  line.dialled = Dialled::waiting;
  ++line.place;
  line.due = turn.now.steady + turn.entropy.jitter(line.backoff);
  line.backoff = std::min(line.backoff * 2, kDialBackoffMax);
}

std::optional<LinkSide> Links::side_to(const PeerId& self, const PeerId& peer) const {
  const auto it = lines_.find(peer);
  if (it == lines_.end()) return std::nullopt;
  const bool dialled = it->second.dialled == Dialled::ready;
  const bool accepted = it->second.accepted_ready;
  if (dialled && accepted) return self < peer ? LinkSide::dialled : LinkSide::accepted;
  if (dialled) return LinkSide::dialled;
  if (accepted) return LinkSide::accepted;
  return std::nullopt;
}

bool Links::is_ready(const PeerId& peer) const {
  return is_ready(peer, LinkSide::dialled) || is_ready(peer, LinkSide::accepted);
}

bool Links::is_ready(const PeerId& peer, LinkSide side) const {
  const auto it = lines_.find(peer);
  if (it == lines_.end()) return false;
  return side == LinkSide::dialled ? it->second.dialled == Dialled::ready
                                   : it->second.accepted_ready;
}

const Place* Links::dialled_place(const PeerId& peer) const {
  const auto it = lines_.find(peer);
  if (it == lines_.end() || it->second.dialled != Dialled::ready) return nullptr;
  return it->second.target.pub == 0 ? nullptr : &it->second.target;
}

const std::string& Links::last_failure(const PeerId& peer) const {
  static const std::string kNone;
  const auto it = lines_.find(peer);
  return it == lines_.end() ? kNone : it->second.failure;
}

}  // namespace p2pchat
