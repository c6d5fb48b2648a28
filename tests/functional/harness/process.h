// Process: a program that a test runs, as a user would run it.
//
// What it writes goes to memory and can be read at any time, so it never waits
// for the test. It ends with the test, however that ends: by the destructor, or
// by the kernel when the test itself is killed.
//
// What a test cannot go on without (a program that does not start or end) is
// thrown as Stuck, which GoogleTest reports as the failure it is.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

#include "tests/functional/harness/wait.h"

namespace p2pchat::functional {

struct Stuck : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Words = std::vector<std::string>;

// An open file of the test, closed on exec and when its owner goes.
class File {
 public:
  File() = default;
  explicit File(int number) : number_(number) {}
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  ~File();

  int number() const { return number_; }
  // All that was written to it so far.
  std::string content() const;

 private:
  int number_ = -1;
};

class Process {
 public:
  enum class Input {
    nothing,   // /dev/null
    given,     // `input`, and then the end
    open,      // what write() adds, until close_input()
    terminal,  // stdin and stdout are a terminal; write() types, out() is its screen
  };
  struct Setup {
    Words words;                                       // The program first; PATH is searched.
    std::map<std::string, std::string> environment{};  // Beside what the test itself has.
    Input kind = Input::nothing;
    std::string input{};
    std::function<void()> before_exec{};  // In the child; it may throw and allocate nothing.
  };

  explicit Process(const Setup& setup);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  bool is_running();
  // Its exit status, or 128 and the number of the signal that ended it. Throws Stuck if it does
  // not end within the bound.
  int wait(std::chrono::milliseconds bound = kPatience);
  void signal(int number) const;
  // kill -9, and waits until it is gone.
  void crash();

  void write(const std::string& text) const;
  void close_input();

  std::string out();
  std::string err() const { return err_.content(); }

 private:
  struct Ends;
  struct Image;
  [[noreturn]] void become(const Setup& setup, const Image& image, const Ends& ends,
                           pid_t parent) const;
  void open_terminal(Ends& ends);

  pid_t pid_ = -1;
  std::optional<int> status_;
  File in_;  // Our end of an open input, or of the terminal.
  File out_;
  File err_;
  bool is_terminal_ = false;
  std::string screen_;  // What the terminal has shown so far.
};

// What a program said in a whole run.
struct Said {
  int code = -1;
  std::string out;
  std::string err;
};

Said run(const Process::Setup& setup, std::chrono::milliseconds bound = kPatience);

}  // namespace p2pchat::functional
