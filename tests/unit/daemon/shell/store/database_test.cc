#include "daemon/shell/store/database.h"

#include <gmock/gmock.h>

#include "tests/unit/daemon/shell/store_fixture.h"

namespace p2pchat {
namespace {

using ::testing::HasSubstr;

class DatabaseTest : public StoreFixture {
 protected:
  DatabaseTest() {
    EXPECT_TRUE(database().run("CREATE TABLE things (one INTEGER, bytes BLOB, text TEXT) STRICT"));
  }
  Database& database() { return store_->database(); }
  Result<void> insert(std::int64_t one, ByteView bytes, std::string_view text) {
    Query query(database(), "INSERT INTO things VALUES (?1, ?2, ?3)");
    return query.bind(one).bind(bytes).bind(text).run();
  }
  std::int64_t count() {
    Query query(database(), "SELECT count(*) FROM things");
    EXPECT_TRUE(query.next());
    return query.integer(0);
  }
};

TEST_F(DatabaseTest, GivesBackWhatWasBound) {
  const Bytes bytes{0, 1, 255, 0};
  const std::string text("a\0b", 3);
  ASSERT_TRUE(insert(-5, bytes, text));

  Query query(database(), "SELECT one, bytes, text FROM things");

  ASSERT_TRUE(query.next());
  EXPECT_EQ(query.integer(0), -5);
  EXPECT_EQ(to_bytes(query.bytes(1)), bytes);
  EXPECT_EQ(query.text(2), text);
  EXPECT_FALSE(query.next());
  EXPECT_TRUE(query.end());
}

TEST_F(DatabaseTest, TellsNoBytesFromNothing) {
  ASSERT_TRUE(insert(1, {}, {}));
  ASSERT_TRUE(Query(database(), "INSERT INTO things VALUES (?1, ?2, ?3)")
                  .bind(std::int64_t{2})
                  .bind_nothing()
                  .bind_nothing()
                  .run());

  Query query(database(), "SELECT bytes, text FROM things ORDER BY one");

  ASSERT_TRUE(query.next());
  EXPECT_FALSE(query.is_nothing(0));
  EXPECT_FALSE(query.is_nothing(1));
  ASSERT_TRUE(query.next());
  EXPECT_TRUE(query.is_nothing(0));
  EXPECT_TRUE(query.is_nothing(1));
}

TEST_F(DatabaseTest, AnswersAnErrorForAQueryThatCannotBePrepared) {
  Query query(database(), "SELECT * FROM nowhere WHERE one = ?1");

  EXPECT_FALSE(query.bind(std::int64_t{1}).next());

  ASSERT_FALSE(query.end());
  EXPECT_THAT(query.end().error().text, HasSubstr(file_.string()));
}

TEST_F(DatabaseTest, UndoesATransactionThatWasNotCommitted) {
  {
    Transaction transaction(database());
    ASSERT_TRUE(transaction.begin_writing());
    ASSERT_TRUE(insert(1, {}, {}));
    EXPECT_EQ(count(), 1);
  }

  EXPECT_EQ(count(), 0);
  EXPECT_FALSE(database().is_in_transaction());
}

TEST_F(DatabaseTest, KeepsATransactionThatWasCommitted) {
  {
    Transaction transaction(database());
    ASSERT_TRUE(transaction.begin_writing());
    ASSERT_TRUE(insert(1, {}, {}));
    ASSERT_TRUE(transaction.commit());
  }

  EXPECT_EQ(count(), 1);
}

TEST_F(DatabaseTest, SeesOneStateOfTheFileWhileItReads) {
  Transaction reading(database());
  ASSERT_TRUE(reading.begin_reading());
  EXPECT_EQ(count(), 0);

  behind("INSERT INTO things VALUES (1, x'', '')");

  EXPECT_EQ(count(), 0);
}

}  // namespace
}  // namespace p2pchat
