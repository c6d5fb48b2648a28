// Service: what a service manager and a terminal see of the programs.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

#include "tests/functional/harness/notify_socket.h"
#include "tests/functional/harness/pair.h"

namespace p2pchat::functional {
namespace {

namespace fs = std::filesystem;

TEST(Service, TellsItsManagerWhenItIsReadyThatItLivesAndThatItEnds) {
  const TempFolder folder;
  NotifySocket manager(folder / "notify");
  Daemon anna(folder.path(), "anna", {kAnyPort});
  anna.setup().environment = {{"NOTIFY_SOCKET", (folder / "notify").native()},
                              {"WATCHDOG_USEC", "100000"}};

  anna.launch();
  const bool is_ready = wait_until([&] { return manager.count("READY=1") == 1; });
  const Said at_once = anna.ctl({"id"});
  const bool lives = wait_until([&] { return manager.count("WATCHDOG=1") >= 3; });
  const std::size_t early_ends = manager.count("STOPPING=1");
  const int code = anna.stop();

  EXPECT_TRUE(is_ready);
  EXPECT_EQ(at_once.code, 0) << "ready means that it answers: " << at_once.err;
  EXPECT_TRUE(lives);
  EXPECT_EQ(early_ends, 0U);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(manager.count("STOPPING=1"), 1U);
}

TEST(Service, ThatStandsStillFeedsNoWatchdog) {
  const TempFolder folder;
  NotifySocket manager(folder / "notify");
  Daemon anna(folder.path(), "anna", {kAnyPort});
  anna.setup().environment = {{"NOTIFY_SOCKET", (folder / "notify").native()},
                              {"WATCHDOG_USEC", "100000"}};
  anna.start();
  ASSERT_TRUE(wait_until([&] { return manager.count("WATCHDOG=1") >= 1; }));

  anna.process().signal(SIGSTOP);
  // The first question may have been on its way; after a second one nothing can be.
  anna.ctl({"id", "--timeout", "100ms"});
  const std::size_t before = manager.count("WATCHDOG=1");
  anna.ctl({"id", "--timeout", "300ms"});
  const std::size_t after = manager.count("WATCHDOG=1");
  anna.process().signal(SIGCONT);

  EXPECT_EQ(after, before) << "it comes from the loop that does the work";
  EXPECT_TRUE(wait_until([&] { return manager.count("WATCHDOG=1") > after; }));
}

TEST(Service, EndsBySigtermAndSigintAndLeavesNoSocket) {
  const TempFolder folder;
  for (const int number : {SIGTERM, SIGINT}) {
    Daemon anna(folder.path(), "anna", {kAnyPort});
    anna.start();
    const bool was_there = fs::exists(anna.socket());

    anna.process().signal(number);
    const int code = anna.process().wait();

    EXPECT_TRUE(was_there);
    EXPECT_EQ(code, 0);
    EXPECT_FALSE(fs::exists(anna.socket()));
  }
}

TEST(Service, TakesOverTheSocketOfOneThatDied) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  anna.start();

  anna.crash();
  const bool is_left = fs::exists(anna.socket());
  anna.start();

  EXPECT_TRUE(is_left);
  EXPECT_EQ(anna.ctl({"id"}).code, 0);
}

TEST(Service, ReadsItsConfigFileBelowItsEnvironmentBelowItsFlags) {
  const TempFolder folder;
  const std::string config = (folder / "p2pchatd.toml").native();
  write_file(config, "name = \"of-the-file\"\naccept = \"nobody\"\nrate = 7\n");
  Process::Setup setup;
  setup.words = {P2PCHATD_PATH, "--config", config,   "--state",      folder.path().native(),
                 "--rate",      "9",        "--name", "of-the-flags", "--check-config"};
  setup.environment = {{"P2PCHATD_NAME", "of-the-environment"},
                       {"P2PCHATD_RATE", "8"},
                       {"P2PCHATD_LOG_LEVEL", "error"}};

  const Said said = run(setup);

  EXPECT_EQ(said.code, 0) << said.err;
  for (const char* line : {"name = \"of-the-flags\"\n", "accept = \"nobody\"\n", "rate = 9\n",
                           "log-level = \"error\"\n"}) {
    EXPECT_NE(said.out.find(line), std::string::npos) << line << said.out;
  }
}

// As its unit starts it, on a machine where nothing but `cmake --install` was done.
TEST(Service, NeedsNoFileThatInstallingDoesNotMake) {
  std::ifstream unit(SOURCE_DIR "/systemd/p2pchatd.service.in");
  constexpr std::string_view kStart = "ExecStart=@bindir@/p2pchatd ";
  std::string line;
  while (std::getline(unit, line) && !line.starts_with(kStart)) continue;
  ASSERT_FALSE(line.empty());
  std::istringstream arguments(line.substr(kStart.size()));
  Process::Setup setup;
  setup.words = {P2PCHATD_PATH};
  for (std::string word; arguments >> word;) setup.words.push_back(word);
  setup.words.emplace_back("--check-config");

  const Said said = run(setup);

  EXPECT_EQ(said.code, 0) << said.err;
}

class Terminal : public Pair {
 protected:
  static Process open(const Daemon& daemon, const Words& words) {
    Process::Setup setup = daemon.ctl_setup(words);
    setup.kind = Process::Input::terminal;
    setup.environment["TERM"] = "dumb";
    return Process(setup);
  }
  static bool shows(Process& terminal, const std::string& text) {
    return wait_until([&] { return terminal.out().find(text) != std::string::npos; });
  }
};

TEST_F(Terminal, OfEachTalksWithTheOther) {
  Process of_anna = open(anna, {"chat", "ben"});
  Process of_ben = open(ben, {"chat", "anna"});

  of_anna.write("Hello Ben\n");
  EXPECT_TRUE(shows(of_ben, "anna: Hello Ben"));
  of_ben.write("Hello Anna\n");
  EXPECT_TRUE(shows(of_anna, "ben: Hello Anna"));
  of_anna.write("\x04");
  of_ben.write("\x03");

  EXPECT_EQ(of_anna.wait(), 0) << "Ctrl-D";
  EXPECT_EQ(of_ben.wait(), 130) << "Ctrl-C";
  EXPECT_EQ(pulled(ben), std::vector<std::string>{"Hello Ben"}) << "scripts have their own place";
}

TEST_F(Terminal, IsNotObeyedByWhatOthersWrite) {
  Process of_ben = open(ben, {"pull", "-f"});

  deliver("\x1b]0;title\x07 \x1b[2J\nben: forged");

  EXPECT_TRUE(shows(of_ben, "]0;title\uFFFD \uFFFD[2J"));
  EXPECT_TRUE(shows(of_ben, "\n    ben: forged")) << "further lines are set in";
  EXPECT_EQ(of_ben.out().find('\x1b'), std::string::npos);
  of_ben.write("\x03");
  EXPECT_EQ(of_ben.wait(), 130);
}

TEST_F(Terminal, IsWhatTalkingNeeds) {
  const Said said = anna.ctl({"chat", "ben"});

  EXPECT_EQ(said.code, 2);
  EXPECT_TRUE(is_one_line(said.err, "chatctl")) << said.err;
}

}  // namespace
}  // namespace p2pchat::functional
