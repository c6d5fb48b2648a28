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
  Pushing(const Command& command, std::string to, Client& client, Console& console)
      : is_json_(command.is_json),
        patience_(command.timeout.value_or(kAnswerTimeout)),
        client_(client),
        console_(console),
        pusher_(std::move(to)) {}

  Outcome<void> push_one(const std::string& body) {
    lines_.end();
    pusher_.push(client_, body, 0);
    return run();
  }
  Outcome<void> push_lines() {
    has_lines_ = true;
    return run();
  }

 private:
  Outcome<void> run();
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
  Pusher pusher_;
  Lines lines_{kBodyBytesMax};
  bool has_lines_ = false;  // Else one message, which is pushed already.
  Watch input_;
  Deadline answer_until_ = kNever;
};

std::string Pushing::at_line(std::uint64_t line) const {
  return has_lines_ ? "line " + std::to_string(line) + ": " : std::string();
}

Outcome<void> Pushing::run() {
  answer_until_ = Clock::now() + patience_;
  for (;;) {
    const auto taken = take_answers();
    if (!taken) return taken;
    if (!pusher_.is_refused()) push_what_came();
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
    const bool is_late = reply && !*reply && !pusher_.is_idle() && Clock::now() >= answer_until_;
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
    console_.add(is_json_ ? record_json(row) : row.text("id") + "\n");
  }
  return console_.flush();
}

void Pushing::push_what_came() {
  while (pusher_.has_room()) {
    const auto line = lines_.next();
    if (!line) return;
    if (line->empty()) continue;
    if (pusher_.is_idle()) answer_until_ = Clock::now() + patience_;
    pusher_.push(client_, *line, lines_.number());
  }
}

// Waits for answers, and for input while there is room for more messages.
void Pushing::wait() {
  const bool wants_input = has_lines_ && pusher_.has_room() && !pusher_.is_refused() &&
                           !lines_.is_too_long() && !lines_.is_ended();
  input_ = {wants_input ? console_.in() : -1, true, false};
  client_.wait(pusher_.is_idle() ? kNever : answer_until_, std::span(&input_, 1));
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
  Pushing pushing(command, push.to, **client, console);
  return push.source == Push::Source::lines ? pushing.push_lines() : pushing.push_one(*body);
}

}  // namespace p2pchat::ctl
