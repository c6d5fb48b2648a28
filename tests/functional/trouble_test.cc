// Trouble: what goes wrong on a machine is said in one clear line, and nothing is lost by it.
#include <arpa/inet.h>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <random>
#include <set>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/functional/harness/pair.h"

namespace p2pchat::functional {
namespace {

namespace fs = std::filesystem;

// Holds a port at an address of this test's own, as another program would.
class TakenPort {
 public:
  TakenPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = inet_addr(own_host(0).c_str());
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    if (bind(socket_.number(), raw, size) != 0 || listen(socket_.number(), 1) != 0 ||
        getsockname(socket_.number(), raw, &size) != 0) {
      throw Stuck("no port");
    }
    port_ = ntohs(address.sin_port);
  }
  int port() const { return port_; }

 private:
  File socket_;
  int port_ = 0;
};

TEST(Trouble, OfASecondDaemonOnOneStateLeavesTheFirstAlone) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  anna.start();

  const Said same_state = anna.run_to_end({"--socket", (folder / "other.sock").native()});
  const Said same_socket = anna.run_to_end({"--state", (folder / "other").native()});

  for (const Said& said : {same_state, same_socket}) {
    EXPECT_EQ(said.code, 1);
    EXPECT_TRUE(is_one_line(said.err, "p2pchatd")) << said.err;
  }
  EXPECT_NE(same_state.err.find(std::to_string(anna.process().pid())), std::string::npos);
  EXPECT_NE(same_state.err.find(anna.state().native()), std::string::npos) << same_state.err;
  EXPECT_NE(same_socket.err.find(anna.socket()), std::string::npos) << same_socket.err;
  EXPECT_EQ(anna.ctl({"id"}).code, 0);
}

TEST(Trouble, OfATakenPortIsSaid) {
  const TempFolder folder;
  const TakenPort taken;
  // The link stands one above the door, and PUB two.
  for (const int below : {0, 1, 2}) {
    Daemon anna(folder.path(), "anna" + std::to_string(below));
    anna.setup().listen = own_host(0) + ":" + std::to_string(taken.port() - below);

    const Said said = anna.run_to_end();

    EXPECT_EQ(said.code, 1);
    EXPECT_TRUE(is_one_line(said.err, "p2pchatd")) << said.err;
    EXPECT_NE(said.err.find(std::to_string(taken.port())), std::string::npos) << said.err;
    EXPECT_FALSE(fs::exists(anna.socket()));
  }
}

TEST(Trouble, OfWrongWordsForTheDaemonIsUsage) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  const std::string config = (folder / "config.toml").native();
  write_file(config, "nmae = \"anna\"\n");
  const Words long_socket{"--socket", (folder / std::string(108, 's').c_str()).native()};

  for (const Words& words :
       {Words{"--no-such-flag"}, Words{"--listen", "nowhere.example:7473"}, Words{"stray"},
        Words{"--accept", "everybody"}, Words{"--config", config}, long_socket,
        Words{"--config", (folder / "not-there.toml").native()}}) {
    const Said said = anna.run_to_end(words);

    EXPECT_EQ(said.code, 2) << words.back();
    EXPECT_TRUE(is_one_line(said.err, "p2pchatd")) << said.err;
  }
  anna.setup().environment = {{"P2PCHATD_NMAE", "anna"}};
  EXPECT_EQ(anna.run_to_end().code, 2);
  EXPECT_FALSE(fs::exists(anna.state())) << "nothing is changed";
}

TEST(Trouble, OfWrongWordsForChatctlIsUsage) {
  const TempFolder folder;
  const Daemon anna(folder.path(), "anna");
  const std::string long_socket(108, 's');

  for (const Words& words :
       {Words{"no-such-verb"}, Words{}, Words{"id", "--no-such-flag"}, Words{"pull", "-n", "0"},
        Words{"pull", "--timeout", "soon"}, Words{"pull", "--format", "%z"}, Words{"log"},
        Words{"id", "--socket", long_socket}}) {
    const Said said = anna.ctl(words);

    EXPECT_EQ(said.code, 2) << (words.empty() ? "" : words.front());
    EXPECT_TRUE(is_one_line(said.err, "chatctl")) << said.err;
  }
}

