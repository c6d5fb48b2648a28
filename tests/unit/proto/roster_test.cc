#include "proto/roster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/proto/consent_fixtures.h"

namespace p2pchat {
namespace {

using fixture::head_of;
using fixture::kAnna;
using fixture::kBob;
using fixture::kCarl;
using fixture::kDora;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

const Identity kEmil = fixture::identity(5);

struct Changes {
  std::vector<Knock> knocks = {};
  std::vector<Eviction> evictions = {};
  std::vector<Leave> leaves = {};
  std::vector<Head> heads = {};
};

// A room that grows by certified values, and what it could become next.
class Room {
 public:
  explicit Room(std::vector<Identity> newcomers = {}, std::uint64_t size = 8,
                std::uint8_t nonce = 6)
      : roster(fixture::genesis(size, nonce)) {
    Changes changes;
    for (const Identity& each : newcomers) changes.knocks.push_back(knock(each));
    if (!newcomers.empty()) take(with(std::move(changes)));
  }

  Knock knock(const Identity& candidate, std::string note = "") const {
    return fixture::knock(candidate, roster.room(), std::move(note),
                          roster.gone_at(candidate.id()));
  }
  Seat seat(const Identity& member) const { return roster.seat_of(member.id()).value(); }
  Leave leave(const Identity& member) const {
    return fixture::leave(member, seat(member), roster.room());
  }
  Eviction eviction(const std::vector<Identity>& members) const {
    Eviction eviction{roster.room(), {}};
    for (const Identity& each : members) eviction.seats.push_back(seat(each));
    std::sort(eviction.seats.begin(), eviction.seats.end());
    return eviction;
  }

  Value with(Changes changes) const {
    Value value = fixture::next_of(roster);
    value.knocks = std::move(changes.knocks);
    value.evictions = std::move(changes.evictions);
    value.leaves = std::move(changes.leaves);
    value.heads = std::move(changes.heads);
    value.seal();
    return value;
  }
  Value with_knock(const Identity& candidate) const { return with({.knocks = {knock(candidate)}}); }
  Value with_eviction(const std::vector<Identity>& members) const {
    return with({.evictions = {eviction(members)}});
  }
  Value with_leave(const Identity& member) const { return with({.leaves = {leave(member)}}); }

  // Moves on by `value`, which must hold.
  void take(const Value& value) {
    const auto checked = roster.check(value);
    ASSERT_TRUE(checked) << checked.error().text;
    roster = roster.after(value);
  }

