#include "tests/sim/consent/cast.h"

#include "tests/unit/samples.h"

namespace p2pchat::sim {
namespace {

constexpr std::uint8_t kGuest = 200;
constexpr std::uint8_t kFirstCandidate = 100;

Knock knock_of(const Genesis& genesis, std::uint8_t who) {
  Knock knock;
  knock.room = genesis.room;
  knock.card = sample_card(who, "");
  knock.expires = {1'000'000};
  knock.sign(sample_identity(who));
  return knock;
}

}  // namespace

Value next_of(const Roster& roster) {
  Value value;
  value.room = roster.room();
  value.height = roster.height() + 1;
  value.previous = roster.value();
  return value;
}

// Unless they are to be new, one more comes and goes.
Cast::Cast(const Setting& setting)
    : honest(setting.honest), liars(setting.liars), has_unwanted(setting.has_unwanted) {
  genesis.creator = sample_peer(1);
  genesis.name = "room";
  genesis.size = old() + setting.candidates;
  if (!setting.are_new) genesis.size = std::max<std::uint64_t>(genesis.size, old() + 1);
  genesis.sign(sample_identity(1));
  Roster roster(genesis);
  Value coming = next_of(roster);
  for (std::size_t i = 2; i <= old(); ++i) {
    coming.knocks.push_back(knock_of(genesis, static_cast<std::uint8_t>(i)));
  }
  if (!setting.are_new) coming.knocks.push_back(knock_of(genesis, kGuest));
  for (std::size_t i = 1; i <= old(); ++i) {
    identities.push_back(sample_identity(static_cast<std::uint8_t>(i)));
  }
  roster = found(roster, coming);
  if (!setting.are_new) {
    Value going = next_of(roster);
    Leave leave{roster.room(), *roster.seat_of(sample_peer(kGuest)), {}, {}};
    leave.sign(sample_identity(kGuest));
    going.leaves = {leave};
    roster = found(roster, going);
  }
  for (const Identity& each : identities) seats.push_back(*roster.seat_of(each.id()));
  for (std::size_t i = 0; i < setting.candidates; ++i) {
    const auto who = static_cast<std::uint8_t>(kFirstCandidate + i);
    knocks.push_back(knock_of(genesis, who));
    seats.push_back({sample_peer(who), knocks.back().id});
    identities.push_back(sample_identity(who));
  }
  if (liars > 0) eviction = {genesis.room, {seats[honest]}};
}

Roster Cast::found(const Roster& roster, Value value) {
  value.seal();
  Certificate certificate{value.room, value.id, {founding.size() + 1}, {}};
  for (const Seat& seat : roster.quorum(value)) {
    Pledge pledge{value.room, seat, certificate.round, value.id, {}, {}};
    for (const Identity& each : identities) {
      if (each.id() == seat.peer) pledge.sign(each);
    }
    certificate.entries.push_back({pledge.stamp, pledge.signature});
  }
  founding.push_back({value, certificate});
  return roster.after(value);
}

bool Cast::says_yes(std::size_t who, const Knock& knock) const {
  const bool is_own = knock.id == seats[who].admission;
  return !is_own && !(has_unwanted && who + 1 == honest && knock.id == knocks.back().id);
}

Vote Cast::vote(std::size_t who, const ChangeId& change) const {
  return {genesis.room, seats[who], change, true, "", {}};
}

}  // namespace p2pchat::sim
