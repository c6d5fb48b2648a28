// Recovery: peers that lose their state, move, or can be reached from one side only.
#include <filesystem>
#include <gtest/gtest.h>

#include "tests/functional/harness/daemon.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::functional {
namespace {

namespace fs = std::filesystem;

void lose_database(const Daemon& daemon) {
  for (const char* ending : {"", "-wal", "-shm"}) {
    fs::remove(daemon.database().native() + ending);
  }
}

bool come_to_agree(const Daemon& a, const Daemon& b, std::size_t count) {
  return wait_until([&] { return agree(a, b, count); });
}

struct Recovery : testing::Test {
  // Anna and Ben have met, and three messages have gone each way.
  void talk() {
    anna.start();
    ben.start();
    meet(anna, ben);
    for (const char* word : {"one", "two", "three"}) {
      anna.tell({"push", "ben", std::string("Anna says ") + word});
      ben.tell({"push", "anna", std::string("Ben says ") + word});
    }
    ASSERT_TRUE(come_to_agree(anna, ben, 6));
  }

  TempFolder folder;
  Daemon anna{folder.path(), "anna"};
  Daemon ben{folder.path(), "ben"};
};

TEST_F(Recovery, OfAPeerThatLostItsStateBringsBackContactAndMessages) {
  talk();
  const std::string before = history(anna, "ben");

  ben.stop();
  lose_database(ben);
  ben.setup().flags = {"--accept", "nobody"};
  ben.start();
  const bool agreed = come_to_agree(anna, ben, 6);
  const auto read_again = pulled(ben);
  ben.tell({"push", "anna", "I am back"});

  ASSERT_TRUE(agreed) << "registered again by itself, under any policy";
  EXPECT_EQ(read_again,
            (std::vector<std::string>{"Anna says one", "Anna says two", "Anna says three"}));
  ASSERT_TRUE(come_to_agree(anna, ben, 7));
  EXPECT_TRUE(history(anna, "ben").starts_with(before)) << "what is new sorts behind it";
}

TEST_F(Recovery, OfAPeerThatMovedToAnotherPortFindsTheSameContact) {
  talk();
  const std::string old_door = ben.door();

  ben.stop();
  anna.tell({"push", "ben", "where are you?"});
  ben.setup().listen = kAnyPort;
  ben.start();
  const bool agreed = come_to_agree(anna, ben, 7);

  EXPECT_TRUE(agreed);
  EXPECT_NE(ben.door(), old_door);
  const auto peers = json_lines(anna.tell({"peers", "--json"}));
  ASSERT_EQ(peers.size(), 1U);
  EXPECT_EQ(peers[0].list("addresses"), std::vector{ben.door()}) << "its newest card is known";
}

TEST_F(Recovery, OfBothAfterOneHasMovedWorksAgain) {
  talk();
  ben.stop();
  ben.setup().listen = kAnyPort;
  ben.start();
  ASSERT_TRUE(wait_until([&] { return is_linked(anna, "ben"); }));

  // Anna, who was told of the new place once, comes back by it.
  const std::string door = ben.door();
  anna.restart();
  anna.tell({"push", "ben", "there you are"});

  EXPECT_TRUE(come_to_agree(anna, ben, 7));
  EXPECT_EQ(ben.door(), door);
}

struct OneWay : testing::Test {
  TempFolder folder;
  // Says that it is where nothing listens: nobody can dial it.
  Daemon hidden{folder.path(), "hidden", {"", {"--advertise", "127.0.0.1:1"}}};
  Daemon open{folder.path(), "open"};
};

TEST_F(OneWay, DiallingIsEnoughForBothDirections) {
  hidden.start();
  open.start();
  meet(hidden, open);

  hidden.tell({"push", "open", "from where nobody comes"});
  open.tell({"push", "hidden", "to where nobody comes"});

  EXPECT_TRUE(come_to_agree(hidden, open, 2));
  EXPECT_EQ(peer_of(open, "hidden")->text("link"), "accepted");
  EXPECT_EQ(peer_of(hidden, "open")->text("link"), "dialled");
}

TEST_F(OneWay, DiallingIsEnoughAfterRestarts) {
  hidden.start();
  open.start();
  meet(hidden, open);

  open.stop();
  hidden.tell({"push", "open", "while you were away"});
  open.start();
  const bool agreed_once = come_to_agree(hidden, open, 1);
  hidden.stop();
  open.tell({"push", "hidden", "while you were away"});
  hidden.start();

  EXPECT_TRUE(agreed_once);
  EXPECT_TRUE(come_to_agree(hidden, open, 2));
}

}  // namespace
}  // namespace p2pchat::functional
