// Disk: a full one refuses pushes, keeps what it has, and is used again when there is room.
#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/functional/harness/pair.h"

namespace p2pchat::functional {
namespace {

namespace fs = std::filesystem;

constexpr int kNotPermitted = 99;

// A small disk of its own at `folder`, for the calling process and its children alone: the
// kernel takes it away with the last of them.
void mount_small_disk(const char* folder) {
  const bool is_mounted = unshare(CLONE_NEWNS) == 0 &&
                          mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                          mount("tmpfs", folder, "tmpfs", 0, "size=2m") == 0;
  if (!is_mounted) _exit(kNotPermitted);
}

// What both ways of running out of room have in common. Ben's store is the one that is full.
struct Disk : testing::Test {
  void begin() {
    anna.start();
    ben.start();
    meet(anna, ben);
    anna.tell({"push", "ben", "before"});
    ASSERT_TRUE(wait_until([&] { return agree(anna, ben, 1); }));
  }
  bool can_push() {
    last_push = ben.ctl({"push", "anna", "is there room?"});
    return last_push.code == 0;
  }

  // While nothing can be written: pushes fail clearly, and what is there can be read.
  void expect_reading_only() {
    const auto stored = history(ben, "anna");
    const Said pushed = ben.ctl({"push", "anna", "no room"});
    anna.tell({"push", "ben", "comes when there is room"});

    EXPECT_EQ(pushed.code, 1);
    EXPECT_EQ(pushed.out, "");
    EXPECT_TRUE(is_one_line(pushed.err, "chatctl")) << pushed.err;
    EXPECT_EQ(history(ben, "anna"), stored) << "nothing is half kept";
    EXPECT_EQ(pulled(ben, {"--peek", "-n", "1"}), std::vector<std::string>{"before"});
    EXPECT_NE(ben.ctl({"pull"}).out.find(" anna: before\n"), std::string::npos);
    EXPECT_FALSE(ben.ask({"status"}).flag("can_store"));
    EXPECT_NE(ben.tell({"doctor"}).find("disk"), std::string::npos);
  }

  void expect_all_as_before() {
    ASSERT_TRUE(wait_until([&] { return can_push(); })) << "by itself";
    EXPECT_TRUE(wait_until([&] { return history(anna, "ben") == history(ben, "anna"); }));
    EXPECT_NE(history(ben, "anna").find("comes when there is room"), std::string::npos);
    EXPECT_EQ(history(ben, "anna").find("no room"), std::string::npos);
    EXPECT_EQ(ben.tell({"doctor"}), "");
  }

  TempFolder folder;
  Said last_push;
  Daemon anna{folder.path(), "anna"};
  Daemon ben{folder.path(), "ben"};
};

TEST_F(Disk, ThatIsFullRefusesPushesUntilThereIsRoom) {
  fs::create_directories(ben.state());
  const std::string state = ben.state().native();
  ben.setup().before_exec = [&state] { mount_small_disk(state.c_str()); };
  Process::Setup probe{{"true"}};
  probe.before_exec = ben.setup().before_exec;
  if (run(probe).code != 0) GTEST_SKIP() << "mounting takes root";
  begin();

  // The disk as Ben sees it.
  const std::string root = "/proc/" + std::to_string(ben.process().pid()) + "/root";
  const std::string filler = root + state + "/filler";
  {
    const File file(open(filler.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::array<char, 4096> block{};
    while (write(file.number(), block.data(), block.size()) > 0) continue;
  }
  ASSERT_TRUE(wait_until([&] { return !can_push(); }));
  const std::string reason = last_push.err;
  expect_reading_only();
  fs::remove(filler);

  EXPECT_NE(reason.find("the disk is full"), std::string::npos) << reason;
  expect_all_as_before();
  // What was stored there is to be seen only as long as Ben lives.
  EXPECT_EQ(ben.stop(), 0);
}

TEST_F(Disk, WhoseFilesMayNotGrowRefusesPushesUntilTheyMay) {
  ben.setup().before_exec = [] { (void)std::signal(SIGXFSZ, SIG_IGN); };
  begin();

  rlimit before{};
  const pid_t pid = ben.process().pid();
  ASSERT_EQ(prlimit(pid, RLIMIT_FSIZE, nullptr, &before), 0);
  const rlimit small{fs::file_size(ben.database().native() + "-wal"), before.rlim_max};
  ASSERT_EQ(prlimit(pid, RLIMIT_FSIZE, &small, nullptr), 0);
  ASSERT_TRUE(wait_until([&] { return !can_push(); }));
  expect_reading_only();
  ASSERT_EQ(prlimit(pid, RLIMIT_FSIZE, &before, nullptr), 0);

  expect_all_as_before();
}

}  // namespace
}  // namespace p2pchat::functional
