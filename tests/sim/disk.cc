#include "tests/sim/disk.h"

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/overload.h"

namespace p2pchat::sim {
namespace {

// Bytes of batches in one frame; the frame around them is small.
constexpr std::size_t kGiveBytesMax = kBatchBytesMax;

event::BatchDamaged damage_of(const Disk::Row& row) {
  return {row.room, row.batch->feed, row.batch->first, row.batch->last()};
}

}  // namespace

void Disk::commit(const Action& action) {
  using namespace action;
  std::visit(
      Overload{
          [&](const StoreSelf& order) {
            card_counter_ = order.card_counter;
            promised_ = order.promised;
          },
          [&](const StoreContact& order) { contacts_[order.contact.id] = order.contact; },
          [&](const StoreBatch& order) { put(order); },
          [&](const StoreNotice& order) {
            rows_.push_back({order.room, nullptr, order.text, order.time});
          },
          [&](const StoreRoom& order) { put(order); },
          [&](const StoreDecision& order) { put(order); },
          [&](const StorePledge& order) {
            memberships_.at(order.pledge.room).pledge = {order.pledge, order.value};
          },
          [&](const StoreObject& order) {
            memberships_.at(order.room).objects[order.key] = order.object;
          },
          [&](const DropObject& order) { memberships_.at(order.room).objects.erase(order.key); },
          [&](const StoreWish& order) { wishes_[order.wish.room] = order.wish; },
          [&](const DropWish& order) { wishes_.erase(order.room); },
          [&](const StoreListing& order) { listing_ = order.address; },
          [&](const StoreKey& order) {
            keys_[{order.key.room, order.key.key}] = order.key;
          },
          [](const auto&) {}},
      action);
}

void Disk::put(const action::StoreRoom& order) {
  const Genesis& genesis = order.room.genesis;
  const auto [it, is_new] = memberships_.try_emplace(genesis.room);
  it->second.record = order.room;
  if (is_new) it->second.rosters.emplace_back(genesis);
}

void Disk::put(const action::StoreDecision& order) {
  Membership& membership = memberships_.at(order.value.room);
  const std::uint64_t height = order.value.height;
  CHECK(height >= 1 && height <= membership.rosters.size());
  CHECK(membership.rosters[height - 1].check(order.value));
  membership.decisions.resize(height - 1);
  membership.rosters.resize(height, membership.rosters.front());
  membership.rosters.push_back(membership.roster().after(order.value));
  membership.decisions.push_back({order.value, order.certificate});
}

void Disk::put(const action::StoreBatch& order) {
  auto& feed = feeds_[{order.batch.room, order.batch.feed}];
  auto batch = std::make_shared<const Batch>(order.batch);
  const auto [it, is_new] = feed.try_emplace(order.batch.first, rows_.size());
  if (is_new) {
    rows_.push_back({order.batch.room, std::move(batch), "", order.received});
    return;
  }
  Row& row = rows_[it->second];
  if (!row.is_damaged) return;
  row.batch = std::move(batch);
  row.is_damaged = false;
}

Snapshot Disk::load() const {
  Snapshot snapshot;
  snapshot.card_counter = card_counter_;
  snapshot.promised = promised_;
  for (const auto& [id, contact] : contacts_) snapshot.contacts.push_back(contact);
  std::map<RoomId, RoomState> rooms;
  for (const Row& row : rows_) {
    if (row.batch) rooms[row.room].bytes += row.batch->raw.size();
  }
  for (const auto& [key, batches] : feeds_) {
    const Row* row = newest(key.first, key.second);
    if (row == nullptr) continue;
    const Batch& opened = *rows_[batches.begin()->second].batch;
    const auto opening = Opening::decode(opened.posts.front().body);
    rooms[key.first].feeds.push_back({key.second, row->batch->last(), row->batch->head,
                                      row->batch->posts.back().stamp, opened.head,
                                      opening.value_or(Opening{})});
  }
  for (auto& [id, room] : rooms) {
    room.room = id;
    snapshot.rooms.push_back(std::move(room));
  }
  for (const auto& [id, kept] : memberships_) {
    MembershipState state{kept.record, kept.decisions, kept.pledge, {}};
    for (const auto& [key, object] : kept.objects) state.objects.push_back(object);
    snapshot.memberships.push_back(std::move(state));
  }
  for (const auto& [id, wish] : wishes_) snapshot.wishes.push_back(wish);
  snapshot.listing = listing_;
  return snapshot;
}

const Disk::Membership* Disk::membership(const RoomId& room) const {
  const auto it = memberships_.find(room);
  return it == memberships_.end() ? nullptr : &it->second;
}

const Disk::Membership* Disk::room_called(const std::string& name) const {
  for (const auto& [id, kept] : memberships_) {
    if (kept.record.name == name) return &kept;
  }
  return nullptr;
}

Disk::Given Disk::give(const link::Want& want) const {
  Given given;
  link::Give frame{want.want, want.room, {}, false};
  std::uint64_t budget = want.budget;
  std::size_t bytes = 0;
  const auto feed = feeds_.find({want.room, want.feed});
  if (feed != feeds_.end()) {
    for (const auto& [first, at] : feed->second) {
      const Row& row = rows_[at];
      if (row.batch->last() < want.first) continue;
      if (first > want.last || row.batch->raw.size() > budget) break;
      if (row.is_damaged) {
        given.damages.push_back(damage_of(row));
        break;
      }
      if (bytes + row.batch->raw.size() > kGiveBytesMax) {
        given.frames.push_back(link::encode(frame));
        frame.batches.clear();
        bytes = 0;
      }
      budget -= row.batch->raw.size();
      bytes += row.batch->raw.size();
      frame.batches.push_back(row.batch->raw);
    }
  }
  frame.end = true;
  given.frames.push_back(link::encode(frame));
  return given;
}

std::optional<KeyRecord> Disk::key(const RoomId& room, const std::string& key) const {
  const auto it = keys_.find({room, key});
  return it == keys_.end() ? std::nullopt : std::optional(it->second);
}

std::vector<event::BatchDamaged> Disk::scrub() const {
  std::vector<event::BatchDamaged> damages;
  for (const Row& row : rows_) {
    if (row.is_damaged) damages.push_back(damage_of(row));
  }
  return damages;
}

const Disk::Row* Disk::find(const RoomId& room, const FeedId& feed, Number first) const {
  const auto batches = feeds_.find({room, feed});
  if (batches == feeds_.end()) return nullptr;
  const auto it = batches->second.find(first);
  return it == batches->second.end() ? nullptr : &rows_[it->second];
}

const Disk::Row* Disk::covering(const RoomId& room, const FeedId& feed, Number number) const {
  const auto batches = feeds_.find({room, feed});
  if (batches == feeds_.end()) return nullptr;
  auto it = batches->second.upper_bound(number);
  if (it == batches->second.begin()) return nullptr;
  const Row& row = rows_[std::prev(it)->second];
  return row.batch->last() < number ? nullptr : &row;
}

bool Disk::holds(const Batch& batch) const {
  const Row* row = find(batch.room, batch.feed, batch.first);
  return row != nullptr && !row->is_damaged && row->batch->raw == batch.raw;
}

const Disk::Row* Disk::newest(const RoomId& room, const FeedId& feed) const {
  const auto batches = feeds_.find({room, feed});
  if (batches == feeds_.end() || batches->second.empty()) return nullptr;
  return &rows_[batches->second.rbegin()->second];
}

}  // namespace p2pchat::sim
