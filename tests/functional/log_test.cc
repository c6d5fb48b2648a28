// What `log` finds in a history: real daemons, a pair and a room.
#include <gtest/gtest.h>

#include "tests/functional/harness/garden.h"
#include "tests/functional/harness/pair.h"

namespace p2pchat::functional {
namespace {

using Texts = std::vector<std::string>;

struct Log : Pair {
  Texts log(const Words& more) {
    Words words{"log", "anna", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return texts_of(ben.tell(words));
  }
  int code(const Words& more) {
    Words words{"log", "anna"};
    words.insert(words.end(), more.begin(), more.end());
    const Said said = ben.ctl(words);
    EXPECT_TRUE(said.code == 0 || is_one_line(said.err, "chatctl")) << said.err;
    return said.code;
  }
};

TEST_F(Log, IsSearchedForAllWords) {
  deliver("the disk is full");
  deliver("Full of caf\u00e9");
  deliver("a full disk, again");
  deliver("a AND b");

  EXPECT_EQ(log({"--search", "disk full"}), (Texts{"the disk is full", "a full disk, again"}));
  EXPECT_EQ(log({"--search", "FULL", "-n", "2"}),
            (Texts{"Full of caf\u00e9", "a full disk, again"}));
  EXPECT_EQ(log({"--search", "\"full disk\""}), Texts{"a full disk, again"});
  EXPECT_EQ(log({"--search", "cafe ful*"}), Texts{"Full of caf\u00e9"});
  EXPECT_EQ(log({"--search", "b AND a"}), Texts{"a AND b"});
  EXPECT_EQ(log({"--search", "nowhere"}), Texts{});
}

TEST_F(Log, IsSearchedWithinItsBounds) {
  const std::string first = deliver("hit one");
  const std::string second = deliver("hit two");
  deliver("miss three");
  const std::string fourth = deliver("hit four");

  EXPECT_EQ(log({"--search", "hit", "--since", second}), (Texts{"hit two", "hit four"}));
  EXPECT_EQ(log({"--search", "hit", "--until", second}), (Texts{"hit one", "hit two"}));
  EXPECT_EQ(log({"--search", "hit", "--since", first, "--until", fourth, "-n", "2"}),
            (Texts{"hit two", "hit four"}));
  EXPECT_EQ(log({"--search", "hit", "--since", "1h"}).size(), 3U);
  EXPECT_EQ(log({"--search", "hit", "--until", "1h"}), Texts{});
  EXPECT_EQ(log({"--search", "hit", "--until", "2000-01-01"}), Texts{});
}

TEST_F(Log, FindsWhatCameSinceTheLastSearchAndAfterARestart) {
  deliver("one here");
  EXPECT_EQ(log({"--search", "here"}), Texts{"one here"});
  deliver("two here");
  EXPECT_EQ(log({"--search", "here"}), (Texts{"one here", "two here"}));

  ben.restart();
  deliver("three here");

  EXPECT_EQ(log({"--search", "here"}), (Texts{"one here", "two here", "three here"}));
}

// Whatever is done to its index while it is down.
TEST_F(Log, IsFoundAgainWithoutItsIndex) {
  deliver("one here");
  EXPECT_EQ(log({"--search", "here"}), Texts{"one here"});

  for (const char* left : {"", "nonsense"}) {
    ben.stop();
    write_file(ben.state() / "search.db", left);
    ben.start();
    EXPECT_EQ(log({"--search", "here"}), Texts{"one here"}) << left;
  }
}

TEST_F(Log, RefusesWhatItCannotMean) {
  const std::string id = deliver("hello");
  std::string words;
  for (int i = 0; i < 500; ++i) words += "w ";

  EXPECT_EQ(code({"--since", "yesterday"}), 2);
  EXPECT_EQ(code({"--until", ""}), 2);
  EXPECT_EQ(code({"--since", "aaaaaaaaaaaaaaaa.7"}), 4);
  EXPECT_EQ(code({"--search", ""}), 2);
  EXPECT_EQ(code({"--search", "&"}), 2);
  EXPECT_EQ(code({"--search", "\""}), 2);
  EXPECT_EQ(code({"--search", words}), 9);
  EXPECT_EQ(code({"--search", std::string(2000, 'x')}), 9);
  for (const char* typed : {"a\"", "*x", "NEAR(a", "a AND", "text:x", "^x", "{x", "a -b", "'; x"}) {
    EXPECT_EQ(code({"--search", typed}), 0) << typed;
  }
  EXPECT_EQ(code({"--since", id}), 0);
}

// Of a process, in kB.
std::int64_t memory(pid_t pid, const std::string& key) {
  const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
  const std::size_t at = status.find(key + ":");
  if (at == std::string::npos) throw Stuck("no " + key + " of " + std::to_string(pid));
  return std::stol(status.substr(at + key.size() + 1));
}

// A long history, and somebody who reads its beginning, rests, and then reads on to its end.
struct LongLog : Log {
  static constexpr std::int64_t kPosts = 2000;
  static constexpr std::int64_t kPostBytes = 16 * 1024;
  static constexpr std::int64_t kBytes = kPosts * kPostBytes;
  // More than a pipe takes.
  static constexpr std::int64_t kUnread = 256 * 1024;
  // Prints the reader's process, and the first line; then on a word reads all but the last
  // messages: the reader waits to be rid of them.
  static constexpr const char* kScript =
      "bytes=$1; shift; exec 3< <(exec \"$@\"); echo $!; IFS= read -r line <&3; echo first;"
      "read -r word; head -c $bytes <&3 > /dev/null; echo last; read -r word";

