// Puller: one reader's pull, over as many connections as it takes.
//
// A place is reported only after its message has left this process, and only
// one report is under way at a time, so that the daemon commits for many
// messages at once. What a lost connection left unreported is reported on the
// next one before the stream is opened there: a message may come twice when we
// are killed in between, and is never missed.
//
// Effects: by Client; single-threaded. Bounded: kPullCreditRows messages sent
// ahead, and one place for each room.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ctl/client.h"
#include "ctl/outcome.h"
#include "proto/control.h"

namespace p2pchat::ctl {

class Puller {
 public:
  struct Wish {
    std::string name;  // Empty: all conversations.
    std::string reader;
    bool follows = false;  // The stream stays open.
    bool peeks = false;
    bool acknowledges = true;
    bool with_mine = false;
  };

  explicit Puller(Wish wish) : wish_(std::move(wish)) {}

  // Begins on a fresh connection.
  void begin(Client& client);

  enum class Step {
    row,        // A message, to be written.
    caught_up,  // All that waited has come.
    ended,      // No more comes; see end().
    other,      // Nothing to do, or not ours.
  };
  // Fails when places cannot be reported.
  Outcome<Step> take(Client& client, const control::Reply& reply);
  // Why the stream ended. Requires that take() has said so.
  const control::Reply& end() const { return end_; }

  // A message is about to be written.
  void add(const control::Record& row);
  // All that was added has left the process: reports it, and lets as much come as has been taken.
  void flushed(Client& client);
  // Waits until all that has left the process is reported, durably.
  Outcome<void> settle(Client& client);

 private:
  using Places = std::map<std::string, std::string>;  // The newest, by room.

  void report(Client& client);
  void open(Client& client);

  Wish wish_;
  Places added_;                    // Perhaps not written yet.
  Places written_;                  // To be reported.
  Places flying_;                   // Reported, and not confirmed.
  std::uint64_t report_tag_ = 0;    // 0: none is under way.
  std::uint64_t stream_tag_ = 0;    // 0: not open on this connection.
  std::int64_t rows_to_grant_ = 0;  // Taken, and not granted again.
  control::Reply end_;
};

}  // namespace p2pchat::ctl
