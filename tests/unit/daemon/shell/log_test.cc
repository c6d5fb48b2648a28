#include "daemon/shell/log.h"

#include <gmock/gmock.h>
#include <spdlog/spdlog.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace p2pchat {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class DaemonLog : public ::testing::Test {
 protected:
  ~DaemonLog() override {
    unsetenv("JOURNAL_STREAM");
    spdlog::set_default_logger(before_);
  }
  // What `level` lets through of one line.
  static std::string written(LogLevel level, spdlog::level::level_enum of, const char* line) {
    ::testing::internal::CaptureStderr();
    open_log(level);
    spdlog::log(of, "{}", line);
    return ::testing::internal::GetCapturedStderr();
  }

  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(DaemonLog, LinesBeginWithTimeAndLevel) {
  EXPECT_THAT(written(LogLevel::info, spdlog::level::warn, "hello"),
              ContainsRegex("^[0-9-]+T[0-9:]+Z warning: hello\n$"));
}

TEST_F(DaemonLog, LinesAreCleaned) {
  const std::string line = written(LogLevel::info, spdlog::level::info, "a\x1b[1m\nb");

  EXPECT_THAT(line, Not(HasSubstr("\x1b")));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
}

TEST_F(DaemonLog, LinesBelowTheLevelAreLeftOut) {
  EXPECT_EQ(written(LogLevel::warning, spdlog::level::info, "hello"), "");
  EXPECT_NE(written(LogLevel::debug, spdlog::level::debug, "hello"), "");
}

TEST_F(DaemonLog, LinesInAJournalHaveAPriorityAndNoTime) {
  ::testing::internal::CaptureStderr();
  struct stat facts {};
  ASSERT_EQ(fstat(STDERR_FILENO, &facts), 0);
  const std::string stream = std::to_string(facts.st_dev) + ":" + std::to_string(facts.st_ino);
  setenv("JOURNAL_STREAM", stream.c_str(), 1);

  open_log(LogLevel::info);
  spdlog::error("hello");

  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "<3>hello\n");
}

TEST_F(DaemonLog, LinesToATerminalAreNotTheJournals) {
  setenv("JOURNAL_STREAM", "1:1", 1);

  EXPECT_THAT(written(LogLevel::info, spdlog::level::info, "hello"), HasSubstr("info: hello"));
}

}  // namespace
}  // namespace p2pchat
