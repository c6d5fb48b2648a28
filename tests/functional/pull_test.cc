// Pulling: every message once, to every reader, as the reader wants it.
#include <csignal>
#include <gtest/gtest.h>

#include "tests/functional/harness/pair.h"

namespace p2pchat::functional {
namespace {

using Texts = std::vector<std::string>;

class Pull : public Pair {
 protected:
  Process::Setup pull(const Words& more) const {
    Words words{"pull", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return ben.ctl_setup(words);
  }
  static bool shows(Process& process, const Texts& texts) {
    return wait_until([&] {
      const std::string out = process.out();
      return (out.empty() || out.back() == '\n') && texts_of(out) == texts;
    });
  }
};

TEST_F(Pull, GivesWhatIsNewExactlyOnce) {
  deliver("one");
  deliver("two");

  EXPECT_EQ(pulled(ben), (Texts{"one", "two"}));
  EXPECT_EQ(pulled(ben), Texts{});
  deliver("three");
  EXPECT_EQ(pulled(ben), Texts{"three"});
}

TEST_F(Pull, RemembersItsPlaceOverACrash) {
  deliver("one");
  EXPECT_EQ(pulled(ben), Texts{"one"});

  ben.crash();
  ben.start();
  deliver("two");

  EXPECT_EQ(pulled(ben), Texts{"two"});
}

TEST_F(Pull, ThatPeeksMovesNothing) {
  deliver("one");

  EXPECT_EQ(pulled(ben, {"--peek"}), Texts{"one"});
  EXPECT_EQ(pulled(ben, {"--peek"}), Texts{"one"});
  EXPECT_EQ(pulled(ben), Texts{"one"});
  EXPECT_EQ(pulled(ben, {"--peek"}), Texts{});
}

TEST_F(Pull, OfANumberLeavesTheRest) {
  for (const char* text : {"one", "two", "three"}) deliver(text);

  EXPECT_EQ(pulled(ben, {"-n", "2"}), (Texts{"one", "two"}));
  EXPECT_EQ(pulled(ben, {"-n", "2"}), Texts{"three"});
}

TEST_F(Pull, OfANameLeavesOtherConversations) {
  Daemon cleo(folder.path(), "cleo");
  cleo.start();
  meet(cleo, ben);
  deliver("from Anna");
  const std::string id = lines_of(cleo.tell({"push", "ben", "from Cleo"})).at(0);
  ASSERT_TRUE(wait_until([&] { return holds(ben, "cleo", id); }));

  EXPECT_EQ(pulled(ben, {"cleo"}), Texts{"from Cleo"});
  EXPECT_EQ(pulled(ben), Texts{"from Anna"});
  EXPECT_EQ(ben.ctl({"pull", "nobody"}).code, 4);
}

TEST_F(Pull, WithoutAnythingNewEndsAtOnceWithSuccess) {
  const Said plain = ben.ctl({"pull"});
  const Said strict = ben.ctl({"pull", "--fail-empty"});
  deliver("one");
  const Said full = ben.ctl({"pull", "--fail-empty"});

  EXPECT_EQ(plain.code, 0);
  EXPECT_EQ(plain.out + plain.err, "");
  EXPECT_EQ(strict.code, 8);
  EXPECT_EQ(full.code, 0);
}

TEST_F(Pull, ThatWaitsInVainEndsWith124) {
  const Said empty = ben.ctl({"pull", "--timeout", "50ms"});
  deliver("one");
  const Said too_few = ben.ctl({"pull", "-n", "2", "--timeout", "50ms", "--json"});

  EXPECT_EQ(empty.code, 124);
  EXPECT_EQ(too_few.code, 124);
  EXPECT_EQ(texts_of(too_few.out), Texts{"one"});
  EXPECT_EQ(pulled(ben), Texts{}) << "what was written was taken";
}

TEST_F(Pull, ThatWaitsEndsWithWhatComes) {
  Process waiting(pull({"-n", "1", "--timeout", "1m"}));

  deliver("at last");

  EXPECT_EQ(waiting.wait(), 0);
  EXPECT_EQ(texts_of(waiting.out()), Texts{"at last"});
}

TEST_F(Pull, KeepsReadersApart) {
  deliver("one");
  EXPECT_EQ(pulled(ben, {"--as", "backup"}), Texts{"one"});
  deliver("two");

  EXPECT_EQ(pulled(ben, {"--as", "backup"}), Texts{"two"});
  EXPECT_EQ(pulled(ben), (Texts{"one", "two"}));
  const auto readers = json_lines(ben.tell({"readers", "--json"}));
  ASSERT_EQ(readers.size(), 2U);
  for (const Json& reader : readers) EXPECT_EQ(reader.integer("unread"), 0);
}

TEST_F(Pull, WithManualAcksMovesWhenItIsTold) {
  deliver("one");
  const std::string second = deliver("two");
  deliver("three");

  const auto first_time = pulled(ben, {"--ack", "manual"});
  const auto second_time = pulled(ben, {"--ack", "manual"});
  ben.tell({"ack", second});

  EXPECT_EQ(first_time, (Texts{"one", "two", "three"}));
  EXPECT_EQ(second_time, first_time);
  EXPECT_EQ(pulled(ben), Texts{"three"});
  EXPECT_EQ(ben.ctl({"ack", "no such id"}).code, 4);
}

TEST_F(Pull, PrintsTheKeysThatArePromised) {
  const std::string id = deliver("Gr\u00fc\u00dfe \"\\\n\x1b[31m");

  const Json message = json_lines(ben.tell({"pull", "--json"})).at(0);

  EXPECT_EQ(message.keys(), (Texts{"v", "id", "kind", "conversation", "author", "from", "seq",
                                   "time", "received", "text", "late", "final"}));
  EXPECT_EQ(message.integer("v"), 1);
  EXPECT_EQ(message.text("id"), id);
  EXPECT_EQ(message.text("kind"), "chat");
  EXPECT_EQ(message.text("conversation"), "anna");
  EXPECT_EQ(message.text("author"), anna.id());
  EXPECT_EQ(message.text("from"), "anna");
  EXPECT_GT(message.integer("seq"), 0);
  EXPECT_EQ(message.text("text"), "Gr\u00fc\u00dfe \"\\\n\x1b[31m");
  EXPECT_FALSE(message.flag("late"));
  for (const char* key : {"time", "received"}) {
    EXPECT_EQ(message.text(key).size(), std::string("2026-11-20T14:03:12.123Z").size());
    EXPECT_EQ(message.text(key).back(), 'Z');
  }
}

TEST_F(Pull, TellsWhatIsFinal) {
  deliver("hello");

  // Nothing can come before it once each has promised the other not to post below it.
  EXPECT_TRUE(wait_until([&] {
    return json_lines(ben.tell({"log", "anna", "--json"})).at(0).flag("final") &&
           json_lines(anna.tell({"log", "ben", "--json"})).at(0).flag("final");
  }));
}

TEST_F(Pull, WritesAMessageAsTheUserWants) {
  const std::string id = deliver("hello");

  const std::string words = ben.tell({"pull", "--peek"});
  const std::string own = ben.tell({"pull", "--format", "%f|%c|%i|%m%%\\t"});

  EXPECT_TRUE(words.ends_with(" [anna] anna: hello\n")) << words;
  EXPECT_EQ(own, "anna|anna|" + id + "|hello%\t");
}

TEST_F(Pull, GivesOwnMessagesOnlyWhenAsked) {
  deliver("hello");

  EXPECT_EQ(pulled(anna), Texts{});
  EXPECT_EQ(pulled(anna, {"--mine", "--as", "archive"}), Texts{"hello"});
}

TEST_F(Pull, ThatFollowsGoesOnOverRestartsOfTheDaemon) {
  Process following(pull({"-f"}));
  deliver("one");
  ASSERT_TRUE(shows(following, {"one"}));

  ben.restart();
  deliver("two");
  ASSERT_TRUE(shows(following, {"one", "two"}));
  ben.crash();
  ben.start();
  deliver("three");

  EXPECT_TRUE(shows(following, {"one", "two", "three"}));
  following.signal(SIGINT);
  EXPECT_EQ(following.wait(), 130);
  EXPECT_EQ(pulled(ben), Texts{}) << "all that was shown was taken";
}

TEST_F(Pull, ThatFollowsEndsWhenNothingComes) {
  deliver("one");

  const Said said = run(pull({"--idle", "50ms"}));

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(texts_of(said.out), Texts{"one"});
}

TEST_F(Pull, UnderANameThatIsInUseEndsTheOther) {
  Process first(pull({"-f"}));
  deliver("one");
  ASSERT_TRUE(shows(first, {"one"}));

  Process second(pull({"-f"}));
  const int ended = first.wait();
  deliver("two");

  EXPECT_NE(ended, 0);
  EXPECT_TRUE(is_one_line(first.err(), "chatctl")) << first.err();
  EXPECT_TRUE(shows(second, {"two"}));
}

TEST_F(Pull, EndsBySignalsAsAShellExpects) {
  Process interrupted(pull({"-f"}));
  Process terminated(pull({"-f", "--as", "other"}));
  deliver("one");
  ASSERT_TRUE(shows(interrupted, {"one"}) && shows(terminated, {"one"}));

  interrupted.signal(SIGINT);
  terminated.signal(SIGTERM);

  EXPECT_EQ(interrupted.wait(), 130);
  EXPECT_EQ(terminated.wait(), 143);
}

TEST_F(Pull, EndsWhenNobodyReadsItsOutput) {
  for (int i = 0; i < 5; ++i) deliver("line " + std::to_string(i));
  Process::Setup setup;
  const std::string pull = std::string(CHATCTL_PATH) + " --socket " + ben.socket() + " pull -f";
  setup.words = {"sh", "-c", "{ " + pull + "; echo $? >&2; } | head -n 1"};

  const Said said = run(setup);

  EXPECT_TRUE(said.out.ends_with("line 0\n")) << said.out;
  EXPECT_EQ(said.err, "141\n");
}

TEST_F(Pull, NeverReadsItsInput) {
  Process::Setup setup = pull({"-f"});
  setup.kind = Process::Input::open;
  Process following(setup);
  following.close_input();

  deliver("one");

  EXPECT_TRUE(shows(following, {"one"})) << "the end of stdin is not its end";
}

}  // namespace
}  // namespace p2pchat::functional
