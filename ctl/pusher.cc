#include "ctl/pusher.h"

#include <algorithm>
#include <utility>

#include "ctl/ask.h"
#include "proto/check.h"
#include "proto/text.h"

namespace p2pchat::ctl {

namespace {

control::Record request(const Pusher::Setup& setup, const std::string& body) {
  control::Record values;
  values.set("to", setup.to);
  if (setup.readers > 0) values.set("readers", static_cast<std::int64_t>(setup.readers));
  if (!setup.key.empty()) values.set("key", setup.key);
  if (setup.waits) values.set("waits", true);
  if (is_utf8(body)) return values.set("text", body);
  return values.set("data", to_bytes(view(body)));
}

}  // namespace

void Pusher::push(std::string body, std::uint64_t place) {
  CHECK(has_room());
  waiting_.push_back({0, place, std::move(body), std::nullopt});
}

void Pusher::pump(Client& client) {
  if (is_refused_) return;
  for (Waiting& each : waiting_) {
    if (each.tag != 0) continue;
    each.tag = client.send("push", request(setup_, each.body));
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

}  // namespace p2pchat::ctl
