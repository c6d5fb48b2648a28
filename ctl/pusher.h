// Pusher: many messages over one connection, their answers in order.
//
// So many are under way at once, so that the daemon can store them in one
// commit. A refusal stops it: nothing more is to be pushed, and what was under
// way is waited for, so that nobody has to guess what was stored. Messages that
// come faster than the daemon's rate allows can be kept waiting there, in order,
// instead of being refused.
//
// Effects: by Client; single-threaded. Bounded: kPushWindow messages.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "ctl/client.h"
#include "ctl/outcome.h"
#include "proto/control.h"

namespace p2pchat::ctl {

inline constexpr std::size_t kPushWindow = 64;

class Pusher {
 public:
  struct Setup {
    std::string to;             // A room, a contact, or an id.
    bool waits = false;         // Being too fast is no refusal.
    std::uint64_t readers = 0;  // A room with fewer others is.
    std::string key = {};       // Posted once under it, if there is one.
  };
  explicit Pusher(Setup setup) : setup_(std::move(setup)) {}

  bool has_room() const { return waiting_.size() < kPushWindow; }
  bool is_idle() const { return waiting_.empty(); }
  // Something was sent that has no answer yet.
  bool awaits_answer() const { return in_flight_ > 0; }
  // Some message is known to be refused: no further one is to be pushed.
  bool is_refused() const { return is_refused_; }

  // Requires has_room(). `place` is what the caller knows the message by: a line number.
  void push(std::string body, std::uint64_t place);
  // Sends what may be sent by now.
  void pump(Client& client);

  // Takes a reply, if it is one of ours.
  void take(control::Reply reply);
  // The next stored message in the order of pushing, as soon as its turn has come.
  std::optional<control::Record> next_stored();

  struct Refusal {
    Failure failure;
    std::uint64_t place = 0;
    std::size_t stored_later = 0;  // Messages behind it that were stored all the same.
  };
  // The first one refused; final once is_idle().
  const std::optional<Refusal>& refusal() const { return first_refused_; }
  // Of the oldest message that is not known to be stored. Requires !is_idle().
  std::uint64_t oldest_place() const { return waiting_.front().place; }

 private:
  struct Waiting {
    std::uint64_t tag = 0;  // 0: not sent.
    std::uint64_t place = 0;
    std::string body;
    std::optional<control::Reply> answer;
  };

  Setup setup_;
  std::size_t in_flight_ = 0;
  std::deque<Waiting> waiting_;  // In the order of pushing.
  std::optional<Refusal> first_refused_;
  bool is_refused_ = false;
};

}  // namespace p2pchat::ctl
