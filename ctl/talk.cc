#include "ctl/talk.h"

#include <array>
#include <cstdlib>
#include <deque>
#include <unistd.h>

#include "ctl/ask.h"
#include "ctl/lines.h"
#include "ctl/message_writer.h"
#include "ctl/puller.h"
#include "ctl/pusher.h"
#include "ctl/reconnect.h"
#include "proto/limits.h"

namespace p2pchat::ctl {

namespace {

using Step = Puller::Step;

// Goes to the beginning of the line and empties it: what is being typed stays with the terminal,
// and Ctrl-R shows it again.
constexpr std::string_view kClearLine = "\r\x1b[K";

bool obeys_escapes() {
  const char* const terminal = std::getenv("TERM");
  return terminal != nullptr && std::string_view(terminal) != "dumb";
}

class Talking {
 public:
  Talking(const Command& command, const std::string& reader, std::string to,
          std::unique_ptr<Client> client, Console& console)
      : socket_(command.socket),
        to_(std::move(to)),
        console_(console),
        clears_line_(console.out_is_terminal() && !command.is_json && obeys_escapes()),
        writer_(command.is_json, std::nullopt, {console.out_is_terminal(), false}),
        puller_({to_, reader, /*follows=*/true, /*peeks=*/false, /*acknowledges=*/true,
                 /*with_mine=*/false}),
        pusher_({to_}),
        client_(std::move(client)) {}

  Outcome<void> run();

 private:
  Outcome<void> take_replies();
  void write(const control::Record& row);
  void write_backlog();
  void report_refusal();
  void push_what_was_typed();
  Outcome<void> read_input();
  Outcome<void> come_back();
  Outcome<void> finish(Outcome<void> outcome);

  std::string socket_;
  std::string to_;
  Console& console_;
  bool clears_line_;
  Signals signals_;
  MessageWriter writer_;
  Puller puller_;
  Pusher pusher_;
  std::unique_ptr<Client> client_;
  Lines lines_{kBodyBytesMax};
  std::deque<control::Record> backlog_;  // What waited, until it is known to be all.
  std::uint64_t left_out_ = 0;           // Of the backlog, not shown.
  bool is_caught_up_ = false;
};

Outcome<void> Talking::run() {
  puller_.begin(*client_);
  for (;;) {
    const auto taken = take_replies();
    report_refusal();
    const auto flushed = console_.flush(&signals_);
    if (flushed) puller_.flushed(*client_);
    const auto signal = signals_.take();
    if (signal) return finish(end_with(*signal));
    if (!flushed) return flushed;
    if (!taken && !client_->is_lost()) return finish(taken);
    if (!taken) {
      const auto back = come_back();
      if (!back) return finish(back);
    }
    push_what_was_typed();
    if (lines_.is_done() && pusher_.is_idle()) return finish({});
    const auto read = read_input();
    if (!read) return finish(read);
  }
}

Outcome<void> Talking::take_replies() {
  for (;;) {
    auto reply = client_->next();
    if (!reply) return end_with(reply.error());
    if (!*reply) break;
    const auto step = puller_.take(*client_, **reply);
    if (!step) return end_with(step.error());
    switch (*step) {
      case Step::row: write((*reply)->row); break;
      case Step::caught_up: write_backlog(); break;
      case Step::ended: return end_with(refusal_of(puller_.end()));
      case Step::other: pusher_.take(std::move(**reply)); break;
    }
  }
  while (pusher_.next_stored()) {
  }
  return {};
}

void Talking::write(const control::Record& row) {
  if (is_caught_up_) {
    puller_.add(row);
    if (clears_line_) console_.add(kClearLine);
    console_.add(writer_.text(row));
    return;
  }
  backlog_.push_back(row);
  if (backlog_.size() > kTalkLinesMax) {
    backlog_.pop_front();
    ++left_out_;
  }
}

void Talking::write_backlog() {
  is_caught_up_ = true;
  if (left_out_ > 0) {
    console_.note("not shown: " + std::to_string(left_out_) + " older messages; see chatctl log");
    left_out_ = 0;
  }
  for (const control::Record& row : backlog_) {
    puller_.add(row);
    console_.add(writer_.text(row));
  }
  backlog_.clear();
}

void Talking::push_what_was_typed() {
  while (pusher_.has_room() && !pusher_.is_refused()) {
    auto line = lines_.next();
    if (!line) break;
    if (!line->empty()) pusher_.push(std::move(*line), lines_.number());
  }
  pusher_.pump(*client_);
}

// Says what was not sent, and lets the next line try again.
void Talking::report_refusal() {
  if (!pusher_.is_refused() || !pusher_.is_idle()) return;
  console_.error("not sent: " + pusher_.refusal()->failure.text);
  pusher_ = Pusher({to_});
}

Outcome<void> Talking::read_input() {
  const bool wants_input = pusher_.has_room() && !pusher_.is_refused() && !lines_.is_ended();
  std::array watches{Watch{signals_.fd(), true, false},
                     Watch{wants_input ? console_.in() : -1, true, false}};
  client_->wait(kNever, watches);
  if (!watches[1].is_ready) return {};
  std::array<char, 4096> bytes;
  const ssize_t size = read(console_.in(), bytes.data(), bytes.size());
  if (size > 0) lines_.add({bytes.data(), static_cast<std::size_t>(size)});
  if (size <= 0) lines_.end();
  if (lines_.is_too_long()) return end_with(ExitCode::limit, "this line is too long for a message");
  return {};
}

Outcome<void> Talking::come_back() {
  if (!pusher_.is_idle()) console_.error("it is unknown whether what you wrote last was stored");
  pusher_ = Pusher({to_});
  auto client = reconnect(socket_, console_, signals_, kNever);
  if (!client) return end_with(client.error());
  client_ = std::move(*client);
  // What was not shown yet comes again.
  backlog_.clear();
  left_out_ = 0;
  puller_.begin(*client_);
  return {};
}

// Ends with `outcome` once what was shown is acknowledged. What was not may be shown again.
Outcome<void> Talking::finish(Outcome<void> outcome) {
  const auto settled = puller_.settle(*client_);
  return outcome ? settled : outcome;
}

}  // namespace

Outcome<void> talk(const Command& command, const std::string& reader, const std::string& to,
                   std::unique_ptr<Client> client, Console& console) {
  return Talking(command, reader, to, std::move(client), console).run();
}

}  // namespace p2pchat::ctl
