// The part of Membership that tells: what goes to members, over links.
#include <algorithm>

#include "daemon/core/membership/membership.h"
#include "proto/limits.h"

namespace p2pchat {
namespace {

// Pages that fit a frame, in order.
void send_pages(const RoomId& room, const std::vector<const Object*>& objects, const PeerId& peer,
                Actions& actions) {
  link::Objects page{room, {}};
  std::size_t bytes = 0;
  const auto flush = [&] {
    if (page.objects.empty()) return;
    actions.push_back(action::SendLink{peer, LinkSide::dialled, link::encode(page)});
    page.objects.clear();
    bytes = 0;
  };
  for (const Object* object : objects) {
    if (bytes + object->raw.size() > kPageBytesMax || page.objects.size() == kPageItemsMax) flush();
    page.objects.push_back(*object);
    bytes += object->raw.size() + 8;
  }
  flush();
}

}  // namespace

Actions Membership::answer_rolls(const Turn& turn) {
  Actions actions;
  for (auto it = rolls_.begin(); it != rolls_.end();) {
    const auto& [peer, roll] = *it;
    TimePoint& from = rolled_[peer];
    if (turn.now.steady < from) {
      ++it;
      continue;
    }
    from = turn.now.steady + kFullStateInterval;
    const std::vector<Object> objects = objects_for(peer, roll);
    std::vector<const Object*> all;
    std::uint64_t bytes = 0;
    for (const Object& object : objects) {
      // The rest is answered to the next roll.
      bytes += object.raw.size();
      if (bytes > kWantBytesMax) break;
      all.push_back(&object);
    }
    send_pages(room(), all, peer, actions);
    // It may know what I lack, and only my own roll makes it tell.
    TimePoint& ask_from = asked_[peer];
    if (is_stored_ && roll.pool != consent_.pool() && turn.now.steady >= ask_from) {
      ask_from = turn.now.steady + kPolicyInterval / 2;
      actions.push_back(action::SendLink{peer, LinkSide::dialled, link::encode(this->roll())});
    }
    it = rolls_.erase(it);
  }
  return actions;
}

Actions Membership::spread(const std::set<PeerId>& linked, bool is_reminded) {
  Actions actions;
  const std::set<PeerId> circle = consent_.circle();
  for (const PeerId& peer : linked) {
    std::vector<const Object*> news;
    for (const Told& told : told_) {
      if (told.from != peer) news.push_back(&told.object);
    }
    // What is told to many may be only to those who sit here; one who shows me the room has a
    // seat as soon as I know its chain.
    if (!circle.contains(peer)) continue;
    // Whoever has gone is shown by what it went.
    if (has_gone(peer)) {
      std::erase_if(news, [](const Object* object) {
        return object->kind != Kind::value && object->kind != Kind::certificate &&
               object->kind != Kind::decided && object->kind != Kind::close;
      });
    }
    send_pages(room(), news, peer, actions);
    // Should something have been lost on the way, a roll tells.
    if (is_reminded && !has_gone(peer)) {
      actions.push_back(action::SendLink{peer, LinkSide::dialled, link::encode(roll())});
    }
  }
  told_.clear();
  return actions;
}

}  // namespace p2pchat
