// RegistryFixture: a registry with a store in memory, and peers who use it.
//
// After every test the store is read into a second registry, which must answer
// everybody what the first one does: it knows nothing but what is stored.
#pragma once

#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "rendezvous/registry/registry.h"
#include "tests/unit/samples.h"

namespace p2pchat::rendezvous {

inline constexpr std::int64_t kStart = 1'700'000'000'000;

class RegistryFixture : public ::testing::Test {
 protected:
  RegistryFixture() : registry_(loaded()) { keep(registry_.first_changes()); }

  void TearDown() override {
    const Registry again = loaded();
    for (std::uint8_t who = 1; who < 40; ++who) {
      EXPECT_EQ(pages_of(again, who), pages_of(registry_, who)) << int{who};
    }
  }

  // --- The store ---

  Registry loaded() const {
    std::vector<Record> records;
    for (const auto& [key, value] : store_) {
      auto record = decode_record(key, value);
      EXPECT_TRUE(record);
      records.push_back(*std::move(record));
    }
    auto registry = Registry::load(std::move(records), Seed{});
    EXPECT_TRUE(registry);
    return *std::move(registry);
  }
  void keep(const Changes& changes) {
    for (const Change& change : changes) {
      if (change.is_erased) {
        store_.erase(key_of(change.record));
      } else {
        store_[key_of(change.record)] = value_of(change.record);
      }
    }
    registry_.apply(changes);
  }
  static std::vector<Object> pages_of(const Registry& registry, std::uint8_t who) {
    std::vector<Object> all;
    Cursor cursor;
    for (bool more = true; more;) {
      Page page = registry.page(sample_peer(who), cursor);
      all.insert(all.end(), page.objects.begin(), page.objects.end());
      cursor = page.cursor;
      more = page.more;
    }
    return all;
  }

  // --- Asking ---

  Outcome outcome(std::uint8_t who, const Question& question) {
    const Identity asker = sample_identity(who);
    Outcome outcome = registry_.handle(now_, asker.curve_public(), {asker.id(), question});
    keep(outcome.changes);
    return outcome;
  }
  Answer ask(std::uint8_t who, const Question& question) { return outcome(who, question).answer; }
  static int code_of(const Answer& answer) {
    const auto* failure = std::get_if<Failure>(&answer);
    return failure == nullptr ? 0 : static_cast<int>(failure->code);
  }
  int code(std::uint8_t who, const Question& question) { return code_of(ask(who, question)); }
  int put(std::uint8_t who, Kind kind, const Bytes& raw) { return code(who, Put{{kind, raw}}); }
  void pass(Duration time) {
    now_.milliseconds += time.count();
    keep(registry_.expire(now_));
  }

  // --- Objects ---

