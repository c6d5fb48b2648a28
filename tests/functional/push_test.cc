// Pushing: what a script gives, and what it is told.
#include <gtest/gtest.h>

#include "tests/functional/harness/pair.h"

namespace p2pchat::functional {
namespace {

using Texts = std::vector<std::string>;

constexpr std::size_t kBodyBytes = 32 * 1024;

// The bytes of the newest message as they are, without a newline of ours.
std::string newest_body(const Daemon& daemon, const std::string& name) {
  return daemon.tell({"log", name, "-n", "1", "--format", "%m"});
}

class Push : public Pair {
 protected:
  std::size_t stored() { return lines_of(anna.tell({"log", "ben", "--json"})).size(); }
};

TEST_F(Push, PrintsTheIdOfAMessageThatIsStored) {
  const Said said = anna.ctl({"push", "ben", "hello"});
  // Nothing more is asked of the daemon between the answer and its death.
  anna.crash();
  anna.start();
  const auto log = json_lines(anna.tell({"log", "ben", "--json"}));

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.err, "");
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0].text("id") + "\n", said.out);
  EXPECT_EQ(log[0].text("text"), "hello");
}

TEST_F(Push, AnswersJsonWithTheSameKeys) {
  const Json answer = anna.ask({"push", "ben", "hello"});
  const Json message = json_lines(anna.tell({"log", "ben", "--json"})).at(0);

  EXPECT_EQ(answer.keys(), (Texts{"v", "id", "conversation", "time"}));
  EXPECT_EQ(answer.text("conversation"), "ben");
  for (const char* key : {"id", "conversation", "time"}) {
    EXPECT_EQ(answer.text(key), message.text(key)) << key;
  }
}

TEST_F(Push, OfADashTakesAllOfStdinAsOneMessage) {
  const std::string text = "first line\n\n  third line\twith a tab\n";

  const Said said = anna.ctl_with_input({"push", "ben", "-"}, text);

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(lines_of(said.out).size(), 1U);
  EXPECT_EQ(newest_body(anna, "ben"), text);
  EXPECT_TRUE(wait_until([&] { return newest_body(ben, "anna") == text; }));
}

TEST_F(Push, OfLinesMakesAMessageOfEach) {
  const Said said = anna.ctl_with_input({"push", "ben", "-l"}, "one\ntwo\n\nthree without end");

  EXPECT_EQ(said.code, 0) << said.err;
  const auto ids = lines_of(said.out);
  ASSERT_EQ(ids.size(), 3U) << "an empty line is none";
  EXPECT_EQ(texts_of(anna.tell({"log", "ben", "--json"}), "id"), ids);
  EXPECT_EQ(texts_of(anna.tell({"log", "ben", "--json"})),
            (Texts{"one", "two", "three without end"}));
}

TEST_F(Push, OfLinesSendsEachAsItComes) {
  Process::Setup setup = anna.ctl_setup({"push", "ben", "-l"});
  setup.kind = Process::Input::open;
  Process pusher(setup);

  for (const char* line : {"one", "two"}) {
    pusher.write(std::string(line) + "\n");
    EXPECT_TRUE(wait_until([&] { return stored() > 0 && newest_body(anna, "ben") == line; }))
        << "while stdin is still open";
  }
  pusher.close_input();

  EXPECT_EQ(pusher.wait(), 0);
  EXPECT_EQ(lines_of(pusher.out()).size(), 2U);
}

TEST_F(Push, OfAFileTakesAllOfIt) {
  const std::string file = (folder / "report.txt").native();
  write_file(file, "line 1\nline 2\n");

  const Said said = anna.ctl({"push", "ben", "--file", file});
  const Said missing = anna.ctl({"push", "ben", "--file", file + ".not"});

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(newest_body(anna, "ben"), "line 1\nline 2\n");
  EXPECT_EQ(missing.code, 1);
  EXPECT_TRUE(is_one_line(missing.err, "chatctl")) << missing.err;
}

