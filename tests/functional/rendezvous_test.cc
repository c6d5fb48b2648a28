// Rendezvous: as its clients and its administrator see it.
#include "tests/functional/harness/rendezvous.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <gtest/gtest.h>
#include <random>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>

#include "proto/limits.h"
#include "tests/functional/harness/notify_socket.h"
#include "tests/functional/harness/small_disk.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::functional {
namespace {

namespace fs = std::filesystem;
using namespace rendezvous;

constexpr const char* kName = "p2pchat-rendezvous";
constexpr int kKills = 40;

class RendezvousTest : public testing::Test {
 protected:
  Question create(const Genesis& genesis) const { return Put{{Kind::genesis, genesis.raw}}; }
  Question join(const Knock& knock) const { return Put{{Kind::knock, knock.raw}}; }
  static Add add(const Identity& identity) {
    return {Card::make(identity, "", {}, false, {1}), 1h, true};
  }
  static std::set<PeerId> listed(Asker& asker) {
    std::set<PeerId> all;
    PeerId after;
    for (bool more = true; more;) {
      const auto cards = std::get<Cards>(asker.ask(List{after}));
      for (const Card& card : cards.cards) all.insert(after = card.id);
      more = cards.more;
    }
    return all;
  }

  static std::set<std::string> room_names(Asker& asker) {
    const auto names = std::get<Names>(asker.ask(Rooms{})).names;
    return {names.begin(), names.end()};
  }

