#include "daemon/shell/identity_file.h"

#include <fstream>
#include <gmock/gmock.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/samples.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class IdentityFileTest : public ::testing::Test {
 protected:
  IdentityFileTest() { CHECK(crypto_ready()); }

  std::string content() const {
    std::ifstream in(file_, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  void write(std::string_view text, mode_t mode = 0600) {
    std::ofstream(file_, std::ios::binary) << text;
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
  }
  // What opening says; the file is the same afterwards.
  std::string refusal() {
    const std::string before = content();
    const auto opened = open_identity(file_);
    EXPECT_FALSE(opened);
    EXPECT_EQ(content(), before);
    if (opened) return "";
    EXPECT_EQ(opened.error().fault, Fault::machine);
    EXPECT_THAT(opened.error().text, HasSubstr(file_.string()));
    return opened.error().text;
  }
  std::size_t files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      ++count;
    }
    return count;
  }

  TempFolder folder_;
  std::filesystem::path file_ = folder_ / "identity";
};

TEST_F(IdentityFileTest, IsMadeOnceAndReadFromThenOn) {
  const auto made = open_identity(file_);
  const auto read = open_identity(file_);

  ASSERT_TRUE(made && read);
  EXPECT_EQ(made->id(), read->id());
  EXPECT_EQ(files(), 1U);
}

TEST_F(IdentityFileTest, IsOneLine) {
  ASSERT_TRUE(open_identity(file_));

  EXPECT_THAT(content(), MatchesRegex("p2pchat-identity-1 [a-z2-7]+\n"));
  EXPECT_EQ(content().size(), 19U + 52U + 1U);
}

TEST_F(IdentityFileTest, IsItsOwnersAloneWhateverTheUmask) {
  for (const mode_t mask : {0U, 0777U}) {
    const auto file = folder_ / std::to_string(mask).c_str();
    const mode_t mask_before = ::umask(mask);
    const auto made = open_identity(file);
    ::umask(mask_before);

    ASSERT_TRUE(made);
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U) << mask;
  }
}

TEST_F(IdentityFileTest, IsAnotherOneInEveryFolder) {
  const auto one = open_identity(file_);
  const auto other = open_identity(folder_ / "other");

  ASSERT_TRUE(one && other);
  EXPECT_NE(one->id(), other->id());
}

TEST_F(IdentityFileTest, HoldsTheSeedItself) {
  write("p2pchat-identity-1 " + std::string(52, 'a') + "\n");  // All zero.

  const auto opened = open_identity(file_);

  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->id(), sample_peer(0));
}

TEST_F(IdentityFileTest, IgnoresWhatACrashHasLeft) {
  std::ofstream(folder_ / "identity.new") << "half";

  EXPECT_TRUE(open_identity(file_));

  EXPECT_EQ(files(), 1U);
}

TEST_F(IdentityFileTest, IsRefusedIfOthersCouldReadIt) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0644U}) {
    write("p2pchat-identity-1 " + std::string(52, 'a') + "\n", mode);

    EXPECT_THAT(refusal(), HasSubstr("run: chmod 600 " + file_.string())) << mode;
  }
}

TEST_F(IdentityFileTest, IsRefusedIfItBelongsToAnother) {
  write("p2pchat-identity-1 " + std::string(52, 'a') + "\n");
  if (::chown(file_.c_str(), 12345, static_cast<gid_t>(-1)) != 0) {
    GTEST_SKIP() << "may not give files away";
  }

  EXPECT_THAT(refusal(), HasSubstr("belongs to another user (12345)"));
}

TEST_F(IdentityFileTest, IsRefusedIfItIsASymbolicLink) {
  ASSERT_TRUE(open_identity(folder_ / "real"));
  std::filesystem::create_symlink(folder_ / "real", file_);

  EXPECT_THAT(refusal(), HasSubstr("symbolic link"));
}

TEST_F(IdentityFileTest, DoesNotWriteThroughADanglingLink) {
  std::filesystem::create_symlink(folder_ / "nowhere", file_);

  EXPECT_THAT(refusal(), HasSubstr("symbolic link"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "nowhere"));
}

TEST_F(IdentityFileTest, IsRefusedIfItIsNoFile) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);

  const auto opened = open_identity(file_);

  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, HasSubstr("is not a file"));
}

TEST_F(IdentityFileTest, IsRefusedIfItHoldsSomethingElse) {
  const std::string seed(52, 'a');
  for (const std::string& text :
       {std::string(), std::string("hello\n"), seed, "p2pchat-identity-1 " + seed.substr(1),
        "p2pchat-identity-1 " + seed + "\n\n", "p2pchat-identity-1 " + seed + std::string(99, 'a'),
        "p2pchat-identity-1 " + std::string(52, 'A'), "p2pchat-identity-1  " + seed}) {
    write(text);

    EXPECT_THAT(refusal(), HasSubstr("does not hold an identity")) << text;
  }
}

TEST_F(IdentityFileTest, TellsANewerFormatFromNonsense) {
  write("p2pchat-identity-2 something\n");

  EXPECT_THAT(refusal(), HasSubstr("newer p2pchatd"));
}

TEST_F(IdentityFileTest, SaysWhyItCannotBeMade) {
  const auto opened = open_identity(folder_ / "none/identity");

  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, StartsWith("cannot create " + (folder_ / "none").string()));
  EXPECT_THAT(opened.error().text, HasSubstr("No such file or directory"));
}

}  // namespace
}  // namespace p2pchat
