#include "tests/sim/disk.h"

#include <algorithm>

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
          [&](const StoreRetention& order) { retentions_[order.room].retention = order.retention; },
          [&](const Prune& order) { put(order); }, [](const auto&) {}},
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
  const bool brings_texts = row.batch->is_pruned() && !batch->is_pruned();
  const bool completes = brings_texts && batch->pruned() == row.batch->raw;
  if (!row.is_damaged && !completes) return;
  row.batch = std::move(batch);
  row.is_damaged = false;
}

std::vector<std::size_t> Disk::prunable(const action::Prune& order) const {
  std::uint64_t bytes = 0;
  for (const Row& row : rows_) {
    const bool has_texts = row.batch && !row.batch->is_pruned();
    if (row.room == order.room && has_texts) bytes += row.batch->raw.size();
  }
  std::vector<std::size_t> found;
  for (auto at = static_cast<std::size_t>(order.after); at < rows_.size(); ++at) {
    const Row& row = rows_[at];
    if (found.size() == kPruneBatchesMax) break;
    if (row.room != order.room || !row.batch || row.is_damaged) continue;
    const Batch& batch = *row.batch;
    const auto bound = order.bounds.find(batch.feed);
    const bool may_go =
        batch.first > Number{1} && !batch.is_pruned() && bound != order.bounds.end() &&
        batch.last() <= bound->second &&
        std::none_of(order.spared.begin(), order.spared.end(), [&](const StampRange& range) {
          return range.holds(batch.posts.back().stamp);
        });
    const bool is_large = order.bytes && bytes > *order.bytes;
    if (!may_go || (!is_large && batch.posts.back().stamp >= order.before)) continue;
    bytes -= batch.raw.size();
    found.push_back(at);
  }
  return found;
}

void Disk::put(const action::Prune& order) {
  event::Pruned told{order.room, 0, {}, order.after, false};
  const std::vector<std::size_t> found = prunable(order);
  for (const std::size_t at : found) {
    Row& row = rows_[at];
    auto bare = Batch::decode(row.batch->pruned());
    CHECK(bare);
    told.freed += static_cast<std::int64_t>(row.batch->raw.size());
    told.freed -= static_cast<std::int64_t>(bare->raw.size());
    told.newest = std::max(told.newest, bare->posts.back().stamp);
    told.reached = static_cast<std::int64_t>(at + 1);
    row.batch = std::make_shared<const Batch>(*std::move(bare));
  }
  told.has_more = found.size() == kPruneBatchesMax;
  Kept& kept = retentions_[order.room];
  kept.cut = std::max(kept.cut, told.newest);
  prunings_.push_back(told);
}

std::vector<PrunedBatch> Disk::find_pruned(const action::FindPruned& order) const {
  std::vector<PrunedBatch> found;
  for (std::size_t at = 0; at < rows_.size(); ++at) {
    const Row& row = rows_[at];
    if (row.room != order.room || !row.batch || !row.batch->is_pruned()) continue;
    const Batch& batch = *row.batch;
    const PrunedAt place{batch.posts.back().stamp, static_cast<std::int64_t>(at)};
    if (place.stamp < order.from || place >= order.before) continue;
    found.push_back({batch.feed, batch.first, batch.last(), place, hash_of_pruned(batch.raw)});
  }
  std::sort(found.begin(), found.end(),
            [](const PrunedBatch& a, const PrunedBatch& b) { return a.at > b.at; });
  if (found.size() > kTextlessMax) found.resize(kTextlessMax);
  return found;
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
  for (const auto& [id, kept] : retentions_) {
    rooms[id].retention = kept.retention;
    rooms[id].cut = kept.cut;
  }
  for (const Row& row : rows_) {
    if (!row.batch || !row.batch->is_pruned()) continue;
    RoomState& room = rooms[row.room];
    const Batch& batch = *row.batch;
    const Stamp stamp = batch.posts.back().stamp;
    room.kept = std::max(room.kept, stamp);
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