  void SetUp() override {
    // A sanitizer keeps what is freed, but not so much of it.
    const std::string environment = "ASAN_OPTIONS";
    for (Daemon* each : {&anna, &ben}) {
      each->setup().environment[environment] = "quarantine_size_mb=1";
      each->setup().flags = {"--rate", "0"};
    }
    Log::SetUp();
    std::string lines;
    for (int i = 0; i < kPosts; ++i) lines += std::string(kPostBytes - 1, 'x') + "\n";
    const Said said = ben.ctl_with_input({"push", "anna", "-l"}, lines);
    if (said.code != 0) throw Stuck(said.err);
  }
};

TEST_F(LongLog, IsPrintedAtOnceAndKeptNowhere) {
  Process::Setup setup = ben.ctl_setup({"log", "anna", "--format", "%m\\n"});
  Words words{"bash", "-c", kScript, "bash", std::to_string(kBytes - kUnread)};
  words.insert(words.end(), setup.words.begin(), setup.words.end());
  const pid_t daemon = ben.process().pid();
  write_file("/proc/" + std::to_string(daemon) + "/clear_refs", "5");  // Forgets the peak.
  const std::int64_t before = memory(daemon, "VmRSS");

  Process reader({words, {{"ASAN_OPTIONS", "quarantine_size_mb=1"}}, Process::Input::open});
  ASSERT_TRUE(wait_until([&] { return lines_of(reader.out()).size() == 2; })) << reader.err();
  const auto program = static_cast<pid_t>(std::stol(reader.out()));
  const std::int64_t resting = memory(program, "VmRSS");
  EXPECT_TRUE(ben.ask({"id"}).has("id")) << "others are served meanwhile";
  reader.write("on\n");
  ASSERT_TRUE(wait_until([&] { return lines_of(reader.out()).size() == 3; })) << reader.err();

  // Had either kept it all, it would be as much as all.
  EXPECT_LT(memory(program, "VmHWM") - resting, kBytes / 1024 / 4);
  EXPECT_LT(memory(daemon, "VmHWM") - before, kBytes / 1024 / 4);
  reader.write("end\n");
  EXPECT_EQ(reader.wait(), 0) << reader.err();
}

TEST_F(Garden, IsSearchedAlikeByAllItsMembers) {
  all_in();
  anna.tell({"push", "garden", "the roses need water"});
  ben.tell({"push", "garden", "Water them"});
  cleo.tell({"push", "garden", "done"});
  const auto found = [](const Daemon& daemon) {
    return daemon.tell({"log", "garden", "--search", "water", "--format", "%i %a %m\\n"});
  };

  for (const Daemon* each : {&anna, &ben, &cleo}) {
    ASSERT_TRUE(wait_until([&] { return talk(*each).size() == 3; })) << each->name();
  }

  EXPECT_EQ(lines_of(found(anna)).size(), 2U);
  EXPECT_EQ(found(ben), found(anna));
  EXPECT_EQ(found(cleo), found(anna));
  // A message of another conversation is no bound of this one.
  const std::string id =
      lines_of(anna.tell({"log", "garden", "-n", "1", "--format", "%i\\n"})).at(0);
  anna.tell({"create", "shed", "2"});
  EXPECT_EQ(anna.ctl({"log", "shed", "--since", id}).code, 4);
}

}  // namespace
}  // namespace p2pchat::functional
