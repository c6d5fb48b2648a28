#include "daemon/shell/store.h"

#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "daemon/shell/store/database.h"
#include "tests/unit/daemon/shell/store_fixture.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using ::testing::HasSubstr;

class StoreTest : public StoreFixture {
 protected:
  // The bodies' batches that read_batches() answers.
  std::vector<Bytes> read(const FeedId& feed, std::uint64_t first, std::uint64_t last,
                          std::size_t at_most = 100) {
    std::vector<Bytes> batches;
    const auto done = store_->read_batches(room_, feed, {first}, {last}, [&](ByteView batch) {
      batches.push_back(to_bytes(batch));
      return batches.size() < at_most;
    });
    EXPECT_TRUE(done);
    return batches;
  }
  std::string count_of(const std::string& table) { return behind("SELECT count(*) FROM " + table); }

  RoomId room_ = sample_room(7);
  SampleFeed anna_{1, room_};
};

Contact full_contact() {
  Contact contact;
  contact.id = sample_peer(2);
  contact.name = "bob";
  contact.is_aliased = true;
  contact.is_verified = true;
  contact.is_blocked = true;
  contact.is_near = true;
  contact.asks = true;
  contact.card = sample_card(2, "bobby", 5);
  contact.pins = {{"bob.example", 7473}, {"::1", 1}};
  contact.founding = sign_founding(sample_identity(2), sample_peer(1));
  contact.wish = Address{"*", 0};
  return contact;
}

void expect_equal(const Contact& a, const Contact& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.is_aliased, b.is_aliased);
  EXPECT_EQ(a.is_verified, b.is_verified);
  EXPECT_EQ(a.is_blocked, b.is_blocked);
  EXPECT_EQ(a.is_near, b.is_near);
  EXPECT_EQ(a.asks, b.asks);
  EXPECT_EQ(a.card.has_value(), b.card.has_value());
  EXPECT_EQ(a.card ? a.card->raw : Bytes{}, b.card ? b.card->raw : Bytes{});
  EXPECT_EQ(a.pins, b.pins);
  EXPECT_EQ(a.founding, b.founding);
  EXPECT_EQ(a.wish, b.wish);
}

TEST_F(StoreTest, IsEmptyWhenItIsNew) {
  const auto snapshot = store_->load();

  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->card_counter, Counter{0});
  EXPECT_EQ(snapshot->promised, Stamp{0});
  EXPECT_TRUE(snapshot->contacts.empty());
  EXPECT_TRUE(snapshot->rooms.empty());
  EXPECT_TRUE(snapshot->memberships.empty());
  EXPECT_TRUE(snapshot->wishes.empty());
  EXPECT_FALSE(snapshot->listing);
}

TEST_F(StoreTest, KeepsSelfAcrossReopening) {
  ASSERT_TRUE(store_->commit(Actions{action::StoreSelf{{3}, {4}}, action::StoreSelf{{5}, {6}}}));

  reopen();

  const auto snapshot = store_->load();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->card_counter, Counter{5});
  EXPECT_EQ(snapshot->promised, Stamp{6});
}

TEST_F(StoreTest, KeepsWhereItIsListed) {
  ASSERT_TRUE(store_->commit(Actions{action::StoreListing{"host.example"}}));
  ASSERT_TRUE(store_->commit(Actions{action::StoreSelf{{3}, {4}}}));
  reopen();
  EXPECT_EQ(store_->load()->listing, "host.example");

  ASSERT_TRUE(store_->commit(Actions{action::StoreListing{""}}));
  EXPECT_EQ(store_->load()->listing, "");

  ASSERT_TRUE(store_->commit(Actions{action::StoreListing{std::nullopt}}));
  EXPECT_EQ(store_->load()->listing, std::nullopt);
}

TEST_F(StoreTest, FindsWhatWasPushedUnderAKey) {
  const RoomId room = fixture::filled<RoomId>(1);
  const KeyRecord key{
      room,      "nightly", fixture::filled<Hash>(2), {fixture::filled<PeerId>(3), {}},
      Number{7}, {1234}};
  ASSERT_TRUE(store_->commit(Actions{action::StoreKey{key}}));

  const auto found = store_->find_key(room, "nightly");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->text, key.text);
  EXPECT_EQ((*found)->feed, key.feed);
  EXPECT_EQ((*found)->number, key.number);
  EXPECT_EQ((*found)->time, key.time);
  EXPECT_FALSE(*store_->find_key(room, "weekly"));
  EXPECT_FALSE(*store_->find_key(fixture::filled<RoomId>(2), "nightly"));
  // What is there for ever is not written over.
  EXPECT_FALSE(store_->commit(Actions{action::StoreKey{key}}));
}

