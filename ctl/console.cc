#include "ctl/console.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>

#include "proto/text.h"

namespace p2pchat::ctl {

namespace {

// What a pipe that has room takes without blocking (PIPE_BUF on Linux).
constexpr std::size_t kWriteBytes = 4096;
// More than any yes has.
constexpr std::size_t kAnswerBytes = 16;

Outcome<void> refused(int error) {
  if (error == EPIPE) return end_with(kOutputClosed);
  return end_with(ExitCode::failed,
                  std::string("cannot write to standard output: ") + std::strerror(error));
}

}  // namespace

Console::Console(int in, int out, int err)
    : in_(in), out_(out), err_(err), out_is_terminal_(isatty(out) == 1) {}

bool Console::in_is_terminal() const { return isatty(in_) == 1; }

// Waits with the signals: a reader that has stopped must not make us deaf.
Outcome<void> Console::wait_for_room(Signals& signals) const {
  std::array<pollfd, 2> watched{pollfd{out_, POLLOUT, 0}, pollfd{signals.fd(), POLLIN, 0}};
  while (poll(watched.data(), watched.size(), -1) < 0) {
    if (errno != EINTR) return refused(errno);
  }
  const std::optional<ExitCode> signal = signals.take();
  if (signal) return end_with(*signal);
  return {};
}

Outcome<void> Console::flush(Signals* signals) {
  const std::string bytes = std::move(unwritten_);
  unwritten_.clear();
  std::string_view rest = bytes;
  while (!rest.empty()) {
    if (signals != nullptr) {
      const auto room = wait_for_room(*signals);
      if (!room) return room;
    }
    const std::size_t size = signals == nullptr ? rest.size() : std::min(rest.size(), kWriteBytes);
    const ssize_t written = write(out_, rest.data(), size);
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd room{out_, POLLOUT, 0};
      poll(&room, 1, -1);
    } else if (errno != EINTR) {
      return refused(errno);
    }
  }
  return {};
}

void Console::note(std::string_view sentence) const {
  if (!is_quiet_) say(sentence);
}

void Console::error(std::string_view sentence) { say(sentence); }

bool Console::can_ask() const { return in_is_terminal() && isatty(err_) == 1; }

bool Console::confirm(const std::vector<std::string>& facts, std::string_view question) const {
  for (const std::string& fact : facts) say(fact);
  const std::string asked = "chatctl: " + cleaned(question) + " [y/N] ";
  [[maybe_unused]] const ssize_t written = write(err_, asked.data(), asked.size());
  // To the end of the line, so that nothing of it is left to whoever reads next.
  std::string answer;
  for (char letter = 0;;) {
    const ssize_t size = read(in_, &letter, 1);
    if (size < 0 && errno == EINTR) continue;
    if (size != 1) return false;
    if (letter == '\n') break;
    if (answer.size() < kAnswerBytes) answer += letter;
  }
  return answer == "y" || answer == "Y" || answer == "yes";
}

void Console::say(std::string_view sentence) const {
  const std::string line = "chatctl: " + cleaned(sentence) + "\n";
  // Whoever closed stderr does not want to know.
  [[maybe_unused]] const ssize_t written = write(err_, line.data(), line.size());
}

}  // namespace p2pchat::ctl
