// Storm: daemons die and networks fail while eight talk in one room, and nothing that was
// answered is lost, repeated or put out of order.
//
// The moments are random. P2PCHAT_SEED is the seed, P2PCHAT_STORM_SECONDS how long it lasts.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>

#include "tests/functional/harness/crowd.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::functional {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kDownMax = 3;
constexpr unsigned kLinesMax = 12;  // Of one push.
// A dial that has failed often waits for half a minute.
constexpr std::chrono::seconds kHealed{120};

unsigned from_environment(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

// Speaker: what a member pushes, and what of it was answered.
class Speaker {
 public:
  explicit Speaker(Daemon& daemon) : daemon_(daemon) {}

  bool is_pushing() const { return pusher_.has_value(); }
  const std::vector<std::string>& answered() const { return answered_; }
  std::size_t cut_off() const { return cut_off_; }

  void begin(unsigned lines) {
    lines_.clear();
    std::string input;
    for (unsigned i = 0; i < lines; ++i) {
      lines_.push_back(daemon_.name() + " says " + std::to_string(said_++));
      input += lines_.back() + "\n";
    }
    Process::Setup setup = daemon_.ctl_setup({"push", "garden", "-l"});
    setup.kind = Process::Input::given;
    setup.input = input;
    pusher_.emplace(setup);
  }
  void end_if_done() {
    if (pusher_ && !pusher_->is_running()) end(false);
  }
  // What was answered until now counts. Only a daemon that is killed may leave some unanswered.
  void end(bool is_killed) {
    if (!pusher_) return;
    const int code = pusher_->wait();
    EXPECT_TRUE(code == 0 || is_killed) << daemon_.name() << ": " << code << pusher_->err();
    const auto ids = lines_of(pusher_->out());
    EXPECT_TRUE(code != 0 || ids.size() == lines_.size());
    for (std::size_t i = 0; i < ids.size(); ++i) answered_.push_back(ids[i] + " " + lines_[i]);
    if (ids.size() < lines_.size()) ++cut_off_;
    pusher_.reset();
  }

 private:
  Daemon& daemon_;
  unsigned said_ = 0;
  std::vector<std::string> lines_;     // Of this push.
  std::vector<std::string> answered_;  // "ID TEXT", in the order of the answers.
  std::size_t cut_off_ = 0;
  std::optional<Process> pusher_;
};

// By author's name: "ID TEXT" of what stands in the log, in its order. No text stands twice.
std::map<std::string, std::vector<std::string>> by_author(const std::string& log) {
  std::map<std::string, std::vector<std::string>> posts;
  std::set<std::string> texts;
  for (const std::string& line : lines_of(log)) {
    const std::size_t id = line.find(' ');
    const std::string text = line.substr(line.find(' ', line.find(' ', id + 1) + 1) + 1);
    EXPECT_TRUE(texts.insert(text).second) << "stands twice: " << text;
    posts[text.substr(0, text.find(' '))].push_back(line.substr(0, id + 1) + text);
  }
  return posts;
}

struct Storm : testing::Test {
  void SetUp() override {
    std::cout << "P2PCHAT_SEED=" << seed << std::endl;
    RecordProperty("seed", std::to_string(seed));
    crowd.gather();
    for (std::size_t i = 0; i < crowd.size(); ++i) speakers.emplace_back(crowd.daemon(i));
  }

  unsigned below(unsigned bound) { return static_cast<unsigned>(random() % bound); }
  std::size_t anybody() { return below(static_cast<unsigned>(crowd.size())); }
  std::size_t answered() const {
    std::size_t count = 0;
    for (const Speaker& each : speakers) count += each.answered().size();
    return count;
  }
  void keep_pushing() {
    for (std::size_t i = 0; i < crowd.size(); ++i) {
      speakers[i].end_if_done();
      if (!speakers[i].is_pushing() && !down.contains(i)) speakers[i].begin(1 + below(kLinesMax));
    }
  }
  void kill(std::size_t number) {
    crowd.daemon(number).crash();
    speakers[number].end(true);
    down.insert(number);
    ++kills;
  }
  // One in four is killed once more while it starts.
  void raise(std::size_t number) {
    Daemon& daemon = crowd.daemon(number);
    daemon.launch();
    if (below(4) == 0) {
      // Some moment of its start: which one it is, is what is tested here.
      (void)wait_until([] { return false; }, milliseconds(below(100)));
      daemon.crash();
      daemon.launch();
      ++kills;
    }
    daemon.wait_for_socket();
    down.erase(number);
  }
  void do_harm() {
    Relay& relay = crowd.relay(anybody());
    const Road road = kRoads[below(kRoads.size())];
    switch (below(6)) {
      case 0:
      case 1: {
        const std::size_t number = anybody();
        if (down.size() < kDownMax && !down.contains(number)) kill(number);
        return;
      }
      case 2: relay.cut(road); break;
      case 3: relay.stall(road, milliseconds(100 + below(7000))); break;
      case 4: relay.delay(road, milliseconds(1 + below(300)), milliseconds(below(5000))); break;
      default:
        if (!down.empty()) raise(*std::next(down.begin(), below(unsigned(down.size()))));
        return;
    }
    ++faults;
  }
  void rage(std::chrono::seconds time) {
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) {
      keep_pushing();
      do_harm();
      const std::size_t enough = answered() + below(40);
      const auto is_enough = [&] {
        for (Speaker& each : speakers) each.end_if_done();
        return answered() >= enough;
      };
      (void)wait_until(is_enough, milliseconds(below(500)));
    }
  }
  void calm_down() {
    for (std::size_t i = 0; i < crowd.size(); ++i) crowd.relay(i).heal();
    while (!down.empty()) raise(*down.begin());
    for (Speaker& each : speakers) each.end(false);
  }
  // All tell the same, and as much of it as was answered at least.
  bool is_one_log() {
    log = garden_log(crowd.daemon(0));
    if (lines_of(log).size() < answered()) return false;
    for (std::size_t i = 1; i < crowd.size(); ++i) {
      if (garden_log(crowd.daemon(i)) != log) return false;
    }
    return true;
  }
  void tell_logs() {
    for (std::size_t i = 0; i < crowd.size(); ++i) {
      const Daemon& daemon = crowd.daemon(i);
      std::cerr << daemon.name() << ": " << lines_of(garden_log(daemon)).size() << " of "
                << answered() << "\n"
                << daemon.tell({"status"}) << daemon.tell({"doctor"});
    }
  }

  const unsigned seed = from_environment("P2PCHAT_SEED", std::random_device{}());
  TempFolder folder;
  Crowd crowd{folder.path(), {"anna", "ben", "cleo", "dora", "emil", "fritz", "gwen", "hugo"}};
  std::vector<Speaker> speakers;
  std::mt19937 random{seed};
  std::set<std::size_t> down;
  int kills = 0;
  int faults = 0;
  std::string log;
};