TEST(Trouble, OfADaemonThatIsNotThereIsUnreachable) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  const Said never = anna.ctl({"id"});
  anna.start();
  anna.crash();
  const Said dead = anna.ctl({"push", "ben", "hello"});

  for (const Said& said : {never, dead}) {
    EXPECT_EQ(said.code, 3);
    EXPECT_TRUE(is_one_line(said.err, "chatctl")) << said.err;
    EXPECT_NE(said.err.find(anna.socket()), std::string::npos) << said.err;
  }
}

TEST(Trouble, OfADaemonThatStandsStillIsUnreachable) {
  const TempFolder folder;
  Daemon anna(folder.path(), "anna", {kAnyPort});
  anna.start();
  anna.process().signal(SIGSTOP);

  for (const Words& words :
       {Words{"id", "--timeout", "100ms"}, Words{"push", "ben", "hello", "--timeout", "100ms"},
        Words{"log", "ben", "--timeout", "100ms"}}) {
    const Said said = anna.ctl(words);

    EXPECT_EQ(said.code, 3) << words.front();
    EXPECT_TRUE(is_one_line(said.err, "chatctl")) << said.err;
  }
  anna.process().signal(SIGCONT);
  EXPECT_EQ(anna.ctl({"id"}).code, 0);
}

// Takes one connection at a socket, as a daemon would, and is gone then.
void listen_once(const std::string& path, Process& caller) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address);
  const File listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ASSERT_EQ(bind(listener.number(), raw, sizeof address), 0);
  ASSERT_EQ(listen(listener.number(), 1), 0);
  caller.write("go\n");
  ASSERT_TRUE(wait_until([&] {
    return File(accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC)).number() >= 0;
  }));
}

TEST(Trouble, OfADaemonThatDiesWhileItIsAskedIsSaid) {
  const TempFolder folder;
  const std::string socket = (folder / "sock").native();
  Process::Setup setup;
  setup.words = {"sh", "-c", "read go && exec " CHATCTL_PATH " --socket " + socket + " id"};
  setup.kind = Process::Input::open;
  Process asks(setup);

  ASSERT_NO_FATAL_FAILURE(listen_once(socket, asks));

  EXPECT_EQ(asks.wait(), 3);
  EXPECT_TRUE(is_one_line(asks.err(), "chatctl")) << asks.err();
  EXPECT_NE(asks.err().find("gone away"), std::string::npos) << asks.err();
}

class Damage : public Pair {
 protected:
  static constexpr const char* kText = "The quick brown fox jumps over the lazy dog.";

  // In the place of all that Ben's database consists of.
  void put_database(const std::string& content) {
    for (const char* ending : {"-wal", "-shm"}) fs::remove(ben.database().native() + ending);
    write_file(ben.database(), content);
  }

  void refuses(const std::string& content) {
    put_database(content);

    const Said said = ben.run_to_end();

    EXPECT_EQ(said.code, 1);
    EXPECT_TRUE(is_one_line(said.err, "p2pchatd")) << said.err;
    EXPECT_NE(said.err.find(ben.database().native()), std::string::npos) << said.err;
    EXPECT_TRUE(read_file(ben.database()) == content) << "nothing is changed";
  }
};

TEST_F(Damage, OfTheWholeDatabaseIsRefusedAndMendedByThePeer) {
  deliver("one");
  ben.tell({"push", "anna", "two"});
  ASSERT_TRUE(wait_until([&] { return agree(anna, ben, 2); }));
  ben.stop();
  const std::string whole = read_file(ben.database());

  refuses("garbage\n");
  refuses(whole.substr(0, whole.size() / 2));
  refuses("");
  // As the line says: moved away, it comes back from the peer.
  fs::rename(ben.database(), ben.database().native() + ".old");
  ben.start();

  EXPECT_TRUE(wait_until([&] { return agree(anna, ben, 2); }));
}

