// Identity: made once, kept, and read only if nobody else could have read it.
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <sys/stat.h>

#include "tests/functional/harness/daemon.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::functional {
namespace {

namespace fs = std::filesystem;

mode_t mode_of(const fs::path& file) {
  struct stat facts {};
  EXPECT_EQ(stat(file.c_str(), &facts), 0) << file;
  return facts.st_mode & 07777U;
}

TEST(Identity, IsMadeAtTheFirstStartForItsOwnerAlone) {
  const TempFolder folder;
  Daemon anna(folder / "not" / "there" / "yet", "anna", {kAnyPort});

  anna.start();

  EXPECT_EQ(mode_of(anna.state() / "identity"), 0600U);
  EXPECT_EQ(mode_of(anna.database()), 0600U);
  EXPECT_EQ(anna.id().size(), 52U);
}

TEST(Identity, IsKeptByTheNextStarts) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  anna.start();
  const std::string id = anna.id();
  const std::string key = read_file(anna.state() / "identity");

  anna.restart();
  anna.crash();
  anna.start();

  EXPECT_EQ(anna.id(), id);
  EXPECT_EQ(read_file(anna.state() / "identity"), key);
}

TEST(Identity, IsShownWithItsFingerprintAndAddresses) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  anna.start();

  const Json shown = anna.ask({"id"});
  const std::string words = anna.tell({"id"});

  EXPECT_EQ(shown.integer("v"), 1);
  EXPECT_EQ(shown.keys().front(), "v");
  EXPECT_EQ(shown.text("name"), "anna");
  EXPECT_EQ(shown.text("fingerprint").size(), 8 * 4 + 7U) << "eight groups of four";
  ASSERT_EQ(shown.list("addresses").size(), 1U);
  const std::string door = std::to_string(shown.integer("door"));
  EXPECT_EQ(shown.list("addresses").front(), "127.0.0.1:" + door) << "what port 0 became";
  for (const std::string& part :
       {shown.text("id"), shown.text("fingerprint"), shown.list("addresses").front()}) {
    EXPECT_NE(words.find(part), std::string::npos) << words;
  }
}

TEST(Identity, ThatOthersCanReadIsRefused) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  anna.start();
  anna.stop();
  const fs::path key = anna.state() / "identity";
  fs::permissions(key, fs::perms(0644));

  const Said said = anna.run_to_end();

  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(is_one_line(said.err, "p2pchatd")) << said.err;
  EXPECT_NE(said.err.find("chmod 600 " + key.native()), std::string::npos) << said.err;
  EXPECT_EQ(mode_of(key), 0644U) << "nothing is changed";
}

TEST(Identity, ThatIsNoKeyIsRefusedAndKept) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  const fs::path key = anna.state() / "identity";
  fs::create_directories(anna.state());
  write_file(key, "garbage\n");
  fs::permissions(key, fs::perms(0600));

  const Said said = anna.run_to_end();

  EXPECT_EQ(said.code, 1);
  EXPECT_TRUE(is_one_line(said.err, "p2pchatd")) << said.err;
  EXPECT_NE(said.err.find(key.native()), std::string::npos) << said.err;
  EXPECT_EQ(read_file(key), "garbage\n");
}

TEST(Identity, IsNeverHalfThere) {
  const TempFolder folder;
  std::mt19937 random(2);
  for (int round = 0; round < 12; ++round) {
    Daemon anna(folder.path(), "anna" + std::to_string(round), {kAnyPort});
    const fs::path key = anna.state() / "identity";
    const auto spins = random() % 20'000;

    // The moment at which it dies is a random one after its folder has appeared.
    anna.launch();
    ASSERT_TRUE(wait_until([&] { return fs::exists(anna.state()); }));
    for (unsigned long spin = 0; spin < spins && !fs::exists(anna.database()); ++spin) continue;
    anna.crash();
    const std::string left = read_file(key);
    anna.start();

    EXPECT_TRUE(left.empty() || read_file(key) == left) << left;
    EXPECT_EQ(anna.id().size(), 52U);
  }
}

}  // namespace
}  // namespace p2pchat::functional
