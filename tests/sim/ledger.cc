#include "tests/sim/ledger.h"

#include "proto/check.h"

namespace p2pchat::sim {

void Ledger::asked(HostIndex host, RequestId request, bool names_contact) {
  ++happenings_;
  table_[request].host = host;
  table_[request].names_contact = names_contact;
}

void Ledger::asked_push(HostIndex host, RequestId request, const RoomId& room,
                        const std::string& text) {
  asked(host, request);
  CHECK(by_text_.emplace(text, pushes_.size()).second);
  table_[request].push = pushes_.size();
  Push push;
  push.author = host;
  push.room = room;
  push.text = text;
  push.asked = happenings_;
  pushes_.push_back(std::move(push));
}

void Ledger::asked_again(HostIndex host, RequestId request, const std::string& text) {
  asked(host, request);
  table_[request].push = by_text_.at(text);
}

void Ledger::dropped(RequestId request) {
  Request& entry = table_.at(request);
  if (entry.state == State::open) entry.state = State::dropped;
}

void Ledger::answered(HostIndex host, const action::Answer& answer) {
  ++happenings_;
  const auto it = table_.find(answer.request);
  if (it == table_.end() || it->second.host != host) {
    return verdict_.fail("an answer to a request that nobody made here");
  }
  Request& entry = it->second;
  if (entry.state == State::answered) return verdict_.fail("a request is answered twice");
  if (entry.state == State::void_by_crash) {
    return verdict_.fail("a request of an earlier life is answered");
  }
  if (answer.code != ExitCode::done && answer.error.empty()) {
    verdict_.fail("a failure is answered without a sentence");
  }
  entry.state = State::answered;
  entry.outcome = Outcome{answer.code, answer.error, answer.row};
  if (!entry.push || answer.code != ExitCode::done) return;
  Push& push = pushes_[*entry.push];
  ++successes_;
  push.answered = happenings_;
  if (!push.post) return verdict_.fail("a push is answered that was not stored: " + push.text);
  const std::string id = answer.row.text("id");
  if (id != message_id(feed_tag(push.room, push.post->feed), push.post->number)) {
    verdict_.fail("a push is answered with an id that is not its own: " + id);
  }
}

void Ledger::written(HostIndex host, const PostId& post, const std::string& text) {
  ++happenings_;
  const auto it = by_text_.find(text);
  if (it == by_text_.end()) return verdict_.fail("a text is stored that nobody pushed: " + text);
  Push& push = pushes_[it->second];
  if (push.author != host) return verdict_.fail("somebody else's push is stored: " + text);
  if (push.room != post.room) return verdict_.fail("a push is stored in another room: " + text);
  if (push.post) return verdict_.fail("a push is stored twice: " + text);
  push.post = post;
}

void Ledger::crashed(HostIndex host) {
  for (auto& [request, entry] : table_) {
    const bool is_waiting = entry.state == State::open || entry.state == State::dropped;
    if (entry.host == host && is_waiting) entry.state = State::void_by_crash;
  }
}

std::optional<Outcome> Ledger::outcome(RequestId request) const {
  const auto it = table_.find(request);
  return it == table_.end() ? std::nullopt : it->second.outcome;
}

const Push* Ledger::push_of(RequestId request) const {
  const auto it = table_.find(request);
  if (it == table_.end() || !it->second.push) return nullptr;
  return &pushes_[*it->second.push];
}

const Push* Ledger::push_of(const std::string& text) const {
  const auto it = by_text_.find(text);
  return it == by_text_.end() ? nullptr : &pushes_[it->second];
}

bool Ledger::names_contact(RequestId request) const {
  const auto it = table_.find(request);
  return it != table_.end() && it->second.names_contact;
}

std::vector<RequestId> Ledger::open(HostIndex host) const {
  std::vector<RequestId> requests;
  for (const auto& [request, entry] : table_) {
    if (entry.host == host && entry.state == State::open) requests.push_back(request);
  }
  return requests;
}

}  // namespace p2pchat::sim
