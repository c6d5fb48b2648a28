// Command: what the words of a command line mean.
//
// Every word has been understood and every combination allowed, so whoever
// carries a command out has no usage errors of its own, but for what depends
// on the surroundings (a terminal, a file).
// Pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "ctl/format.h"
#include "proto/control.h"
#include "proto/moment.h"

namespace p2pchat::ctl {

inline constexpr std::string_view kReaderDefault = "default";
// Of `chat`, so that talking takes nothing from what scripts pull.
inline constexpr std::string_view kReaderOfTalk = "talk";

// One request whose answer is printed as it comes.
struct Query {
  enum class Shape {
    nothing,    // The end says all.
    pairs,      // The end's row, one field a line.
    table,      // Rows in columns.
    sentences,  // A row a line.
    blocks,     // Rows one below the other, one field a line.
  };

  std::string verb;
  control::Record values;
  Shape shape = Shape::nothing;
  bool is_far = false;  // Other hosts have a part in the answer.
};

struct Chat {
  std::string target;
  bool talks = true;
  std::string reader{kReaderOfTalk};
};

struct Push {
  enum class Source {
    words,  // The text stands on the command line.
    input,  // All of stdin is one message.
    lines,  // Each line of stdin is one.
    file,   // All of a file is one.
  };

  enum class Wait {
    stored,     // By our own daemon.
    delivered,  // To so many other members.
    all,        // To all of them.
  };

  std::string to;
  Source source = Source::words;
  std::string text;  // The words, or the file's path.
  Wait wait = Wait::stored;
  std::uint64_t readers = 1;  // Of Wait::delivered.
  std::string key;            // It is posted once under it; empty: as often as it is pushed.
};

struct Pull {
  std::string name;  // Empty: all conversations.
  std::string reader{kReaderDefault};
  bool follows = false;
  bool peeks = false;
  bool acknowledges = true;
  bool with_mine = false;
  bool fails_empty = false;
  std::uint64_t count = 0;          // Ends after so many; 0 is no limit.
  std::optional<Duration> idle;     // Ends after so long without a message; only with follows.
  std::optional<Duration> timeout;  // Of the whole command.
  std::optional<Format> format;
};

struct Log {
  control::Record values;  // Of the request.
  std::optional<Format> format;
};

// To be let into a room.
struct Join {
  std::string room;  // NAME, NAME@CREATOR or NAME@ROOMID.
  std::string note;
  std::string via;  // Of a member's door, or empty.
  bool waits = false;
};

struct Vote {
  std::string room;
  std::string who;     // For an eviction perhaps several, with commas between.
  std::string answer;  // yes, no or evict.
  std::string note;
  bool is_sure = false;  // Not to be asked again.
};

// To go from a room, or to close it for all.
struct Farewell {
  std::string room;
  bool closes = false;
  bool is_sure = false;
};

// To have it proved who is in a room.
struct Prove {
  std::string room;
  std::string state;  // The daemon's folder, for when it does not run; empty: the usual one.
};

struct Command {
  std::string socket;
  bool is_json = false;
  bool is_quiet = false;
  std::optional<Duration> timeout;
  std::variant<Query, Chat, Push, Pull, Log, Join, Vote, Farewell, Prove> verb;
};

}  // namespace p2pchat::ctl
