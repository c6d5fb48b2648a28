#include "daemon/shell/rendezvous_client.h"

#include <algorithm>
#include <utility>

#include "proto/check.h"

namespace p2pchat {
namespace {

Duration patience_of(Desk desk) {
  switch (desk) {
    case Desk::ask: return kAskTimeout;
    case Desk::watch: return kWatchPatience;
  }
  return kAskTimeout;
}

std::string seconds_text(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

}  // namespace

RendezvousClient::RendezvousClient(zmq::context_t& context, const Identity& identity,
                                   std::optional<rendezvous::Locator> server)
    : context_(&context), identity_(identity), server_(std::move(server)) {
  counters_[0].desk = Desk::ask;
  counters_[1].desk = Desk::watch;
}

Line RendezvousClient::connect(TimePoint now) {
  const auto key = curve_key(server_->id);
  CHECK(key);
  return {now, *context_, identity_, {"rendezvous", server_->address, *key}};
}

void RendezvousClient::ask(TimePoint now, const action::AskRendezvous& order) {
  Counter& counter = order.desk == Desk::ask ? counters_[0] : counters_[1];
  if (counter.question) counter.line.reset();
  counter.question = order.question;
  counter.is_sent = false;
  counter.answer.reset();
  counter.failure.clear();
  counter.end = now + patience_of(order.desk);
  if (!server_) {
    fail_with(counter, "no rendezvous is configured; see --rendezvous of p2pchatd(8)");
    return;
  }
  // A connection that was lost meanwhile is no failure of this question.
  if (counter.line) (void)counter.line->step(now);
  if (counter.line && !counter.line->ended().empty()) counter.line.reset();
  if (!counter.line) counter.line.emplace(connect(now));
  step(now, counter);
}

void RendezvousClient::receive(TimePoint now, const Raise& raise) {
  for (Counter& counter : counters_) {
    step(now, counter);
    if (auto answer = std::exchange(counter.answer, std::nullopt)) {
      ++answered_;
      raise(event::RendezvousAnswered{counter.desk, *std::move(answer)});
    } else if (!counter.failure.empty()) {
      ++failed_;
      raise(event::RendezvousFailed{counter.desk, std::exchange(counter.failure, {})});
    }
  }
}

void RendezvousClient::step(TimePoint now, Counter& counter) {
  if (!counter.line) return;
  Line& line = *counter.line;
  (void)line.step(now);
  if (line.is_open() && counter.question && !counter.is_sent) {
    counter.is_sent = true;
    // As a REQ does: an empty part tells where the request begins.
    if (send_frame(line.socket(), "", *counter.question) != Sent::done) {
      return fail_with(counter, "the connection was lost");
    }
  }
  if (line.is_open()) read(counter);
  if (counter.line && !line.ended().empty()) {
    fail_with(counter, line.ended());
  } else if (counter.question && counter.end <= now) {
    fail_with(counter, "no answer from the rendezvous at " + to_text(server_->address) +
                           " within " + seconds_text(patience_of(counter.desk)));
  }
}

void RendezvousClient::read(Counter& counter) {
  Parts parts;
  Budget budget;
  while (budget.is_left() && receive_parts(counter.line->socket(), 2, parts)) {
    const ByteView frame = view(parts.back());
    budget.spend(frame.size());
    if (!counter.is_sent) {
      ++unasked_;
      continue;
    }
    if (parts.size() != 2 || !parts.front().empty()) {
      return fail_with(counter, "what the rendezvous says is no answer");
    }
    counter.answer = to_bytes(frame);
    counter.question.reset();
    counter.is_sent = false;
  }
}

// The connection ends with the question: a late answer finds nobody.
void RendezvousClient::fail_with(Counter& counter, std::string why) {
  counter.line.reset();
  counter.is_sent = false;
  if (std::exchange(counter.question, std::nullopt)) counter.failure = std::move(why);
}

TimePoint RendezvousClient::deadline() const {
  TimePoint next = TimePoint::never();
  for (const Counter& counter : counters_) {
    if (counter.answer || !counter.failure.empty()) return {};
    if (counter.question) next = std::min(next, counter.end);
    if (counter.line) next = std::min(next, counter.line->deadline());
  }
  return next;
}

void RendezvousClient::add_poll_items(std::vector<zmq::pollitem_t>& items) {
  for (Counter& counter : counters_) {
    if (counter.line) counter.line->add_poll_items(items);
  }
}

}  // namespace p2pchat
