#include "rendezvous/registry/registry.h"

#include <algorithm>
#include <gmock/gmock.h>

#include "proto/limits.h"
#include "tests/unit/rendezvous/registry_fixture.h"

namespace p2pchat::rendezvous {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class RegistryTest : public RegistryFixture {
 protected:
  std::vector<std::string> listed() {
    std::vector<std::string> found;
    PeerId after;
    for (bool more = true; more;) {
      const Cards cards = std::get<Cards>(ask(9, List{after}));
      for (const Card& card : cards.cards) found.push_back(card.name);
      if (!cards.cards.empty()) after = cards.cards.back().id;
      more = cards.more;
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<std::string> room_names() { return std::get<Names>(ask(9, Rooms{})).names; }
  int add(std::uint8_t who, bool is_listed, std::uint64_t counter = 1, Duration lifetime = 1h) {
    return code(who,
                Add{sample_card(who, "peer" + std::to_string(who), counter), lifetime, is_listed});
  }
};

// --- Who asks ---

TEST_F(RegistryTest, BelievesAnIdThatFitsTheKeyOfTheConnectionOnly) {
  const Request request{sample_peer(1), Watch{}};
  const auto other = sample_identity(2).curve_public();
  const auto own = sample_identity(1).curve_public();

  EXPECT_EQ(code_of(registry_.handle(now_, other, request).answer), 5);
  EXPECT_EQ(code_of(registry_.handle(now_, own, request).answer), 0);
}

TEST_F(RegistryTest, AnswersAStrangerWithListedCardsAndNamesOnly) {
  const Roster roster = make_room(1, "ops");
  ASSERT_EQ(add(1, true), 0);
  const auto anonymous = [&](const Question& question) {
    return registry_.handle(now_, CurveKey{}, {std::nullopt, question}).answer;
  };

  EXPECT_EQ(std::get<Cards>(anonymous(List{})).cards.size(), 1U);
  EXPECT_THAT(std::get<Names>(anonymous(Rooms{})).names, ElementsAre("ops"));
  EXPECT_EQ(code_of(anonymous(Watch{})), 5);
  EXPECT_EQ(code_of(anonymous(Remove{})), 5);
  EXPECT_EQ(code_of(anonymous(Fetch{roster.room(), {}})), 5);
  EXPECT_EQ(code(7, Fetch{roster.room(), {}}), 4);
  EXPECT_THAT(watch(7).objects, IsEmpty());
}

// --- Cards ---

TEST_F(RegistryTest, ListsWhoAskedForItUntilItsTimeIsOver) {
  EXPECT_EQ(add(1, true), 0);
  EXPECT_EQ(add(2, false), 0);
  EXPECT_THAT(listed(), ElementsAre("peer1"));

  pass(1h - 1ms);
  EXPECT_THAT(listed(), ElementsAre("peer1"));
  pass(1ms);
  EXPECT_THAT(listed(), IsEmpty());
}

TEST_F(RegistryTest, TakesACardBack) {
  add(1, true);
  EXPECT_EQ(code(1, Remove{}), 0);

  EXPECT_THAT(listed(), IsEmpty());
  EXPECT_EQ(code(1, Remove{}), 0) << "may be repeated";
}

TEST_F(RegistryTest, TakesNoCardOfAnotherAndNoOlderOne) {
  EXPECT_EQ(code(1, Add{sample_card(2, "two"), 1h, true}), 5);
  EXPECT_EQ(add(1, true, 7), 0);
  EXPECT_EQ(add(1, true, 6), 1);
  EXPECT_EQ(add(1, true, 7), 0);
  EXPECT_EQ(add(1, true, 8), 0);
}

TEST_F(RegistryTest, KeepsACardForSevenDaysAtMost) {
  EXPECT_EQ(add(1, true, 1, 7 * 24h), 0);
  EXPECT_EQ(add(1, true, 1, 7 * 24h + 1s), 2);
  EXPECT_EQ(add(1, true, 1, 0s), 2);
}

TEST_F(RegistryTest, ShowsCardsToMembersOfTheSameRoomAndToNobodyElse) {
  const Roster roster = let_in(make_room(1, "ops"), 2);
  make_room(3, "play");
  const Cursor before = watch(1).cursor;
  const Card card = sample_card(2, "two", 9);
  ASSERT_EQ(code(2, Add{card, 1h, false}), 0);

  EXPECT_THAT(watch(1, before).objects, ElementsAre(Object{Kind::card, card.raw}));
  EXPECT_FALSE(sees(3, Kind::card, card.raw));
  EXPECT_FALSE(sees(2, Kind::card, card.raw)) << "it knows its own";
}

// --- Making rooms ---

TEST_F(RegistryTest, MakesARoomForItsCreatorOnlyAndAsOftenAsAsked) {
  const Genesis genesis = genesis_of(1, "ops");

  EXPECT_EQ(put(2, Kind::genesis, genesis.raw), 5);
  EXPECT_EQ(put(1, Kind::genesis, genesis.raw), 0);
  EXPECT_EQ(put(1, Kind::genesis, genesis.raw), 0) << "the reply may have been lost";
  EXPECT_THAT(room_names(), ElementsAre("ops"));
  EXPECT_TRUE(sees(1, Kind::genesis, genesis.raw));
  EXPECT_EQ(state(1, genesis.room), State::member);
}

TEST_F(RegistryTest, GivesANameOnce) {
  make_room(1, "ops");

  EXPECT_EQ(put(2, Kind::genesis, genesis_of(2, "ops").raw), 1);
}

TEST_F(RegistryTest, MakesSixteenRoomsForOneCreator) {
  for (std::size_t i = 0; i < kRoomsPerCreatorMax; ++i) make_room(1, "room" + std::to_string(i));

  EXPECT_EQ(put(1, Kind::genesis, genesis_of(1, "more").raw), 9);
  EXPECT_EQ(put(2, Kind::genesis, genesis_of(2, "more").raw), 0);
}

TEST_F(RegistryTest, RefusesBytesThatDoNotHold) {
  Genesis genesis = genesis_of(1, "ops");
  genesis.raw.back() ^= 1U;

  EXPECT_EQ(put(1, Kind::genesis, genesis.raw), 1);
  EXPECT_EQ(put(1, Kind::vote, to_bytes("nonsense")), 1);
  for (const Kind kind : {Kind::card, Kind::standing, Kind::decided, Kind::fork}) {
    EXPECT_EQ(put(1, kind, sample_card(1, "one").raw), 1);
  }
}

// --- Reading ---

TEST_F(RegistryTest, TellsACandidateRoomIdCreatorSizeAndVotesAndNothingElse) {
  const Roster roster = let_in(make_room(1, "ops"), 2);
  const Knock knock = knock_of(3, roster.room());
  ASSERT_EQ(put(3, Kind::knock, knock.raw), 0);
  ASSERT_EQ(put(1, Kind::vote, vote_of(1, roster, knock.id, true).raw), 0);

  const auto description = std::get<Description>(ask(3, Describe{"ops"}));

  EXPECT_EQ(description.room, roster.room());
  EXPECT_EQ(description.creator, sample_peer(1));
  EXPECT_EQ(description.size, 5U);
  EXPECT_EQ(description.voted, 1U);
  EXPECT_THAT(watch(3).objects,
              ElementsAre(Object{Kind::standing,
                                 Standing{roster.room(), knock.id, State::waiting, 1}.encode()}));
  EXPECT_EQ(code(3, Fetch{roster.room(), {}}), 4);
  EXPECT_EQ(std::get<Description>(ask(7, Describe{"ops"})).voted, 0U) << "not of another's knock";
  EXPECT_EQ(code(3, Describe{"nowhere"}), 4);
}

TEST_F(RegistryTest, TellsWhoWasInARoomAtWhichHeightItWent) {
  const Roster roster = let_in(make_room(1, "ops"), 2);
  ASSERT_EQ(put(2, Kind::leave, leave_of(2, roster).raw), 0);
  const auto gone = [&](std::uint8_t who) {
    return std::get<Description>(ask(who, Describe{"ops"})).gone;
  };

  EXPECT_EQ(gone(2), 0U) << "no value holds its leave yet";
  certify(roster, value_of_changes(roster, {}, {}, {leave_of(2, roster)}));

  EXPECT_EQ(gone(2), 2U);
  EXPECT_EQ(gone(1), 0U);
  EXPECT_EQ(gone(3), 0U);
  const Answer anonymous = registry_.handle(now_, {}, {std::nullopt, Describe{"ops"}}).answer;
  EXPECT_EQ(std::get<Description>(anonymous).gone, 0U);
}

TEST_F(RegistryTest, AnswersAWatchWithWhatIsNewSinceItsCursor) {
  const Roster roster = make_room(1, "ops");
  const Page first = watch(1);
  EXPECT_EQ(first.objects.size(), 2U);

  EXPECT_TRUE(outcome(1, Watch{first.cursor}).is_held);
  const Knock knock = knock_of(2, roster.room());
  put(2, Kind::knock, knock.raw);

  const Outcome second = outcome(1, Watch{first.cursor});
  EXPECT_FALSE(second.is_held);
  EXPECT_THAT(std::get<Page>(second.answer).objects, ElementsAre(Object{Kind::knock, knock.raw}));
}

TEST_F(RegistryTest, AnswersACursorOfAnotherStoreFromTheBeginning) {
  make_room(1, "ops");
  const std::size_t all = watch(1).objects.size();

  EXPECT_EQ(watch(1, {watch(1).cursor.value ^ 1ULL << kPositionBits}).objects.size(), all);
  EXPECT_EQ(watch(1, {watch(1).cursor.value + 100}).objects.size(), all);
  EXPECT_EQ(watch(1, {(1ULL << 63U) - 1}).objects.size(), all);
}

TEST_F(RegistryTest, AnswersInPagesThatFitAFrame) {
  const Roster roster = let_in(make_room(1, "ops"), 2);
  std::size_t count = 0;
  for (std::uint64_t round = 1; count < 90; ++round, ++count) {
    const Value value =
        value_of_changes(roster, {knock_of(3, roster.room(), std::to_string(round))});
    ASSERT_EQ(put(static_cast<std::uint8_t>(1 + round % 2), Kind::value, value.raw), 0);
  }
  const std::string note(kNoteBytesMax, 'n');
  for (std::uint8_t who = 4; who < 34; ++who) {
    ASSERT_EQ(put(who, Kind::knock, knock_of(who, roster.room(), note).raw), 0);
    for (std::uint8_t voter = 1; voter <= 2; ++voter) {
      Vote vote = vote_of(voter, roster, knock_of(who, roster.room(), note).id, true);
      vote.note = note;
      vote.sign(sample_identity(voter));
      ASSERT_EQ(put(voter, Kind::vote, vote.raw), 0);
    }
  }

  std::size_t answers = 0;
  std::size_t objects = 0;
  Cursor cursor;
  for (bool more = true; more; ++answers) {
    const Page page = watch(1, cursor);
    EXPECT_LE(encode(Answer(page)).size(), kFrameBytesMax);
    objects += page.objects.size();
    cursor = page.cursor;
    more = page.more;
  }
  EXPECT_EQ(objects, 2 + 2 + 90 + 30 + 60U);
  EXPECT_GT(answers, 1U);
  EXPECT_TRUE(outcome(1, Watch{cursor}).is_held);
}

TEST_F(RegistryTest, GivesANewMemberTheWholeRoomWhenItAsks) {
  Roster roster = make_room(1, "ops");
  const Cursor early = watch(2).cursor;
  roster = let_in(roster, 2);

  EXPECT_THAT(kinds(2, early), ElementsAre(Kind::value, Kind::certificate, Kind::standing));
  const auto page = std::get<Page>(ask(2, Fetch{roster.room(), {}}));
  std::vector<Kind> all;
  for (const Object& object : page.objects) all.push_back(object.kind);
  EXPECT_THAT(all, ElementsAre(Kind::genesis, Kind::value, Kind::certificate));
}

// --- Time ---

TEST_F(RegistryTest, ForgetsARoomThatNobodyAsksAbout) {
  make_room(1, "ops");
  make_room(2, "play");
  for (int day = 0; day < 179; ++day) {
    pass(24h);
    watch(2);
  }
  pass(2 * 24h);

  EXPECT_THAT(room_names(), ElementsAre("play"));
  EXPECT_THAT(watch(1).objects, IsEmpty());
  EXPECT_THAT(store_, testing::SizeIs(4)) << "mark; genesis, standing and touch of play";
}

}  // namespace
}  // namespace p2pchat::rendezvous
