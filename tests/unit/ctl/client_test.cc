#include "ctl/client.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/ask.h"
#include "tests/unit/ctl/fake_daemon.h"

namespace p2pchat::ctl {
namespace {

using testing::HasSubstr;

FakeDaemon::Replies echo(FakeDaemon&, const control::Request& request) {
  return {row_of(request, request.values), end_of(request, control::Record().set("done", true))};
}

TEST(Client, BringsRequestsThereAndRepliesBack) {
  FakeDaemon daemon(echo);
  auto client = Client::open(daemon.socket());
  ASSERT_TRUE(client);
  std::vector<control::Record> rows;

  const auto end = ask(**client, {"verb", control::Record().set("key", "value")},
                       [&](const control::Record& row) -> Outcome<void> {
                         rows.push_back(row);
                         return {};
                       });

  ASSERT_TRUE(end);
  EXPECT_TRUE(end->flag("done"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].text("key"), "value");
}

TEST(Client, SaysAtOnceThatNobodyListens) {
  const TemporaryFolder folder;
  const auto missing = Client::open(folder.path() / "none.sock");

  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ExitCode::unreachable);
  EXPECT_THAT(missing.error().text, HasSubstr("is p2pchatd running?"));
}

TEST(Client, ASocketFileThatADaemonLeftBehindIsNoDaemon) {
  const TemporaryFolder folder;
  const std::string path = folder.path() / "old.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(fd);

  const auto client = Client::open(path);

  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().code, ExitCode::unreachable);
  EXPECT_THAT(client.error().text, HasSubstr("is p2pchatd running?"));
}

TEST(Client, APathThatNoSocketCanHaveIsWrongUsage) {
  EXPECT_EQ(Client::open(std::string(108, 'x')).error().code, ExitCode::usage);
  EXPECT_EQ(Client::open("").error().code, ExitCode::usage);
}

TEST(Client, KnowsThatTheDaemonHasGoneAway) {
  FakeDaemon daemon([](FakeDaemon& self, const control::Request&) {
    self.go_away();
    return FakeDaemon::Replies();
  });
  auto client = Client::open(daemon.socket());
  ASSERT_TRUE(client);

  const auto end = ask(**client, {"verb", {}, 1h});

  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ExitCode::unreachable);
  EXPECT_THAT(end.error().text, HasSubstr("has gone away"));
  EXPECT_TRUE((*client)->is_lost());
}

TEST(Client, ReadsWhatADaemonSaidBeforeItWent) {
  FakeDaemon daemon([](FakeDaemon& self, const control::Request& request) {
    self.go_away();
    return FakeDaemon::Replies{end_of(request, control::Record().set("last", "words"))};
  });
  auto client = Client::open(daemon.socket());
  ASSERT_TRUE(client);

  const auto end = ask(**client, {"verb", {}, 1h});

  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(end->text("last"), "words");
}

TEST(Client, ADaemonThatSaysNothingDoesNotAnswer) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request&) { return FakeDaemon::Replies(); });
  auto client = Client::open(daemon.socket());
  ASSERT_TRUE(client);

  const auto end = ask(**client, {"verb", {}, 20ms});

  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ExitCode::unreachable);
  EXPECT_THAT(end.error().text, HasSubstr("does not answer (waited 20 ms)"));
}

TEST(Client, WaitsForOtherDescriptorsToo) {
  FakeDaemon daemon(echo);
  auto client = Client::open(daemon.socket());
  ASSERT_TRUE(client);
  const int event = eventfd(1, 0);
  std::array watches{Watch{-1, true, false}, Watch{event, true, false}};

  (*client)->wait(kNever, watches);

  EXPECT_FALSE(watches[0].is_ready);
  EXPECT_TRUE(watches[1].is_ready);
  close(event);
}

TEST(Ask, FailsWithTheDaemonsCodeAndSentence) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{refusal_to(request, ExitCode::unknown, "nobody is called eve")};
  });
  auto client = Client::open(daemon.socket());
  ASSERT_TRUE(client);

  const auto end = ask(**client, {"verify", {}});

  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code, ExitCode::unknown);
  EXPECT_EQ(end.error().text, "nobody is called eve");
}

TEST(Ask, GrantsMoreRowsAsTheyAreTaken) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    FakeDaemon::Replies replies;
    if (request.verb != "log") return replies;
    for (int i = 0; i < 64; ++i) replies.push_back(row_of(request, {}));
    replies.push_back(end_of(request));
    return replies;
  });
  auto client = Client::open(daemon.socket());
  ASSERT_TRUE(client);

  ASSERT_TRUE(ask(**client, {"log", {}, kAnswerTimeout, true}));

  ASSERT_TRUE(daemon.wait_for("more", 2));
  EXPECT_EQ(daemon.requests("more")[0].values.integer("stream"), 1);
  EXPECT_EQ(daemon.requests("more")[0].values.integer("rows"), 32);
}

}  // namespace
}  // namespace p2pchat::ctl