TEST_F(Push, OfBytesThatAreNoTextKeepsThem) {
  const std::string bytes("\xff\x00\x01\xfe", 4);

  const Said said = anna.ctl_with_input({"push", "ben", "-"}, bytes);
  ASSERT_TRUE(wait_until([&] { return !ben.tell({"log", "anna", "--json"}).empty(); }));
  const Json message = json_lines(ben.tell({"pull", "--json"})).at(0);

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(message.text("data"), "/wAB/g==");
  EXPECT_FALSE(message.has("text"));
  EXPECT_EQ(newest_body(ben, "anna"), bytes);
}

TEST_F(Push, TakesTheLongestMessageAndNoLongerOne) {
  const std::string longest(kBodyBytes, 'x');

  const Said fits = anna.ctl_with_input({"push", "ben", "-"}, longest);
  const Said too_long = anna.ctl_with_input({"push", "ben", "-"}, longest + "x");

  EXPECT_EQ(fits.code, 0) << fits.err;
  EXPECT_EQ(too_long.code, 9);
  EXPECT_TRUE(is_one_line(too_long.err, "chatctl")) << too_long.err;
  EXPECT_EQ(stored(), 1U) << "nothing of the longer one";
  EXPECT_TRUE(wait_until([&] {
    return lines_of(ben.tell({"log", "anna", "--json"})).size() == 1 &&
           newest_body(ben, "anna") == longest;
  }));
}

TEST_F(Push, OfNothingIsWrongUsage) {
  for (const Said& said : {anna.ctl({"push", "ben"}), anna.ctl({"push", "ben", ""}),
                           anna.ctl({"push", "ben", "-"}), anna.ctl({"push", "ben", "a", "b"})}) {
    EXPECT_EQ(said.code, 2);
    EXPECT_TRUE(is_one_line(said.err, "chatctl")) << said.err;
  }
  EXPECT_EQ(stored(), 0U);
}

TEST_F(Push, ToNobodyKnownSaysWhatToDo) {
  const Said said = anna.ctl({"push", "cleo", "hello"});

  EXPECT_EQ(said.code, 4);
  EXPECT_TRUE(is_one_line(said.err, "chatctl")) << said.err;
  EXPECT_NE(said.err.find("chatctl chat"), std::string::npos) << said.err;
}

TEST_F(Push, OverTheRateIsALimit) {
  anna.setup().flags = {"--rate", "1"};
  anna.restart();
  std::size_t answered = 0;
  Said refused;

  // Four at once, as often as it takes on a slow machine until a second has seen two of them.
  const bool is_refused = wait_until([&] {
    std::vector<Process> pushers;
    pushers.reserve(4);
    for (int i = 0; i < 4; ++i) pushers.emplace_back(anna.ctl_setup({"push", "ben", "quick"}));
    for (Process& each : pushers) {
      const int code = each.wait();
      answered += code == 0 ? 1 : 0;
      if (code != 0) refused = {code, each.out(), each.err()};
    }
    return refused.code > 0;
  });

  ASSERT_TRUE(is_refused);
  EXPECT_EQ(refused.code, 9) << refused.err;
  EXPECT_EQ(refused.out, "");
  EXPECT_TRUE(is_one_line(refused.err, "chatctl")) << refused.err;
  EXPECT_EQ(stored(), answered) << "what was answered, and no more";
}

TEST_F(Push, OfLinesWaitsOutTheRate) {
  anna.setup().flags = {"--rate", "3"};
  anna.restart();

  const Said said = anna.ctl_with_input({"push", "ben", "-l"}, "1\n2\n3\n4\n5\n6\n7\n");

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(texts_of(anna.tell({"log", "ben", "--json"})),
            (Texts{"1", "2", "3", "4", "5", "6", "7"}));
}

TEST_F(Push, LeavesStdinToAScriptThatReadsIt) {
  const std::string chatctl = std::string(CHATCTL_PATH) + " --socket " + anna.socket();
  Process::Setup setup;
  setup.words = {"sh", "-c",
                 "while read -r line; do " + chatctl + " push ben \"$line\" && " + chatctl +
                     " pull --timeout 1ms; " + chatctl + " id; " + chatctl + " log ben; done"};
  setup.kind = Process::Input::given;
  setup.input = "one\ntwo\nthree\n";

  run(setup);

  EXPECT_EQ(texts_of(anna.tell({"log", "ben", "--json"})), (Texts{"one", "two", "three"}));
}

}  // namespace
}  // namespace p2pchat::functional
