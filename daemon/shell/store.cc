#include "daemon/shell/store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "daemon/shell/store/contact_row.h"
#include "daemon/shell/store/key_row.h"
#include "daemon/shell/store/membership_row.h"
#include "daemon/shell/store/retention_row.h"
#include "daemon/shell/store/row.h"
#include "daemon/shell/store/schema.h"
#include "daemon/shell/store/wish_row.h"
#include "daemon/shell/store/writer.h"
#include "proto/limits.h"

namespace p2pchat {

namespace {

// Damages that are remembered at once; those beyond are found again by the next reading.
constexpr std::size_t kDamagesMax = 256;

std::uint64_t unsigned_of(std::int64_t column) { return static_cast<std::uint64_t>(column); }

std::int64_t number_column(Number number) {
  return static_cast<std::int64_t>(
      std::min(number.value, unsigned_of(std::numeric_limits<std::int64_t>::max())));
}

bool is_same(const event::BatchDamaged& a, const event::BatchDamaged& b) {
  return a.room == b.room && a.feed == b.feed && a.first == b.first;
}

Result<void> load_self(Database& database, Snapshot& snapshot) {
  Query query(database, "SELECT card_counter, promised, listing FROM self");
  if (query.next()) {
    snapshot.card_counter = {unsigned_of(query.integer(0))};
    snapshot.promised = stamp_of_column(query.integer(1));
    if (!query.is_nothing(2)) snapshot.listing = query.text(2);
  }
  return query.end();
}

Result<void> load_rooms(Database& database, Snapshot& snapshot) {
  Query query(database,
              "SELECT r.room, r.bytes, f.author, f.incarnation, f.have, f.head, f.stamp,"
              " f.opening, f.opened"
              " FROM rooms r LEFT JOIN feeds f ON f.room = r.id ORDER BY r.id, f.id");
  while (query.next()) {
    const auto id = query.fixed<RoomId>(0);
    if (!id) return tl::unexpected(database.damage());
    if (snapshot.rooms.empty() || snapshot.rooms.back().room != *id) {
      snapshot.rooms.push_back({*id, unsigned_of(query.integer(1)), {}});
    }
    if (query.is_nothing(4)) continue;  // A room of notices only.
    const auto author = query.fixed<PeerId>(2);
    const auto incarnation = query.fixed<Incarnation>(3);
    const auto head = query.fixed<Hash>(5);
    const auto opening = query.fixed<Hash>(7);
    const ByteView body = query.bytes(8);
    auto opened = body.empty() ? Opening{} : Opening::decode(body);
    if (!author || !incarnation || !head || !opening || !opened) {
      return tl::unexpected(database.damage());
    }
    snapshot.rooms.back().feeds.push_back({{*author, *incarnation},
                                           {unsigned_of(query.integer(4))},
                                           *head,
                                           stamp_of_column(query.integer(6)),
                                           *opening,
                                           *std::move(opened)});
  }
  return query.end();
}

}  // namespace

struct Store::Impl {
  Database database;
  std::vector<event::BatchDamaged> damages;  // At most kDamagesMax.
  std::vector<event::Pruned> prunings = {};  // At most one a room and commit.
};

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const std::filesystem::path& file) {
  auto database = open_database(file);
  if (!database) return tl::unexpected(database.error());
  return Store(std::make_unique<Impl>(Impl{std::move(*database), {}}));
}

Result<Snapshot> Store::load() {
  Snapshot snapshot;
  Transaction reading(impl_->database);
  if (auto begun = reading.begin_reading(); !begun) return tl::unexpected(begun.error());
  if (auto self = load_self(impl_->database, snapshot); !self) return tl::unexpected(self.error());
  auto contacts = read_contacts(impl_->database);
  if (!contacts) return tl::unexpected(contacts.error());
  snapshot.contacts = std::move(*contacts);
  if (auto rooms = load_rooms(impl_->database, snapshot); !rooms) {
    return tl::unexpected(rooms.error());
  }
  if (auto kept = read_retentions(impl_->database, snapshot.rooms); !kept) {
    return tl::unexpected(kept.error());
  }
  auto memberships = read_memberships(impl_->database);
  if (!memberships) return tl::unexpected(memberships.error());
  snapshot.memberships = std::move(*memberships);
  auto wishes = read_wishes(impl_->database);
  if (!wishes) return tl::unexpected(wishes.error());
  snapshot.wishes = std::move(*wishes);
  return snapshot;
}

