#include "ctl/pusher.h"

#include <algorithm>

#include "ctl/ask.h"
#include "proto/check.h"
#include "proto/text.h"

namespace p2pchat::ctl {

void Pusher::push(Client& client, std::string_view body, std::uint64_t place) {
  CHECK(has_room());
  control::Record values;
  values.set("to", to_);
  if (is_utf8(body)) {
    values.set("text", std::string(body));
  } else {
    values.set("data", to_bytes(body));
  }
  waiting_.push_back({client.send("push", std::move(values)), place, std::nullopt});
}

void Pusher::take(control::Reply reply) {
  const auto waiting =
      std::find_if(waiting_.begin(), waiting_.end(),
                   [&reply](const Waiting& each) { return each.tag == reply.tag; });
  if (waiting == waiting_.end() || !reply.end) return;
  is_refused_ = is_refused_ || reply.code != ExitCode::done;
  waiting->answer = std::move(reply);
}

std::optional<control::Record> Pusher::next_stored() {
  while (!waiting_.empty() && waiting_.front().answer) {
    const Waiting front = std::move(waiting_.front());
    waiting_.pop_front();
    if (front.answer->code == ExitCode::done) {
      if (first_refused_) ++first_refused_->stored_later;
      return front.answer->row;
    }
    if (!first_refused_) first_refused_ = Refusal{refusal_of(*front.answer), front.place, 0};
  }
  return std::nullopt;
}

}  // namespace p2pchat::ctl