TEST_F(StoreTest, KeepsEveryFieldOfAContact) {
  Contact full = full_contact();
  Contact bare;
  bare.id = sample_peer(3);
  ASSERT_TRUE(store_->commit(Actions{action::StoreContact{full}, action::StoreContact{bare}}));

  reopen();

  auto snapshot = store_->load();
  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->contacts.size(), 2U);
  const bool is_full_first = snapshot->contacts[0].id == full.id;
  expect_equal(snapshot->contacts[is_full_first ? 0 : 1], full);
  expect_equal(snapshot->contacts[is_full_first ? 1 : 0], bare);
}

TEST_F(StoreTest, ReplacesAContact) {
  Contact contact = full_contact();
  ASSERT_TRUE(store_->commit(Actions{action::StoreContact{contact}}));

  contact.name = "robert";
  contact.wish.reset();
  ASSERT_TRUE(store_->commit(Actions{action::StoreContact{contact}}));
  const auto replaced = store_->load();

  ASSERT_TRUE(replaced);
  ASSERT_EQ(replaced->contacts.size(), 1U);
  expect_equal(replaced->contacts[0], contact);
}

TEST_F(StoreTest, RefusesToLoadAContactWhoseCardWasChanged) {
  ASSERT_TRUE(store_->commit(Actions{action::StoreContact{full_contact()}}));
  behind("UPDATE contacts SET card = zeroblob(100)");

  const auto snapshot = store_->load();

  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().fault, Fault::damaged);
  EXPECT_THAT(snapshot.error().text, HasSubstr("is damaged"));
}

TEST_F(StoreTest, KnowsHowFarItHoldsAFeed) {
  const Batch first = anna_.open(100);
  const Batch second = anna_.say(200, {"a", "b"});
  store({first, second});

  reopen();

  const RoomState room = load_room();
  EXPECT_EQ(room.room, room_);
  EXPECT_EQ(room.bytes, first.raw.size() + second.raw.size());
  ASSERT_EQ(room.feeds.size(), 1U);
  EXPECT_EQ(room.feeds[0].feed, anna_.id());
  EXPECT_EQ(room.feeds[0].have, Number{3});
  EXPECT_EQ(room.feeds[0].head, second.head);
  EXPECT_EQ(room.feeds[0].stamp, Stamp{201});
}

TEST_F(StoreTest, DoesNotCountABatchBeyondAGapAsHeld) {
  const Batch first = anna_.open(100);
  anna_.say(200, {"lost"});
  const Batch third = anna_.say(300, {"beyond"});

  store({first, third});

  EXPECT_EQ(load_room().feeds.at(0).have, Number{1});
}

TEST_F(StoreTest, KeepsFeedsOfSeveralRoomsAndAuthorsApart) {
  SampleFeed bob(2, room_);
  SampleFeed anna_again(1, room_, 2);
  SampleFeed anna_elsewhere(1, sample_room(8));
  store({anna_.open(1), bob.open(2), anna_again.open(3), anna_elsewhere.open(4)});

  const auto snapshot = store_->load();

  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->rooms.size(), 2U);
  EXPECT_EQ(snapshot->rooms[0].feeds.size(), 3U);
  EXPECT_EQ(snapshot->rooms[1].room, sample_room(8));
  EXPECT_EQ(snapshot->rooms[1].feeds.size(), 1U);
}

TEST_F(StoreTest, KeepsABatchThatComesTwiceOnce) {
  const Batch batch = anna_.open(100);
  store({batch});

  store({batch, batch});

  EXPECT_EQ(count_of("entries"), "1");
  EXPECT_EQ(load_room().bytes, batch.raw.size());
}

