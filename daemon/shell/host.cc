#include "daemon/shell/host.h"

#include <algorithm>
#include <spdlog/spdlog.h>

#include "daemon/shell/process.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat {
namespace {

constexpr Duration kProbeInterval = 2s;

// In which room a durable action adds something to read.
const RoomId* room_grown_by(const Action& action) {
  if (const auto* batch = std::get_if<action::StoreBatch>(&action)) return &batch->batch.room;
  if (const auto* notice = std::get_if<action::StoreNotice>(&action)) return &notice->room;
  return nullptr;
}

}  // namespace

Host::Host(Settings settings, Identity identity, Store& store, Outlets outlets)
    : settings_(std::move(settings)),
      identity_(std::move(identity)),
      store_(store),
      outlets_(std::move(outlets)) {}

Result<void> Host::build(const std::string& store_trouble) {
  const auto snapshot = store_.load();
  if (!snapshot) return tl::unexpected(snapshot.error());
  node_.emplace(settings_, identity_, fresh_seed(), *snapshot, store_trouble);
  can_store_ = store_trouble.empty();
  return {};
}

Result<void> Host::start(Moment now) {
  if (auto built = build({}); !built) return built;
  return carry_out(now, node_->start(now));
}

void Host::raise(Moment now, const Event& event) {
  note_link(event);
  Actions actions = node_->step(now, event);
  std::move(actions.begin(), actions.end(), std::back_inserter(actions_));
}

void Host::note_link(const Event& event) {
  if (const auto* opened = std::get_if<event::LinkOpened>(&event)) {
    links_[{opened->peer, opened->side}] = opened->host;
  } else if (const auto* closed = std::get_if<event::LinkClosed>(&event)) {
    links_.erase({closed->peer, closed->side});
  }
}

Result<void> Host::end_turn(Moment now) {
  is_due_ = false;
  if (now.steady >= next_probe_) {
    next_probe_ = now.steady + kProbeInterval;
    if (store_.can_write()) {
      next_probe_ = TimePoint::never();
      can_store_ = true;
      raise(now, event::StoreRecovered{});
    }
  }
  for (const event::BatchDamaged& damage : store_.take_damages()) raise(now, damage);
  if (now.steady >= node_->deadline()) raise(now, event::TimerFired{});
  raise(now, event::TurnEnded{});
  return carry_out(now, std::exchange(actions_, {}));
}

TimePoint Host::deadline() const {
  return is_due_ ? TimePoint{} : std::min(node_->deadline(), next_probe_);
}

Result<void> Host::carry_out(Moment now, Actions actions) {
  if (std::any_of(actions.begin(), actions.end(), is_durable)) {
    if (auto stored = store_.commit(actions); !stored) return begin_anew(now, stored.error());
    if (is_failure_logged_) spdlog::warn("the store takes writes again");
    is_failure_logged_ = false;
  }
  hand_on(now, actions);
  for (const event::Pruned& pruned : store_.take_prunings()) {
    is_due_ = true;
    raise(now, pruned);
  }
  return {};
}

Result<void> Host::begin_anew(Moment now, const Error& why) {
  if (why.fault == Fault::damaged) return tl::unexpected(why);
  if (!is_failure_logged_) spdlog::error("{}; nothing can be pushed until that ends", why.text);
  is_failure_logged_ = true;
  next_probe_ = now.steady + kProbeInterval;
  outlets_.fail_pending(why.text);
  if (auto built = build(why.text); !built) return built;
  Actions actions = node_->start(now);
  for (const auto& [link, host] : links_) {
    const auto& [peer, side] = link;
    Actions more = node_->step(now, event::LinkOpened{peer, side, host});
    std::move(more.begin(), more.end(), std::back_inserter(actions));
  }
  CHECK(std::none_of(actions.begin(), actions.end(), is_durable));
  hand_on(now, actions);
  return {};
}

void Host::hand_on(Moment now, const Actions& actions) {
  std::set<RoomId> grown;
  for (const Action& action : actions) {
    if (const RoomId* room = room_grown_by(action)) grown.insert(*room);
    // No LinkClosed follows.
    if (const auto* order = std::get_if<action::HangUp>(&action)) {
      links_.erase({order->peer, order->side});
    }
    if (const auto* order = std::get_if<action::Give>(&action)) {
      give(now, *order);
    } else if (const auto* wanted = std::get_if<action::FindKey>(&action)) {
      find_key(now, *wanted);
    } else if (const auto* doubted = std::get_if<action::Compare>(&action)) {
      compare(now, *doubted);
    } else if (const auto* lacking = std::get_if<action::FindPruned>(&action)) {
      find_pruned(now, *lacking);
    } else if (!is_durable(action)) {
      outlets_.carry_out(now, action);
    }
  }
  if (!grown.empty()) outlets_.wake(grown);
}

void Host::find_key(Moment now, const action::FindKey& order) {
  const auto known = store_.find_key(order.room, order.key);
  is_due_ = true;
  raise(now, event::KeyFound{order.room, order.key, known ? *known : std::nullopt,
                             known ? std::string() : known.error().text});
}

void Host::compare(Moment now, const action::Compare& order) {
  Bytes held;
  const auto take = [&](ByteView batch) {
    held = to_bytes(batch);
    return false;
  };
  const auto read = store_.read_batches(order.room, order.feed, order.number, order.number, take);
  if (!read) spdlog::warn("cannot read what is held of a post: {}", read.error().text);
  if (held.empty()) return;
  is_due_ = true;
  raise(now, event::Compared{order.room, order.suspect, std::move(held)});
}

void Host::find_pruned(Moment now, const action::FindPruned& order) {
  const auto found = store_.find_pruned(order);
  if (!found) spdlog::warn("cannot read what has lost its text: {}", found.error().text);
  is_due_ = true;
  raise(now,
        event::PrunedFound{order.room, order.before, found ? std::optional(*found) : std::nullopt});
}

void Host::give(Moment now, const action::Give& order) {
  link::Give frame{order.want.want, order.want.room, {}, false};
  std::size_t frame_bytes = 0;
  std::uint64_t budget = order.want.budget;
  const auto send = [&](bool end) {
    frame.end = end;
    outlets_.carry_out(now, action::SendLink{order.peer, order.side, link::encode(frame)});
    frame.batches.clear();
    frame_bytes = 0;
  };
  const auto read = store_.read_batches(
      order.want.room, order.want.feed, order.want.first, order.want.last, [&](ByteView batch) {
        if (batch.size() > budget) return false;
        budget -= batch.size();
        if (!frame.batches.empty() && frame_bytes + batch.size() > kBatchBytesMax) send(false);
        frame.batches.push_back(to_bytes(batch));
        frame_bytes += batch.size();
        return true;
      });
  if (!read) spdlog::warn("cannot read what was asked for: {}", read.error().text);
  send(true);
}

}  // namespace p2pchat
