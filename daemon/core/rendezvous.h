// Rendezvous: what is asked of the rendezvous, and why.
//
// Questions go out one at a time, in order, at the ask desk; the watch desk
// always waits for news. When the rendezvous cannot be reached, whoever waits
// for an answer is told, and everything else is asked again, more and more
// seldom. Nothing here believes what is answered: that is for whoever asked.
//
// Pure; owned by Node. Bounded: kQuestionsMax questions; a put that others can
// do without is dropped first. Of what is answered in pages, kPagesMax are asked for.
#pragma once

#include <deque>
#include <optional>
#include <variant>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/turn.h"
#include "proto/rendezvous.h"

namespace p2pchat {

class Rendezvous {
 public:
  static constexpr std::size_t kQuestionsMax = 1024;
  static constexpr std::size_t kPagesMax = 64;

  // --- Why something is asked; comes back with the answer ---
  // What room is called so?
  struct ForJoin {
    event::JoinRequested wish;
  };
  // My knock.
  struct ForKnock {
    RoomId room;
    std::optional<RequestId> request = {};  // Who waits for it to be taken.
  };
  // A room that I make.
  struct ForCreation {
    RoomId room;
    RequestId request;
  };
  // Something that members of the room may lack.
  struct ForMembers {
    RoomId room;
  };
  // All there is about a room that has let me in, or out.
  struct ForEntry {
    RoomId room;
    std::size_t pages = 0;  // Answered before; so below.
  };
  struct ForListing {
    std::optional<RequestId> request;
  };
  struct ForList {
    RequestId request;
    std::vector<Card> cards;
    std::size_t pages = 0;
  };
  // Whoever is listed under a name.
  struct ForMeeting {
    event::MeetRequested wish;
    std::vector<Card> cards;
    std::size_t pages = 0;
  };
  // News.
  struct ForWatch {};
  using Purpose = std::variant<ForJoin, ForKnock, ForCreation, ForMembers, ForEntry, ForListing,
                               ForList, ForMeeting, ForWatch>;

  struct Reply {
    Purpose purpose;
    rendezvous::Question question;
    Result<rendezvous::Answer> answer;
  };

  explicit Rendezvous(bool exists) : exists_(exists) {}
  bool exists() const { return exists_; }

  // Requires exists(). False, and nothing is asked, if too much waits that is not to be dropped.
  bool ask(rendezvous::Question question, Purpose purpose);
  // What to say then.
  static Error too_many();
  // Nobody waits any more; what others see is asked nevertheless.
  void request_dropped(const RequestId& request);

  // What came of a question. Of one that failed and is asked again, nothing; a knock is asked
  // again by whoever gets the reply.
  std::optional<Reply> answered(const Turn& turn, const event::RendezvousAnswered& event);
  std::vector<Reply> failed(const Turn& turn, const event::RendezvousFailed& event);
  // All news are told again.
  void begin_anew() { cursor_ = {}; }
  // Puts the next questions.
  Actions end_turn(const Turn& turn);
  TimePoint deadline() const;

  // Why it was not reached last; empty if it was.
  const std::string& failure() const { return failure_; }

 private:
  struct Asked {
    rendezvous::Question question;
    Purpose purpose;
  };

  // The first that is not under way.
  std::deque<Asked>::iterator next() { return queue_.begin() + (is_asking_ ? 1 : 0); }

  bool exists_;
  std::deque<Asked> queue_;  // The first is under way, if `is_asking_`.
  bool is_asking_ = false;
  bool is_watching_ = false;
  rendezvous::Cursor cursor_;
  TimePoint ask_from_;    // Not before, after a failure;
  TimePoint watch_from_;  // nor this.
  TimePoint watch_asked_;
  Duration ask_backoff_ = kAskBackoffMin;
  Duration watch_backoff_ = kAskBackoffMin;
  std::string failure_;
};

}  // namespace p2pchat