TEST_F(Damage, UnderARunningDaemonEndsItAndIsMendedByThePeer) {
  deliver("one");
  ben.restart();  // Now it has read little of its database.
  const std::string whole = read_file(ben.database());
  write_file(ben.database(), whole.substr(0, 4096) + std::string(whole.size() - 4096, 'Z'));

  const Said pushed = ben.ctl({"push", "anna", "lost"});
  const int status = ben.process().wait();
  const std::string said = ben.process().err();
  fs::rename(ben.database(), ben.database().native() + ".old");
  ben.start();

  EXPECT_EQ(pushed.code, 3) << pushed.err;
  EXPECT_EQ(status, 1);
  EXPECT_NE(said.find("p2pchatd: " + ben.database().native() + " is damaged"), std::string::npos)
      << said;
  EXPECT_TRUE(wait_until([&] { return agree(anna, ben, 1); }));
}

TEST_F(Damage, OfOneBatchShowsNoWrongTextAndIsFetchedAgain) {
  deliver("before");
  deliver(kText);
  deliver("behind");
  ben.stop();
  anna.stop();
  std::string bytes = read_file(ben.database());
  const std::size_t place = bytes.find(kText);
  ASSERT_NE(place, std::string::npos);
  bytes[place + 4] = 'Q';
  write_file(ben.database(), bytes);

  ben.start();
  const auto alone = texts_of(ben.tell({"log", "anna", "--json"}));
  const auto pulled_alone = pulled(ben);
  const std::string doctor = ben.tell({"doctor"});
  anna.start();

  EXPECT_EQ(alone, (std::vector<std::string>{"before", "behind"}));
  EXPECT_EQ(pulled_alone, alone);
  EXPECT_NE(doctor.find("damaged"), std::string::npos) << doctor;
  ASSERT_TRUE(wait_until([&] { return agree(anna, ben, 3); }));
  EXPECT_EQ(pulled(ben), std::vector<std::string>{kText}) << "who has missed it gets it now";
  EXPECT_EQ(pulled(ben, {"--as", "new"}).size(), 3U);
}

TEST_F(Damage, OfAnOwnBatchIsMendedByThePeerToo) {
  deliver(kText);
  anna.stop();
  std::string bytes = read_file(anna.database());
  const std::size_t place = bytes.find(kText);
  ASSERT_NE(place, std::string::npos);
  bytes[place] = 't';
  write_file(anna.database(), bytes);

  anna.start();
  (void)anna.tell({"log", "ben"});

  EXPECT_TRUE(wait_until([&] { return agree(anna, ben, 1); }));
}

TEST_F(Damage, OfAnyBitNeverShowsWrongText) {
  for (int i = 0; i < 30; ++i) deliver(std::to_string(i) + " " + kText);
  const auto lines = lines_of(history(anna, "ben"));
  const std::set<std::string> right(lines.begin(), lines.end());
  anna.stop();
  ben.stop();
  const std::string whole = read_file(ben.database());
  std::mt19937 random(2);

  for (int round = 0; round < 25; ++round) {
    std::string bytes = whole;
    const std::size_t place = random() % bytes.size();
    bytes[place] = static_cast<char>(bytes[place] ^ 1 << random() % 8);
    put_database(bytes);
    SCOPED_TRACE("damaged at " + std::to_string(place));

    ben.launch();
    const bool starts =
        wait_until([&] { return !ben.process().is_running() || ben.ctl({"id"}).code == 0; });
    ASSERT_TRUE(starts);
    if (!ben.process().is_running()) {
      EXPECT_EQ(ben.process().wait(), 1);
      EXPECT_TRUE(is_one_line(ben.process().err(), "p2pchatd")) << ben.process().err();
      continue;
    }
    const Said said = ben.ctl({"log", "anna", "--format", "%i %t %a %m\\n"});
    EXPECT_TRUE(said.code == 0 || is_one_line(said.err, "chatctl")) << said.err;
    for (const std::string& line : lines_of(said.out)) EXPECT_TRUE(right.contains(line)) << line;
    EXPECT_TRUE(ben.process().is_running()) << ben.process().err();
    ben.crash();
  }
  put_database(whole);
  ben.start();
}

}  // namespace
}  // namespace p2pchat::functional
