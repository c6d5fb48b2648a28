#include "daemon/core/deliveries.h"

#include <algorithm>

#include "daemon/core/answers.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

// Characters of names in a sentence, about.
constexpr std::size_t kNamesMax = 200;

}  // namespace

void Deliveries::await(TimePoint now, const event::AwaitRequested& event, const Post& post) {
  const TimePoint until = event.patience ? now + *event.patience : TimePoint::never();
  waits_[event.request] = {post, event.members, until, std::nullopt};
}

TimePoint Deliveries::deadline() const {
  TimePoint next = TimePoint::never();
  for (const auto& [request, wait] : waits_) next = std::min(next, wait.until);
  return next;
}

Actions Deliveries::end_turn(TimePoint now, const Around& around) {
  Actions actions;
  for (auto it = waits_.begin(); it != waits_.end();) {
    auto answer = outcome(now, it->first, it->second, around);
    if (!answer) {
      ++it;
      continue;
    }
    actions.push_back(*std::move(answer));
    it = waits_.erase(it);
  }
  return actions;
}

std::optional<Action> Deliveries::outcome(TimePoint now, RequestId request, Wait& wait,
                                          const Around& around) {
  const Room* room = around.room(wait.post.room);
  if (room == nullptr) {
    return refuse(request, {Fault::unknown, "you are no member there any more"});
  }
  if (wait.receipts == room->receipts() && now < wait.until) return std::nullopt;
  wait.receipts = room->receipts();
  std::vector<control::Record> rows;
  std::string missing;
  std::uint64_t others = 0;
  std::uint64_t delivered = 0;
  for (const PeerId& peer : room->facts().sitting.members) {
    // Who came since is not waited for: what was said before is not for it.
    if (peer == room->facts().self || !room->may_read(peer, wait.post.feed)) continue;
    const bool has_it = room->held_by(peer, wait.post.feed) >= wait.post.number;
    ++others;
    delivered += has_it ? 1 : 0;
    control::Record row;
    row.set("member", to_text(peer)).set("name", around.name(peer)).set("delivered", has_it);
    if (!has_it && missing.size() < kNamesMax)
      missing += (missing.empty() ? "" : ", ") + around.name(peer);
    rows.push_back(std::move(row));
  }
  const bool is_met = delivered >= wait.members.value_or(others);
  if (!is_met && now < wait.until) return std::nullopt;
  action::Answer answer{request, ExitCode::done, "", {}, std::move(rows)};
  answer.row.set("delivered", static_cast<std::int64_t>(delivered));
  answer.row.set("members", static_cast<std::int64_t>(others));
  if (!is_met) {
    answer.code = delivered == 0 ? ExitCode::queued : ExitCode::partly;
    answer.error = "stored, and delivered to " + std::to_string(delivered) + " of " +
                   std::to_string(others) +
                   " when the time ended; it goes on by itself to: " + missing +
                   (missing.size() < kNamesMax ? "" : " ...");
  }
  return answer;
}

}  // namespace p2pchat
