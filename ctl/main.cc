#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include "ctl/run.h"

namespace {

// A stream that was closed must not become the number of one of our sockets. What stands in for
// it fails as a closed one does.
void fill_gap(int fd, int mode) {
  if (fcntl(fd, F_GETFD) < 0) open("/dev/null", mode);
}

}  // namespace

int main(int count, char** words) {
  fill_gap(STDIN_FILENO, O_WRONLY);
  fill_gap(STDOUT_FILENO, O_RDONLY);
  fill_gap(STDERR_FILENO, O_WRONLY);
  // A write to nobody is an answer to the one who writes, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  p2pchat::ctl::Console console(STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO);
  return p2pchat::ctl::run({words + (count > 0 ? 1 : 0), words + count}, console);
}