TEST_F(StoreTest, PutsABatchThatWasDamagedAtTheEndAgain) {
  const Batch first = anna_.open(100);
  const Batch second = anna_.say(200, {"a"});
  store({first, second});
  damage(1);

  store({first});

  EXPECT_EQ(behind("SELECT group_concat(id) FROM (SELECT id FROM entries ORDER BY id)"), "2,3");
  const RoomState room = load_room();
  EXPECT_EQ(room.bytes, first.raw.size() + second.raw.size());
  EXPECT_EQ(room.feeds.at(0).have, Number{2});
  EXPECT_EQ(room.feeds.at(0).head, second.head);
  EXPECT_EQ(read(anna_.id(), 1, 9), (std::vector<Bytes>{first.raw, second.raw}));
}

TEST_F(StoreTest, NeverGivesAPositionTwice) {
  const Batch batch = anna_.open(100);
  store({batch});
  damage(1);

  store({batch});

  EXPECT_EQ(behind("SELECT id FROM entries"), "2");
}

TEST_F(StoreTest, ReadsTheBatchesThatHoldWhatIsAskedFor) {
  const Batch first = anna_.open(100);
  const Batch second = anna_.say(200, {"a", "b", "c"});  // Numbers 2 to 4.
  const Batch third = anna_.say(300, {"d", "e"});        // 5 and 6.
  store({first, second, third});

  EXPECT_EQ(read(anna_.id(), 1, ~0ULL), (std::vector<Bytes>{first.raw, second.raw, third.raw}));
  EXPECT_EQ(read(anna_.id(), 3, 4), (std::vector<Bytes>{second.raw}));
  EXPECT_EQ(read(anna_.id(), 4, 5), (std::vector<Bytes>{second.raw, third.raw}));
  EXPECT_EQ(read(anna_.id(), 1, 6, 2), (std::vector<Bytes>{first.raw, second.raw}));
  EXPECT_TRUE(read(anna_.id(), 7, 9).empty());
  EXPECT_TRUE(read(SampleFeed(2, room_).id(), 1, 9).empty());
}

TEST_F(StoreTest, EndsReadingAtAGap) {
  const Batch first = anna_.open(100);
  anna_.say(200, {"lost"});
  const Batch third = anna_.say(300, {"beyond"});
  store({first, third});

  EXPECT_EQ(read(anna_.id(), 1, 9), (std::vector<Bytes>{first.raw}));
}

TEST_F(StoreTest, EndsReadingAtADamagedBatchAndNamesItOnce) {
  const Batch first = anna_.open(100);
  store({first, anna_.say(200, {"a", "b"}), anna_.say(300, {"c"})});
  damage(2);

  EXPECT_EQ(read(anna_.id(), 1, 9), (std::vector<Bytes>{first.raw}));
  EXPECT_EQ(read(anna_.id(), 1, 9), (std::vector<Bytes>{first.raw}));

  const auto damages = store_->take_damages();
  ASSERT_EQ(damages.size(), 1U);
  EXPECT_EQ(damages[0].room, room_);
  EXPECT_EQ(damages[0].feed, anna_.id());
  EXPECT_EQ(damages[0].first, Number{2});
  EXPECT_EQ(damages[0].last, Number{3});
  EXPECT_TRUE(store_->take_damages().empty());
}

TEST_F(StoreTest, CoversEveryColumnByTheChecksum) {
  const Batch first = anna_.open(100);
  const Batch second = anna_.say(200, {"a"});
  store({first, second});

  for (const std::string column :
       {"room", "count", "shown", "first_stamp", "last_stamp", "high", "received"}) {
    behind("UPDATE entries SET " + column + " = " + column + " + 1 WHERE id = 2");
    EXPECT_EQ(read(anna_.id(), 1, 9), (std::vector<Bytes>{first.raw})) << column;
    behind("UPDATE entries SET " + column + " = " + column + " - 1 WHERE id = 2");
  }
  EXPECT_EQ(read(anna_.id(), 1, 9), (std::vector<Bytes>{first.raw, second.raw}));
}

TEST_F(StoreTest, DoesNotTouchTheFileForActionsThatAreNotDurable) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);

  EXPECT_TRUE(store_->commit(Actions{}));
  EXPECT_TRUE(store_->commit(Actions{action::Report{"hello"}, action::Admit{sample_peer(2)}}));

  sqlite3_close(other);
}

