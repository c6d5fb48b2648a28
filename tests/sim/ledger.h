// Ledger: what users asked for, what they were told, and what became of it.
//
// Every push has a text of its own, so a text names its push. Moments are
// counted, not timed: of two happenings the one with the lower count was first.
// Pure; owned by World.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/action.h"
#include "tests/sim/fabric.h"
#include "tests/sim/verdict.h"

namespace p2pchat::sim {

struct PostId {
  RoomId room;
  FeedId feed;
  Number number;

  auto operator<=>(const PostId&) const = default;
};

struct Push {
  HostIndex author = 0;
  RoomId room;
  std::string text;
  std::uint64_t asked = 0;
  std::optional<std::uint64_t> answered;  // With success.
  std::optional<PostId> post;             // Once it is in its author's store.
  bool is_forgotten = false;              // Its author has lost its state since.
  bool is_perished = false;               // And nobody else held it then.
};

struct Outcome {
  ExitCode code = ExitCode::done;
  std::string error;
  control::Record row;
};

class Ledger {
 public:
  explicit Ledger(Verdict& verdict) : verdict_(verdict) {}

  // --- What happens, as it happens ---
  RequestId next_request() { return {++requests_}; }
  // `names_contact`: its answer names one.
  void asked(HostIndex host, RequestId request, bool names_contact = false);
  void asked_push(HostIndex host, RequestId request, const RoomId& room, const std::string& text);
  // The same push, under its key.
  void asked_again(HostIndex host, RequestId request, const std::string& text);
  void dropped(RequestId request);
  void answered(HostIndex host, const action::Answer& answer);
  // A post that its author makes durable.
  void written(HostIndex host, const PostId& post, const std::string& text);
  // Whatever the host's users still waited for is never answered.
  void crashed(HostIndex host);

  // --- Queries ---
  std::optional<Outcome> outcome(RequestId request) const;
  // The push that an Answer speaks of, if it is one.
  const Push* push_of(RequestId request) const;
  const Push* push_of(const std::string& text) const;
  std::vector<Push>& pushes() { return pushes_; }
  bool names_contact(RequestId request) const;
  std::vector<RequestId> open(HostIndex host) const;
  std::uint64_t successes() const { return successes_; }

 private:
  enum class State : std::uint8_t { open, dropped, answered, void_by_crash };
  struct Request {
    HostIndex host = 0;
    State state = State::open;
    bool names_contact = false;
    std::optional<std::size_t> push;
    std::optional<Outcome> outcome;
  };

  Verdict& verdict_;
  std::uint64_t requests_ = 0;
  std::uint64_t happenings_ = 0;
  std::uint64_t successes_ = 0;  // Pushes answered with success.
  std::map<RequestId, Request> table_;
  std::vector<Push> pushes_;
  std::map<std::string, std::size_t> by_text_;
};

}  // namespace p2pchat::sim