Result<void> Store::commit(std::span<const Action> actions) {
  if (std::none_of(actions.begin(), actions.end(), is_durable)) return {};
  Transaction transaction(impl_->database);
  if (auto begun = transaction.begin_writing(); !begun) return begun;
  Writer writer(impl_->database);
  for (const Action& action : actions) {
    if (auto done = writer.carry_out(action); !done) return done;
  }
  if (auto finished = writer.finish(); !finished) return finished;
  if (auto done = transaction.commit(); !done) return done;
  const auto& told = writer.prunings();
  impl_->prunings.insert(impl_->prunings.end(), told.begin(), told.end());
  return {};
}

bool Store::can_write() {
  Transaction transaction(impl_->database);
  if (!transaction.begin_writing()) return false;
  static_assert(kBatchBytesMax == 61440);
  Query query(impl_->database, "INSERT OR REPLACE INTO probe VALUES (1, zeroblob(61440))");
  return query.run().has_value() && transaction.commit().has_value();
}

Result<void> Store::read_batches(const RoomId& room, const FeedId& feed, Number first, Number last,
                                 const std::function<bool(ByteView batch)>& take) {
  Transaction reading(impl_->database);
  if (auto begun = reading.begin_reading(); !begun) return begun;
  // The batch that holds `first` begins at it or before it.
  Query query(impl_->database,
              "SELECT e.id, e.first, e.count FROM entries e, (SELECT f.id AS id"
              " FROM feeds f JOIN rooms r ON r.id = f.room"
              " WHERE r.room = ?1 AND f.author = ?2 AND f.incarnation = ?3) own"
              " WHERE e.feed = own.id AND e.first <= ?5 AND e.first >= coalesce("
              "(SELECT max(first) FROM entries WHERE feed = own.id AND first <= ?4), ?4)"
              " ORDER BY e.first");
  query.bind(room).bind(feed.author).bind(feed.incarnation);
  query.bind(number_column(first)).bind(number_column(last));
  std::int64_t expected = 0;
  while (query.next()) {
    const std::int64_t position = query.integer(0);
    const auto bytes = read_row(impl_->database, position);
    if (!bytes) return tl::unexpected(bytes.error());
    if (!*bytes) return report_damage(position);
    const std::int64_t begin = query.integer(1);
    const std::int64_t end = begin + query.integer(2);
    if (unsigned_of(end) <= first.value) continue;
    if (expected != 0 && begin != expected) break;
    expected = end;
    if (!take(**bytes)) break;
  }
  return query.end();
}

Result<std::optional<KeyRecord>> Store::find_key(const RoomId& room, std::string_view key) {
  return p2pchat::find_key(impl_->database, room, key);
}

Result<std::vector<PrunedBatch>> Store::find_pruned(const action::FindPruned& order) {
  return p2pchat::find_pruned(impl_->database, order);
}

std::vector<event::BatchDamaged> Store::take_damages() { return std::exchange(impl_->damages, {}); }

std::vector<event::Pruned> Store::take_prunings() { return std::exchange(impl_->prunings, {}); }

Database& Store::database() { return impl_->database; }

Result<void> Store::report_damage(std::int64_t position) {
  Query query(impl_->database,
              "SELECT r.room, f.author, f.incarnation, e.first, e.count FROM entries e"
              " JOIN rooms r ON r.id = e.room JOIN feeds f ON f.id = e.feed WHERE e.id = ?1");
  if (query.bind(position).next()) {
    const auto room = query.fixed<RoomId>(0);
    const auto author = query.fixed<PeerId>(1);
    const auto incarnation = query.fixed<Incarnation>(2);
    const std::uint64_t first = unsigned_of(query.integer(3));
    const std::uint64_t count =
        std::clamp<std::uint64_t>(unsigned_of(query.integer(4)), 1, kBatchPostsMax);
    if (room && author && incarnation && impl_->damages.size() < kDamagesMax) {
      const event::BatchDamaged damage{
          *room, {*author, *incarnation}, {first}, {first + count - 1}};
      const auto& known = impl_->damages;
      const bool is_known = std::any_of(known.begin(), known.end(),
                                        [&](const auto& one) { return is_same(one, damage); });
      if (!is_known) impl_->damages.push_back(damage);
    }
  }
  return query.end();
}

}  // namespace p2pchat