  Roster roster;
};

// Why `value` may not follow; empty if it may.
std::string refusal(const Room& room, Value value) {
  value.seal();
  const auto checked = room.roster.check(value);
  if (checked) return "";
  EXPECT_EQ(checked.error().fault, Fault::refused);
  return checked.error().text;
}

std::string refusal_with(const Room& room, Changes changes) {
  return refusal(room, room.with(std::move(changes)));
}

// --- Who is there ---

TEST(Roster, BeginsWithItsCreatorAlone) {
  const Genesis genesis = fixture::genesis();

  const Roster roster(genesis);

  EXPECT_EQ(roster.room(), genesis.room);
  EXPECT_EQ(roster.size_max(), genesis.size);
  EXPECT_EQ(roster.height(), 0U);
  EXPECT_EQ(roster.value(), genesis_value(genesis.room));
  EXPECT_THAT(roster.members(), ElementsAre(std::pair(kAnna.id(), genesis_change(genesis.room))));
  EXPECT_TRUE(roster.holds(fixture::anna_seat()));
}

TEST(Roster, AfterAKnockSeatsTheCandidateByThatKnock) {
  const Room room;
  const Value value = room.with_knock(kBob);

  const Roster roster = room.roster.after(value);

  EXPECT_EQ(roster.height(), 1U);
  EXPECT_EQ(roster.value(), value.id);
  EXPECT_THAT(roster.members(),
              UnorderedElementsAre(std::pair(kAnna.id(), genesis_change(room.roster.room())),
                                   std::pair(kBob.id(), value.knocks[0].id)));
  EXPECT_EQ(roster.seat_of(kBob.id()), (Seat{kBob.id(), value.knocks[0].id}));
  EXPECT_FALSE(roster.seat_of(kCarl.id()));
}

TEST(Roster, AfterAnEvictionAndALeaveKeepsTheSeatsOfTheRest) {
  Room room({kBob, kCarl, kDora, kEmil});
  const Seat anna = room.seat(kAnna);
  const Seat bob = room.seat(kBob);
  const Seat emil = room.seat(kEmil);

  room.take(room.with({.evictions = {room.eviction({kCarl})}, .leaves = {room.leave(kDora)}}));

  EXPECT_THAT(room.roster.members(), UnorderedElementsAre(std::pair(anna.peer, anna.admission),
                                                          std::pair(bob.peer, bob.admission),
                                                          std::pair(emil.peer, emil.admission)));
  EXPECT_EQ(room.roster.height(), 2U);
}

TEST(Roster, HoldsASeatOnlyWithItsOwnAdmission) {
  const Room room({kBob});

  EXPECT_TRUE(room.roster.holds(room.seat(kBob)));
  EXPECT_FALSE(room.roster.holds({kBob.id(), room.seat(kAnna).admission}));
  EXPECT_FALSE(room.roster.holds({kCarl.id(), room.seat(kBob).admission}));
}

TEST(Roster, ItsQuorumIsWhoStaysSortedByPeer) {
  const Room room({kBob, kCarl, kDora, kEmil});
  const Value value = room.with({.knocks = {room.knock(fixture::identity(6))},
                                 .evictions = {room.eviction({kCarl})},
                                 .leaves = {room.leave(kDora)}});

  const std::vector<Seat> quorum = room.roster.quorum(value);

  EXPECT_THAT(quorum, UnorderedElementsAre(room.seat(kAnna), room.seat(kBob), room.seat(kEmil)));
  EXPECT_TRUE(std::is_sorted(quorum.begin(), quorum.end()));
}

// --- What may follow ---

TEST(RosterCheck, AKnockAnEvictionAndALeaveMayFollow) {
  const Room room({kBob, kCarl});

  EXPECT_EQ(refusal(room, room.with_knock(kDora)), "");
  EXPECT_EQ(refusal(room, room.with_eviction({kCarl})), "");
  EXPECT_EQ(refusal(room, room.with_leave(kCarl)), "");
}

TEST(RosterCheck, WhatFollowsAnotherValueIsRefused) {
  const Room room({kBob});
  const Value value = room.with_knock(kCarl);
  Value late = value;
  late.height = 1;
  Value early = value;
  early.height = 3;
  Value other = value;
  other.previous = genesis_value(room.roster.room());
  Value elsewhere = value;
  elsewhere.room = fixture::other_room();
  elsewhere.knocks = {fixture::knock(kCarl, elsewhere.room)};

  EXPECT_EQ(refusal(room, value), "");
  EXPECT_EQ(refusal(room, late), "it does not follow");
  EXPECT_EQ(refusal(room, early), "it does not follow");
  EXPECT_EQ(refusal(room, other), "it does not follow");
  EXPECT_EQ(refusal(room, elsewhere), "it does not follow");
}

TEST(RosterCheck, WhatFollowsInRoomAIsRefusedInRoomB) {
  const Room a({}, 8, 6);
  const Room b({}, 8, 7);
  Value renamed = a.with_knock(kBob);
  renamed.room = b.roster.room();

  EXPECT_EQ(refusal(b, a.with_knock(kBob)), "it does not follow");
  EXPECT_DEATH(renamed.seal(), "CHECK");
}

TEST(RosterCheck, AKnockForRoomAIsRefusedInRoomB) {
  const Room a({}, 8, 6);
  const Room b({}, 8, 7);
  const Knock knock = a.knock(kBob);
  Packer out;
  out.array(8).integer(kSuite).fixed(b.roster.room()).integer(1).fixed(b.roster.value());
  const Bytes raw = out.array(1).bytes(knock.raw).array(0).array(0).array(0).take();

  EXPECT_FALSE(Value::decode(raw));
}

TEST(RosterCheck, WhatChangesNothingIsRefused) {
  const Room room({kBob});

  EXPECT_EQ(refusal_with(room, {}), "it changes nothing");
}

// --- Who comes ---

TEST(RosterCheck, AFullRoomLetsNobodyIn) {
  const Room full({kBob}, 2);

  EXPECT_EQ(refusal(full, full.with_knock(kCarl)), "the room is full");
}

TEST(RosterCheck, WhoGoesMakesRoomForWhoComes) {
  const Room full({kBob, kCarl}, 3);

  EXPECT_EQ(refusal_with(full, {.knocks = {full.knock(kDora)}, .leaves = {full.leave(kCarl)}}), "");
  EXPECT_EQ(refusal_with(full, {.knocks = {full.knock(kDora), full.knock(kEmil)},
                                .leaves = {full.leave(kCarl)}}),
            "the room is full");
}

TEST(RosterCheck, AMemberDoesNotComeAgain) {
  const Room room({kBob});

  EXPECT_EQ(refusal(room, room.with_knock(kAnna)), "somebody comes twice");
  EXPECT_FALSE(room.roster.may_enter(room.knock(kBob, "again")));
  EXPECT_EQ(refusal_with(room, {.knocks = {room.knock(kBob, "again")}}), "somebody comes twice");
}

TEST(RosterCheck, NobodyGoesAndComesInOneValue) {
  const Room room({kBob, kCarl});

  EXPECT_EQ(
      refusal_with(room, {.knocks = {room.knock(kBob, "again")}, .leaves = {room.leave(kBob)}}),
      "somebody comes twice");
}

TEST(RosterCheck, OneCandidateComesByOneKnock) {
  const Room room;

  EXPECT_EQ(refusal_with(room, {.knocks = {room.knock(kBob), room.knock(kBob, "!")}}),
            "somebody comes twice");
}

TEST(RosterCheck, AKnockFromBeforeItsCandidateWentLetsNobodyIn) {
  for (const bool evicted : {false, true}) {
    Room room({kBob, kCarl});
    const Knock old = room.knock(kDora);
    const Knock unused = room.knock(kDora, "of the same time");
    room.take(room.with({.knocks = {old}}));
    room.take(evicted ? room.with_eviction({kDora}) : room.with_leave(kDora));

    EXPECT_EQ(refusal_with(room, {.knocks = {old}}), "somebody comes twice");
    EXPECT_EQ(refusal_with(room, {.knocks = {unused}}), "somebody comes twice");
    EXPECT_EQ(refusal(room, room.with_knock(kDora)), "");
    EXPECT_EQ(room.roster.gone_at(kDora.id()), 3U);
  }
}

// --- Who goes ---

TEST(RosterCheck, WhoIsNotThereDoesNotGo) {
  const Room room({kBob, kCarl});
  const Seat stranger = fixture::seat(kDora);

  EXPECT_EQ(refusal_with(room, {.evictions = {{room.roster.room(), {stranger}}}}),
            "somebody goes who is not there");
  EXPECT_EQ(refusal_with(room, {.leaves = {fixture::leave(kDora, stranger, room.roster.room())}}),
            "somebody goes who is not there");
}

TEST(RosterCheck, ALeaveReplayedAfterRejoiningIsRefused) {
  Room room({kBob, kCarl});
  const Leave old = room.leave(kBob);
  room.take(room.with_leave(kBob));
  room.take(room.with({.knocks = {room.knock(kBob, "again")}}));

  EXPECT_EQ(refusal_with(room, {.leaves = {old}}), "somebody goes who is not there");
  EXPECT_EQ(refusal(room, room.with_leave(kBob)), "");
}

TEST(RosterCheck, AnEvictionReplayedAfterRejoiningIsRefused) {
  Room room({kBob, kCarl});
  const Eviction old = room.eviction({kBob});
  room.take(room.with_eviction({kBob}));
  room.take(room.with({.knocks = {room.knock(kBob, "again")}}));

  EXPECT_EQ(refusal_with(room, {.evictions = {old}}), "somebody goes who is not there");
}

TEST(RosterCheck, NobodyGoesTwice) {
  const Room room({kBob, kCarl, kDora, kEmil});

  EXPECT_EQ(
      refusal_with(room, {.evictions = {room.eviction({kBob}), room.eviction({kBob, kCarl})}}),
      "somebody goes twice");
  EXPECT_EQ(
      refusal_with(room, {.evictions = {room.eviction({kBob})}, .leaves = {room.leave(kBob)}}),
      "somebody goes twice");
}

TEST(RosterCheck, ARoomOfTwoCannotEvict) {
  const Room room({kBob});

  EXPECT_EQ(refusal(room, room.with_eviction({kBob})), "too few stay");
  EXPECT_EQ(refusal(room, room.with_leave(kBob)), "");
}

TEST(RosterCheck, ARoomOfTwoAndALeaverCannotEvict) {
  const Room room({kBob, kCarl});

  EXPECT_EQ(
      refusal_with(room, {.evictions = {room.eviction({kBob})}, .leaves = {room.leave(kCarl)}}),
      "too few stay");
}

TEST(RosterCheck, TwoAgainstTwoCannotEvict) {
  const Room room({kBob, kCarl, kDora});

  EXPECT_EQ(refusal(room, room.with_eviction({kCarl, kDora})), "too few stay");
  EXPECT_EQ(refusal_with(room, {.evictions = {room.eviction({kCarl}), room.eviction({kDora})}}),
            "too few stay");
}

TEST(RosterCheck, TwoAgainstTwoCannotEvictWithTheHelpOfALeaver) {
  const Room room({kBob, kCarl, kDora, kEmil});

  EXPECT_EQ(refusal_with(room, {.evictions = {room.eviction({kCarl, kDora})},
                                .leaves = {room.leave(kEmil)}}),
            "too few stay");
}

TEST(RosterCheck, ThoseWhoComeDoNotHelpToEvict) {
  const Room room({kBob, kCarl, kDora});

  EXPECT_EQ(refusal_with(room, {.knocks = {room.knock(kEmil)},
                                .evictions = {room.eviction({kCarl, kDora})}}),
            "too few stay");
}

TEST(RosterCheck, MoreThanHalfEvictTheRest) {
  const Room room({kBob, kCarl, kDora, kEmil});

  EXPECT_EQ(refusal(room, room.with_eviction({kDora, kEmil})), "");
  EXPECT_EQ(refusal(room, room.with_eviction({kCarl, kDora, kEmil})), "too few stay");
}

TEST(RosterCheck, WhoLeavesDoesNotCountAgainstAnEviction) {
  const Room room({kBob, kCarl, kDora, kEmil});

  EXPECT_EQ(refusal_with(room, {.evictions = {room.eviction({kCarl})},
                                .leaves = {room.leave(kDora), room.leave(kEmil)}}),
            "");
}

TEST(RosterCheck, SomebodyStays) {
  const Room room({kBob});

  EXPECT_EQ(refusal_with(room, {.leaves = {room.leave(kAnna), room.leave(kBob)}}), "too few stay");
  EXPECT_EQ(refusal(Room(), Room().with_leave(kAnna)), "too few stay");
}

TEST(RosterCheck, TheCreatorMayGoAsAnybodyElse) {
  const Room room({kBob, kCarl});

  EXPECT_EQ(refusal(room, room.with_leave(kAnna)), "");
  EXPECT_EQ(refusal(room, room.with_eviction({kAnna})), "");
}

// --- Last posts ---

TEST(RosterCheck, LastPostsAreOfThoseWhoGo) {
  const Room room({kBob, kCarl, kDora, kEmil});
  const auto refusal_of = [&](std::vector<Head> heads) {
    return refusal_with(room, {.knocks = {room.knock(fixture::identity(6))},
                               .evictions = {room.eviction({kBob})},
                               .leaves = {room.leave(kCarl)},
                               .heads = std::move(heads)});
  };

  EXPECT_EQ(refusal_of({}), "");
  EXPECT_EQ(refusal_of({head_of(kBob), head_of(kCarl)}), "");
  EXPECT_EQ(refusal_of({head_of(kDora)}), "a last post of nobody");
  EXPECT_EQ(refusal_of({head_of(fixture::identity(6))}), "a last post of nobody");
  EXPECT_EQ(refusal_of({head_of(fixture::identity(7))}), "a last post of nobody");
}

TEST(RosterCheck, EachWhoGoesHasOneLastPost) {
  const Room room({kBob, kCarl});
  Head of_another_run = head_of(kBob);
  of_another_run.feed.incarnation.bytes[0] = 1;

  EXPECT_EQ(
      refusal_with(room, {.leaves = {room.leave(kBob)}, .heads = {head_of(kBob), of_another_run}}),
      "a last post of nobody");
}

// --- Certificates ---

// The pledges of `members` on `value` in round 3, in the order of the quorum.
Certificate certified(const Room& room, const Value& value, std::vector<Identity> members,
                      const RoomId& pledged_in = fixture::room()) {
  std::sort(members.begin(), members.end(),
            [](const Identity& a, const Identity& b) { return a.id() < b.id(); });
  Certificate made{pledged_in, value.id, {3}, {}};
  for (const Identity& member : members) {
    Pledge pledge{made.room, room.seat(member), {3}, value.id, {70}, {}};
    pledge.sign(member);
    made.entries.push_back({pledge.stamp, pledge.signature});
  }
  return made;
}

class Certified : public testing::Test {
 protected:
  bool is_certified(const Certificate& by) const { return room.roster.is_certified(value, by); }
  Seat seat_at(std::size_t place) const { return room.roster.quorum(value).at(place); }

