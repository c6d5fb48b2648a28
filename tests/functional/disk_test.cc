// Disk: a full one refuses pushes, keeps what it has, and is used again when there is room.
#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/functional/harness/pair.h"
#include "tests/functional/harness/small_disk.h"

namespace p2pchat::functional {
namespace {

namespace fs = std::filesystem;

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
  const SmallDisk disk(ben.state().native());
  ben.setup().before_exec = disk.mount();
  if (!disk.can_mount()) GTEST_SKIP() << "mounting takes root";
  begin();

  disk.fill(ben.process().pid());
  ASSERT_TRUE(wait_until([&] { return !can_push(); }));
  const std::string reason = last_push.err;
  expect_reading_only();
  disk.make_room(ben.process().pid());

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
