#include "daemon/core/rendezvous.h"

#include <algorithm>

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/overload.h"

namespace p2pchat {
namespace {

// Somebody waits for the answer.
std::optional<RequestId> request_of(const Rendezvous::Purpose& purpose) {
  using R = Rendezvous;
  return std::visit(
      Overload{[](const R::ForJoin& why) { return std::optional(why.wish.request); },
               [](const R::ForKnock& why) { return why.request; },
               [](const R::ForCreation& why) { return std::optional(why.request); },
               [](const R::ForListing& why) { return why.request; },
               [](const R::ForList& why) { return std::optional(why.request); },
               [](const R::ForMeeting& why) { return std::optional(why.wish.request); },
               [](const auto&) { return std::optional<RequestId>(); }},
      purpose);
}

bool is_idle_listing(const Rendezvous::Purpose& purpose) {
  const auto* listing = std::get_if<Rendezvous::ForListing>(&purpose);
  return listing != nullptr && !listing->request;
}

}  // namespace

Error Rendezvous::too_many() {
  return {Fault::limit, "too many questions wait for the rendezvous; try again later"};
}

bool Rendezvous::ask(rendezvous::Question question, Purpose purpose) {
  CHECK(exists_);
  // A newer card takes the place of one that nobody waits for.
  if (is_idle_listing(purpose)) {
    const auto older = std::find_if(
        next(), queue_.end(), [](const Asked& asked) { return is_idle_listing(asked.purpose); });
    if (older != queue_.end()) {
      older->question = std::move(question);
      return true;
    }
  }
  if (queue_.size() >= kQuestionsMax) {
    const auto idle = std::find_if(next(), queue_.end(), [](const Asked& asked) {
      return std::holds_alternative<ForMembers>(asked.purpose);
    });
    if (idle == queue_.end()) return false;
    queue_.erase(idle);
  }
  // Somebody who waits goes before what members can wait for.
  const bool is_urgent = request_of(purpose).has_value();
  queue_.insert(is_urgent ? next() : queue_.end(), {std::move(question), std::move(purpose)});
  return true;
}

void Rendezvous::request_dropped(const RequestId& request) {
  // A wish stands without whoever began it, and so does a room.
  for (Asked& asked : queue_) {
    auto* knock = std::get_if<ForKnock>(&asked.purpose);
    if (knock != nullptr && knock->request == request) knock->request.reset();
  }
  for (auto it = next(); it != queue_.end(); ++it) {
    const auto* creation = std::get_if<ForCreation>(&it->purpose);
    if (creation == nullptr || creation->request != request) continue;
    const RoomId room = creation->room;
    it->purpose = ForMembers{room};
  }
  queue_.erase(
      std::remove_if(next(), queue_.end(),
                     [&](const Asked& asked) { return request_of(asked.purpose) == request; }),
      queue_.end());
}

std::optional<Rendezvous::Reply> Rendezvous::answered(const Turn& turn,
                                                      const event::RendezvousAnswered& event) {
  failure_.clear();
  // An answer may come for somebody who was here before me, at either desk.
  if (event.desk == Desk::watch ? !is_watching_ : !is_asking_) return std::nullopt;
  if (event.desk == Desk::watch) {
    is_watching_ = false;
    const rendezvous::Question question = rendezvous::Watch{cursor_};
    auto answer = rendezvous::decode_answer(event.answer, question);
    const auto* page = answer ? std::get_if<rendezvous::Page>(&*answer) : nullptr;
    if (page == nullptr) {
      watch_from_ = turn.now.steady + watch_backoff_;
      watch_backoff_ = std::min(watch_backoff_ * 2, kAskBackoffMax);
      return std::nullopt;
    }
    cursor_ = page->cursor;
    // One that answers nothing, and at once, is not asked in a rage.
    watch_from_ = page->objects.empty() ? watch_asked_ + kAskBackoffMin : turn.now.steady;
    watch_backoff_ = kAskBackoffMin;
    return Reply{ForWatch{}, question, std::move(answer)};
  }
  is_asking_ = false;
  ask_backoff_ = kAskBackoffMin;
  Asked asked = std::move(queue_.front());
  queue_.pop_front();
  auto answer = rendezvous::decode_answer(event.answer, asked.question);
  return Reply{std::move(asked.purpose), std::move(asked.question), std::move(answer)};
}

std::vector<Rendezvous::Reply> Rendezvous::failed(const Turn& turn,
                                                  const event::RendezvousFailed& event) {
  failure_ = event.why;
  std::vector<Reply> replies;
  if (event.desk == Desk::watch) {
    is_watching_ = false;
    watch_from_ = turn.now.steady + turn.entropy.jitter(watch_backoff_);
    watch_backoff_ = std::min(watch_backoff_ * 2, kAskBackoffMax);
    return replies;
  }
  is_asking_ = false;
  ask_from_ = turn.now.steady + turn.entropy.jitter(ask_backoff_);
  ask_backoff_ = std::min(ask_backoff_ * 2, kAskBackoffMax);
  std::deque<Asked> left;
  for (Asked& asked : queue_) {
    if (!request_of(asked.purpose)) {
      left.push_back(std::move(asked));
      continue;
    }
    replies.push_back({std::move(asked.purpose), std::move(asked.question),
                       fail(Fault::machine, "the rendezvous cannot be reached: " + event.why)});
  }
  queue_ = std::move(left);
  return replies;
}

Actions Rendezvous::end_turn(const Turn& turn) {
  Actions actions;
  if (!exists_) return actions;
  const auto request = [&](const rendezvous::Question& question) {
    return rendezvous::encode(rendezvous::Request{turn.self.id(), question});
  };
  const bool is_urgent = !queue_.empty() && request_of(queue_.front().purpose).has_value();
  if (!is_asking_ && !queue_.empty() && (is_urgent || ask_from_ <= turn.now.steady)) {
    is_asking_ = true;
    actions.push_back(action::AskRendezvous{Desk::ask, request(queue_.front().question)});
  }
  if (!is_watching_ && watch_from_ <= turn.now.steady) {
    is_watching_ = true;
    watch_asked_ = turn.now.steady;
    actions.push_back(action::AskRendezvous{Desk::watch, request(rendezvous::Watch{cursor_})});
  }
  return actions;
}

TimePoint Rendezvous::deadline() const {
  TimePoint next = TimePoint::never();
  if (!exists_) return next;
  if (!is_asking_ && !queue_.empty()) next = std::min(next, ask_from_);
  if (!is_watching_) next = std::min(next, watch_from_);
  return next;
}

}  // namespace p2pchat