  Room room{{kBob, kCarl, kDora}};
  Value value = room.with_eviction({kDora});
  Certificate certificate = certified(room, value, {kAnna, kBob, kCarl});
};

TEST_F(Certified, ByAPledgeOfEverybodyInTheQuorum) {
  EXPECT_TRUE(is_certified(certificate));
  EXPECT_TRUE(is_certified(Certificate::decode(certificate.encode()).value()));
}

TEST_F(Certified, NotWithOnePledgeMissing) {
  for (std::size_t place = 0; place < certificate.entries.size(); ++place) {
    Certificate missing = certificate;
    missing.entries.erase(missing.entries.begin() + static_cast<std::ptrdiff_t>(place));

    EXPECT_FALSE(is_certified(missing));
  }
  EXPECT_FALSE(is_certified({certificate.room, certificate.value, certificate.round, {}}));
}

TEST_F(Certified, NotWithTwoPledgesExchanged) {
  std::swap(certificate.entries[0], certificate.entries[1]);

  EXPECT_FALSE(is_certified(certificate));
}

TEST_F(Certified, NotWithOnePledgeTwice) {
  certificate.entries[1] = certificate.entries[0];

  EXPECT_FALSE(is_certified(certificate));
}

TEST_F(Certified, NotWithAPledgeOfAnotherRound) {
  Certificate later = certificate;
  later.round = {4};
  EXPECT_FALSE(is_certified(later));

  for (const Identity& member : {kAnna, kBob, kCarl}) {
    Pledge pledge{certificate.room, room.seat(member), {4}, value.id, {70}, {}};
    pledge.sign(member);
    Certificate mixed = certificate;
    for (std::size_t place = 0; place < 3; ++place) {
      if (seat_at(place).peer == member.id()) mixed.entries[place].signature = pledge.signature;
    }
    EXPECT_FALSE(is_certified(mixed));
  }
}

TEST_F(Certified, NotWithAPledgeOfSomebodyEvicted) {
  EXPECT_FALSE(is_certified(certified(room, value, {kAnna, kBob, kCarl, kDora})));
  EXPECT_FALSE(is_certified(certified(room, value, {kAnna, kBob, kDora})));
}

TEST_F(Certified, NotWithAPledgeOfSomebodyWhoIsNotThere) {
  Pledge pledge{certificate.room, fixture::seat(kEmil), {3}, value.id, {70}, {}};
  pledge.sign(kEmil);
  certificate.entries[0] = {pledge.stamp, pledge.signature};

  EXPECT_FALSE(is_certified(certificate));
}

TEST_F(Certified, NotWithAPledgeFromAnOldSeat) {
  Pledge pledge{certificate.room, fixture::seat(kAnna), {3}, value.id, {70}, {}};
  pledge.sign(kAnna);
  for (std::size_t place = 0; place < 3; ++place) {
    if (seat_at(place).peer == kAnna.id()) certificate.entries[place].signature = pledge.signature;
  }

  EXPECT_FALSE(is_certified(certificate));
}

TEST_F(Certified, NotWithAnotherStampThanWasPledged) {
  certificate.entries[2].stamp = {71};

  EXPECT_FALSE(is_certified(certificate));
}

TEST_F(Certified, NotByTheCertificateOfAnotherValueOrRoom) {
  const Value other = room.with_leave(kDora);
  const Certificate of_other = certified(room, other, {kAnna, kBob, kCarl});
  Certificate renamed = of_other;
  renamed.value = value.id;
  const Certificate moved = certified(room, value, {kAnna, kBob, kCarl}, fixture::other_room());

  EXPECT_TRUE(room.roster.is_certified(other, of_other));
  EXPECT_FALSE(is_certified(of_other));
  EXPECT_FALSE(is_certified(renamed));
  EXPECT_FALSE(is_certified(moved));
}

// --- Widening ---

class Widens : public testing::Test {
 protected:
  Value made_of(std::vector<Knock> knocks, std::vector<Eviction> evictions,
                std::vector<Leave> leaves) const {
    return room.with({std::move(knocks), std::move(evictions), std::move(leaves), {}});
  }

