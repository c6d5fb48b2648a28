// Keyboard: a terminal within the test.
#pragma once

#include <array>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include "tests/unit/ctl/runner.h"

namespace p2pchat::ctl {

// A terminal for stdin, and the hand that types on it.
class Keyboard {
 public:
  Keyboard() { EXPECT_EQ(openpty(&hand_, &terminal_, nullptr, nullptr, nullptr), 0); }
  ~Keyboard() {
    close(hand_);
    close(terminal_);
  }
  Keyboard(const Keyboard&) = delete;
  Keyboard& operator=(const Keyboard&) = delete;

  void type(std::string_view keys) const {
    EXPECT_EQ(write(hand_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  int fd() const { return terminal_; }
  // All that was written to the terminal, what was typed included, up to now.
  std::string shown() const {
    std::string all;
    std::array<char, 4096> bytes{};
    pollfd ready{hand_, POLLIN, 0};
    while (poll(&ready, 1, 0) > 0) {
      const ssize_t size = read(hand_, bytes.data(), bytes.size());
      if (size <= 0) break;
      all.append(bytes.data(), static_cast<std::size_t>(size));
    }
    std::erase(all, '\r');
    return all;
  }

 private:
  int hand_ = -1;
  int terminal_ = -1;
};

// A whole chatctl that reads what was typed, and writes to the same terminal what is not data.
inline Ran run_asking(const Keyboard& keyboard, const std::string& socket,
                      std::vector<std::string> words) {
  const MemoryStream out;
  words.insert(words.begin(), {"--socket", socket});
  Console console(keyboard.fd(), out.fd(), keyboard.fd());
  const int code = run(std::move(words), console);
  return {code, out.content(), keyboard.shown()};
}

}  // namespace p2pchat::ctl