  const TempFolder folder;
  functional::Rendezvous server{folder.path()};
};

TEST_F(RendezvousTest, IsUsedByAPlainReqClientInPython) {
  server.start();

  const Said said = run({{"/usr/bin/python3", "-B",
                          SOURCE_DIR "/tests/functional/rendezvous_client.py", server.address()}});

  EXPECT_EQ(said.code, 0) << said.err;
  EXPECT_EQ(said.out, "done\n");
}

TEST_F(RendezvousTest, SaysWhereItIsAndKeepsIt) {
  server.start();
  const std::string first = server.address();

  EXPECT_EQ(read_file(server.state() / "address"), first + "\n");
  EXPECT_EQ(server.stop(), 0);
  server.start();
  EXPECT_EQ(server.address().substr(0, 53), first.substr(0, 53)) << "the same identity";
  struct stat status {};
  ASSERT_EQ(stat((server.state() / "identity").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(RendezvousTest, TellsItsManagerWhenItIsReadyThatItLivesAndThatItEnds) {
  NotifySocket manager(folder / "notify");
  server.setup().environment["NOTIFY_SOCKET"] = (folder / "notify").native();
  server.setup().environment["WATCHDOG_USEC"] = "100000";

  server.start();
  const bool is_ready = wait_until([&] { return manager.count("READY=1") == 1; });
  const int at_once = Asker(server, test_identity(1)).code(Rooms{});
  const bool lives = wait_until([&] { return manager.count("WATCHDOG=1") >= 3; });
  const std::size_t early_ends = manager.count("STOPPING=1");
  const int code = server.stop();

  EXPECT_TRUE(is_ready);
  EXPECT_EQ(at_once, 0) << "ready means that it answers";
  EXPECT_TRUE(lives);
  EXPECT_EQ(early_ends, 0U);
  EXPECT_EQ(code, 0);
  EXPECT_EQ(manager.count("STOPPING=1"), 1U);
}

TEST_F(RendezvousTest, ThatStandsStillFeedsNoWatchdog) {
  NotifySocket manager(folder / "notify");
  server.setup().environment["NOTIFY_SOCKET"] = (folder / "notify").native();
  server.setup().environment["WATCHDOG_USEC"] = "100000";
  server.start();
  ASSERT_TRUE(wait_until([&] { return manager.count("WATCHDOG=1") >= 1; }));
  Asker asker(server, test_identity(1));
  ASSERT_EQ(asker.code(Rooms{}), 0);

  server.process().signal(SIGSTOP);
  asker.send(Rooms{});
  EXPECT_FALSE(asker.receive(100ms));
  const std::size_t before = manager.count("WATCHDOG=1");
  EXPECT_FALSE(asker.receive(300ms));
  const std::size_t after = manager.count("WATCHDOG=1");
  server.process().signal(SIGCONT);

  EXPECT_EQ(after, before) << "it comes from the loop that does the work";
  EXPECT_TRUE(asker.receive());
  EXPECT_TRUE(wait_until([&] { return manager.count("WATCHDOG=1") > after; }));
}

TEST_F(RendezvousTest, LosesNothingThatItHasAnsweredWhenItIsKilled) {
  std::mt19937 random(3);
  std::set<PeerId> cards;
  std::set<std::string> rooms;
  for (int kill = 0; kill <= kKills; ++kill) {
    server.start();
    const Identity peer = test_identity(kill);
    Asker asker(server, peer);
    const auto all = listed(asker);
    const auto names = room_names(asker);
    ASSERT_TRUE(std::includes(all.begin(), all.end(), cards.begin(), cards.end()));
    ASSERT_TRUE(std::includes(names.begin(), names.end(), rooms.begin(), rooms.end()));
    ASSERT_EQ(asker.code(add(peer)), 0);
    cards.insert(peer.id());
    for (unsigned i = 0, last = random() % kRoomsPerCreatorMax; i <= last; ++i) {
      const std::string name = "room" + std::to_string(kill) + "-" + std::to_string(i);
      asker.send(create(test_genesis(peer, name)));
      // In the middle of its work, or just before or behind it.
      if (i == last) {
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
        server.process().signal(SIGKILL);
      }
      const auto answer = asker.receive(i == last ? 200ms : kPatience);
      if (answer && code_of(*answer) == 0) rooms.insert(name);
    }
    server.crash();
  }
}

TEST_F(RendezvousTest, HoldsManyWatchesAndAnswersOthersMeanwhile) {
  constexpr int kRooms = 4;
  constexpr int kEach = 25;
  server.start();
  std::vector<Asker> watchers;
  std::vector<Genesis> rooms;
  Asker creator(server, test_identity(999));
  for (int i = 0; i < kRooms; ++i) {
    rooms.push_back(test_genesis(test_identity(999), "room" + std::to_string(i)));
    ASSERT_EQ(creator.code(create(rooms.back())), 0);
    for (int j = 0; j < kEach; ++j) {
      const Identity peer = test_identity(i * kEach + j);
      Asker& asker = watchers.emplace_back(server, peer);
      ASSERT_EQ(asker.code(join(test_knock(peer, rooms.back().room))), 0);
      asker.send(Watch{asker.watch().cursor});
    }
  }

  // Nobody of them is answered, and others are.
  EXPECT_EQ(std::get<Names>(creator.ask(Rooms{})).names.size(), 4U);
  for (Asker& asker : watchers) EXPECT_FALSE(asker.receive(0ms));
  for (const Genesis& genesis : rooms) {
    Close close;
    close.room = genesis.room;
    close.seat = {genesis.creator, genesis_change(genesis.room)};
    close.value = genesis_value(genesis.room);
    close.sign(test_identity(999));
    ASSERT_EQ(creator.code(Put{{Kind::close, close.raw}}), 0);
  }
  for (Asker& asker : watchers) {
    const auto answer = asker.receive();
    ASSERT_TRUE(answer);
    const auto page = std::get<Page>(*answer);
    ASSERT_EQ(page.objects.size(), 1U);
    EXPECT_EQ(Standing::decode(page.objects[0].raw)->state, State::closed);
  }
}

TEST_F(RendezvousTest, ServesTheIdsOfItsConfigOnly) {
  const std::string config = (folder / "rendezvous.toml").native();
  write_file(config, "allow = [\"" + to_text(test_identity(1).id()) + "\", \"" +
                         to_text(test_identity(2).id()) + "\"]\n");
  functional::Rendezvous closed(folder.path(), {"--config", config});
  closed.start();
  Asker stranger(closed, test_identity(3));
  stranger.send(Rooms{});

  EXPECT_EQ(Asker(closed, test_identity(1)).code(Rooms{}), 0);
  EXPECT_EQ(Asker(closed, test_identity(2)).code(Rooms{}), 0);
  EXPECT_FALSE(stranger.receive(500ms));
}

// While nothing can be written: what changes something is refused, and the rest goes on.
void expect_reading_only(Asker& asker, const Genesis& genesis, const std::string& reason) {
  Answer refused;
  ASSERT_TRUE(wait_until([&] {
    refused = asker.ask(Put{{Kind::genesis, genesis.raw}});
    return code_of(refused) != 0;
  }));
  EXPECT_EQ(code_of(refused), 1);
  EXPECT_EQ(std::get<Failure>(refused).text, reason);
  EXPECT_EQ(code_of(asker.ask(List{})), 0);
  EXPECT_TRUE(std::get<Names>(asker.ask(Rooms{})).names.empty()) << "nothing is half kept";
}

TEST_F(RendezvousTest, OnAFullDiskSaysSoAndRecoversByItself) {
  fs::create_directories(server.state());
  const SmallDisk disk(server.state().native());
  if (!disk.can_mount()) GTEST_SKIP() << "mounting takes root";
  server.setup().before_exec = disk.mount();
  server.start();
  Asker asker(server, test_identity(1));
  ASSERT_EQ(asker.code(add(test_identity(1))), 0);
  disk.fill(server.process().pid());
  const Genesis genesis = test_genesis(test_identity(1), "ops");

  // What was written before may be written over, so it takes some more until nothing can be.
  while (asker.code(add(test_identity(1))) == 0) continue;
  expect_reading_only(asker, genesis, "the disk is full");
  disk.make_room(server.process().pid());

  EXPECT_EQ(asker.code(create(genesis)), 0);
}

TEST_F(RendezvousTest, WhoseStoreCannotBeWrittenSaysSoAndRecoversByItself) {
  server.setup().before_exec = [] { (void)std::signal(SIGXFSZ, SIG_IGN); };
  server.start();
  Asker asker(server, test_identity(1));
  ASSERT_EQ(asker.code(add(test_identity(1))), 0);
  const pid_t pid = server.process().pid();
  rlimit before{};
  ASSERT_EQ(prlimit(pid, RLIMIT_FSIZE, nullptr, &before), 0);
  const rlimit small{fs::file_size(server.database().native() + "-wal"), before.rlim_max};
  ASSERT_EQ(prlimit(pid, RLIMIT_FSIZE, &small, nullptr), 0);
  const Genesis genesis = test_genesis(test_identity(1), "ops");

  expect_reading_only(asker, genesis, "the rendezvous cannot write to its store");
  ASSERT_EQ(prlimit(pid, RLIMIT_FSIZE, &before, nullptr), 0);

  EXPECT_EQ(asker.code(create(genesis)), 0);
}

TEST_F(RendezvousTest, TellsItsAdministratorWhatIsWrongInOneLine) {
  server.start();
  const std::string port = server.address().substr(server.address().rfind(':') + 1);
  const auto refuses = [](const Said& said, int code, const std::string& word) {
    EXPECT_EQ(said.code, code) << said.err;
    EXPECT_TRUE(is_one_line(said.err, kName)) << said.err;
    EXPECT_NE(said.err.find(word), std::string::npos) << said.err;
    EXPECT_EQ(said.out, "");
  };
  functional::Rendezvous other(folder / "other");

  refuses(server.run_to_end(), 1, server.state().native());
  refuses(other.run_to_end({"--listen", "127.0.0.1:" + port}), 1, port);
  refuses(other.run_to_end({"--listen", "nowhere.example:7472"}), 2, "nowhere.example");
  refuses(other.run_to_end({"--store", "postgres:x"}), 2, "sqlite:PATH");
  refuses(other.run_to_end({"--allow", "anna"}), 2, "anna");
  refuses(other.run_to_end({"--no-such-flag"}), 2, "--no-such-flag");
  const std::string config = (folder / "config.toml").native();
  write_file(config, "lisen = \"*:7472\"\n");
  refuses(other.run_to_end({"--config", config}), 2, "lisen");
  EXPECT_EQ(Asker(server, test_identity(1)).code(Rooms{}), 0) << "the first one is left alone";

  const fs::path identity = other.state() / "identity";
  fs::permissions(identity, fs::perms::group_read, fs::perm_options::add);
  refuses(other.run_to_end(), 1, identity.native());
  fs::permissions(identity, fs::perms::group_read, fs::perm_options::remove);
  write_file(identity, "nonsense\n");
  refuses(other.run_to_end(), 1, identity.native());
}

TEST_F(RendezvousTest, RefusesADamagedDatabaseAndChangesNothing) {
  server.start();
  for (int i = 0; i < 20; ++i) {
    Asker asker(server, test_identity(i));
    ASSERT_EQ(asker.code(create(test_genesis(test_identity(i), "room" + std::to_string(i)))), 0);
  }
  server.stop();
  const std::string whole = read_file(server.database());
  const auto refuses = [&](const std::string& content) {
    write_file(server.database(), content);
    const Said said = server.run_to_end();
    EXPECT_EQ(said.code, 1);
    EXPECT_TRUE(is_one_line(said.err, kName)) << said.err;
    EXPECT_NE(said.err.find(server.database().native()), std::string::npos) << said.err;
    EXPECT_TRUE(read_file(server.database()) == content);
  };

  refuses("garbage\n");
  refuses("");
  refuses(whole.substr(0, whole.size() / 2));
  std::string flipped = whole;
  const std::size_t place = flipped.find("room7");
  ASSERT_NE(place, std::string::npos);
  flipped[place] = 'R';
  refuses(flipped);
  write_file(server.database(), whole);
  server.start();
  EXPECT_EQ(std::get<Names>(Asker(server, test_identity(1)).ask(Rooms{})).names.size(), 20U);
}

}  // namespace
}  // namespace p2pchat::functional
