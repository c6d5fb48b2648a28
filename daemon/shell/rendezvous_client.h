// RendezvousClient: our questions to the rendezvous.
//
// It has two desks, each a connection of its own: one for questions that are
// answered at once, one for the watch. A question ends in one RendezvousAnswered
// or one RendezvousFailed, whose words tell a wrong key from a dead network. The
// connection is kept for the next question; after any failure there is a new
// one, so no answer is ever taken for that to another question.
//
// Effects: two ZMQ_DEALER sockets. Single-threaded; owned by Net. Bounded: one
// question a desk, for kAskTimeout or kWatchPatience.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/shell/line.h"
#include "proto/rendezvous.h"

namespace p2pchat {

inline constexpr Duration kAskTimeout = 10s;
// The rendezvous answers a watch by kWatchTimeout, and its answer takes a while.
inline constexpr Duration kWatchPatience = kWatchTimeout + kAskTimeout;

class RendezvousClient {
 public:
  // `context` outlives it. Without a server every question fails.
  RendezvousClient(zmq::context_t& context, const Identity& identity,
                   std::optional<rendezvous::Locator> server);

  // Takes the place of an earlier question at the same desk, of which nothing more is told.
  void ask(TimePoint now, const action::AskRendezvous& order);

  // Takes in what waits, and ends what has had its time.
  void receive(TimePoint now, const Raise& raise);
  TimePoint deadline() const;
  void add_poll_items(std::vector<zmq::pollitem_t>& items);

  std::uint64_t answered() const { return answered_; }
  std::uint64_t failed() const { return failed_; }
  // What came though nobody had asked; it is dropped.
  std::uint64_t unasked() const { return unasked_; }

 private:
  struct Counter {
    Desk desk;
    std::optional<Line> line;       // Kept between questions.
    std::optional<Bytes> question;  // That waits for its answer.
    bool is_sent = false;
    TimePoint end;
    std::optional<Bytes> answer;  // To be raised, and so is a failure.
    std::string failure;
  };

  Line connect(TimePoint now);
  void step(TimePoint now, Counter& counter);
  void read(Counter& counter);
  static void fail_with(Counter& counter, std::string why);

  zmq::context_t* context_;
  Identity identity_;
  std::optional<rendezvous::Locator> server_;
  std::array<Counter, 2> counters_;
  std::uint64_t answered_ = 0;
  std::uint64_t failed_ = 0;
  std::uint64_t unasked_ = 0;
};

}  // namespace p2pchat