  Room room{{kBob, kCarl, kDora, kEmil, fixture::identity(6)}};
  Knock knock = room.knock(fixture::identity(7));
  Value narrow = made_of({knock}, {}, {});
  Value middle = made_of({knock}, {room.eviction({kDora})}, {});
  Value wide = made_of({knock}, {room.eviction({kDora})}, {room.leave(kEmil)});
};

TEST_F(Widens, IsAnOrder) {
  for (const Value& value : {narrow, middle, wide}) EXPECT_TRUE(widens(value, value));
  EXPECT_TRUE(widens(middle, narrow) && widens(wide, middle) && widens(wide, narrow));
  EXPECT_FALSE(widens(narrow, middle) || widens(middle, wide) || widens(narrow, wide));
}

TEST_F(Widens, NeitherWayIfEachLetsSomebodyElseGo) {
  const Value leaves = made_of({knock}, {}, {room.leave(kEmil)});
  EXPECT_FALSE(widens(leaves, middle));
  EXPECT_FALSE(widens(middle, leaves));
}

TEST_F(Widens, OnlyIfTheFeedsOfWhoWentEndAlike) {
  const auto with_head = [&](const Value& value, std::uint64_t number) {
    Value other = value;
    other.heads = {{{kDora.id(), {}}, {number}, {}}};
    other.seal();
    return other;
  };
  EXPECT_FALSE(widens(with_head(wide, 1), middle));
  EXPECT_FALSE(widens(with_head(wide, 2), with_head(middle, 1)));
  EXPECT_TRUE(widens(with_head(wide, 1), with_head(middle, 1)));
  EXPECT_TRUE(widens(with_head(middle, 1), narrow));
}

TEST_F(Widens, NotByLettingSomebodyElseIn) {
  const Knock other = room.knock(fixture::identity(8));

  EXPECT_FALSE(widens(made_of({knock, other}, {}, {}), narrow));
  EXPECT_FALSE(widens(made_of({other}, {}, {}), narrow));
  EXPECT_FALSE(widens(made_of({}, {room.eviction({kDora})}, {}), narrow));
}

TEST_F(Widens, HoweverItsEvictionsAreGrouped) {
  const Value together = made_of({}, {room.eviction({kDora, kEmil})}, {});
  const Value apart = made_of({}, {room.eviction({kDora}), room.eviction({kEmil})}, {});

  EXPECT_TRUE(widens(together, apart));
  EXPECT_TRUE(widens(apart, together));
}

TEST_F(Widens, NotByAnEvictionInPlaceOfALeave) {
  const Value evicted = made_of({}, {room.eviction({kDora})}, {});
  const Value left = made_of({}, {}, {room.leave(kDora)});

  EXPECT_FALSE(widens(evicted, left));
  EXPECT_FALSE(widens(left, evicted));
}

TEST_F(Widens, NotWhatFollowsAnotherValue) {
  Value elsewhere = wide;
  elsewhere.previous = genesis_value(room.roster.room());
  elsewhere.seal();

  EXPECT_FALSE(widens(elsewhere, narrow));
}

TEST_F(Widens, KeepsTheSeatsOfWhoeverComes) {
  const Roster before = room.roster.after(narrow);
  const Roster widened = room.roster.after(wide);

  EXPECT_EQ(before.seat_of(fixture::identity(7).id()), widened.seat_of(fixture::identity(7).id()));
  EXPECT_EQ(before.seat_of(kAnna.id()), widened.seat_of(kAnna.id()));
}
}  // namespace
}  // namespace p2pchat
