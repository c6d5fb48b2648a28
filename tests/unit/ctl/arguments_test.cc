#include "ctl/arguments.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/help.h"
#include "proto/limits.h"
#include "tests/unit/ctl/fake_daemon.h"

namespace p2pchat::ctl {
namespace {

using testing::HasSubstr;

constexpr WallTime kNow{1795183392123};

class Arguments : public testing::Test {
 protected:
  void SetUp() override { forget_environment(); }
  void TearDown() override { forget_environment(); }

  static void forget_environment() {
    for (const char* name : {"CHATCTL_SOCKET", "CHATCTL_JSON", "CHATCTL_QUIET"}) unsetenv(name);
    for (const char* name : {"XDG_RUNTIME_DIR", "XDG_STATE_HOME", "HOME"}) unsetenv(name);
  }

  static Command command(std::vector<std::string> words) {
    auto read = read_arguments(std::move(words), kNow);
    EXPECT_TRUE(read) << read.error().text;
    return read ? std::get<Command>(*read) : Command();
  }
  template <class Verb>
  static Verb verb(std::vector<std::string> words) {
    return std::get<Verb>(command(std::move(words)).verb);
  }
  static std::string complaint(std::vector<std::string> words) {
    const auto read = read_arguments(std::move(words), kNow);
    EXPECT_FALSE(read);
    if (read) return {};
    EXPECT_EQ(read.error().code, ExitCode::usage);
    EXPECT_EQ(read.error().text.find('\n'), std::string::npos);
    return read.error().text;
  }
  static std::string printout(std::vector<std::string> words) {
    const auto read = read_arguments(std::move(words), kNow);
    return read ? std::get<Printout>(*read).text : read.error().text;
  }
};

TEST_F(Arguments, GlobalFlagsStandBeforeOrBehindTheVerb) {
  const Command before = command({"--socket", "/s", "--json", "-q", "--timeout", "5s", "id"});
  const Command behind = command({"id", "--socket", "/s", "--json", "-q", "--timeout", "5s"});

  for (const Command& each : {before, behind}) {
    EXPECT_EQ(each.socket, "/s");
    EXPECT_TRUE(each.is_json);
    EXPECT_TRUE(each.is_quiet);
    EXPECT_EQ(each.timeout, 5s);
  }
}

TEST_F(Arguments, FlagsWinOverTheEnvironment) {
  setenv("CHATCTL_SOCKET", "/from-environment", 1);
  setenv("CHATCTL_JSON", "1", 1);
  setenv("CHATCTL_QUIET", "0", 1);

  EXPECT_EQ(command({"id"}).socket, "/from-environment");
  EXPECT_TRUE(command({"id"}).is_json);
  EXPECT_FALSE(command({"id"}).is_quiet);
  EXPECT_EQ(command({"--socket", "/from-flag", "id"}).socket, "/from-flag");
  EXPECT_FALSE(command({"pull", "--format", "%m"}).is_json);
}

TEST_F(Arguments, AnEnvironmentThatMakesNoSenseIsWrongUsage) {
  setenv("CHATCTL_JSON", "maybe", 1);

  EXPECT_THAT(complaint({"id"}), HasSubstr("CHATCTL_JSON"));
}

TEST_F(Arguments, TheUsersOwnSocketIsTakenIfItIsThere) {
  const TemporaryFolder folder;
  const auto socket_in = [&](const char* name) {
    const auto place = folder.path() / name / "p2pchatd";
    std::filesystem::create_directories(place);
    std::ofstream(place / "p2pchatd.sock") << "";
    return place / "p2pchatd.sock";
  };
  setenv("HOME", (folder.path() / "home").c_str(), 1);

  EXPECT_EQ(command({"id"}).socket, "/run/p2pchatd/p2pchatd.sock");
  const auto in_home = socket_in("home/.local/state");
  EXPECT_EQ(command({"id"}).socket, in_home);
  const auto in_state = socket_in("state");
  setenv("XDG_STATE_HOME", (folder.path() / "state").c_str(), 1);
  EXPECT_EQ(command({"id"}).socket, in_state);
  setenv("XDG_RUNTIME_DIR", (folder.path() / "runtime").c_str(), 1);
  EXPECT_EQ(command({"id"}).socket, in_state);
  const auto in_runtime = socket_in("runtime");
  EXPECT_EQ(command({"id"}).socket, in_runtime);
}

TEST_F(Arguments, FoldersOfTheUserThatAreNoWholePathsDoNotCount) {
  setenv("HOME", "", 1);
  setenv("XDG_STATE_HOME", "state", 1);
  setenv("XDG_RUNTIME_DIR", "..", 1);

  EXPECT_EQ(command({"id"}).socket, "/run/p2pchatd/p2pchatd.sock");
}

TEST_F(Arguments, QueriesNameTheirVerbAndValues) {
  EXPECT_EQ(verb<Query>({"id"}).verb, "id");
  EXPECT_EQ(verb<Query>({"members", "ops"}).values.text("name"), "ops");
  const Query alias = verb<Query>({"alias", "bob~k3zq", "bob"});
  EXPECT_EQ(alias.values.text("who"), "bob~k3zq");
  EXPECT_EQ(alias.values.text("name"), "bob");
  EXPECT_FALSE(verb<Query>({"block", "eve"}).values.flag("undo"));
  EXPECT_TRUE(verb<Query>({"block", "--undo", "eve"}).values.flag("undo"));
  EXPECT_EQ(verb<Query>({"verify", "bob"}).values.text("who"), "bob");
  const Query ack = verb<Query>({"ack", "k3zq.42", "--as", "backup"});
  EXPECT_EQ(ack.values.text("id"), "k3zq.42");
  EXPECT_EQ(ack.values.text("reader"), "backup");
  EXPECT_EQ(verb<Query>({"ack", "k3zq.42"}).values.text("reader"), "default");
}

TEST_F(Arguments, ChatTalksUnlessToldNotTo) {
  EXPECT_TRUE(verb<Chat>({"chat", "bob"}).talks);
  EXPECT_FALSE(verb<Chat>({"chat", "--no-talk", "host:7473"}).talks);
  EXPECT_EQ(verb<Chat>({"chat", "host:7473"}).target, "host:7473");
  EXPECT_EQ(verb<Chat>({"chat", "bob"}).reader, "talk");
}

TEST_F(Arguments, PushTakesItsTextLiterally) {
  for (const char* text : {"hello", "[a,b]", "{x}", "a=b", "id", "pull", "%%", "'quoted'", "-5 C",
                           "\"q\"", "--", "++", "-l", "--help", " ", "\xff"}) {
    const Push push = verb<Push>({"push", "ops", "--", text});

    EXPECT_EQ(push.source, Push::Source::words);
    EXPECT_EQ(push.text, text);
    EXPECT_EQ(push.to, "ops");
  }
  for (const char* text : {"hello", "[a,b]", "{x}", "a=b", "id", "pull", "-5 C"}) {
    EXPECT_EQ(verb<Push>({"push", "ops", text}).text, text);
  }
}

TEST_F(Arguments, NamesMayReadLikeVerbs) {
  EXPECT_EQ(verb<Push>({"push", "id", "hello"}).to, "id");
  EXPECT_EQ(verb<Pull>({"pull", "log"}).name, "log");
}

TEST_F(Arguments, PushHasExactlyOneSource) {
  EXPECT_EQ(verb<Push>({"push", "ops", "-"}).source, Push::Source::input);
  EXPECT_EQ(verb<Push>({"push", "ops", "-l"}).source, Push::Source::lines);
  EXPECT_EQ(verb<Push>({"push", "ops", "--file", "f"}).source, Push::Source::file);
  EXPECT_EQ(verb<Push>({"push", "ops", "--file", "f"}).text, "f");
  EXPECT_THAT(complaint({"push", "ops"}), HasSubstr("nothing to push"));
  EXPECT_THAT(complaint({"push", "ops", "hello", "-l"}), HasSubstr("exclude each other"));
  EXPECT_THAT(complaint({"push", "ops", "-l", "--file", "f"}), HasSubstr("exclude each other"));
  EXPECT_THAT(complaint({"push", "ops", ""}), HasSubstr("empty message"));
}

TEST_F(Arguments, PullMovesItsPlaceUnlessToldOtherwise) {
  EXPECT_TRUE(verb<Pull>({"pull"}).acknowledges);
  EXPECT_FALSE(verb<Pull>({"pull", "--ack", "manual"}).acknowledges);
  EXPECT_FALSE(verb<Pull>({"pull", "--peek"}).acknowledges);
  EXPECT_THAT(complaint({"pull", "--ack", "never"}), HasSubstr("--ack"));
}

TEST_F(Arguments, PullKnowsItsFlags) {
  const Pull pull = verb<Pull>({"pull", "ops", "-f", "-n", "3", "--as", "backup", "--mine",
                                "--timeout", "1m", "--fail-empty", "--format", "%m"});

  EXPECT_EQ(pull.name, "ops");
  EXPECT_TRUE(pull.follows);
  EXPECT_EQ(pull.count, 3U);
  EXPECT_EQ(pull.reader, "backup");
  EXPECT_TRUE(pull.with_mine);
  EXPECT_EQ(pull.timeout, 1min);
  EXPECT_TRUE(pull.fails_empty);
  EXPECT_TRUE(pull.format);
}

TEST_F(Arguments, IdleFollows) {
  EXPECT_TRUE(verb<Pull>({"pull", "--idle", "2s"}).follows);
  EXPECT_EQ(verb<Pull>({"pull", "--idle", "2s"}).idle, 2s);
}

TEST_F(Arguments, CountsAndDurationsAreChecked) {
  for (const char* count : {"0", "-1", "x", "1.5", "99999999999999999999", "9223372036854775808"}) {
    EXPECT_THAT(complaint({"pull", "-n", count}), HasSubstr("-n")) << count;
  }
  EXPECT_THAT(complaint({"pull", "--timeout", "10"}), HasSubstr("--timeout"));
  EXPECT_THAT(complaint({"id", "--timeout", "soon"}), HasSubstr("--timeout"));
  EXPECT_THAT(complaint({"pull", "--idle", "x"}), HasSubstr("--idle"));
}

TEST_F(Arguments, ReaderNamesAreShortAndClean) {
  EXPECT_THAT(complaint({"pull", "--as", std::string(65, 'a')}), HasSubstr("--as"));
  EXPECT_THAT(complaint({"pull", "--as", "a\nb"}), HasSubstr("--as"));
}

TEST_F(Arguments, FormatAndJsonExcludeEachOther) {
  EXPECT_THAT(complaint({"pull", "--json", "--format", "%m"}), HasSubstr("exclude"));
  EXPECT_THAT(complaint({"log", "ops", "--json", "--format", "%m"}), HasSubstr("exclude"));
}

TEST_F(Arguments, LogTakesTimesAndIds) {
  const auto values =
      verb<Log>({"log", "ops", "--since", "2d", "--until", "aaaaaaaaaaaaaaaa.7", "-n", "20"})
          .values;

  EXPECT_EQ(values.text("name"), "ops");
  EXPECT_EQ(values.integer("since_ms"), kNow.milliseconds - 48 * 3600 * 1000);
  EXPECT_FALSE(values.has("since_id"));
  EXPECT_EQ(values.text("until_id"), "aaaaaaaaaaaaaaaa.7");
  EXPECT_FALSE(values.has("until_ms"));
  EXPECT_EQ(values.integer("last"), 20);
}

TEST_F(Arguments, LogNamesAllThatATimeMayBe) {
  for (const char* flag : {"--since", "--until"}) {
    for (const char* text :
         {"", "yesterday", "2", "2w", "-2d", "2026", "2026-13-01", "2026-11-20T25:00:00Z",
          "2026-11-20T10:00:00Zx", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa.", "a.7", "n.3"}) {
      const std::string said = complaint({"log", "ops", flag, text});
      EXPECT_THAT(said, HasSubstr(flag)) << text;
      for (const char* form : {"RFC 3339", "date", "how long ago (2d)", "message's id"}) {
        EXPECT_THAT(said, HasSubstr(form)) << text;
      }
    }
    for (const char* text : {"2d", "90m", "500ms", "0s", "2026-11-20", "2026-11-20 14:03",
                             "2026-11-20T10:00:00Z", "2026-11-20T10:00:00.5+01:00"}) {
      const auto values = verb<Log>({"log", "ops", flag, text}).values;
      EXPECT_TRUE(values.has(std::string(flag).substr(2) + "_ms")) << text;
    }
  }
}

TEST_F(Arguments, LogTakesWhatIsSearchedFor) {
  EXPECT_FALSE(verb<Log>({"log", "ops"}).values.has("search"));
  EXPECT_EQ(verb<Log>({"log", "ops", "--search", "\"disk full\" x*"}).values.text("search"),
            "\"disk full\" x*");
  EXPECT_TRUE(verb<Log>({"log", "ops", "--search", ""}).values.has("search"));
  EXPECT_THAT(complaint({"log", "ops", "--search", "\xff"}), HasSubstr("--search takes text"));
  const auto long_one =
      read_arguments({"log", "ops", "--search", std::string(kSearchBytesMax + 1, 'x')}, kNow);
  ASSERT_FALSE(long_one);
  EXPECT_EQ(long_one.error().code, ExitCode::limit);
}

TEST_F(Arguments, WhatIsNoVerbOrFlagIsNamed) {
  EXPECT_THAT(complaint({}), HasSubstr("verb is missing"));
  EXPECT_THAT(complaint({"fly"}), HasSubstr("fly"));
  EXPECT_THAT(complaint({"--fly"}), HasSubstr("--fly"));
  EXPECT_THAT(complaint({"id", "--fly"}), HasSubstr("--fly"));
  EXPECT_THAT(complaint({"members"}), HasSubstr("NAME"));
  EXPECT_THAT(complaint({"push", "ops", "hello", "world"}), HasSubstr("world"));
}

TEST_F(Arguments, HelpAndVersionArePrinted) {
  EXPECT_THAT(printout({"--version"}), testing::StartsWith("chatctl "));
  EXPECT_THAT(printout({"--help"}), HasSubstr("CHATCTL_SOCKET"));
}

TEST_F(Arguments, EachVerbHasExamples) {
  for (const char* verb :
       {"id", "chat", "alias", "block", "verify", "push", "pull", "ack", "readers", "log", "keep",
        "rooms", "members", "peers", "status", "doctor"}) {
    EXPECT_THAT(printout({"--help"}), HasSubstr("\n  " + std::string(verb) + " "));
    EXPECT_THAT(printout({verb, "--help"}), HasSubstr("Examples:\n  chatctl")) << verb;
    EXPECT_THAT(std::string(verb_help(verb)), HasSubstr("chatctl " + std::string(verb)));
  }
  EXPECT_EQ(verb_help("fly"), "");
}

}  // namespace
}  // namespace p2pchat::ctl
