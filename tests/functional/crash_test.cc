// Crash: kill -9 at any moment loses nothing that was answered, and repeats nothing to a reader
// that was answered.
#include <algorithm>
#include <chrono>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <set>

#include "tests/functional/harness/daemon.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::functional {
namespace {

constexpr int kKills = 200;
constexpr int kLines = 130;  // More than chatctl has under way at once.
constexpr unsigned kSeed = 2;

// Side: one daemon, and what its users were told.
class Side {
 public:
  Side(const std::filesystem::path& folder, const std::string& name, std::string other)
      : daemon_(folder, name, {"", {"--rate", "0"}}), other_(std::move(other)) {}

  Daemon& daemon() { return daemon_; }
  const std::vector<std::string>& answered() const { return answered_; }
  const std::set<std::string>& taken() const { return taken_; }
  int cut_off() const { return cut_off_; }

  void begin_round(int round) {
    lines_.clear();
    std::string input;
    for (int i = 0; i < kLines; ++i) {
      lines_.push_back(daemon_.name() + " " + std::to_string(round) + " " + std::to_string(i));
      input += lines_.back() + "\n";
    }
    Process::Setup setup = daemon_.ctl_setup({"push", other_, "-l"});
    setup.kind = Process::Input::given;
    setup.input = input;
    pusher_.emplace(setup);
    puller_.emplace(daemon_.ctl_setup({"pull", "--json"}));
  }

  // So many messages of this round are answered, or no more will be.
  bool has_answered(std::size_t count) {
    const std::string out = pusher_->out();
    return static_cast<std::size_t>(std::count(out.begin(), out.end(), '\n')) >= count ||
           !pusher_->is_running();
  }

  // After the kill: what was answered until then counts.
  void end_round() {
    pusher_->wait();
    const auto ids = lines_of(pusher_->out());
    for (std::size_t i = 0; i < ids.size(); ++i) answered_.push_back(ids[i] + " " + lines_[i]);
    if (!ids.empty() && ids.size() < lines_.size()) ++cut_off_;
    pusher_.reset();
    note_pull();
  }

  // Takes in what a finished pull has written.
  void note_pull() {
    const int code = puller_->wait();
    for (const Json& message : json_lines(puller_->out())) {
      const std::string& id = message.text("id");
      EXPECT_FALSE(taken_.contains(id)) << daemon_.name() << " sees twice: " << id;
      seen_.insert(id);
    }
    // The daemon has confirmed all that it was told of.
    if (code == 0) taken_.merge(seen_);
    puller_.reset();
  }
  void pull_rest() {
    puller_.emplace(daemon_.ctl_setup({"pull", "--json"}));
    EXPECT_EQ(puller_->wait(), 0) << puller_->err();
    note_pull();
  }

 private:
  Daemon daemon_;
  std::string other_;
  std::vector<std::string> lines_;     // Of this round.
  std::vector<std::string> answered_;  // "ID TEXT", in the order of the answers.
  std::set<std::string> seen_;         // By a reader since its last answered pull.
  std::set<std::string> taken_;        // By a reader that was answered.
  int cut_off_ = 0;                    // Rounds that ended in the middle of a push.
  std::optional<Process> pusher_;
  std::optional<Process> puller_;
};

struct Post {
  std::string id;
  std::string author;
  std::string text;
};

std::vector<Post> posts_of(Side& side, const std::string& other) {
  std::vector<Post> posts;
  for (const std::string& line :
       lines_of(side.daemon().tell({"log", other, "--format", "%i %a %m\\n"}))) {
    const std::size_t first = line.find(' ');
    const std::size_t second = line.find(' ', first + 1);
    posts.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1),
                     line.substr(second + 1)});
  }
  return posts;
}

// Each answered message stands in the log once, in the order of the answers.
void expect_kept(Side& side, const std::vector<Post>& log) {
  std::set<std::string> texts;
  const std::set<std::string> answered(side.answered().begin(), side.answered().end());
  std::vector<std::string> kept;
  for (const Post& post : log) {
    if (!post.text.starts_with(side.daemon().name() + " ")) continue;
    EXPECT_TRUE(texts.insert(post.text).second) << "stands twice: " << post.text;
    const std::string known = post.id + " " + post.text;
    if (answered.contains(known)) kept.push_back(known);
  }
  EXPECT_EQ(kept.size(), side.answered().size()) << "lost what was answered";
  EXPECT_TRUE(kept == side.answered()) << "in another order";
}

// Each message of the other side has been read, and none twice.
void expect_read(Side& side, const Side& author, const std::vector<Post>& log) {
  const std::string self = side.daemon().id();
  std::set<std::string> ids;
  for (const Post& post : log) {
    if (post.author != self) ids.insert(post.id);
  }
  EXPECT_TRUE(side.taken() == ids) << side.taken().size() << " of " << ids.size();
  EXPECT_GE(ids.size(), author.answered().size());
}

// Lets some moment of the next milliseconds come: which one it is, is what is tested here.
void let_pass(std::mt19937& random, unsigned milliseconds) {
  const auto until = std::chrono::steady_clock::now() +
                     std::chrono::microseconds(random() % (milliseconds * 1000));
  while (std::chrono::steady_clock::now() < until) continue;
}

struct Crash : testing::Test {
  void SetUp() override {
    anna.daemon().start();
    ben.daemon().start();
    meet(anna.daemon(), ben.daemon());
  }

  // Both push, and `victims` die when they have answered some of it, or none, or all.
  void push_and_kill(const std::vector<Side*>& victims, int round) {
    for (Side* side : {&anna, &ben}) side->begin_round(round);
    for (Side* side : victims) {
      const std::size_t count = random() % (kLines + kLines / 4);
      ASSERT_TRUE(wait_until([&] { return side->has_answered(count); }));
      let_pass(random, 2);
      side->daemon().crash();
    }
    for (Side* side : {&anna, &ben}) side->end_round();
  }
  // They come back; one in four is killed once more while it starts. Answers how many.
  int start_again(const std::vector<Side*>& victims) {
    int kills = 0;
    for (Side* side : victims) {
      side->daemon().launch();
      if (random() % 4 != 0) continue;
      let_pass(random, 200);
      side->daemon().crash();
      side->daemon().launch();
      ++kills;
    }
    for (Side* side : victims) side->daemon().wait_for_socket();
    return kills;
  }

  TempFolder folder;
  Side anna{folder.path(), "anna", "ben"};
  Side ben{folder.path(), "ben", "anna"};
  std::mt19937 random{kSeed};
};

TEST_F(Crash, AtAnyMomentLosesNothingAndRepeatsNothing) {
  int kills = 0;
  for (int round = 0; kills < kKills; ++round) {
    std::vector<Side*> victims{&anna, &ben};
    if (random() % 2 == 0) std::swap(victims[0], victims[1]);
    if (random() % 3 == 0) victims.pop_back();
    ASSERT_NO_FATAL_FAILURE(push_and_kill(victims, round));
    kills += static_cast<int>(victims.size()) + start_again(victims);
  }

  ASSERT_TRUE(
      wait_until([&] { return history(anna.daemon(), "ben") == history(ben.daemon(), "anna"); }));
  anna.pull_rest();
  ben.pull_rest();
  const auto log = posts_of(anna, "ben");
  expect_kept(anna, log);
  expect_kept(ben, log);
  expect_read(anna, ben, log);
  expect_read(ben, anna, log);
  EXPECT_GT(anna.cut_off() + ben.cut_off(), kKills / 8) << "kills in the middle of a push";
}

}  // namespace
}  // namespace p2pchat::functional
