#include "daemon/shell/log.h"

#include <cstdlib>
#include <fmt/chrono.h>
#include <memory>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/text.h"

namespace p2pchat {
namespace {

// As sd-daemon(3) numbers them.
const char* journal_priority(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug: return "<7>";
    case spdlog::level::info: return "<6>";
    case spdlog::level::warn: return "<4>";
    case spdlog::level::err: return "<3>";
    case spdlog::level::critical: return "<2>";
    case spdlog::level::off:
    case spdlog::level::n_levels: break;
  }
  return "<5>";
}

class LineFormatter : public spdlog::formatter {
 public:
  explicit LineFormatter(bool is_journal) : is_journal_(is_journal) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    std::string line;
    if (is_journal_) {
      line = journal_priority(message.level);
    } else {
      const auto seconds = std::chrono::system_clock::to_time_t(message.time);
      const auto level = spdlog::level::to_string_view(message.level);
      line = fmt::format("{:%Y-%m-%dT%H:%M:%SZ} {}: ", fmt::gmtime(seconds),
                         std::string_view(level.data(), level.size()));
    }
    line += cleaned({message.payload.data(), message.payload.size()});
    line += '\n';
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(is_journal_);
  }

 private:
  bool is_journal_;
};

// systemd names the journal's socket by device and inode, so that a stderr that was
// turned elsewhere since is told apart.
bool is_stderr_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat facts {};
  if (stream == nullptr || fstat(STDERR_FILENO, &facts) != 0) return false;
  return fmt::format("{}:{}", facts.st_dev, facts.st_ino) == stream;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return spdlog::level::debug;
    case LogLevel::info: return spdlog::level::info;
    case LogLevel::warning: return spdlog::level::warn;
    case LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

void open_log(LogLevel level) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("p2pchatd", std::move(sink));
  logger->set_formatter(std::make_unique<LineFormatter>(is_stderr_journal()));
  logger->set_level(spdlog_level(level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace p2pchat
