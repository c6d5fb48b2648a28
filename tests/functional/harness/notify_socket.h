// NotifySocket: hears what a service manager would hear from a program that has its path as
// NOTIFY_SOCKET.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/functional/harness/daemon.h"
#include "tests/functional/harness/process.h"

namespace p2pchat::functional {

class NotifySocket {
 public:
  explicit NotifySocket(const std::filesystem::path& path)
      : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    if (bind(socket_.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw Stuck("no socket at " + path.native());
    }
  }

  // All messages so far, one a line.
  const std::string& heard() {
    std::array<char, 4096> message;
    for (;;) {
      const ssize_t size = recv(socket_.number(), message.data(), message.size(), 0);
      if (size < 0) return heard_;
      heard_.append(message.data(), static_cast<std::size_t>(size)).append("\n");
    }
  }
  std::size_t count(const std::string& word) {
    const auto lines = lines_of(heard());
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), word));
  }

 private:
  File socket_;
  std::string heard_;
};

}  // namespace p2pchat::functional
