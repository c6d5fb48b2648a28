#include "ctl/words.h"

#include <charconv>
#include <limits>
#include <system_error>

#include "ctl/time_text.h"
#include "proto/address.h"
#include "proto/batch.h"
#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat::ctl {

namespace {

std::optional<std::uint64_t> whole_number(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end) return std::nullopt;
  return number;
}

Outcome<std::uint64_t> read_count(const std::string& text) {
  constexpr auto kCountMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const auto count = whole_number(text);
  if (!count || *count == 0 || *count > kCountMax) return usage("-n takes a whole number above 0");
  return *count;
}

Outcome<void> check_room(const std::string& name) {
  if (name.empty()) return usage("an empty NAME names no room");
  return {};
}

Outcome<void> check_note(const std::string& note) {
  if (note.size() <= kNoteBytesMax && is_utf8(note)) return {};
  return usage("--note takes a text of at most " + std::to_string(kNoteBytesMax) + " bytes");
}

Outcome<void> check_address(const std::string& flag, const std::string& text) {
  if (text.empty()) return {};
  const auto address = parse_address(text, kDoorPortDefault);
  if (address && address->host != "*") return {};
  return usage(flag + " takes a host, or a host and a port such as alice.example.org:7473");
}

Outcome<std::optional<Format>> read_format(const Words& words) {
  if (words.format.empty()) return std::nullopt;
  if (words.json) return usage("--format and --json exclude each other");
  auto format = Format::parse(words.format);
  if (!format) return end_with(format.error());
  return std::optional(std::move(*format));
}

Outcome<std::string> read_reader(const Words& words, std::string_view fallback) {
  if (words.reader.empty()) return std::string(fallback);
  if (words.reader.size() > kReaderNameBytesMax || cleaned(words.reader) != words.reader) {
    return usage("--as takes a name of at most 64 bytes, without control characters");
  }
  return words.reader;
}

// Sets `key`_id or `key`_ms of a log's request.
Outcome<void> set_moment(control::Record& values, const std::string& key, const std::string& text,
                         WallTime now) {
  const auto time = parse_since(text, now);
  if (time) {
    values.set(key + "_ms", time->milliseconds);
  } else if (parse_message_id(text)) {
    values.set(key + "_id", text);
  } else {
    return usage("--" + key + " takes RFC 3339, a date, how long ago (2d), or a message's id");
  }
  return {};
}

// A whole number of bytes with K, M or G behind it.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::string_view kUnits = "KMG";
  const auto unit = text.empty() ? std::string_view::npos : kUnits.find(text.back());
  if (unit == std::string_view::npos) return std::nullopt;
  const auto count = whole_number(std::string(text.substr(0, text.size() - 1)));
  const unsigned shift = 10U * (static_cast<unsigned>(unit) + 1);
  constexpr auto kBytesMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!count || *count > kBytesMax >> shift) return std::nullopt;
  return *count << shift;
}

// Of an age: hours or days. 500m, which means minutes elsewhere, is neither an age nor a size: who
// has meant megabytes would lose what is older than a morning.
std::optional<Duration> parse_age(std::string_view text) {
  return text.ends_with('h') || text.ends_with('d') ? parse_duration(text) : std::nullopt;
}

// One word of what is to be kept.
Outcome<void> set_amount(control::Record& values, const std::string& text) {
  std::string key = "all";
  control::Value amount = true;
  if (const auto age = parse_age(text)) {
    if (*age < kKeepAgeMin) {
      return usage("at least 1h is kept: what is younger may not have been read yet");
    }
    key = "age_ms";
    amount = std::int64_t{age->count()};
  } else if (const auto size = parse_size(text)) {
    if (*size < kKeepBytesMin) {
      return usage("at least 1M is kept: in less, the newest messages have no room");
    }
    key = "bytes";
    amount = static_cast<std::int64_t>(*size);
  } else if (text != key) {
    return usage("what is kept is an AGE such as 12h or 30d, a SIZE such as 500M or 2G, or all");
  }
  const bool is_alone = values.fields().size() == 1;  // But for the name.
  if (values.has(key) || values.has("all") || (key == "all" && !is_alone)) {
    return usage("what is kept is all, or one AGE, one SIZE or both");
  }
  values.set(key, std::move(amount));
  return {};
}

