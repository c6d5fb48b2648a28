#include "ctl/ask.h"

#include "proto/limits.h"

namespace p2pchat::ctl {

namespace {

// Asks for as many rows again when half of what the daemon sends ahead is taken.
constexpr std::int64_t kCreditRows = kPullCreditRows / 2;

std::string seconds_text(Duration time) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(time);
  if (time == whole) return std::to_string(whole.count()) + " s";
  return std::to_string(time.count()) + " ms";
}

}  // namespace

Failure refusal_of(const control::Reply& end) {
  return {end.code, end.error.empty() ? "the daemon refused, without a reason" : end.error};
}

Failure no_answer(const Client& client, Duration waited) {
  return {ExitCode::unreachable, "the daemon at " + client.socket() + " does not answer (waited " +
                                     seconds_text(waited) + ")"};
}

Outcome<control::Record> ask(Client& client, Question question, const OnRow& on_row,
                             const OnPause& on_pause) {
  const Duration patience = question.patience;
  const std::uint64_t tag = client.send(std::move(question.verb), std::move(question.values));
  std::int64_t rows = 0;
  Deadline until = Clock::now() + patience;
  for (;;) {
    auto reply = client.next();
    if (!reply) return end_with(reply.error());
    if (!*reply) {
      if (Clock::now() >= until) {
        return end_with(question.on_silence.value_or(no_answer(client, patience)));
      }
      const auto paused = on_pause ? on_pause() : Outcome<void>();
      if (!paused) return end_with(paused.error());
      client.wait(until);
      continue;
    }
    control::Reply& got = **reply;
    if (got.tag != tag) continue;
    until = Clock::now() + patience;
    if (got.end) {
      if (got.code != ExitCode::done) return end_with(refusal_of(got));
      return std::move(got.row);
    }
    if (on_row) {
      const auto taken = on_row(got.row);
      if (!taken) return end_with(taken.error());
    }
    if (question.is_by_credit && ++rows % kCreditRows == 0) {
      const auto paused = on_pause ? on_pause() : Outcome<void>();
      if (!paused) return end_with(paused.error());
      client.send(
          "more",
          control::Record().set("stream", static_cast<std::int64_t>(tag)).set("rows", kCreditRows));
    }
  }
}

}  // namespace p2pchat::ctl
