#include "daemon/shell/store/membership_row.h"

#include <gmock/gmock.h>

#include "proto/standing.h"
#include "tests/unit/daemon/shell/store_fixture.h"
#include "tests/unit/fork_sample.h"
#include "tests/unit/growing_room.h"

namespace p2pchat {
namespace {

using fixture::filled;
using fixture::kAnna;
using fixture::kBob;
using fixture::kCarl;
using ::testing::HasSubstr;

class MembershipRowTest : public StoreFixture {
 protected:
  MembershipRowTest() {
    room_.admit(kBob, "bob");
    room_.admit(kCarl, "carl");
    record_.genesis = room_.genesis();
    record_.name = "garden~k3zq";
  }

  void carry_out(const Actions& actions) {
    const auto done = store_->commit(actions);
    ASSERT_TRUE(done) << done.error().text;
  }
  action::StoreDecision decision(std::size_t step) const {
    return {room_.steps().at(step).value, room_.steps().at(step).certificate};
  }
  // My pledge on the value of that step.
  action::StorePledge pledge(std::size_t step, std::uint64_t round) const {
    const Value& value = room_.steps().at(step).value;
    return {room_.pledge(value, {round}, fixture::anna_seat(), 5), value};
  }
  action::StoreObject object(std::uint8_t key, Kind kind, Bytes raw) const {
    return {room_.genesis().room, filled<Hash>(key), {kind, std::move(raw)}};
  }
  // The one membership that is loaded.
  MembershipState load() {
    reopen();
    auto snapshot = store_->load();
    EXPECT_TRUE(snapshot) << snapshot.error().text;
    EXPECT_TRUE(snapshot && snapshot->memberships.size() == 1);
    return snapshot ? snapshot->memberships.at(0) : MembershipState();
  }
  void expect_damage(const std::string& sql) {
    behind(sql);
    const auto snapshot = store_->load();
    ASSERT_FALSE(snapshot) << sql;
    EXPECT_EQ(snapshot.error().fault, Fault::damaged);
    EXPECT_THAT(snapshot.error().text, HasSubstr("is damaged"));
  }

  GrowingRoom room_;
  RoomRecord record_;
};

TEST_F(MembershipRowTest, KeepsARoom) {
  carry_out({action::StoreRoom{record_}});

  const MembershipState loaded = load();

  EXPECT_EQ(loaded.room.genesis.raw, record_.genesis.raw);
  EXPECT_EQ(loaded.room.genesis.room, record_.genesis.room);
  EXPECT_EQ(loaded.room.name, "garden~k3zq");
  EXPECT_FALSE(loaded.room.forgotten);
  EXPECT_FALSE(loaded.room.is_gone);
  EXPECT_TRUE(loaded.decisions.empty());
  EXPECT_FALSE(loaded.pledge);
  EXPECT_TRUE(loaded.objects.empty());
}

TEST_F(MembershipRowTest, ReplacesARoomAndLeavesTheRestOfIt) {
  carry_out({action::StoreRoom{record_}, decision(0), pledge(1, 1),
             object(1, Kind::vote, fixture::vote().raw)});

  record_.name = "garden";
  record_.forgotten = room_.seat(kBob);
  record_.is_gone = true;
  carry_out({action::StoreRoom{record_}});

  const MembershipState loaded = load();
  EXPECT_EQ(loaded.room.name, "garden");
  EXPECT_EQ(loaded.room.forgotten, room_.seat(kBob));
  EXPECT_TRUE(loaded.room.is_gone);
  EXPECT_EQ(loaded.decisions.size(), 1U);
  EXPECT_TRUE(loaded.pledge);
  EXPECT_EQ(loaded.objects.size(), 1U);
}

TEST_F(MembershipRowTest, AnswersDecisionsByHeight) {
  carry_out({action::StoreRoom{record_}, decision(0), decision(1)});

  const MembershipState loaded = load();

  ASSERT_EQ(loaded.decisions.size(), 2U);
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(loaded.decisions[i].value.raw, room_.steps()[i].value.raw);
    EXPECT_EQ(loaded.decisions[i].certificate.encode(), room_.steps()[i].certificate.encode());
  }
}

TEST_F(MembershipRowTest, ReplacesADecisionOfTheSameHeight) {
  GrowingRoom other;
  other.take([&] {
    Value value = other.next();
    value.knocks = {other.knock(kCarl, "carl")};
    return value;
  }());
  carry_out({action::StoreRoom{record_}, decision(0)});

  carry_out({action::StoreDecision{other.steps()[0].value, other.steps()[0].certificate}});

  const MembershipState loaded = load();
  ASSERT_EQ(loaded.decisions.size(), 1U);
  EXPECT_EQ(loaded.decisions[0].value.id, other.steps()[0].value.id);
}

TEST_F(MembershipRowTest, ADecisionTakesThePlaceOfThoseAboveItToo) {
  carry_out({action::StoreRoom{record_}, decision(0), decision(1)});

  carry_out({decision(0)});

  EXPECT_EQ(load().decisions.size(), 1U);
}

TEST_F(MembershipRowTest, KeepsTheNewestPledgeOnly) {
  carry_out({action::StoreRoom{record_}, pledge(0, 3), pledge(1, 4)});

  const MembershipState loaded = load();

  ASSERT_TRUE(loaded.pledge);
  EXPECT_EQ(loaded.pledge->pledge.encode(), pledge(1, 4).pledge.encode());
  EXPECT_EQ(loaded.pledge->value.raw, room_.steps()[1].value.raw);
}

TEST_F(MembershipRowTest, ADecisionLeavesThePledgeBe) {
  carry_out({action::StoreRoom{record_}, pledge(0, 3)});

  carry_out({decision(0)});

  EXPECT_TRUE(load().pledge);
}

TEST_F(MembershipRowTest, KeepsReplacesAndDropsObjectsByTheirKey) {
  const Bytes vote = fixture::vote().raw;
  const Bytes knock = fixture::knock(fixture::kDora).raw;
  carry_out({action::StoreRoom{record_}, object(1, Kind::vote, vote), object(2, Kind::vote, vote),
             object(3, Kind::knock, knock)});

  carry_out({object(2, Kind::knock, knock),
             action::DropObject{room_.genesis().room, filled<Hash>(3)},
             action::DropObject{room_.genesis().room, filled<Hash>(9)}});

  const std::vector<Object> expected{{Kind::vote, vote}, {Kind::knock, knock}};
  EXPECT_EQ(load().objects, expected);
}

TEST_F(MembershipRowTest, KeepsEveryKindOfObject) {
  const Value& value = room_.steps()[0].value;
  const RoomId& room = room_.genesis().room;
  Decided decided{room, fixture::anna_seat(), {1}, value.id, {}};
  decided.sign(kAnna);
  const std::vector<Object> objects{
      {Kind::genesis, room_.genesis().raw},
      {Kind::knock, fixture::knock(kBob).raw},
      {Kind::vote, fixture::vote().raw},
      {Kind::leave, fixture::leave(kBob, room_.seat(kBob)).raw},
      {Kind::close, fixture::close().raw},
      {Kind::eviction, Eviction{room, {room_.seat(kBob)}}.encode()},
      {Kind::value, value.raw},
      {Kind::pledge, pledge(0, 1).pledge.encode()},
      {Kind::certificate, room_.steps()[0].certificate.encode()},
      {Kind::card, fixture::card_of(kBob).raw},
      {Kind::standing, Standing{room, value.knocks[0].id, State::waiting, 1}.encode()},
      {Kind::decided, decided.encode()},
      {Kind::fork, sample_fork(kBob, room, value.knocks[0].id).raw}};
  Actions actions{action::StoreRoom{record_}};
  for (std::uint8_t i = 0; i < objects.size(); ++i) {
    actions.push_back(object(i, objects[i].kind, objects[i].raw));
  }

  carry_out(actions);

  EXPECT_EQ(load().objects, objects);
}

TEST_F(MembershipRowTest, KeepsRoomsApart) {
  RoomRecord other;
  other.genesis = fixture::genesis(4, 9);
  other.name = "attic";
  carry_out({action::StoreRoom{record_}, action::StoreRoom{other}, decision(0)});

  const auto snapshot = store_->load();

  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->memberships.size(), 2U);
  for (const MembershipState& each : snapshot->memberships) {
    EXPECT_EQ(each.decisions.size(), each.room.name == "attic" ? 0U : 1U);
  }
}