// What a search is, the daemon knows; here stands what could not even reach it.
Outcome<void> check_search(const std::string& text) {
  if (!is_utf8(text)) return usage("--search takes text");
  if (text.size() <= kSearchBytesMax) return {};
  return end_with(ExitCode::limit,
                  "--search takes at most " + std::to_string(kSearchBytesMax) + " bytes");
}

}  // namespace

Outcome<std::optional<Duration>> read_duration(const std::string& flag, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto duration = parse_duration(text);
  if (!duration) return usage(flag + " takes a duration such as 500ms, 10s, 5m, 2h or 2d");
  return duration;
}

Outcome<Verb> chat_of(const Words& words) {
  auto reader = read_reader(words, kReaderOfTalk);
  if (!reader) return end_with(reader.error());
  return Chat{words.who, !words.no_talk, std::move(*reader)};
}

namespace {

// stored, delivered, delivered:N or all.
Outcome<void> read_wait(const std::string& text, Push& push) {
  constexpr std::string_view kDelivered = "delivered";
  if (text == "stored") return {};
  if (text == "all") {
    push.wait = Push::Wait::all;
    return {};
  }
  const std::string_view count =
      std::string_view(text).substr(std::min(text.size(), kDelivered.size()));
  if (!text.starts_with(kDelivered) || (!count.empty() && !count.starts_with(':'))) {
    return usage("--wait takes stored, delivered, delivered:N or all");
  }
  push.wait = Push::Wait::delivered;
  if (count.empty()) return {};
  const auto readers = read_count(std::string(count.substr(1)));
  if (!readers) return usage("--wait delivered:N takes a whole number of members from 1 on");
  push.readers = *readers;
  return {};
}

}  // namespace

Outcome<Verb> push_of(const Words& words) {
  const bool has_text = words.has_text;
  const bool has_file = !words.file.empty();
  const int sources = int{has_text} + int{words.lines} + int{has_file};
  if (sources == 0) return usage("nothing to push: give a TEXT, - or -l for stdin, or --file F");
  if (sources > 1) return usage("TEXT, -, -l and --file exclude each other");
  Push push;
  push.to = words.name;
  if (words.until_when) {
    const auto wait = read_wait(*words.until_when, push);
    if (!wait) return end_with(wait.error());
  }
  push.key = words.key.value_or("");
  if (words.key && push.key.empty()) return usage("an empty key calls nothing");
  if (words.lines && words.key) return usage("a key is for one message, and -l makes many");
  if (words.lines) {
    push.source = Push::Source::lines;
  } else if (has_file) {
    push.source = Push::Source::file;
    push.text = words.file;
  } else if (words.text == "-") {
    push.source = Push::Source::input;
  } else if (words.text.empty()) {
    return usage("an empty message says nothing");
  } else {
    push.text = words.text;
  }
  return push;
}

Outcome<Verb> pull_of(const Words& words) {
  Pull pull;
  if (words.has_name && words.name.empty()) return usage("an empty NAME names nobody");
  pull.name = words.name;
  auto reader = read_reader(words, kReaderDefault);
  if (!reader) return end_with(reader.error());
  pull.reader = std::move(*reader);
  if (words.ack != "auto" && words.ack != "manual") return usage("--ack takes auto or manual");
  auto idle = read_duration("--idle", words.idle);
  if (!idle) return end_with(idle.error());
  auto timeout = read_duration("--timeout", words.timeout);
  if (!timeout) return end_with(timeout.error());
  auto format = read_format(words);
  if (!format) return end_with(format.error());
  if (!words.count.empty()) {
    const auto count = read_count(words.count);
    if (!count) return end_with(count.error());
    pull.count = *count;
  }
  pull.follows = words.follow || idle->has_value();
  pull.peeks = words.peek;
  pull.acknowledges = words.ack == "auto" && !words.peek;
  pull.with_mine = words.mine;
  pull.fails_empty = words.fail_empty;
  pull.idle = *idle;
  pull.timeout = *timeout;
  pull.format = std::move(*format);
  return pull;
}

