#include "daemon/shell/store/wish_row.h"

#include <gmock/gmock.h>

#include "tests/unit/daemon/shell/store_fixture.h"
#include "tests/unit/proto/consent_fixtures.h"

namespace p2pchat {
namespace {

using fixture::kAnna;
using fixture::kBob;
using fixture::kCarl;
using ::testing::HasSubstr;

WishRecord wish_for(const RoomId& room) {
  WishRecord wish;
  wish.room = room;
  wish.name = "garden";
  wish.creator = kAnna.id();
  wish.knock = fixture::knock(kBob, room).raw;
  wish.via = "anna.example:7473";
  wish.hosts = {fixture::card_of(kAnna), fixture::card_of(kCarl, "carl")};
  return wish;
}

void expect_equal(const WishRecord& a, const WishRecord& b) {
  EXPECT_EQ(a.room, b.room);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.creator, b.creator);
  EXPECT_EQ(a.knock, b.knock);
  EXPECT_EQ(a.via, b.via);
  EXPECT_EQ(a.is_over, b.is_over);
  ASSERT_EQ(a.hosts.size(), b.hosts.size());
  for (std::size_t i = 0; i < a.hosts.size(); ++i) EXPECT_EQ(a.hosts[i].raw, b.hosts[i].raw);
}

class WishRowTest : public StoreFixture {
 protected:
  void carry_out(const Actions& actions) {
    const auto done = store_->commit(actions);
    ASSERT_TRUE(done) << done.error().text;
  }
  Snapshot load() {
    reopen();
    auto snapshot = store_->load();
    EXPECT_TRUE(snapshot) << snapshot.error().text;
    return snapshot ? *snapshot : Snapshot();
  }
};

TEST_F(WishRowTest, KeepsEveryFieldOfAWish) {
  carry_out({action::StoreWish{wish_for(fixture::room())}});

  const Snapshot loaded = load();

  ASSERT_EQ(loaded.wishes.size(), 1U);
  expect_equal(loaded.wishes[0], wish_for(fixture::room()));
}

TEST_F(WishRowTest, ReplacesTheWishForTheSameRoom) {
  carry_out({action::StoreWish{wish_for(fixture::room())}});
  WishRecord later = wish_for(fixture::room());
  later.via.clear();
  later.is_over = true;
  later.hosts.clear();

  carry_out({action::StoreWish{later}});

  const Snapshot loaded = load();
  ASSERT_EQ(loaded.wishes.size(), 1U);
  expect_equal(loaded.wishes[0], later);
}

TEST_F(WishRowTest, DropsAWishAndNoOther) {
  carry_out({action::StoreWish{wish_for(fixture::room())},
             action::StoreWish{wish_for(fixture::other_room())}});

  carry_out({action::DropWish{fixture::room()}});

  const Snapshot loaded = load();
  ASSERT_EQ(loaded.wishes.size(), 1U);
  EXPECT_EQ(loaded.wishes[0].room, fixture::other_room());
}

TEST_F(WishRowTest, DropsAWishThatIsNotThere) {
  carry_out({action::DropWish{fixture::room()}});

  EXPECT_TRUE(load().wishes.empty());
}

TEST_F(WishRowTest, FindsDamage) {
  carry_out({action::StoreWish{wish_for(fixture::room())}});
  for (const char* change :
       {"room = zeroblob(32)", "creator = zeroblob(3)", "knock = zeroblob(100)",
        "hosts = zeroblob(100)", "hosts = CAST(substr(hosts, 1, length(hosts) - 1) AS BLOB)"}) {
    behind("CREATE TABLE kept AS SELECT * FROM wishes");
    behind(std::string("UPDATE wishes SET ") + change);

    const auto snapshot = store_->load();

    ASSERT_FALSE(snapshot) << change;
    EXPECT_EQ(snapshot.error().fault, Fault::damaged);
    EXPECT_THAT(snapshot.error().text, HasSubstr("is damaged"));
    behind("DELETE FROM wishes; INSERT INTO wishes SELECT * FROM kept; DROP TABLE kept");
  }
  EXPECT_EQ(load().wishes.size(), 1U);
}

}  // namespace
}  // namespace p2pchat
