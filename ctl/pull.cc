#include <array>

#include "ctl/ask.h"
#include "ctl/message_writer.h"
#include "ctl/puller.h"
#include "ctl/reconnect.h"
#include "ctl/verbs.h"

namespace p2pchat::ctl {

namespace {

using Step = Puller::Step;

Puller::Wish wish_of(const Pull& pull) {
  // Whoever waits needs a stream that stays open.
  const bool follows = pull.follows || pull.timeout.has_value();
  return {pull.name, pull.reader, follows, pull.peeks, pull.acknowledges, pull.with_mine};
}

// Pulling: the loop of one `chatctl pull`.
class Pulling {
 public:
  Pulling(const Command& command, const Pull& pull, Console& console)
      : socket_(command.socket),
        pull_(pull),
        console_(console),
        writer_(command.is_json, pull.format, {console.out_is_terminal(), pull.name.empty()}),
        puller_(wish_of(pull)) {}

  Outcome<void> run();

 private:
  // An Outcome<void> that is there says that the command is over.
  using Over = std::optional<Outcome<void>>;

  Over turn();
  Outcome<void> take_replies();
  void write(const control::Record& row);
  Over over() const;
  Outcome<void> timed_out() const;
  Outcome<void> done() const;
  Outcome<void> finish(Outcome<void> outcome);
  Outcome<void> come_back();
  void connected();
  Deadline idle_until() const;
  Deadline wake_at() const;

  std::string socket_;
  Pull pull_;
  Console& console_;
  Signals signals_;
  MessageWriter writer_;
  Puller puller_;
  std::unique_ptr<Client> client_;
  Deadline until_ = kNever;         // Of --timeout.
  Deadline answer_until_ = kNever;  // For the daemon to say anything; kNever once it has.
  Deadline last_message_{};
  std::uint64_t count_ = 0;  // Messages written.
  bool is_caught_up_ = false;
  bool is_ended_ = false;
  bool is_output_closed_ = false;
};

Outcome<void> Pulling::run() {
  auto client = Client::open(socket_);
  if (!client) return end_with(client.error());
  client_ = std::move(*client);
  last_message_ = Clock::now();
  if (pull_.timeout) until_ = Clock::now() + *pull_.timeout;
  connected();
  for (;;) {
    const Over over = turn();
    if (over) return *over;
    std::array watches{Watch{signals_.fd(), true, false}, Watch{console_.out(), false, false}};
    client_->wait(wake_at(), watches);
    is_output_closed_ = watches[1].is_ready;
  }
}

void Pulling::connected() {
  answer_until_ = Clock::now() + kAnswerTimeout;
  is_caught_up_ = false;
  puller_.begin(*client_);
}

// Writes all that has come, acknowledges it, and sees whether that was all.
Pulling::Over Pulling::turn() {
  if (is_output_closed_) return end_with(kOutputClosed);
  const auto taken = take_replies();
  const auto flushed = console_.flush(&signals_);
  if (!flushed) return signals_.take() ? finish(flushed) : flushed;
  if (!taken && !client_->is_lost()) return taken;
  puller_.flushed(*client_);
  const auto signal = signals_.take();
  if (signal) return finish(end_with(*signal));
  const Over over = this->over();
  if (over) return finish(*over);
  if (taken) return std::nullopt;
  if (!pull_.follows) return taken;
  const auto back = come_back();
  if (!back) return back;
  return std::nullopt;
}

Outcome<void> Pulling::take_replies() {
  for (;;) {
    const auto reply = client_->next();
    if (!reply) return end_with(reply.error());
    if (!*reply) return {};
    const auto step = puller_.take(*client_, **reply);
    if (!step) return end_with(step.error());
    // Who follows a busy conversation is perhaps never told that this was all.
    const bool has_answered = *step == Step::caught_up || (*step == Step::row && pull_.follows);
    if (has_answered) answer_until_ = kNever;
    if (answer_until_ != kNever) answer_until_ = Clock::now() + kAnswerTimeout;
    switch (*step) {
      case Step::row: write((*reply)->row); break;
      case Step::caught_up: is_caught_up_ = true; break;
      case Step::ended: is_ended_ = true; break;
      case Step::other: break;
    }
  }
}

void Pulling::write(const control::Record& row) {
  // What is beyond the wanted count stays with the daemon: its place is not reported.
  if (pull_.count != 0 && count_ == pull_.count) return;
  console_.add(writer_.text(row));
  puller_.add(row);
  last_message_ = Clock::now();
  ++count_;
}

Pulling::Over Pulling::over() const {
  if (pull_.count != 0 && count_ == pull_.count) return done();
  if (is_ended_ && puller_.end().code != ExitCode::done) return end_with(refusal_of(puller_.end()));
  if (is_ended_) return done();
  const bool wants_any = !pull_.follows && pull_.timeout && pull_.count == 0;
  if (wants_any && is_caught_up_ && count_ > 0) return done();
  const Deadline now = Clock::now();
  // Whatever the time: what waits already is taken first.
  const bool has_answered = answer_until_ == kNever || client_->is_lost();
  if (now >= until_ && has_answered) return timed_out();
  if (now >= idle_until() && has_answered) return done();
  if (now >= answer_until_) return end_with(no_answer(*client_, kAnswerTimeout));
  return std::nullopt;
}

Outcome<void> Pulling::timed_out() const {
  const bool has_enough = !pull_.follows && pull_.count == 0 && count_ > 0;
  if (has_enough) return {};
  return end_with(ExitCode::timed_out);
}

Outcome<void> Pulling::done() const {
  if (count_ == 0 && pull_.fails_empty) return end_with(ExitCode::nothing_new);
  return {};
}

// Ends with `outcome` once what was written is acknowledged: over a restart too, as long as nobody
// wants us to end at once.
Outcome<void> Pulling::finish(Outcome<void> outcome) {
  auto settled = puller_.settle(*client_);
  while (!settled && client_->is_lost() && pull_.follows && !signals_.take()) {
    auto client = reconnect(socket_, console_, signals_, Clock::now() + kAnswerTimeout);
    if (!client) break;
    client_ = std::move(*client);
    connected();
    settled = puller_.settle(*client_);
  }
  if (settled || (!outcome && !outcome.error().text.empty())) return outcome;
  return end_with(outcome ? settled.error().code : outcome.error().code,
                  settled.error().text + "; what was read last may come again");
}

// Waits for the daemon. Time may end meanwhile, as if nothing had come.
Outcome<void> Pulling::come_back() {
  auto client = reconnect(socket_, console_, signals_, std::min(until_, idle_until()));
  if (client) {
    client_ = std::move(*client);
    connected();
    return {};
  }
  if (client.error().code != ExitCode::timed_out) return finish(end_with(client.error()));
  const Over over = this->over();
  return over ? finish(*over) : end_with(client.error());
}

Deadline Pulling::idle_until() const { return pull_.idle ? last_message_ + *pull_.idle : kNever; }

Deadline Pulling::wake_at() const {
  if (answer_until_ != kNever) return answer_until_;
  return std::min(until_, idle_until());
}

}  // namespace

Outcome<void> carry_out(const Command& command, const Pull& pull, Console& console) {
  return Pulling(command, pull, console).run();
}

}  // namespace p2pchat::ctl