TEST_F(Storm, LosesNothingRepeatsNothingAndLeavesOneHistory) {
  rage(std::chrono::seconds(from_environment("P2PCHAT_STORM_SECONDS", 30)));
  calm_down();
  if (!wait_until([&] { return is_one_log(); }, kHealed)) {
    tell_logs();
    FAIL() << "they do not come to one history";
  }

  const auto posts = by_author(log);
  std::size_t cut_off = 0;
  for (std::size_t i = 0; i < crowd.size(); ++i) {
    const std::string& name = crowd.daemon(i).name();
    const auto& answered = speakers[i].answered();
    const std::set<std::string> wanted(answered.begin(), answered.end());
    std::vector<std::string> kept;
    const auto own = posts.find(name);
    ASSERT_NE(own, posts.end()) << name;
    for (const std::string& post : own->second) {
      if (wanted.contains(post)) kept.push_back(post);
    }
    EXPECT_EQ(kept.size(), answered.size()) << name << ": lost what was answered";
    EXPECT_TRUE(kept == answered) << name << ": in another order";
    cut_off += speakers[i].cut_off();
    for (const Road road : kRoads) EXPECT_GT(crowd.relay(i).passed(road), 0U) << name;
  }
  std::cout << answered() << " posts, " << kills << " kills, " << cut_off
            << " in the middle of a push, " << faults << " faults" << std::endl;
  EXPECT_GT(cut_off, 0U);
}

}  // namespace
}  // namespace p2pchat::functional
