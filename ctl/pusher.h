// Pusher: many messages over one connection, their answers in order.
//
// So many are under way at once, so that the daemon can store them in one
// commit. A refusal stops it: nothing more is to be pushed, and what was under
// way is waited for, so that nobody has to guess what was stored.
//
// Effects: by Client; single-threaded. Bounded: kPushWindow messages.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "ctl/client.h"
#include "ctl/outcome.h"
#include "proto/control.h"

namespace p2pchat::ctl {

inline constexpr std::size_t kPushWindow = 64;

class Pusher {
 public:
  // `to`: a room, a contact, or an id.
  explicit Pusher(std::string to) : to_(std::move(to)) {}

  bool has_room() const { return waiting_.size() < kPushWindow; }
  bool is_idle() const { return waiting_.empty(); }
  // Some message is known to be refused: no further one is to be pushed.
  bool is_refused() const { return is_refused_; }

  // Requires has_room(). `place` is what the caller knows the message by: a line number.
  void push(Client& client, std::string_view body, std::uint64_t place);

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
  // Of the oldest message that has no answer. Requires !is_idle().
  std::uint64_t oldest_place() const { return waiting_.front().place; }

 private:
  struct Waiting {
    std::uint64_t tag = 0;
    std::uint64_t place = 0;
    std::optional<control::Reply> answer;
  };

  std::string to_;
  std::deque<Waiting> waiting_;  // In the order of pushing.
  std::optional<Refusal> first_refused_;
  bool is_refused_ = false;
};

}  // namespace p2pchat::ctl
