#include "daemon/shell/inbox.h"

#include <algorithm>
#include <gmock/gmock.h>

#include "daemon/shell/store/database.h"
#include "tests/unit/daemon/shell/store_fixture.h"

namespace p2pchat {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InboxTest : public StoreFixture {
 protected:
  InboxTest() { inbox_.emplace(*store_); }

  void reopen_all() {
    inbox_.reset();
    reopen();
    inbox_.emplace(*store_);
  }
  // Everything from `cursor` on, `at_most` at a time.
  std::vector<Entry> pull(PullCursor& cursor, std::size_t at_most = 100, bool mine = false) {
    auto pulled = inbox_->pull(cursor, at_most, self_, mine);
    EXPECT_TRUE(pulled) << pulled.error().text;
    return pulled ? *pulled : std::vector<Entry>{};
  }
  std::vector<std::string> texts(PullCursor& cursor, std::size_t at_most = 100, bool mine = false) {
    std::vector<std::string> texts;
    for (const Entry& entry : pull(cursor, at_most, mine)) texts.push_back(to_string(entry.body));
    return texts;
  }
  PullCursor from_start() const { return {{room_, {}}}; }

  PeerId self_ = sample_peer(9);
  RoomId room_ = sample_room(7);
  SampleFeed anna_{1, room_};
  SampleFeed bob_{2, room_};
  SampleFeed me_{9, room_};
  Reader reader_{1000, "script"};
  std::optional<Inbox> inbox_;
};

TEST_F(InboxTest, AnswersAllThatIsKnownOfAPost) {
  store({anna_.open(10), anna_.say(20 << 16, {"one", "two"})});
  PullCursor cursor = from_start();

  const auto entries = pull(cursor);

  ASSERT_EQ(entries.size(), 2U);
  const Entry& two = entries[1];
  EXPECT_EQ(two.room, room_);
  EXPECT_EQ(two.author, anna_.id().author);
  EXPECT_FALSE(two.is_system);
  EXPECT_EQ(two.id, message_id(anna_.tag(), {3}));
  EXPECT_EQ(two.number, Number{3});
  EXPECT_EQ(two.stamp, Stamp{(20 << 16) + 1});
  EXPECT_EQ(two.received, WallTime{1001});
  EXPECT_EQ(to_string(two.body), "two");
  EXPECT_FALSE(two.is_late);
  EXPECT_EQ(two.position, 2);
  EXPECT_EQ(two.index, 1);
}

TEST_F(InboxTest, AnswersANoticeInItsPlace) {
  store({anna_.open(10), anna_.say(20, {"before"})});
  notice(room_, sample_peer(3), 5000, "carol asks\xff\n");
  store({anna_.say(30, {"after"})});
  PullCursor cursor = from_start();

  const auto entries = pull(cursor);

  ASSERT_EQ(entries.size(), 3U);
  EXPECT_TRUE(entries[1].is_system);
  EXPECT_EQ(entries[1].author, sample_peer(3));
  EXPECT_EQ(entries[1].id, "n.3");
  EXPECT_EQ(entries[1].stamp, Stamp::at({5000}));
  EXPECT_EQ(entries[1].received, WallTime{5000});
  EXPECT_EQ(to_string(entries[1].body), "carol asks\xff\n");
  EXPECT_FALSE(entries[2].is_late);  // A notice is not in the one order.
}

TEST_F(InboxTest, PullsInTheOrderOfArrivalOverAllConversations) {
  const RoomId other = sample_room(3);
  SampleFeed elsewhere(1, other);
  store({elsewhere.open(1), anna_.open(2), anna_.say(50, {"a", "b"}), elsewhere.say(5, {"c"}),
         anna_.say(60, {"d"}), elsewhere.say(7, {"e", "f"})});

  for (std::size_t at_most = 1; at_most < 8; ++at_most) {
    PullCursor cursor{{room_, {}}, {other, {}}};
    std::vector<std::string> all;
    for (auto some = texts(cursor, at_most); !some.empty(); some = texts(cursor, at_most)) {
      EXPECT_LE(some.size(), at_most);
      all.insert(all.end(), some.begin(), some.end());
    }
    EXPECT_THAT(all, ElementsAre("a", "b", "c", "d", "e", "f")) << at_most;
  }
}

TEST_F(InboxTest, LeavesOtherConversationsAlone) {
  SampleFeed elsewhere(1, sample_room(3));
  store({elsewhere.open(1), elsewhere.say(2, {"other"}), anna_.open(3), anna_.say(4, {"mine"})});
  PullCursor cursor = from_start();

  EXPECT_THAT(texts(cursor), ElementsAre("mine"));
}

TEST_F(InboxTest, GoesOnWithWhatArrivesLater) {
  store({anna_.open(1), anna_.say(2, {"a"})});
  PullCursor cursor = from_start();
  EXPECT_THAT(texts(cursor), ElementsAre("a"));
  EXPECT_THAT(texts(cursor), IsEmpty());

  store({anna_.say(10, {"b"})});

  EXPECT_THAT(texts(cursor), ElementsAre("b"));
}

TEST_F(InboxTest, AnswersOwnPostsOnlyOnRequest) {
  store({me_.open(1), me_.say(2, {"mine"}), anna_.open(3), anna_.say(4, {"hers"}),
         me_.say(50, {"mine again"})});
  PullCursor cursor = from_start();
  PullCursor cursor_of_all = from_start();

  EXPECT_THAT(texts(cursor), ElementsAre("hers"));
  EXPECT_THAT(texts(cursor_of_all, 100, true), ElementsAre("mine", "hers", "mine again"));
}

TEST_F(InboxTest, MovesOverWhatItLeavesOut) {
  store({anna_.open(1), me_.open(2), me_.say(3, {"x", "y"})});
  PullCursor cursor = from_start();

  EXPECT_THAT(texts(cursor), IsEmpty());

  EXPECT_EQ(cursor[room_], (ReaderPlace{3, 1}));
}

TEST_F(InboxTest, GoesOnWithinABatch) {
  store({anna_.open(1), anna_.say(2, {"a", "b", "c"})});
  PullCursor cursor{{room_, {2, 0}}};

  EXPECT_THAT(texts(cursor), ElementsAre("b", "c"));
  EXPECT_EQ(cursor[room_], (ReaderPlace{2, 2}));
}

TEST_F(InboxTest, SkipsOwnPostsBetweenThoseOfOthers) {
  store({anna_.open(1), anna_.say(2, {"a"}), me_.open(3), me_.say(4, {"mine"}), anna_.say(5, {"b"}),
         bob_.open(6), me_.say(7, {"mine"}), bob_.say(8, {"c"})});
  PullCursor cursor = from_start();

  EXPECT_THAT(texts(cursor), ElementsAre("a", "b", "c"));
}

TEST_F(InboxTest, MarksWhatSortsBeforeSomethingThatArrivedEarlier) {
  store({anna_.open(1), bob_.open(2), anna_.say(100, {"a"}), bob_.say(50, {"late"}),
         bob_.say(101, {"fresh"}), anna_.say(200, {"fresh"})});
  PullCursor cursor = from_start();

  std::vector<bool> late;
  for (const Entry& entry : pull(cursor)) late.push_back(entry.is_late);

  EXPECT_THAT(late, ElementsAre(false, true, false, false));
}

// At equal stamps the order of their authors decides.
TEST_F(InboxTest, MarksWhatSortsBeforeAnEqualStamp) {
  std::vector<SampleFeed> feeds{anna_, bob_, SampleFeed(3, room_)};
  std::sort(feeds.begin(), feeds.end(),
            [](const SampleFeed& a, const SampleFeed& b) { return a.id() < b.id(); });
  store({feeds[0].open(1), feeds[1].open(2), feeds[2].open(3)});

  store({feeds[0].say(100, {"lowest"}), feeds[2].say(100, {"highest"})});
  store({feeds[0].say(200, {"lowest"})});
  store({feeds[2].say(200, {"highest"})});
  store({feeds[2].say(300, {"highest"}), feeds[0].say(300, {"lowest, late"})});
  store({feeds[1].say(300, {"middle, late"})});

  PullCursor cursor = from_start();
  std::vector<bool> late;
  for (const Entry& entry : pull(cursor)) late.push_back(entry.is_late);
  EXPECT_THAT(late, ElementsAre(false, false, false, false, false, true, true));
}

TEST_F(InboxTest, DoesNotCallAPostLateBecauseOfAnOpening) {
  store({anna_.open(1000), bob_.open(1), bob_.say(2, {"a"})});
  PullCursor cursor = from_start();

  const auto entries = pull(cursor);

  ASSERT_EQ(entries.size(), 1U);
  EXPECT_FALSE(entries[0].is_late);
}

TEST_F(InboxTest, RemembersWhatArrivedBeforeARestart) {
  store({anna_.open(1), anna_.say(100, {"a"})});
  reopen_all();
  store({bob_.open(2), bob_.say(50, {"late"})});
  PullCursor cursor = from_start();

  const auto entries = pull(cursor);

  ASSERT_EQ(entries.size(), 2U);
  EXPECT_TRUE(entries[1].is_late);
}

// --- Damage ---

TEST_F(InboxTest, LeavesADamagedBatchOutAndNamesIt) {
  store({anna_.open(1), anna_.say(2, {"a"}), anna_.say(5, {"b", "c"}), anna_.say(9, {"d"})});
  damage(3);
  PullCursor cursor = from_start();

  EXPECT_THAT(texts(cursor), ElementsAre("a", "d"));

  const auto damages = store_->take_damages();
  ASSERT_EQ(damages.size(), 1U);
  EXPECT_EQ(damages[0].feed, anna_.id());
  EXPECT_EQ(damages[0].first, Number{3});
  EXPECT_EQ(damages[0].last, Number{4});
  EXPECT_THAT(store_->take_damages(), IsEmpty());
}

TEST_F(InboxTest, AnswersADamagedBatchOnceItHasComeAgain) {
  const Batch lost = anna_.open(1);
  const Batch said = anna_.say(2, {"a"});
  store({lost, said, anna_.say(5, {"b"})});
  damage(2);
  PullCursor cursor = from_start();
  EXPECT_THAT(texts(cursor), ElementsAre("b"));

  store({said});

  const auto entries = pull(cursor);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(to_string(entries[0].body), "a");
  EXPECT_TRUE(entries[0].is_late);
}

TEST_F(InboxTest, LeavesADamagedNoticeOut) {
  notice(room_, sample_peer(3), 1, "first");
  notice(room_, sample_peer(3), 2, "second");
  behind("UPDATE entries SET received = 99 WHERE id = 1");
  PullCursor cursor = from_start();

  EXPECT_THAT(texts(cursor), ElementsAre("second"));
  EXPECT_THAT(store_->take_damages(), IsEmpty());
}

TEST_F(InboxTest, LeavesTheCursorWhereItWasWhenReadingFails) {
  store({anna_.open(1), anna_.say(2, {"a"})});
  behind("DROP TABLE feeds");
  PullCursor cursor = from_start();

  EXPECT_FALSE(inbox_->pull(cursor, 10, self_, false));

  EXPECT_EQ(cursor[room_], ReaderPlace{});
}

// --- Places ---

TEST_F(InboxTest, StartsAReaderAtTheOldest) {
  const auto cursor = inbox_->open_pull(reader_, {room_, sample_room(8)});

  ASSERT_TRUE(cursor);
  EXPECT_EQ(*cursor, (PullCursor{{room_, {}}, {sample_room(8), {}}}));
}

TEST_F(InboxTest, KeepsThePlacesOfReadersApartAndAcrossRestarts) {
  store({anna_.open(1), anna_.say(2, {"a", "b"})});
  const Reader other_user{1001, "script"};
  const Reader other_name{1000, "other"};

  ASSERT_TRUE(inbox_->move(reader_, {{room_, {2, 0}}}));
  ASSERT_TRUE(inbox_->move(other_user, {{room_, {2, 1}}}));
  reopen_all();

  EXPECT_EQ(inbox_->open_pull(reader_, {room_})->at(room_), (ReaderPlace{2, 0}));
  EXPECT_EQ(inbox_->open_pull(other_user, {room_})->at(room_), (ReaderPlace{2, 1}));
  EXPECT_EQ(inbox_->open_pull(other_name, {room_})->at(room_), ReaderPlace{});
}

TEST_F(InboxTest, NeverMovesAPlaceBack) {
  store({anna_.open(1), anna_.say(2, {"a", "b"})});
  ASSERT_TRUE(inbox_->move(reader_, {{room_, {2, 1}}}));

  ASSERT_TRUE(inbox_->move(reader_, {{room_, {2, 0}}}));
  ASSERT_TRUE(inbox_->move(reader_, {{room_, {1, 5}}}));

  EXPECT_EQ(inbox_->open_pull(reader_, {room_})->at(room_), (ReaderPlace{2, 1}));
}

TEST_F(InboxTest, MovesNothingWhenTheDiskIsFull) {
  store({anna_.open(1)});
  ASSERT_TRUE(store_->database().run("PRAGMA query_only = ON"));

  EXPECT_FALSE(inbox_->move(reader_, {{room_, {1, 0}}}));

  EXPECT_EQ(inbox_->open_pull(reader_, {room_})->at(room_), ReaderPlace{});
}

TEST_F(InboxTest, CountsTheRowsThatAReaderHasNotHad) {
  store({anna_.open(1), anna_.say(2, {"a", "b"}), anna_.say(9, {"c"})});
  notice(room_, sample_peer(3), 1, "notice");
  ASSERT_TRUE(inbox_->move(reader_, {{room_, {2, 0}}}));
  ASSERT_TRUE(inbox_->move({5, "done"}, {{room_, {4, 0}}}));

  const auto rows = inbox_->readers();

  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 2U);
  EXPECT_EQ((*rows)[0].reader, (Reader{5, "done"}));
  EXPECT_EQ((*rows)[0].unread, 0);
  EXPECT_EQ((*rows)[1].reader, reader_);
  EXPECT_EQ((*rows)[1].room, room_);
  EXPECT_EQ((*rows)[1].place, (ReaderPlace{2, 0}));
  EXPECT_EQ((*rows)[1].unread, 3);
}

