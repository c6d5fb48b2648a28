#include "daemon/shell/store/schema.h"

#include <fstream>
#include <gmock/gmock.h>
#include <sstream>
#include <sys/stat.h>

#include "tests/unit/daemon/shell/store_fixture.h"

namespace p2pchat {
namespace {

using ::testing::HasSubstr;

constexpr const char* kRemedy =
    "move it away and start again: contacts and history come back from your peers";

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write(const std::filesystem::path& file, std::string_view content) {
  std::ofstream(file, std::ios::binary) << content;
}

class SchemaTest : public StoreFixture {
 protected:
  SchemaTest() {
    SampleFeed feed(1, sample_room(7));
    store({feed.open(100), feed.say(200, {std::string(20'000, 'x')})});
    store_.reset();
  }
  // What opening says; the file is the same afterwards.
  std::string refusal() {
    const std::string before = content_of(file_);
    const auto opened = Store::open(file_);
    EXPECT_FALSE(opened);
    EXPECT_EQ(content_of(file_), before);
    if (opened) return "";
    EXPECT_EQ(exit_code(opened.error().fault), ExitCode::failed);
    EXPECT_THAT(opened.error().text, HasSubstr(file_.string()));
    EXPECT_THAT(opened.error().text, HasSubstr("nothing was changed"));
    return opened.error().text;
  }
};

TEST_F(SchemaTest, OpensWhatItHasMade) { EXPECT_TRUE(Store::open(file_)); }

TEST_F(SchemaTest, WritesAheadAndWaitsForTheDisk) {
  auto database = open_database(file_);
  ASSERT_TRUE(database);

  EXPECT_EQ(behind("PRAGMA journal_mode"), "wal");
  Query query(*database, "PRAGMA synchronous");
  ASSERT_TRUE(query.next());
  EXPECT_EQ(query.integer(0), 2);  // FULL.
}

TEST_F(SchemaTest, LeavesNothingBesideAFileThatIsClosed) {
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    ++files;
  }

  EXPECT_EQ(files, 1U);
}

TEST_F(SchemaTest, RefusesGarbage) {
  write(file_, std::string(5'000, 'g'));

  EXPECT_THAT(refusal(), HasSubstr(kRemedy));
}

TEST_F(SchemaTest, RefusesAnEmptyFile) {
  write(file_, "");

  EXPECT_THAT(refusal(), HasSubstr(kRemedy));
}

TEST_F(SchemaTest, RefusesACutFile) {
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2);

  EXPECT_THAT(refusal(), HasSubstr(kRemedy));
}

TEST_F(SchemaTest, RefusesAFileThatIsCutWithinAPage) {
  std::filesystem::resize_file(file_, 1'000);

  EXPECT_THAT(refusal(), HasSubstr(kRemedy));
}

TEST_F(SchemaTest, RefusesTheDatabaseOfAnotherProgram) {
  std::filesystem::remove(file_);
  behind("CREATE TABLE songs (title)");

  EXPECT_THAT(refusal(), HasSubstr("belongs to another program"));
}

TEST_F(SchemaTest, RefusesANewerFormat) {
  behind("PRAGMA user_version = 4");

  EXPECT_THAT(refusal(), HasSubstr("written by a newer p2pchatd"));
}

TEST_F(SchemaTest, RefusesAnOlderFormat) {
  behind("PRAGMA user_version = 2");

  EXPECT_THAT(refusal(), HasSubstr("written by an older p2pchatd"));
}

TEST_F(SchemaTest, RefusesAFileWithoutItsTables) {
  behind("PRAGMA journal_mode = DELETE; DELETE FROM self");

  EXPECT_THAT(refusal(), HasSubstr(kRemedy));
}

TEST_F(SchemaTest, RefusesAFileWithADestroyedPage) {
  destroy("entries");

  EXPECT_THAT(refusal(), HasSubstr(kRemedy));
}

// To open and close a file is enough to write its log back, unless that is forbidden.
TEST_F(SchemaTest, LeavesTheLogOfADamagedFileWhereItIs) {
  reopen();
  ASSERT_TRUE(store_->commit(Actions{action::StoreSelf{{1}, {1}}}));
  const auto log = folder_ / "p2pchat.db-wal";
  const std::string written = content_of(log);
  ASSERT_FALSE(written.empty());
  store_.reset();
  destroy("contacts");
  write(log, written);

  EXPECT_THAT(refusal(), HasSubstr(kRemedy));

  EXPECT_EQ(content_of(log), written);
}

TEST_F(SchemaTest, SaysWhatIsWrongWithTheFolder) {
  const auto opened = Store::open(folder_ / "none/p2pchat.db");

  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, HasSubstr("none/p2pchat.db"));
  EXPECT_THAT(opened.error().text, HasSubstr("No such file or directory"));
}

TEST_F(SchemaTest, MakesAFilePrivateThatOthersCouldRead) {
  ASSERT_EQ(::chmod(file_.c_str(), 0644), 0);

  ASSERT_TRUE(Store::open(file_));

  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
}

// Whoever moves a damaged file away may leave its log behind. It belongs to that file alone.
TEST_F(SchemaTest, DoesNotTakeTheLogOfAFileThatWasMovedAway) {
  reopen();
  SampleFeed feed(2, sample_room(7));
  store({feed.open(300)});
  const auto log = folder_ / "p2pchat.db-wal";
  const std::string left = content_of(log);
  ASSERT_FALSE(left.empty());
  store_.reset();
  std::filesystem::remove(file_);
  write(log, left);

  reopen();

  const auto snapshot = store_->load();
  ASSERT_TRUE(snapshot);
  EXPECT_TRUE(snapshot->rooms.empty());
  EXPECT_EQ(content_of(folder_ / "p2pchat.db-wal.old"), left);
}

TEST_F(SchemaTest, StartsAnewAfterACrashWhileItWasMade) {
  std::filesystem::rename(file_, folder_ / "p2pchat.db.new");

  reopen();

  const auto snapshot = store_->load();
  ASSERT_TRUE(snapshot);
  EXPECT_TRUE(snapshot->rooms.empty());
}

}  // namespace
}  // namespace p2pchat