Outcome<Verb> ack_of(const Words& words) {
  auto reader = read_reader(words, kReaderDefault);
  if (!reader) return end_with(reader.error());
  const auto values = control::Record().set("reader", *reader).set("id", words.who);
  return Query{"ack", values, Query::Shape::nothing};
}

Outcome<Verb> add_of(const Words& words) {
  if (words.undo && !words.address.empty()) return usage("--rm takes no address");
  const auto checked = check_address("add", words.address);
  if (!checked) return end_with(checked.error());
  control::Record values;
  if (!words.address.empty()) values.set("address", words.address);
  if (words.undo) values.set("rm", true);
  return Query{"add", std::move(values), Query::Shape::pairs, true};
}

Outcome<Verb> create_of(const Words& words) {
  if (!is_plain_name(words.name)) {
    return usage("a room's name has 1 to " + std::to_string(kNamePointsMax) +
                 " characters, no space and none of : @ ~ /, and reads like no id and no address");
  }
  const auto size = whole_number(words.size);
  if (!size || *size < 2 || *size > kMembersMax) {
    return usage("SIZE is how many members there may be: 2 to " + std::to_string(kMembersMax));
  }
  if (words.history != "none" && words.history != "all") {
    return usage("--history is what a newcomer may read of the time before it came: none or all");
  }
  control::Record values;
  values.set("name", words.name).set("size", static_cast<std::int64_t>(*size));
  values.set("history", words.history);
  return Query{"create", std::move(values), Query::Shape::pairs, true};
}

Outcome<Verb> join_of(const Words& words) {
  const auto room = check_room(words.name);
  if (!room) return end_with(room.error());
  const auto note = check_note(words.note);
  if (!note) return end_with(note.error());
  const auto via = check_address("--via", words.via);
  if (!via) return end_with(via.error());
  return Join{words.name, words.note, words.via, words.wait};
}

Outcome<Verb> vote_of(const Words& words) {
  const auto room = check_room(words.name);
  if (!room) return end_with(room.error());
  if (words.who.empty()) return usage("an empty WHO names nobody");
  if (words.answer != "yes" && words.answer != "no" && words.answer != "evict") {
    return usage("a vote is yes, no or evict");
  }
  const auto note = check_note(words.note);
  if (!note) return end_with(note.error());
  return Vote{words.name, words.who, words.answer, words.note, words.sure};
}

Outcome<Verb> members_of(const Words& words) {
  const auto room = check_room(words.name);
  if (!room) return end_with(room.error());
  if (words.proof) return Prove{words.name, words.state};
  if (!words.state.empty()) return usage("--state belongs to --proof");
  return Query{"members", control::Record().set("name", words.name), Query::Shape::table};
}

Outcome<Verb> keep_of(const Words& words) {
  const auto room = check_room(words.name);
  if (!room) return end_with(room.error());
  control::Record values;
  values.set("name", words.name);
  for (const std::string& amount : words.amounts) {
    const auto set = set_amount(values, amount);
    if (!set) return end_with(set.error());
  }
  return Query{"keep", std::move(values), Query::Shape::pairs};
}

Outcome<Verb> farewell_of(const Words& words, bool closes) {
  const auto room = check_room(words.name);
  if (!room) return end_with(room.error());
  return Farewell{words.name, closes, words.sure};
}

Outcome<Verb> log_of(const Words& words, WallTime now) {
  Log log;
  log.values.set("name", words.name);
  if (words.since) {
    const auto since = set_moment(log.values, "since", *words.since, now);
    if (!since) return end_with(since.error());
  }
  if (words.until) {
    const auto until = set_moment(log.values, "until", *words.until, now);
    if (!until) return end_with(until.error());
  }
  if (words.search) {
    const auto search = check_search(*words.search);
    if (!search) return end_with(search.error());
    log.values.set("search", *words.search);
  }
  if (!words.count.empty()) {
    const auto count = read_count(words.count);
    if (!count) return end_with(count.error());
    log.values.set("last", static_cast<std::int64_t>(*count));
  }
  auto format = read_format(words);
  if (!format) return end_with(format.error());
  log.format = std::move(*format);
  return log;
}

}  // namespace p2pchat::ctl
