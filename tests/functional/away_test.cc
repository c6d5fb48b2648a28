// Away: what is pushed while somebody is not there.
#include <gtest/gtest.h>

#include "tests/functional/harness/pair.h"

namespace p2pchat::functional {
namespace {

using Texts = std::vector<std::string>;

class Away : public Pair {
 protected:
  bool come_to_agree(std::size_t count) {
    return wait_until([&] { return agree(anna, ben, count); });
  }
};

TEST_F(Away, MessagesArriveLaterWithTheirOwnTimeInOrderOnce) {
  ben.stop();
  std::vector<std::string> times;
  for (const char* text : {"one", "two"}) {
    times.push_back(anna.ask({"push", "ben", text}).text("time"));
  }
  anna.restart();
  times.push_back(anna.ask({"push", "ben", "three"}).text("time"));
  anna.crash();
  anna.start();
  times.push_back(anna.ask({"push", "ben", "four"}).text("time"));

  ben.start();
  ASSERT_TRUE(come_to_agree(4));
  const std::string got = ben.tell({"pull", "--json"});

  EXPECT_EQ(texts_of(got), (Texts{"one", "two", "three", "four"}));
  EXPECT_EQ(texts_of(got, "time"), times);
  for (const Json& message : json_lines(got)) {
    EXPECT_GE(message.text("received"), message.text("time"));
  }
  EXPECT_EQ(pulled(ben), Texts{});
}

TEST_F(Away, BothWriteAndThenTellTheSameHistory) {
  ben.stop();
  anna.tell({"push", "ben", "Anna, alone"});
  anna.stop();
  ben.start();
  ben.tell({"push", "anna", "Ben, alone"});
  const auto read_alone = pulled(ben, {"--mine"});
  anna.start();
  ASSERT_TRUE(come_to_agree(2));

  const auto come_later = json_lines(ben.tell({"pull", "--mine", "--json"}));
  const auto in_order = texts_of(ben.tell({"log", "anna", "--json"}));

  EXPECT_EQ(read_alone, Texts{"Ben, alone"});
  ASSERT_EQ(come_later.size(), 1U);
  EXPECT_EQ(come_later[0].text("text"), "Anna, alone");
  EXPECT_TRUE(come_later[0].flag("late")) << "it sorts before what was pulled already";
  EXPECT_EQ(in_order, (Texts{"Anna, alone", "Ben, alone"}));
}

TEST_F(Away, ALongAbsenceIsMadeUpFor) {
  ben.stop();
  std::string lines;
  for (int i = 0; i < 3000; ++i) {
    lines += "line " + std::to_string(i) + " " + std::string(100, 'x') + "\n";
  }
  anna.setup().flags = {"--rate", "0"};
  anna.restart();
  const Said said = anna.ctl_with_input({"push", "ben", "-l"}, lines);
  ASSERT_EQ(said.code, 0) << said.err;

  ben.start();
  ASSERT_TRUE(come_to_agree(3000));

  EXPECT_EQ(ben.tell({"pull", "--format", "%m\\n"}), lines);
}

TEST_F(Away, HistoryIsCutByTimeByMessageAndByNumber) {
  std::vector<std::string> ids;
  for (const char* text : {"one", "two", "three", "four"}) ids.push_back(deliver(text));

  const auto log = [&](const Words& more) {
    Words words{"log", "anna", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return texts_of(ben.tell(words));
  };

  EXPECT_EQ(log({"-n", "2"}), (Texts{"three", "four"}));
  EXPECT_EQ(log({"--since", ids[1], "--until", ids[2]}), (Texts{"two", "three"}));
  EXPECT_EQ(log({"--since", "1h"}).size(), 4U);
  EXPECT_EQ(log({"--until", "2020-01-01"}), Texts{});
  EXPECT_EQ(pulled(ben).size(), 4U) << "reading history moves nothing";
}

TEST_F(Away, WhatIsHeardLiveCameByPubSub) {
  // What PUB carried is counted; what the link repaired is not.
  int count = 0;
  const auto comes_live = [](const Daemon& by, const Daemon& to, int& number) {
    return wait_until([&] {
      by.tell({"push", to.name(), std::to_string(number++)});
      return to.ask({"status"}).has("live_received") &&
             to.ask({"status"}).integer("live_received") > 0;
    });
  };

  EXPECT_TRUE(comes_live(anna, ben, count));
  EXPECT_TRUE(comes_live(ben, anna, count));
  EXPECT_TRUE(come_to_agree(static_cast<std::size_t>(count)));
  EXPECT_TRUE(wait_until([&] {
    const auto peer = peer_of(anna, "ben");
    return peer->flag("hears") && peer->flag("heard");
  }));
}

}  // namespace
}  // namespace p2pchat::functional
