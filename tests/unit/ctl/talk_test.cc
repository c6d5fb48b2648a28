#include "ctl/talk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/unit/ctl/fake_daemon.h"
#include "tests/unit/ctl/keyboard.h"
#include "tests/unit/ctl/runner.h"

namespace p2pchat::ctl {
namespace {

using control::Record;
using testing::HasSubstr;

constexpr const char* kEndOfInput = "\x04";

Ran run_on(const Keyboard& keyboard, const std::string& socket, std::vector<std::string> words) {
  const MemoryStream out;
  const MemoryStream err;
  words.insert(words.begin(), {"--socket", socket});
  Console console(keyboard.fd(), out.fd(), err.fd());
  const int code = run(std::move(words), console);
  return {code, out.content(), err.content()};
}

Record bob(bool is_first) {
  return Record()
      .set("id", "k3zq")
      .set("name", "bob")
      .set("fingerprint", "aaaa bbbb")
      .set("first", is_first);
}

Record message(const std::string& text) {
  return Record()
      .set("kind", "chat")
      .set("conversation", "bob")
      .set("from", "bob")
      .set("text", text)
      .set("place", "room." + text);
}

// Says the messages that wait, and that this is all.
FakeDaemon::Replies waiting(const control::Request& pull, const std::vector<std::string>& texts) {
  FakeDaemon::Replies replies;
  for (const std::string& text : texts) replies.push_back(row_of(pull, message(text)));
  replies.push_back(row_of(pull, Record().set("idle", true)));
  return replies;
}

TEST(Chat, WithoutATerminalItNamesWhatToUseInstead) {
  const Ran ran = run_chatctl("/nonexistent", {"chat", "bob"});

  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("push"));
  EXPECT_THAT(ran.err, HasSubstr("pull"));
}

TEST(Chat, MeetingShowsWhoWasPinned) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{end_of(request, bob(true))};
  });

  const Ran ran = run_chatctl(daemon.socket(), {"chat", "--no-talk", "host:7473"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "bob\n");
  EXPECT_EQ(ran.err,
            "chatctl: first meeting with bob, whose identity is pinned now\n"
            "chatctl:   id           k3zq\n"
            "chatctl:   fingerprint  aaaa bbbb\n");
  EXPECT_EQ(daemon.requests("chat")[0].values.text("target"), "host:7473");
}

TEST(Chat, MeetingAgainSaysNothing) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{end_of(request, bob(false))};
  });

  EXPECT_EQ(run_chatctl(daemon.socket(), {"chat", "--no-talk", "bob"}).err, "");
  EXPECT_EQ(run_chatctl(daemon.socket(), {"chat", "--no-talk", "bob", "--json"}).out,
            R"({"v":1,"id":"k3zq","name":"bob","fingerprint":"aaaa bbbb","first":false})"
            "\n");
}

TEST(Chat, AChangedIdentityIsRefused) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{refusal_to(request, ExitCode::identity, "another identity")};
  });

  EXPECT_EQ(run_chatctl(daemon.socket(), {"chat", "--no-talk", "host"}).code, 5);
}

