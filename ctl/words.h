// Words: all words of a command line as they came, and what those of one verb
// mean together.
//
// arguments.cc knows which words there are; here stands what they may say. What
// is wrong with them is exit 2 and one sentence.
// Pure; the clock is passed in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ctl/command.h"
#include "ctl/outcome.h"
#include "proto/moment.h"

namespace p2pchat::ctl {

using Verb = decltype(Command::verb);

struct Words {
  std::string socket, timeout, who, name, text, file, reader, ack = "auto", idle, format, count;
  std::optional<std::string> since, until, search;                        // Of a log.
  std::optional<std::string> until_when, key;                             // Of a push.
  std::string size, history = "none", note, via, address, answer, state;  // Of rooms.
  std::vector<std::string> amounts;                                       // Of keep.
  bool json = false, quiet = false, undo = false, no_talk = false, lines = false, follow = false,
       peek = false, mine = false, fail_empty = false, wait = false, sure = false, proof = false;
  bool has_name = false, has_text = false;  // They were given, though they may be empty.
};

inline tl::unexpected<Failure> usage(std::string text) {
  return end_with(ExitCode::usage, std::move(text));
}
// Nothing if `text` is empty. `flag` is named in the complaint.
Outcome<std::optional<Duration>> read_duration(const std::string& flag, const std::string& text);

Outcome<Verb> chat_of(const Words& words);
Outcome<Verb> push_of(const Words& words);
Outcome<Verb> pull_of(const Words& words);
Outcome<Verb> ack_of(const Words& words);
Outcome<Verb> log_of(const Words& words, WallTime now);

Outcome<Verb> add_of(const Words& words);
Outcome<Verb> create_of(const Words& words);
Outcome<Verb> join_of(const Words& words);
Outcome<Verb> vote_of(const Words& words);
Outcome<Verb> members_of(const Words& words);
Outcome<Verb> keep_of(const Words& words);
Outcome<Verb> farewell_of(const Words& words, bool closes);

}  // namespace p2pchat::ctl