// --- Messages by their ids ---

TEST_F(InboxTest, FindsAMessageByItsId) {
  store({anna_.open(1), anna_.say(2, {"a", "b"}), bob_.open(4), anna_.say(9, {"c"})});
  notice(room_, sample_peer(3), 7, "notice");

  const auto b = inbox_->find(message_id(anna_.tag(), {3}));
  const auto c = inbox_->find(message_id(anna_.tag(), {4}));
  const auto said = inbox_->find("n.5");

  ASSERT_TRUE(b && c && said);
  EXPECT_EQ(*b, std::pair(room_, ReaderPlace{2, 1}));
  EXPECT_EQ(*c, std::pair(room_, ReaderPlace{4, 0}));
  EXPECT_EQ(*said, std::pair(room_, ReaderPlace{5, 0}));
  EXPECT_EQ(*inbox_->place_of(room_, message_id(anna_.tag(), {3})), (LogPlace{{3}, anna_.id()}));
  EXPECT_EQ(*inbox_->place_of(room_, "n.5"), (LogPlace{Stamp::at({7}), {}}));
}

TEST_F(InboxTest, DoesNotFindWhatIsNotThere) {
  store({anna_.open(1), anna_.say(2, {"a"})});

  for (const std::string& id : {message_id(anna_.tag(), {3}), message_id(bob_.tag(), {1}),
                                std::string("n.1"), std::string("n.99"), std::string("n."),
                                std::string("n.1x"), std::string("hello"), std::string()}) {
    const auto found = inbox_->find(id);
    ASSERT_FALSE(found) << id;
    EXPECT_EQ(found.error().fault, Fault::unknown) << id;
    EXPECT_THAT(found.error().text, HasSubstr("no message " + id)) << id;
    EXPECT_FALSE(inbox_->place_of(room_, id)) << id;
  }
}

TEST_F(InboxTest, DoesNotFindAPlaceForAMessageOfAnotherRoom) {
  store({anna_.open(1), anna_.say(2, {"a"})});

  const auto place = inbox_->place_of(sample_room(8), message_id(anna_.tag(), {2}));

  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().fault, Fault::unknown);
  EXPECT_THAT(place.error().text, HasSubstr("this conversation holds no message"));
}

TEST_F(InboxTest, DoesNotAnswerThePlaceOfADamagedMessage) {
  store({anna_.open(1), anna_.say(2, {"a"})});
  damage(2);

  const auto place = inbox_->place_of(room_, message_id(anna_.tag(), {2}));

  ASSERT_FALSE(place);
  EXPECT_EQ(place.error().fault, Fault::unknown);
  EXPECT_EQ(store_->take_damages().size(), 1U);
}

}  // namespace
}  // namespace p2pchat
