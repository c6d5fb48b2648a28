#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "ctl/ask.h"
#include "ctl/json.h"
#include "ctl/lines.h"
#include "ctl/pusher.h"
#include "ctl/verbs.h"
#include "proto/limits.h"

namespace p2pchat::ctl {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

Failure too_long(std::string what) {
  return {ExitCode::limit,
          what + " is longer than " + std::to_string(kBodyBytesMax) + " bytes; it was not sent"};
}

// Answers how many bytes came; 0 at the end.
Outcome<std::size_t> read_some(int fd, std::span<char> into, const std::string& what) {
  for (;;) {
    const ssize_t size = read(fd, into.data(), into.size());
    if (size >= 0) return static_cast<std::size_t>(size);
    if (errno != EINTR) {
      return end_with(ExitCode::failed, "cannot read " + what + ": " + std::strerror(errno));
    }
  }
}

// All of `fd` as one message.
Outcome<std::string> read_body(int fd, const std::string& what) {
  std::string body;
  std::array<char, kReadBytes> chunk;
  for (;;) {
    const auto size = read_some(fd, chunk, what);
    if (!size) return end_with(size.error());
    if (*size == 0) break;
    body.append(chunk.data(), *size);
    if (body.size() > kBodyBytesMax) return end_with(too_long(what));
  }
  if (body.empty()) return end_with(ExitCode::usage, what + " is empty: there is nothing to push");
  return body;
}

Outcome<std::string> read_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return end_with(ExitCode::failed, "cannot open " + path + ": " + std::strerror(errno));
  }
  auto body = read_body(fd, path);
  close(fd);
  return body;
}

// Pushing: one message, or one after the other as their lines come.
class Pushing {
 public:
  // `has_lines`: the messages are the lines of stdin; else push_one() is to be called.
  Pushing(const Command& command, const Push& push, Client& client, Console& console)
      : is_json_(command.is_json),
        patience_(command.timeout.value_or(kAnswerTimeout)),
        client_(client),
        console_(console),
        has_lines_(push.source == Push::Source::lines),
        pusher_({push.to, has_lines_, push.wait == Push::Wait::delivered ? push.readers : 0,
                 push.key}) {}

  void push_one(std::string body) {
    pusher_.push(std::move(body), 0);
    lines_.end();
  }
  Outcome<void> run();
  // Of the last message that was stored.
  const std::string& last_id() const { return last_id_; }

 private:
  Outcome<void> take_answers();
  Outcome<void> read_input();
  void push_what_came();
  void wait();
  Outcome<void> result() const;
  std::string at_line(std::uint64_t line) const;

  bool is_json_;
  Duration patience_;
  Client& client_;
  Console& console_;
  bool has_lines_;
  Pusher pusher_;
  Lines lines_{kBodyBytesMax};
  Watch input_;
  Deadline answer_until_ = kNever;
  std::string last_id_;
};

std::string Pushing::at_line(std::uint64_t line) const {
  return has_lines_ ? "line " + std::to_string(line) + ": " : std::string();
}

Outcome<void> Pushing::run() {
  for (;;) {
    const auto taken = take_answers();
    if (!taken) return taken;
    push_what_came();
    const bool is_over = pusher_.is_refused() || lines_.is_too_long() || lines_.is_done();
    if (is_over && pusher_.is_idle()) return result();
    wait();
    const auto read = read_input();
    if (!read) return read;
  }
}

Outcome<void> Pushing::take_answers() {
  for (;;) {
    auto reply = client_.next();
    const bool is_late =
        reply && !*reply && pusher_.awaits_answer() && Clock::now() >= answer_until_;
    if (!reply || is_late) {
      Failure failure = reply ? no_answer(client_, patience_) : reply.error();
      if (pusher_.is_idle()) return end_with(failure);
      failure.text =
          at_line(pusher_.oldest_place()) + failure.text + "; it is unknown whether " +
          (has_lines_ ? "this line and those behind it were stored" : "the message was stored");
      return end_with(failure);
    }
    if (!*reply) break;
    pusher_.take(std::move(**reply));
    answer_until_ = Clock::now() + patience_;
  }
  while (const auto stored = pusher_.next_stored()) {
    control::Record row;
    for (const char* key : {"id", "conversation", "time"}) {
      const control::Value* value = stored->find(key);
      row.set(key, value == nullptr ? control::Value() : *value);
    }
    last_id_ = row.text("id");
    console_.add(is_json_ ? record_json(row) : row.text("id") + "\n");
  }
  return console_.flush();
}

