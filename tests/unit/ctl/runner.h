// Runner: a whole chatctl within the test, its streams kept in memory.
#pragma once

#include <array>
#include <csignal>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

#include "ctl/run.h"

namespace p2pchat::ctl {

// A stream that is a file in memory.
class MemoryStream {
 public:
  explicit MemoryStream(std::string_view content = {}) : fd_(memfd_create("stream", MFD_CLOEXEC)) {
    [[maybe_unused]] const ssize_t size = write(fd_, content.data(), content.size());
    lseek(fd_, 0, SEEK_SET);
  }
  ~MemoryStream() { close(fd_); }
  MemoryStream(const MemoryStream&) = delete;
  MemoryStream& operator=(const MemoryStream&) = delete;

  int fd() const { return fd_; }
  std::string content() const {
    std::string all;
    std::array<char, 4096> bytes{};
    for (ssize_t size = 0;
         (size = pread(fd_, bytes.data(), bytes.size(), static_cast<off_t>(all.size()))) > 0;) {
      all.append(bytes.data(), static_cast<std::size_t>(size));
    }
    return all;
  }

 private:
  int fd_;
};

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

// `out`: where stdout leads, if not into the answer.
inline Ran run_chatctl(const std::string& socket, std::vector<std::string> words,
                       std::string_view input = {}, int out = -1) {
  std::signal(SIGPIPE, SIG_IGN);
  const MemoryStream in(input);
  const MemoryStream kept;
  const MemoryStream err;
  if (!socket.empty()) words.insert(words.begin(), {"--socket", socket});
  Console console(in.fd(), out >= 0 ? out : kept.fd(), err.fd());
  const int code = run(std::move(words), console);
  return {code, kept.content(), err.content()};
}

}  // namespace p2pchat::ctl
