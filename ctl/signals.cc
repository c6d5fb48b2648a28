#include "ctl/signals.h"

#include <algorithm>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace p2pchat::ctl {

namespace {

bool is_ignored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Signals::Signals() {
  sigset_t caught;
  sigemptyset(&caught);
  for (const int signal : {SIGINT, SIGTERM}) {
    if (!is_ignored(signal)) sigaddset(&caught, signal);
  }
  pthread_sigmask(SIG_BLOCK, &caught, &before_);
  fd_ = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
  // Without it the signals keep their usual effect.
  if (fd_ < 0) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Signals::~Signals() {
  if (fd_ >= 0) close(fd_);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<ExitCode> Signals::take() {
  signalfd_siginfo signal{};
  if (!taken_ && read(fd_, &signal, sizeof signal) == sizeof signal) {
    taken_ = signal.ssi_signo == SIGINT ? ExitCode::interrupted : ExitCode::terminated;
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  return taken_;
}

void Signals::wait(Duration at_most) const {
  pollfd watched{fd_, POLLIN, 0};
  const auto milliseconds = std::clamp<Duration::rep>(at_most.count(), 0, 60'000);
  poll(&watched, 1, static_cast<int>(milliseconds));
}

}  // namespace p2pchat::ctl
