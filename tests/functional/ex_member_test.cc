// What an ex-member learns: nothing that is said once the author knows of its removal, though it
// keeps its sockets open and all the keys that it was ever given, and does not hear that it is out.
#include <csignal>
#include <gtest/gtest.h>

#include "tests/functional/harness/garden.h"

namespace p2pchat::functional {
namespace {

constexpr std::size_t kPosts = 8;
// So long that no frame without it is as long.
constexpr std::size_t kLongBytes = 20'000;

std::string long_text(const std::string& beginning, std::size_t number) {
  std::string text = beginning + " " + std::to_string(number) + " ";
  text.append(kLongBytes, 'x');
  return text;
}

// Cleo is the spy, who is voted in as anybody else.
struct ExMember : Garden {
  ExMember() { cleo.setup().program = SPY_PATH; }

  // Anna says something long, so often, and all whom she lists have it.
  void say(const std::string& beginning) {
    for (std::size_t i = 0; i < kPosts; ++i) {
      anna.tell({"push", "garden", long_text(beginning, i), "--wait", "all"});
    }
  }
  std::vector<std::string> found(const std::string& beginning) {
    std::vector<std::string> lines;
    for (const std::string& line : lines_of(cleo.process().out())) {
      if (line.starts_with(beginning)) lines.push_back(line);
    }
    return lines;
  }
  // Of frames that hold something long.
  std::size_t shut() {
    std::size_t count = 0;
    for (const std::string& line : found("shut ")) {
      if (std::stoul(line.substr(line.find(' '))) > kLongBytes) ++count;
    }
    return count;
  }
  void deafen() {
    cleo.process().signal(SIGHUP);
    if (!wait_until([&] { return !found("deaf").empty(); })) throw Stuck("it still hears");
  }
  void put_out() {
    anna.tell({"vote", "garden", "cleo", "evict"});
    if (!wait_until([&] { return sees_knock(ben, "cleo"); })) throw Stuck("nothing to vote on");
    ben.tell({"vote", "garden", "cleo", "evict"});
    await_members({&anna, &ben});
  }
  bool has_stored(const Daemon& daemon, const std::string& text) {
    return read_file(daemon.database()).find(text) != std::string::npos ||
           read_file(daemon.database().native() + "-wal").find(text) != std::string::npos;
  }
};

TEST_F(ExMember, ReadsNothingThatIsSaidOnceItsRemovalIsKnown) {
  all_in();
  // Anna cuts her PUB off at most once a minute. So she is made to do it now, and what is said
  // after the removal still reaches the sockets of those who were put out.
  Daemon dora(folder.path() / "other", "dora", {kAnyPort});
  dora.start();
  meet(anna, dora);
  anna.tell({"block", "dora"});
  ASSERT_TRUE(wait_until([&] {
    say("before the removal");
    return !found("read before the removal").empty();
  }));

  deafen();
  put_out();
  const std::size_t before = shut();
  say("after the removal");

  EXPECT_TRUE(wait_until([&] { return shut() >= before + kPosts; })) << "it is to be reached";
  EXPECT_EQ(found("read after").size() + found("told after").size(), 0U);
  EXPECT_EQ(members(cleo).size(), 3U) << "it believes that it is still in";
  EXPECT_TRUE(has_heard(cleo, long_text("before the removal", 0)));
  EXPECT_FALSE(has_heard(cleo, long_text("after the removal", 0)));
  EXPECT_TRUE(has_stored(cleo, "before the removal"));
  EXPECT_FALSE(has_stored(cleo, "after the removal"));
  EXPECT_TRUE(has_stored(ben, "after the removal"));
}

// It may come to the door again, and is let in for as long as it takes to tell it that it is out.
TEST_F(ExMember, IsCutOff) {
  all_in();
  deafen();
  put_out();
  const std::string of_anna = "live messages of " + anna.id().substr(0, 8);

  const auto is_cut_off = [&] { return cleo.tell({"doctor"}).find(of_anna) != std::string::npos; };
  EXPECT_TRUE(wait_until(is_cut_off));
  say("after the removal");

  EXPECT_EQ(found("read after").size() + found("told after").size(), 0U);
}

}  // namespace
}  // namespace p2pchat::functional
