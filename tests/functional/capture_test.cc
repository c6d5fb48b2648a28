// Capture: who listens on the way does not learn what is said, and cannot change it.
#include <csignal>
#include <gtest/gtest.h>

#include "tests/functional/harness/daemon.h"
#include "tests/functional/harness/relay.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::functional {
namespace {

constexpr const char* kSecret = "the known text that nobody on the way may read";
constexpr const char* kOpen = "what is said in the open is seen";

// Long enough to show in the number of captured bytes that it has passed.
std::string long_secret() {
  std::string text;
  while (text.size() < 20'000) text += kSecret;
  return text;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

bool has_read(const Daemon& daemon, const std::string& name, const std::string& text) {
  const Said said = daemon.ctl({"log", name, "-n", "1", "--format", "%m"});
  return said.code == 0 && said.out == text;
}

// TwoNetworks: "left" and "right", joined by a cable, with addresses that exist nowhere else.
// They belong to one process and those that joined it: the kernel takes them away with the last.
class TwoNetworks {
 public:
  TwoNetworks() : holder_({{"unshare", "--net", "--mount", "sh", "-e", "-c", kScript}}) {
    is_there_ =
        wait_until([this] { return holder_.out() == "ready\n" || !holder_.is_running(); }) &&
        holder_.is_running();
  }
  bool is_there() const { return is_there_; }
  std::string why_not() const { return holder_.err(); }
  // The words that run what follows them on one side.
  Words on(const std::string& side) const {
    return {"nsenter", "-t", std::to_string(holder_.pid()), "--net", "--mount", "ip", "netns",
            "exec",    side};
  }

 private:
  static constexpr const char* kScript =
      "mount -t tmpfs none /run\n"
      "ip netns add left\n"
      "ip netns add right\n"
      "ip -n left link add cable type veth peer name cable netns right\n"
      "ip -n left address add 10.77.0.1/24 dev cable\n"
      "ip -n right address add 10.77.0.2/24 dev cable\n"
      "for side in left right; do\n"
      "  ip -n $side link set lo up\n"
      "  ip -n $side link set cable up\n"
      "done\n"
      "echo ready\n"
      "exec sleep infinity\n";

  Process holder_;
  bool is_there_ = false;
};

Words joined(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(Capture, BetweenTwoNetworksHoldsNothingOfWhatIsSaid) {
  const TempFolder folder;
  const TwoNetworks networks;
  if (!networks.is_there()) GTEST_SKIP() << "networks take root: " << networks.why_not();
  const std::string file = (folder / "capture").native();
  Process capture({joined(networks.on("left"),
                          {"tcpdump", "-i", "cable", "-s", "0", "-U", "-w", file, "-Z", "root"})});
  ASSERT_TRUE(wait_until([&] { return contains(capture.err(), "listening on"); })) << capture.err();
  Daemon anna(folder.path(), "anna", {"10.77.0.1:7473", {"--accept", "anyone"}});
  Daemon ben(folder.path(), "ben", {"10.77.0.2:7473", {"--accept", "anyone"}});
  anna.setup().prefix = networks.on("left");
  ben.setup().prefix = networks.on("right");
  anna.start();
  ben.start();
  meet(anna, ben);

  anna.tell({"push", "ben", long_secret()});
  ben.tell({"push", "anna", kSecret});
  const bool is_heard = wait_until([&] {
    return contains(history(ben, "anna"), long_secret()) && has_read(anna, "ben", kSecret);
  });
  run({joined(networks.on("left"),
              {"bash", "-c", std::string("echo ") + kOpen + " > /dev/udp/10.77.0.2/9"})});
  const bool is_seen = wait_until([&] { return contains(read_file(file), kOpen); });
  capture.signal(SIGINT);
  capture.wait();

  EXPECT_TRUE(is_heard);
  EXPECT_TRUE(is_seen) << "or the capture does not work: " << capture.err();
  const std::string captured = read_file(file);
  EXPECT_GT(captured.size(), long_secret().size());
  EXPECT_FALSE(contains(captured, kSecret));
  EXPECT_FALSE(contains(captured, std::string_view(kSecret).substr(0, 16)));
}

// Each is known to the other at a relay's address only, so all that they say passes there.
struct Between : testing::Test {
  void SetUp() override {
    anna.start();
    ben.start();
    anna.tell({"chat", "--no-talk", own_host(3)});
    ASSERT_TRUE(wait_until([&] { return is_linked(anna, "ben") && is_linked(ben, "anna"); }));
  }
  bool come_to_agree(std::size_t count) {
    return wait_until([&] { return agree(anna, ben, count); });
  }

  TempFolder folder;
  Relay before_anna{own_host(2), own_host(0)};
  Relay before_ben{own_host(3), own_host(1)};
  Daemon anna{folder.path(), "anna", {own_host(0), {"--advertise", own_host(2)}}};
  Daemon ben{folder.path(), "ben", {own_host(1), {"--advertise", own_host(3)}}};
};

TEST_F(Between, NothingOfWhatIsSaidCanBeRead) {
  anna.tell({"push", "ben", long_secret()});
  ben.tell({"push", "anna", kSecret});
  ASSERT_TRUE(come_to_agree(2));

  const std::string seen = before_anna.seen() + before_ben.seen();
  EXPECT_TRUE(contains(seen, "ben")) << "the door tells its name to anybody";
  EXPECT_GT(seen.size(), long_secret().size());
  EXPECT_FALSE(contains(seen, kSecret));
  EXPECT_FALSE(contains(seen, std::string_view(kSecret).substr(0, 16)));
}

TEST_F(Between, NothingOfWhatIsSaidCanBeChanged) {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += std::to_string(i) + " " + kSecret + "\n";

  before_anna.falsify(5);
  before_ben.falsify(5);
  const Said by_anna = anna.ctl_with_input({"push", "ben", "-l"}, lines);
  const Said by_ben = ben.ctl_with_input({"push", "anna", "-l"}, lines);
  // Some of it comes through, or a road is cut: then the rest has been noticed.
  const bool is_noticed =
      wait_until([&] { return !history(ben, "anna").empty() || !is_linked(anna, "ben"); });
  before_anna.falsify(0);
  before_ben.falsify(0);

  EXPECT_EQ(by_anna.code + by_ben.code, 0);
  EXPECT_TRUE(is_noticed);
  ASSERT_TRUE(come_to_agree(400));
  EXPECT_EQ(ben.tell({"pull", "--format", "%m\\n"}), lines);
  EXPECT_EQ(anna.tell({"pull", "--format", "%m\\n"}), lines);
}

}  // namespace
}  // namespace p2pchat::functional