TEST(Talk, PushesWhatIsTypedAndPrintsWhatComes) {
  const Keyboard keyboard;
  control::Request pull;
  FakeDaemon daemon([&](FakeDaemon&, const control::Request& request) {
    if (request.verb == "chat") return FakeDaemon::Replies{end_of(request, bob(false))};
    if (request.verb == "pull") {
      pull = request;
      keyboard.type("hello\n");
      return waiting(request, {"are you there?"});
    }
    FakeDaemon::Replies replies{end_of(request)};
    if (request.verb == "push") {
      replies.push_back(row_of(pull, message("hello yourself")));
      keyboard.type(kEndOfInput);
    }
    return replies;
  });

  const Ran ran = run_on(keyboard, daemon.socket(), {"chat", "bob"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("bob: are you there?\n"));
  ASSERT_EQ(daemon.requests("push").size(), 1U);
  EXPECT_EQ(daemon.requests("push")[0].values, Record().set("to", "k3zq").set("text", "hello"));
  EXPECT_EQ(daemon.requests("pull")[0].values.text("name"), "k3zq");
  EXPECT_EQ(daemon.requests("pull")[0].values.text("reader"), "talk");
}

TEST(Talk, AcknowledgesWhatItHasShown) {
  const Keyboard keyboard;
  std::vector<std::string> places;
  FakeDaemon daemon([&](FakeDaemon&, const control::Request& request) {
    if (request.verb == "chat") return FakeDaemon::Replies{end_of(request, bob(false))};
    if (request.verb == "pull") return waiting(request, {"one", "two"});
    places = std::get<std::vector<std::string>>(*request.values.find("places"));
    keyboard.type(kEndOfInput);
    return FakeDaemon::Replies{end_of(request)};
  });

  EXPECT_EQ(run_on(keyboard, daemon.socket(), {"chat", "bob"}).code, 0);

  EXPECT_EQ(places, std::vector<std::string>{"room.two"});
}

TEST(Talk, OfALongBacklogOnlyTheNewestIsShown) {
  const Keyboard keyboard;
  FakeDaemon daemon([&](FakeDaemon&, const control::Request& request) {
    if (request.verb == "chat") return FakeDaemon::Replies{end_of(request, bob(false))};
    if (request.verb == "took") keyboard.type(kEndOfInput);
    if (request.verb != "pull") return FakeDaemon::Replies{end_of(request)};
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < kTalkLinesMax + 5; ++i) texts.push_back(std::to_string(i));
    return waiting(request, texts);
  });

  const Ran ran = run_on(keyboard, daemon.socket(), {"chat", "bob"});

  EXPECT_EQ(ran.out.find("bob: 4\n"), std::string::npos);
  EXPECT_THAT(ran.out, HasSubstr("bob: 5\n"));
  EXPECT_THAT(ran.err, HasSubstr("not shown: 5 older messages"));
}

TEST(Talk, SaysWhatWasNotSentAndGoesOn) {
  const Keyboard keyboard;
  FakeDaemon daemon([&](FakeDaemon&, const control::Request& request) {
    if (request.verb == "chat") return FakeDaemon::Replies{end_of(request, bob(false))};
    if (request.verb == "pull") {
      keyboard.type("first\n");
      return waiting(request, {});
    }
    if (request.values.text("text") == "first") {
      keyboard.type("second\n");
      keyboard.type(kEndOfInput);
      return FakeDaemon::Replies{refusal_to(request, ExitCode::limit, "too fast")};
    }
    return FakeDaemon::Replies{end_of(request)};
  });

  const Ran ran = run_on(keyboard, daemon.socket(), {"chat", "bob"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("chatctl: not sent: too fast\n"));
  EXPECT_EQ(daemon.requests("push").size(), 2U);
}

TEST(Talk, ASignalEndsIt) {
  const Keyboard keyboard;
  const pthread_t talker = pthread_self();
  FakeDaemon daemon([&](FakeDaemon&, const control::Request& request) {
    if (request.verb == "chat") return FakeDaemon::Replies{end_of(request, bob(false))};
    pthread_kill(talker, SIGINT);
    return waiting(request, {});
  });

  EXPECT_EQ(run_on(keyboard, daemon.socket(), {"chat", "bob"}).code, 130);
}

TEST(Talk, SurvivesARestartOfTheDaemon) {
  const Keyboard keyboard;
  int pulls = 0;
  FakeDaemon daemon([&](FakeDaemon& self, const control::Request& request) {
    if (request.verb == "chat") return FakeDaemon::Replies{end_of(request, bob(false))};
    if (++pulls == 1) {
      self.restart();
      return FakeDaemon::Replies();
    }
    keyboard.type(kEndOfInput);
    return waiting(request, {});
  });

  const Ran ran = run_on(keyboard, daemon.socket(), {"chat", "bob"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("connected again"));
}

}  // namespace
}  // namespace p2pchat::ctl