TEST_F(StoreTest, IsPrivateWhateverTheUmask) {
  for (const mode_t mask : {0U, 0777U}) {
    const auto file = folder_ / std::to_string(mask).c_str();
    const mode_t mask_before = ::umask(mask);
    auto other = Store::open(file);
    const bool is_done = other && other->commit(Actions{action::StoreSelf{{1}, {1}}});
    ::umask(mask_before);

    ASSERT_TRUE(is_done);
    for (const char* ending : {"", "-wal", "-shm"}) {
      struct stat status {};
      ASSERT_EQ(::stat((file.string() + ending).c_str(), &status), 0) << ending;
      EXPECT_EQ(status.st_mode & 07777, 0600U) << file << ending;
    }
  }
}

// --- When the machine fails ---

TEST_F(StoreTest, KeepsNothingOfACommitThatFails) {
  store({anna_.open(100)});
  ASSERT_TRUE(store_->database().run("PRAGMA max_page_count = 40"));
  Actions actions{action::StoreSelf{{9}, {9}}, action::StoreContact{full_contact()}};
  for (int i = 0; i < 20; ++i) {
    actions.push_back(action::StoreBatch{anna_.say(200, {std::string(30'000, 'x')}), {1}});
  }

  const auto failed = store_->commit(actions);

  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().fault, Fault::machine);
  EXPECT_EQ(failed.error().text, "the disk is full: " + file_.string());
  const auto snapshot = store_->load();
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->card_counter, Counter{0});
  EXPECT_TRUE(snapshot->contacts.empty());
  EXPECT_EQ(snapshot->rooms.at(0).feeds.at(0).have, Number{1});
  EXPECT_EQ(count_of("entries"), "1");
}

TEST_F(StoreTest, RecoversByItselfWhenThereIsRoomAgain) {
  ASSERT_TRUE(store_->database().run("PRAGMA max_page_count = 1"));  // As few as it has.
  const Batch batch = anna_.open(100);
  EXPECT_FALSE(store_->can_write());
  EXPECT_FALSE(store_->can_write());

  ASSERT_TRUE(store_->database().run("PRAGMA max_page_count = 100000"));

  EXPECT_TRUE(store_->can_write());
  EXPECT_TRUE(store_->can_write());
  EXPECT_TRUE(store_->commit(Actions{action::StoreBatch{batch, {1}}}));
}

TEST_F(StoreTest, ServesReadsWhileTheDiskIsFull) {
  const auto disk = folder_ / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "may not mount a small disk";
  }
  {
    auto store = Store::open(disk / "p2pchat.db");
    ASSERT_TRUE(store);
    const Batch first = anna_.open(100);
    ASSERT_TRUE(store->commit(Actions{action::StoreBatch{first, {1}}}));

    Result<void> failed;
    for (int i = 0; i < 100 && failed; ++i) {
      failed = store->commit(
          Actions{action::StoreBatch{anna_.say(200, {std::string(30'000, 'x')}), {1}}});
    }

    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().text, "the disk is full: " + (disk / "p2pchat.db").string());
    EXPECT_FALSE(store->can_write());
    std::size_t count = 0;
    EXPECT_TRUE(store->read_batches(room_, anna_.id(), {1}, {1}, [&](ByteView batch) {
      count += to_bytes(batch) == first.raw;
      return true;
    }));
    EXPECT_EQ(count, 1U);
    EXPECT_EQ(::mount("", disk.c_str(), "", MS_REMOUNT, "size=8m"), 0);
    EXPECT_TRUE(store->can_write());
  }
  EXPECT_EQ(::umount2(disk.c_str(), MNT_DETACH), 0);
}

TEST_F(StoreTest, SaysThatAnotherProgramHoldsTheFile) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);

  const auto failed = store_->commit(Actions{action::StoreSelf{{1}, {1}}});
  sqlite3_close(other);
  const auto done = store_->commit(Actions{action::StoreSelf{{1}, {1}}});

  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().text, HasSubstr("in use by another program"));
  EXPECT_TRUE(done);
}

TEST_F(StoreTest, AnswersAnErrorWhenItMeetsADestroyedPage) {
  store({anna_.open(100)});
  store_.reset();
  destroy("sqlite_autoindex_feeds_1");
  reopen();

  const auto snapshot = store_->load();
  const auto committed = store_->commit(Actions{action::StoreBatch{anna_.say(200, {"a"}), {1}}});

  ASSERT_FALSE(snapshot);
  EXPECT_THAT(snapshot.error().text, HasSubstr(file_.string() + " is damaged"));
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().text, snapshot.error().text);
}

}  // namespace
}  // namespace p2pchat
