#include "rendezvous/service/store.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/samples.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::rendezvous {
namespace {

using ::testing::HasSubstr;

class RendezvousStoreTest : public ::testing::Test {
 protected:
  RendezvousStoreTest() : file_(folder_ / "rendezvous.db") {}

  Store opened() {
    auto store = Store::open(file_);
    EXPECT_TRUE(store) << store.error().text;
    return *std::move(store);
  }
  // As bytes, in the order of keys.
  std::map<Bytes, Bytes> content() {
    std::map<Bytes, Bytes> all;
    auto store = opened();
    const auto records = store.load();
    EXPECT_TRUE(records);
    for (const Record& record : *records) all[key_of(record)] = value_of(record);
    return all;
  }
  static std::vector<Record> one_of_each() {
    Entry entry;
    entry.room = sample_room(1);
    entry.kind = Kind::vote;
    entry.id.bytes.fill(2);
    entry.position = {3};
    entry.by = sample_peer(4);
    entry.about.bytes.fill(5);
    entry.rank = 6;
    entry.received = {7};
    entry.raw = to_bytes("raw");
    Stand stand{sample_peer(1), {sample_room(2), {}, State::gone, 3}, {4}, {5}, 6};
    return {Mark{1, {2}},
            entry,
            stand,
            Listing{sample_card(1, "anna"), {8}, {9}, true},
            Knocker{sample_peer(2), {10}},
            Touch{sample_room(3), {11}}};
  }
  static Changes writing(const std::vector<Record>& records) {
    Changes changes;
    for (const Record& record : records) changes.push_back({record});
    return changes;
  }

  TempFolder folder_;
  std::filesystem::path file_;
};

TEST_F(RendezvousStoreTest, GivesBackWhatItWasGivenAfterItWasClosed) {
  ASSERT_TRUE(opened().commit(writing(one_of_each())));

  std::map<Bytes, Bytes> wanted;
  for (const Record& record : one_of_each()) wanted[key_of(record)] = value_of(record);
  EXPECT_EQ(wanted.size(), 6U);
  EXPECT_EQ(content(), wanted);
}

TEST_F(RendezvousStoreTest, WritesAgainAndErasesByTheKeyAlone) {
  auto store = opened();
  ASSERT_TRUE(store.commit({{Mark{1, {2}}}, {Knocker{sample_peer(2), {10}}}}));

  ASSERT_TRUE(store.commit({{Mark{1, {9}}}, {Knocker{sample_peer(2), {99}}, true}}));

  const auto records = store.load();
  ASSERT_TRUE(records);
  ASSERT_EQ(records->size(), 1U);
  EXPECT_EQ(std::get<Mark>(records->front()).position, Position{9});
}

TEST_F(RendezvousStoreTest, MakesAFileForItsOwnerAlone) {
  (void)opened();

  struct stat status {};
  ASSERT_EQ(stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(RendezvousStoreTest, RefusesAFileOfAnotherProgram) {
  std::string header("SQLite format 3\0", 16);
  header.resize(4096);
  std::ofstream(file_, std::ios::binary) << header;

  const auto store = Store::open(file_);

  ASSERT_FALSE(store);
  EXPECT_THAT(store.error().text, HasSubstr("belongs to another program"));
}

TEST_F(RendezvousStoreTest, NoticesEveryFlippedByteOfARecord) {
  ASSERT_TRUE(opened().commit(writing(one_of_each())));
  std::ifstream in(file_, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const Bytes value = value_of(one_of_each()[1]);
  const std::size_t at = whole.find(std::string(text_view(value)));
  ASSERT_NE(at, std::string::npos);

  for (std::size_t i = 0; i < value.size(); i += 7) {
    std::string damaged = whole;
    damaged[at + i] = static_cast<char>(damaged[at + i] ^ 1);
    std::ofstream(file_, std::ios::binary | std::ios::trunc) << damaged;
    auto store = Store::open(file_);
    const auto records = store ? store->load() : tl::unexpected(store.error());
    ASSERT_FALSE(records) << i;
    EXPECT_EQ(records.error().fault, Fault::damaged) << records.error().text;
  }
}

}  // namespace
}  // namespace p2pchat::rendezvous
