// Receipts: whoever pushes is told the truth about who has it.
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <set>

#include "tests/functional/harness/garden.h"
#include "tests/functional/harness/pair.h"

namespace p2pchat::functional {
namespace {

using Texts = std::vector<std::string>;

// Of the members, as a script reads it: all lines behind that of the message.
std::map<std::string, bool> receipts(const std::string& out) {
  std::map<std::string, bool> told;
  for (const Json& line : json_lines(out)) {
    if (line.has("member")) told[line.text("name")] = line.flag("delivered");
  }
  return told;
}

class Delivery : public Pair {};

TEST_F(Delivery, IsWaitedForAndToldMemberByMember) {
  const Said said = anna.ctl({"push", "ben", "hello", "--wait", "delivered", "--json"});

  EXPECT_EQ(said.code, 0) << said.err;
  const auto lines = json_lines(said.out);
  ASSERT_EQ(lines.size(), 2U) << said.out;
  EXPECT_EQ(lines[1].keys(), (Texts{"v", "id", "member", "name", "delivered"}));
  EXPECT_EQ(lines[1].text("id"), lines[0].text("id"));
  EXPECT_EQ(lines[1].text("member"), ben.id());
  EXPECT_TRUE(lines[1].flag("delivered"));
  EXPECT_EQ(texts_of(ben.tell({"log", "anna", "--json"})), (Texts{"hello"}));
}

TEST_F(Delivery, ToNobodyWhenTheTimeEndsIsSix) {
  ben.stop();

  const Said said = anna.ctl({"push", "ben", "hello", "--wait", "delivered", "--timeout", "500ms"});

  EXPECT_EQ(said.code, 6) << said.err;
  EXPECT_TRUE(is_one_line(said.err, "chatctl")) << said.err;
  EXPECT_NE(said.err.find("ben"), std::string::npos) << said.err;
  EXPECT_EQ(lines_of(said.out), texts_of(anna.tell({"log", "ben", "--json"}), "id"));
}

TEST_F(Delivery, IsHeardOfAsSoonAsThePeerIsBack) {
  ben.stop();
  Process waiting(anna.ctl_setup({"push", "ben", "hello", "--wait", "all"}));
  ASSERT_TRUE(wait_until([&] {
    return texts_of(anna.tell({"log", "ben", "--json"})) == Texts{"hello"};
  }));

  ben.start();

  EXPECT_EQ(waiting.wait(), 0) << waiting.err();
}

TEST_F(Delivery, OfAllLinesIsTheDeliveryOfTheLast) {
  const Said said =
      anna.ctl_with_input({"push", "ben", "-l", "--wait", "all"}, "one\ntwo\nthree\n");

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(texts_of(ben.tell({"log", "anna", "--json"})), (Texts{"one", "two", "three"}));
}

TEST_F(Delivery, IsNotKnownAnyMoreOfAPeerThatHasForgotten) {
  anna.tell({"push", "ben", "hello", "--wait", "all"});
  // Its disk is another one.
  ben.stop();
  for (const char* ending : {"", "-wal", "-shm"}) {
    std::filesystem::remove(ben.database().native() + ending);
  }
  ben.start();
  const Said said = anna.ctl({"push", "ben", "again", "--wait", "all"});

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(texts_of(ben.tell({"log", "anna", "--json"})), (Texts{"hello", "again"}));
}

TEST_F(Delivery, RefusesWhatItCannotMean) {
  for (const char* wrong : {"", "some", "delivered:", "delivered:0", "delivered:x", "all:2"}) {
    const Said said = anna.ctl({"push", "ben", "hello", "--wait", wrong});
    EXPECT_EQ(said.code, 2) << wrong << said.err;
  }
  const Said said = anna.ctl({"push", "ben", "hello", "--wait", "delivered:2"});
  EXPECT_EQ(said.code, 1) << said.err;
  EXPECT_EQ(anna.tell({"log", "ben"}), "") << "it was refused before it was stored";
}

// --- Keys ---

class Key : public Pair {};

TEST_F(Key, PushesOnceHoweverOftenItIsPushed) {
  const std::string id = anna.tell({"push", "ben", "backup done", "--key", "backup-1"});

  EXPECT_EQ(anna.tell({"push", "ben", "backup done", "--key", "backup-1"}), id);
  anna.crash();
  anna.start();
  EXPECT_EQ(anna.tell({"push", "ben", "backup done", "--key", "backup-1"}), id);
  EXPECT_NE(anna.tell({"push", "ben", "backup done", "--key", "backup-2"}), id);
  EXPECT_EQ(lines_of(anna.tell({"log", "ben", "--json"})).size(), 2U);
}

TEST_F(Key, IsForOneText) {
  anna.tell({"push", "ben", "one", "--key", "k"});

  const Said said = anna.ctl({"push", "ben", "two", "--key", "k"});

  EXPECT_EQ(said.code, 1) << said.err;
  EXPECT_NE(said.err.find("'k'"), std::string::npos) << said.err;
  EXPECT_EQ(said.out, "");
}

TEST_F(Key, ThatManyPushAtOnceIsPostedOnce) {
  std::vector<std::unique_ptr<Process>> pushers;
  for (int i = 0; i < 8; ++i) {
    pushers.push_back(
        std::make_unique<Process>(anna.ctl_setup({"push", "ben", "once", "--key", "k"})));
  }
  std::set<std::string> ids;
  for (const auto& each : pushers) {
    EXPECT_EQ(each->wait(), 0) << each->err();
    ids.insert(each->out());
  }

  EXPECT_EQ(ids.size(), 1U);
  EXPECT_EQ(lines_of(anna.tell({"log", "ben", "--json"})).size(), 1U);
}

TEST_F(Key, RefusesWhatItCannotMean) {
  EXPECT_EQ(anna.ctl({"push", "ben", "text", "--key", ""}).code, 2);
  EXPECT_EQ(anna.ctl({"push", "ben", "text", "--key", std::string(129, 'k')}).code, 2);
  EXPECT_EQ(anna.ctl_with_input({"push", "ben", "-l", "--key", "k"}, "one\ntwo\n").code, 2);
  EXPECT_EQ(anna.tell({"log", "ben"}), "");
}

TEST_F(Garden, ADeliveryToSomeIsSeven) {
  all_in();
  cleo.stop();
  const Words hello{"push", "garden", "hello", "--key", "k"};
  const auto with = [&](const Words& more) {
    Words words = hello;
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };

  const Said enough = anna.ctl(with({"--wait", "delivered:1"}));
  const Said said = anna.ctl(with({"--wait", "all", "--timeout", "100ms", "--json"}));

  EXPECT_EQ(enough.code, 0) << enough.err;
  EXPECT_EQ(said.code, 7) << said.err;
  EXPECT_EQ(receipts(said.out), (std::map<std::string, bool>{{"ben", true}, {"cleo", false}}));
  cleo.start();
  EXPECT_EQ(anna.ctl({"push", "garden", "and on", "--wait", "all"}).code, 0);
  EXPECT_EQ(talk(cleo), (Texts{"hello", "and on"}));
}

}  // namespace
}  // namespace p2pchat::functional
