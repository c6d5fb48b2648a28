// Signals: SIGINT and SIGTERM as something to wait for, so that a command ends
// where it may, with its work acknowledged.
//
// While one exists, the first of either signal waits to be taken; the next one
// ends the process as usual. A signal that was ignored when the process began
// (nohup, a shell's background job) stays ignored.
//
// Effects: the signal mask of the thread, which it restores. One at a time.
#pragma once

#include <csignal>
#include <optional>

#include "proto/exit_code.h"
#include "proto/moment.h"

namespace p2pchat::ctl {

class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // Readable when one has come.
  int fd() const { return fd_; }
  // The exit code that the signal means, if one has come by now.
  std::optional<ExitCode> take();
  // Waits for a signal, or until the time is over.
  void wait(Duration at_most) const;

 private:
  int fd_ = -1;
  sigset_t before_{};
  std::optional<ExitCode> taken_;
};

}  // namespace p2pchat::ctl