void Pushing::push_what_came() {
  while (pusher_.has_room() && !pusher_.is_refused()) {
    auto line = lines_.next();
    if (!line) break;
    if (!line->empty()) pusher_.push(std::move(*line), lines_.number());
  }
  const bool waited = pusher_.awaits_answer();
  pusher_.pump(client_);
  if (!waited) answer_until_ = Clock::now() + patience_;
}

// Waits for answers, and for input while there is room for more messages.
void Pushing::wait() {
  const bool wants_input = has_lines_ && pusher_.has_room() && !pusher_.is_refused() &&
                           !lines_.is_too_long() && !lines_.is_ended();
  input_ = {wants_input ? console_.in() : -1, true, false};
  client_.wait(pusher_.awaits_answer() ? answer_until_ : kNever, std::span(&input_, 1));
}

Outcome<void> Pushing::read_input() {
  if (!input_.is_ready) return {};
  std::array<char, kReadBytes> chunk;
  const auto size = read_some(console_.in(), chunk, "standard input");
  if (!size) return end_with(size.error());
  lines_.add({chunk.data(), *size});
  if (*size == 0) lines_.end();
  return {};
}

// What is over: nothing is under way, and nothing more will be sent.
Outcome<void> Pushing::result() const {
  const auto& refusal = pusher_.refusal();
  if (refusal) {
    Failure failure = refusal->failure;
    failure.text = at_line(refusal->place) + failure.text;
    if (refusal->stored_later > 0) {
      failure.text += "; lines behind it were under way already and are stored: " +
                      std::to_string(refusal->stored_later);
    }
    return end_with(failure);
  }
  if (lines_.is_too_long()) {
    return end_with(too_long("line " + std::to_string(lines_.number() + 1)));
  }
  return {};
}

// Until the message has arrived where it is to, or the time has ended. A member that has it has all
// that was pushed before it, too.
Outcome<void> await(const Command& command, const Push& push, const std::string& id, Deadline begun,
                    Client& client, Console& console) {
  constexpr Duration kForEver = 24h * 365;
  control::Record values;
  values.set("id", id);
  if (push.wait == Push::Wait::delivered) {
    values.set("members", static_cast<std::int64_t>(push.readers));
  }
  Duration patience = kForEver;
  if (command.timeout) {
    const auto spent = std::chrono::duration_cast<Duration>(Clock::now() - begun);
    const Duration left = std::max(*command.timeout - spent, Duration{0});
    values.set("patience_ms", static_cast<std::int64_t>(left.count()));
    patience = left + kAnswerTimeout;
  }
  const auto on_row = [&](const control::Record& told) -> Outcome<void> {
    control::Record row;
    row.set("id", id).set("member", told.text("member")).set("name", told.text("name"));
    row.set("delivered", told.flag("delivered"));
    if (command.is_json) console.add(record_json(row));
    return {};
  };
  const auto end = ask(client, {"await", std::move(values), patience}, on_row);
  const auto flushed = console.flush();
  if (!end) return end_with(end.error());
  return flushed;
}

}  // namespace

Outcome<void> carry_out(const Command& command, const Push& push, Console& console) {
  Outcome<std::string> body = push.text;
  switch (push.source) {
    case Push::Source::words:
      if (body->size() > kBodyBytesMax) return end_with(too_long("the text"));
      break;
    case Push::Source::input: body = read_body(console.in(), "standard input"); break;
    case Push::Source::file: body = read_file(push.text); break;
    case Push::Source::lines: break;
  }
  if (!body) return end_with(body.error());
  auto client = Client::open(command.socket);
  if (!client) return end_with(client.error());
  const Deadline begun = Clock::now();
  Pushing pushing(command, push, **client, console);
  if (push.source != Push::Source::lines) pushing.push_one(std::move(*body));
  const auto pushed = pushing.run();
  if (!pushed || push.wait == Push::Wait::stored || pushing.last_id().empty()) return pushed;
  return await(command, push, pushing.last_id(), begun, **client, console);
}

}  // namespace p2pchat::ctl