  static Genesis genesis_of(std::uint8_t creator, std::string name, std::uint64_t size = 5) {
    Genesis genesis;
    genesis.creator = sample_peer(creator);
    genesis.name = std::move(name);
    genesis.size = size;
    genesis.sign(sample_identity(creator));
    return genesis;
  }
  Knock knock_of(std::uint8_t who, const RoomId& room, std::string note = "",
                 Duration lifetime = 24h, std::uint64_t after = 0) const {
    Knock knock;
    knock.room = room;
    knock.card = sample_card(who, "peer" + std::to_string(who));
    knock.note = std::move(note);
    knock.expires = {now_.milliseconds + lifetime.count()};
    knock.after = after;
    knock.sign(sample_identity(who));
    return knock;
  }
  static Vote vote_of(std::uint8_t who, const Roster& roster, const ChangeId& change, bool yes) {
    Vote vote;
    vote.room = roster.room();
    vote.seat = roster.seat_of(sample_peer(who)).value_or(Seat{sample_peer(who), {}});
    vote.change = change;
    vote.yes = yes;
    vote.sign(sample_identity(who));
    return vote;
  }
  static Leave leave_of(std::uint8_t who, const Roster& roster) {
    Leave leave;
    leave.room = roster.room();
    leave.seat = roster.seat_of(sample_peer(who)).value_or(Seat{sample_peer(who), {}});
    leave.sign(sample_identity(who));
    return leave;
  }
  static Close close_of(std::uint8_t who, const Roster& roster) {
    Close close;
    close.room = roster.room();
    close.seat = roster.seat_of(sample_peer(who)).value_or(Seat{sample_peer(who), {}});
    close.value = roster.value();
    close.sign(sample_identity(who));
    return close;
  }
  static Value value_of_changes(const Roster& roster, std::vector<Knock> knocks,
                                std::vector<Eviction> evictions = {},
                                std::vector<Leave> leaves = {}) {
    Value value;
    value.room = roster.room();
    value.height = roster.height() + 1;
    value.previous = roster.value();
    value.knocks = std::move(knocks);
    value.evictions = std::move(evictions);
    value.leaves = std::move(leaves);
    value.seal();
    return value;
  }
  static Pledge pledge_of(std::uint8_t who, const Roster& roster, const Value& value,
                          std::uint64_t round) {
    Pledge pledge;
    pledge.room = roster.room();
    pledge.seat = *roster.seat_of(sample_peer(who));
    pledge.round = {round};
    pledge.value = value.id;
    pledge.stamp = {round};
    pledge.sign(sample_identity(who));
    return pledge;
  }
  // Pledged by all whom it needs, who are among the first samples.
  static Certificate certificate_of(const Roster& roster, const Value& value,
                                    std::uint64_t round = 1) {
    Certificate certificate;
    certificate.room = roster.room();
    certificate.value = value.id;
    certificate.round = {round};
    for (const Seat& seat : roster.quorum(value)) {
      for (std::uint8_t who = 1; who < 40; ++who) {
        if (sample_peer(who) != seat.peer) continue;
        const Pledge pledge = pledge_of(who, roster, value, round);
        certificate.entries.push_back({pledge.stamp, pledge.signature});
      }
    }
    return certificate;
  }

  // --- What happens often ---

  // A room of `creator`; answers its roster.
  Roster make_room(std::uint8_t creator, const std::string& name, std::uint64_t size = 5) {
    const Genesis genesis = genesis_of(creator, name, size);
    EXPECT_EQ(put(creator, Kind::genesis, genesis.raw), 0);
    return Roster(genesis);
  }
  // `who` knocks, and `by` brings a certified value that lets it in.
  Roster let_in(const Roster& roster, std::uint8_t who, std::uint8_t by = 1) {
    const Knock knock = knock_of(who, roster.room());
    EXPECT_EQ(put(who, Kind::knock, knock.raw), 0);
    return certify(roster, value_of_changes(roster, {knock}), by);
  }
  Roster certify(const Roster& roster, const Value& value, std::uint8_t by = 1,
                 std::uint64_t round = 1) {
    EXPECT_EQ(put(by, Kind::value, value.raw), 0);
    EXPECT_EQ(put(by, Kind::certificate, certificate_of(roster, value, round).encode()), 0);
    return roster.after(value);
  }

  // --- What is seen ---

  Page watch(std::uint8_t who, Cursor cursor = {}) {
    const Answer answer = ask(who, Watch{cursor});
    return std::get<Page>(answer);
  }
  std::vector<Kind> kinds(std::uint8_t who, Cursor cursor = {}) {
    std::vector<Kind> seen;
    for (const Object& object : watch(who, cursor).objects) seen.push_back(object.kind);
    return seen;
  }
  bool sees(std::uint8_t who, Kind kind, const Bytes& raw) const {
    for (const Object& object : pages_of(registry_, who)) {
      if (object == Object{kind, raw}) return true;
    }
    return false;
  }
  std::optional<Standing> standing(std::uint8_t who, const RoomId& room) const {
    std::optional<Standing> found;
    for (const Object& object : pages_of(registry_, who)) {
      if (object.kind != Kind::standing) continue;
      const auto standing = Standing::decode(object.raw);
      if (standing && standing->room == room) found = *standing;
    }
    return found;
  }
  std::optional<State> state(std::uint8_t who, const RoomId& room) const {
    const auto found = standing(who, room);
    if (!found) return std::nullopt;
    return found->state;
  }

  std::map<Bytes, Bytes> store_;
  WallTime now_{kStart};
  Registry registry_;
};

}  // namespace p2pchat::rendezvous
