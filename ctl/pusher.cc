#include "ctl/pusher.h"

#include <algorithm>
#include <utility>

#include "ctl/ask.h"
#include "proto/check.h"
#include "proto/text.h"

namespace p2pchat::ctl {

namespace {

control::Record request(const std::string& to, const std::string& body) {
  control::Record values;
  values.set("to", to);
  if (is_utf8(body)) return values.set("text", body);
  return values.set("data", to_bytes(view(body)));
}

bool is_too_fast(const control::Reply& answer) {
  return answer.code == ExitCode::limit && answer.row.integer("retry_after") > 0;
}

}  // namespace

void Pusher::push(std::string body, std::uint64_t place) {
  CHECK(has_room());
  waiting_.push_back({0, place, std::move(body), std::nullopt});
}

void Pusher::pump(Client& client) {
  if (resume_at_ != kNever && Clock::now() < resume_at_) return;
  resume_at_ = kNever;
  if (is_refused_) return;
  for (Waiting& each : waiting_) {
    if (in_flight_ >= window_) return;
    if (each.tag != 0) continue;
    each.tag = client.send("push", request(to_, each.body));
    ++in_flight_;
  }
}

void Pusher::take(control::Reply reply) {
  const auto waiting =
      std::find_if(waiting_.begin(), waiting_.end(),
                   [&reply](const Waiting& each) { return each.tag == reply.tag; });
  if (waiting == waiting_.end() || !reply.end || waiting->answer) return;
  --in_flight_;
  is_refused_ = is_refused_ || reply.code != ExitCode::done;
  waiting->answer = std::move(reply);
}

std::optional<control::Record> Pusher::next_stored() {
  while (!waiting_.empty()) {
    const auto& answer = waiting_.front().answer;
    const bool is_stored = answer && answer->code == ExitCode::done;
    // Behind a refusal nothing more is sent, and all that was sent has to be answered first.
    if (!is_stored && (!is_refused_ || awaits_answer())) return std::nullopt;
    if (!is_stored && can_be_waited_out()) {
      start_again();
      return std::nullopt;
    }
    const Waiting front = std::move(waiting_.front());
    waiting_.pop_front();
    if (is_stored) {
      if (first_refused_) ++first_refused_->stored_later;
      return front.answer->row;
    }
    if (front.answer && !first_refused_) {
      first_refused_ = Refusal{refusal_of(*front.answer), front.place, 0};
    }
  }
  return std::nullopt;
}

// The oldest message was refused, and no order is broken by sending it once more.
bool Pusher::can_be_waited_out() const {
  const auto is_stored = [](const Waiting& each) {
    return each.answer && each.answer->code == ExitCode::done;
  };
  return waits_out_ && !first_refused_ && waiting_.front().answer &&
         is_too_fast(*waiting_.front().answer) &&
         std::none_of(waiting_.begin(), waiting_.end(), is_stored);
}

void Pusher::start_again() {
  const auto wait = Duration(waiting_.front().answer->row.integer("retry_after"));
  resume_at_ = Clock::now() + std::min(wait, kAnswerTimeout);
  for (Waiting& each : waiting_) {
    each.tag = 0;
    each.answer.reset();
  }
  window_ = 1;
  is_refused_ = false;
}

}  // namespace p2pchat::ctl
