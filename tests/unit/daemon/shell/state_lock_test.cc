#include "daemon/shell/state_lock.h"

#include <fstream>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/temp_folder.h"

namespace p2pchat {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(StateLock, IsRefusedToASecondHolderWithTheNumberOfTheFirst) {
  const TempFolder folder;
  const auto first = StateLock::take(folder.path());
  ASSERT_TRUE(first);

  const auto second = StateLock::take(folder.path());

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fault, Fault::machine);
  EXPECT_EQ(second.error().text, "another p2pchatd (process " + std::to_string(::getpid()) +
                                     ") works on " + folder.path().string() +
                                     "; end it first, or name another folder");
}

TEST(StateLock, CanBeTakenAgainWhenItsHolderIsGone) {
  const TempFolder folder;
  {
    const auto first = StateLock::take(folder.path());
    ASSERT_TRUE(first);
  }

  EXPECT_TRUE(StateLock::take(folder.path()));
}

TEST(StateLock, EndsWithAProcessThatIsKilled) {
  const TempFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = StateLock::take(folder.path());
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));

  EXPECT_TRUE(StateLock::take(folder.path()));
}

TEST(StateLock, NamesNobodyIfTheFileDoesNot) {
  const TempFolder folder;
  const auto first = StateLock::take(folder.path());
  ASSERT_TRUE(first);
  std::ofstream(folder / "lock") << "\x1b[31mnobody";

  const auto second = StateLock::take(folder.path());

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("another p2pchatd works on"));
  EXPECT_THAT(second.error().text, Not(HasSubstr("nobody")));
}

TEST(StateLock, KeepsItsFilePrivateWhateverTheUmask) {
  for (const mode_t mask : {0U, 0777U}) {
    const TempFolder folder;
    const mode_t mask_before = ::umask(mask);
    const auto lock = StateLock::take(folder.path());
    ::umask(mask_before);

    ASSERT_TRUE(lock);
    struct stat status {};
    ASSERT_EQ(::stat((folder / "lock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U) << mask;
  }
}

TEST(StateLock, SaysWhyItCannotBeTaken) {
  const TempFolder folder;

  const auto lock = StateLock::take(folder / "none");

  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().text, HasSubstr((folder / "none/lock").string()));
}

}  // namespace
}  // namespace p2pchat
