// Console: the three streams of a command. Data goes to stdout, everything
// else to stderr.
//
// What is added is written by flush() alone, so a caller knows what has left
// the process: a message is acknowledged after that, never before.
//
// Effects: writes to its descriptors, which it does not own. Single-threaded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/outcome.h"
#include "ctl/signals.h"

namespace p2pchat::ctl {

class Console {
 public:
  Console(int in, int out, int err);

  // --- stdout ---
  void add(std::string_view bytes) { unwritten_ += bytes; }
  // Writes all that was added. Fails, and forgets the rest, when stdout does not take it or a
  // signal comes first.
  Outcome<void> flush(Signals* signals = nullptr);

  // --- stderr, one line each ---
  // What is good to know; nothing when quiet.
  void note(std::string_view sentence) const;
  void error(std::string_view sentence);
  void be_quiet() { is_quiet_ = true; }
  // Shows what somebody is to decide on, even if quiet, and asks. True if the next line of stdin
  // says yes. Requires can_ask().
  bool confirm(const std::vector<std::string>& facts, std::string_view question) const;
  // There is somebody to be asked: stdin and stderr are terminals.
  bool can_ask() const;

  int in() const { return in_; }
  int out() const { return out_; }
  bool in_is_terminal() const;
  bool out_is_terminal() const { return out_is_terminal_; }

 private:
  void say(std::string_view sentence) const;
  Outcome<void> wait_for_room(Signals& signals) const;

  int in_;
  int out_;
  int err_;
  bool out_is_terminal_;
  bool is_quiet_ = false;
  std::string unwritten_;
};

}  // namespace p2pchat::ctl