TEST_F(MembershipRowTest, KeepsNothingOfACommitThatFails) {
  ASSERT_TRUE(store_->database().run("PRAGMA max_page_count = 1"));  // As few as it has.

  const action::StoreNotice large{record_.genesis.room, kBob.id(), {1}, std::string(10'000, 'x')};
  EXPECT_FALSE(store_->commit(Actions{action::StoreRoom{record_}, decision(0), large}));

  const auto snapshot = store_->load();
  ASSERT_TRUE(snapshot);
  EXPECT_TRUE(snapshot->memberships.empty());
}

// --- Damage ---

class DamagedMembershipRowTest : public MembershipRowTest,
                                 public testing::WithParamInterface<const char*> {};

TEST_P(DamagedMembershipRowTest, IsFoundWhenItIsLoaded) {
  carry_out({action::StoreRoom{record_}, decision(0), pledge(0, 1),
             object(1, Kind::vote, fixture::vote().raw)});

  expect_damage(GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Columns, DamagedMembershipRowTest,
    testing::Values(
        "UPDATE memberships SET genesis = zeroblob(100)",
        "UPDATE memberships SET room = zeroblob(32)", "UPDATE memberships SET room = zeroblob(31)",
        "UPDATE memberships SET forgotten = zeroblob(8)",
        "UPDATE decisions SET value = substr(value, 1, 100)",
        "UPDATE decisions SET certificate = zeroblob(40)", "UPDATE decisions SET height = 2",
        "UPDATE decisions SET room = zeroblob(32)", "UPDATE pledges SET pledge = zeroblob(100)",
        "UPDATE pledges SET value = zeroblob(100)", "UPDATE pledges SET room = zeroblob(32)",
        "UPDATE objects SET bytes = zeroblob(100)", "UPDATE objects SET kind = 2",
        "UPDATE objects SET kind = 13", "UPDATE objects SET kind = 259",
        "UPDATE objects SET room = zeroblob(32)", "DELETE FROM memberships"));

TEST_F(MembershipRowTest, FindsACertificateOfAnotherValue) {
  carry_out({action::StoreRoom{record_}, decision(0), decision(1)});

  expect_damage(
      "UPDATE decisions SET certificate ="
      " (SELECT certificate FROM decisions WHERE height = 2) WHERE height = 1");
}

TEST_F(MembershipRowTest, FindsAPledgeOnAnotherValue) {
  carry_out({action::StoreRoom{record_}, decision(1), pledge(0, 1)});

  expect_damage("UPDATE pledges SET value = (SELECT value FROM decisions)");
}

TEST_F(MembershipRowTest, FindsOneFlippedBitInASignature) {
  carry_out({action::StoreRoom{record_}, object(1, Kind::vote, fixture::vote().raw)});

  expect_damage(
      "UPDATE objects SET bytes ="
      " CAST(substr(bytes, 1, length(bytes) - 1) || x'00' AS BLOB)");
}

}  // namespace
}  // namespace p2pchat
