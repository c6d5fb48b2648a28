// Catching up: who holds nothing yet gets much history, while more of it is made.
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <optional>

#include "tests/functional/harness/garden.h"

namespace p2pchat::functional {
namespace {

constexpr int kPosts = 10'000;
constexpr int kLinesAtOnce = 5;

std::string line(int number) { return "message " + std::to_string(number) + "\n"; }

struct Catchup : Garden {
  void SetUp() override {
    for (Daemon* each : {&anna, &ben, &cleo}) each->setup().flags = {"--rate", "0"};
    creation.insert(creation.end(), {"--history", "all"});
    Garden::SetUp();
  }

  // Anna says this much to `whom`, who is not there.
  void say_much(const std::string& whom) {
    std::string lines;
    for (; said < kPosts; ++said) lines += line(said);
    const Said done = anna.ctl_with_input({"push", whom, "-l"}, lines);
    if (done.code != 0) throw Stuck(done.err);
  }
  // From now on Anna says more whenever something is waited for.
  void begin_talk(const std::string& whom) {
    Process::Setup setup = anna.ctl_setup({"push", whom, "-l"});
    setup.kind = Process::Input::open;
    talk.emplace(setup);
  }
  bool talk_until(const std::function<bool()>& fact) {
    return wait_until([&] {
      for (int i = 0; i < kLinesAtOnce; ++i) talk->write(line(said++));
      return fact();
    });
  }
  void end_talk() {
    talk->close_input();
    EXPECT_EQ(talk->wait(), 0) << talk->err();
  }
  // The number of the newest message that it shows; -1 if none.
  static int newest_held(const Daemon& daemon, const std::string& where) {
    const Said newest = daemon.ctl({"log", where, "-n", "1", "--format", "%m"});
    const std::size_t number = newest.out.find(' ');
    return number == std::string::npos ? -1 : std::stoi(newest.out.substr(number));
  }
  // All of it, in its order, and nothing twice.
  std::string all() const {
    std::string lines;
    for (int i = 0; i < said; ++i) lines += line(i);
    return lines;
  }
  static std::string log(const Daemon& daemon, const std::string& where) {
    return daemon.tell({"log", where, "--format", "%m\\n"});
  }
  // It comes to hold what had been said before, and some of what has been said since.
  void expect_all(const Daemon& daemon, const std::string& where) {
    const int since = said;
    EXPECT_TRUE(talk_until([&] { return newest_held(daemon, where) > since + kLinesAtOnce; }));
    end_talk();
    EXPECT_TRUE(wait_until([&] { return newest_held(daemon, where) == said - 1; }));
    EXPECT_TRUE(log(daemon, where) == all());
  }

  int said = 0;
  std::optional<Process> talk;
};

TEST_F(Catchup, OfANewcomerIsNotDisturbedByWhatIsNew) {
  say_much("garden");
  begin_talk("garden");

  ben.tell({"join", "garden"});
  ASSERT_TRUE(talk_until([&] { return sees_knock(anna, "ben"); }));
  anna.tell({"vote", "garden", "ben", "yes"});

  expect_all(ben, "garden");
}

TEST_F(Catchup, OfAnEmptyDiskIsNotDisturbedByWhatIsNew) {
  meet(anna, ben);
  ben.stop();
  for (const char* ending : {"", "-wal", "-shm"}) {
    std::filesystem::remove(ben.database().native() + ending);
  }
  say_much("ben");
  begin_talk("ben");

  ben.start();

  expect_all(ben, "anna");
}

}  // namespace
}  // namespace p2pchat::functional
