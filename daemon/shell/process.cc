#include "daemon/shell/process.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace p2pchat {
namespace {

// A sanitized build maps terabytes, and its leak checker looks into the process from outside.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kIsSanitized = true;
#else
constexpr bool kIsSanitized = false;
#endif

// Locks all memory only where no limit can make a later allocation fail by it.
void keep_out_of_swap() {
  rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
    if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) return;
  }
  (void)mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
}

}  // namespace

void harden_process() {
  umask(077);
  const rlimit no_core{0, 0};
  (void)setrlimit(RLIMIT_CORE, &no_core);
  if (!kIsSanitized) {
    (void)prctl(PR_SET_DUMPABLE, 0);
    keep_out_of_swap();
  }
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &descriptors);
  }
}

Moment read_clocks() {
  using std::chrono::duration_cast;
  const auto steady = std::chrono::steady_clock::now().time_since_epoch();
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {TimePoint{duration_cast<Duration>(steady)},
          WallTime{duration_cast<Duration>(wall).count()}};
}

Seed fresh_seed() {
  Seed seed;
  randombytes_buf(seed.bytes.data(), seed.bytes.size());
  return seed;
}

std::uint64_t resident_bytes() {
  std::ifstream facts("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  facts >> all >> resident;
  return facts ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

Result<Signals> Signals::open() {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, each);
  (void)std::signal(SIGPIPE, SIG_IGN);
  int descriptor = -1;
  if (sigprocmask(SIG_BLOCK, &set, nullptr) == 0) {
    descriptor = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  if (descriptor < 0) {
    return fail(Fault::machine, std::string("cannot watch for signals: ") + std::strerror(errno));
  }
  return Signals(descriptor);
}

Signals::Signals(Signals&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

Signals::~Signals() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::optional<int> Signals::take() {
  signalfd_siginfo facts{};
  if (read(descriptor_, &facts, sizeof facts) != sizeof facts) return std::nullopt;
  return static_cast<int>(facts.ssi_signo);
}

}  // namespace p2pchat
