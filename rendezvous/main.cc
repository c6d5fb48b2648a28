// p2pchat-rendezvous: reads what it is told, and runs the loop.
#include <cstdio>
#include <cstdlib>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <vector>

#include "proto/crypto.h"
#include "proto/text.h"
#include "rendezvous/service/loop.h"

namespace {

using namespace p2pchat;
using namespace p2pchat::rendezvous;

int complain(const Error& error) {
  std::fprintf(stderr, "p2pchat-rendezvous: %s\n", cleaned(error.text).c_str());
  const ExitCode code = error.fault == Fault::usage ? ExitCode::usage : ExitCode::failed;
  return static_cast<int>(code);
}

// Lines on stderr hold nothing that came from a client. Under systemd the journal knows the time.
void open_log(LogLevel level) {
  auto logger = spdlog::stderr_logger_mt("p2pchat-rendezvous");
  const bool is_journal = std::getenv("JOURNAL_STREAM") != nullptr;
  logger->set_pattern(is_journal ? "%l: %v" : "%Y-%m-%dT%H:%M:%SZ %l: %v",
                      spdlog::pattern_time_type::utc);
  switch (level) {
    case LogLevel::debug: logger->set_level(spdlog::level::debug); break;
    case LogLevel::info: logger->set_level(spdlog::level::info); break;
    case LogLevel::warning: logger->set_level(spdlog::level::warn); break;
    case LogLevel::error: logger->set_level(spdlog::level::err); break;
  }
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

// Files for us alone, no core files, no looks into our memory, and as many descriptors as may be.
void harden() {
  umask(077);
  const rlimit no_core{0, 0};
  (void)setrlimit(RLIMIT_CORE, &no_core);
#if !defined(__SANITIZE_ADDRESS__)
  (void)prctl(PR_SET_DUMPABLE, 0);
#endif
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &descriptors);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (!crypto_ready()) return complain({Fault::machine, "libsodium cannot be used here"});
  const auto told = read_options({argv + (argc > 0 ? 1 : 0), argv + argc});
  if (!told) return complain(told.error());
  if (const auto* printout = std::get_if<Printout>(&*told)) {
    std::fputs(printout->text.c_str(), stdout);
    return 0;
  }
  const Options& options = std::get<Options>(*told);
  open_log(options.log_level);
  harden();

  auto loop = Loop::open(options);
  if (!loop) return complain(loop.error());
  std::printf("ready %s\n", loop->address().c_str());
  std::fflush(stdout);
  const auto ended = loop->run();
  return ended ? 0 : complain(ended.error());
}
