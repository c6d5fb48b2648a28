#include "daemon/core/room/live_keys.h"

#include <algorithm>

namespace p2pchat {

LiveKeys::OwnKey LiveKeys::make(const Turn& turn, TimePoint from) const {
  return {turn.entropy.draw<Topic>(), turn.entropy.draw<RoomKey>(), Counter{}, from};
}

void LiveKeys::begin(const Turn& turn) {
  if (!own_) own_ = make(turn, turn.now.steady);
  if (next_ && next_->from <= turn.now.steady) {
    own_ = next_;
    next_.reset();
  }
}

void LiveKeys::begin_anew() {
  own_.reset();
  next_.reset();
}

Bytes LiveKeys::seal(const Turn& turn, ByteView message) {
  begin(turn);
  own_->sealed = own_->sealed.next();
  return live::encode(own_->topic, own_->sealed, own_->key, message);
}

std::vector<link::Handover> LiveKeys::handovers(const Turn& turn) {
  begin(turn);
  std::vector<link::Handover> all{{room_, own_->topic, own_->key}};
  if (next_) all.push_back({room_, next_->topic, next_->key});
  return all;
}

Actions LiveKeys::learn(const PeerId& author, const link::Handover& handover) {
  std::vector<ForeignKey>& keys = foreign_[author];
  const bool is_known = std::any_of(
      keys.begin(), keys.end(), [&](const ForeignKey& key) { return key.topic == handover.topic; });
  if (is_known) return {};
  Actions actions;
  if (keys.size() == kForeignKeysMax) {
    actions.push_back(action::Unsubscribe{keys.front().topic});
    keys.erase(keys.begin());
  }
  keys.push_back({handover.topic, handover.key});
  actions.push_back(action::Subscribe{handover.topic});
  return actions;
}

Actions LiveKeys::forget(const PeerId& author) {
  Actions actions;
  const auto keys = foreign_.extract(author);
  if (keys.empty()) return actions;
  for (const ForeignKey& key : keys.mapped()) actions.push_back(action::Unsubscribe{key.topic});
  return actions;
}

std::optional<Bytes> LiveKeys::open(const Turn& turn, const PeerId& author,
                                    const live::Frame& frame) {
  const auto it = foreign_.find(author);
  if (it == foreign_.end()) return std::nullopt;
  std::vector<ForeignKey>& keys = it->second;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].topic != frame.topic) continue;
    auto message = p2pchat::open(keys[i].key, frame.count, frame.topic, frame.sealed);
    // The author uses this key now: those before it are on their way out.
    for (std::size_t older = 0; message && older < i; ++older) {
      keys[older].until = std::min(keys[older].until, turn.now.steady + kKeyOverlap);
    }
    return message;
  }
  return std::nullopt;
}

LiveKeys::Renewal LiveKeys::timer(const Turn& turn) {
  Renewal renewal;
  if (own_) begin(turn);
  if (own_ && !next_ && turn.now.steady >= own_->from + (kKeyLifetime - kKeyOverlap)) {
    next_ = make(turn, turn.now.steady + kKeyOverlap);
    renewal.handover = link::Handover{room_, next_->topic, next_->key};
  }
  for (auto& [author, keys] : foreign_) {
    std::erase_if(keys, [&](const ForeignKey& key) {
      if (key.until > turn.now.steady) return false;
      renewal.actions.push_back(action::Unsubscribe{key.topic});
      return true;
    });
  }
  return renewal;
}

TimePoint LiveKeys::deadline() const {
  TimePoint next = TimePoint::never();
  if (own_) next = next_ ? next_->from : own_->from + (kKeyLifetime - kKeyOverlap);
  for (const auto& [author, keys] : foreign_) {
    for (const ForeignKey& key : keys) next = std::min(next, key.until);
  }
  return next;
}

}  // namespace p2pchat
