// Wishes: the rooms that I have asked to be let into.
//
// A wish begins with the question what room is meant, put to the rendezvous or to
// a member's door; then my knock goes the same way, stored before. From then on
// it goes on by itself, over restarts, until I am in, a member has said no, or it
// has expired: whoever waits is answered, else a notice tells. At a door the knock
// is repeated; any member may come to my door and say that I am in, and may then
// link with me: those are the wish's hosts.
//
// Pure; owned by Node. Bounded: kWishesMax wishes, kHostsMax hosts each.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/rendezvous.h"
#include "daemon/core/turn.h"
#include "proto/door.h"

namespace p2pchat {

class Wishes {
 public:
  static constexpr std::size_t kHostsMax = 8;
  // Numbers of visits from here on are mine.
  static constexpr std::uint64_t kFirstVisit = std::uint64_t{1} << 62U;

  struct Wish {
    WishRecord record;
    Knock knock;                         // As in the record.
    std::optional<RequestId> request;    // Who waits for the end.
    std::uint64_t size = 0;              // Of the room, if it was told;
    std::uint64_t voted = 0;             // and how many have voted.
    TimePoint due = TimePoint::never();  // Of the next knock at the door.
    Duration backoff = kWishBackoffMin;
    bool is_entering = false;  // It has been said that I am in.
  };

  Wishes(const PeerId& self, const std::vector<WishRecord>& stored);
  // Knocks again, for what the store remembers.
  void resume(const Turn& turn, Rendezvous& rendezvous);

  // --- My user ---
  Actions join(const Turn& turn, Rendezvous& rendezvous, const event::JoinRequested& event);
  void request_dropped(const RequestId& request);
  // I wish it no more.
  Actions give_up(const RoomId& room);

  // --- By way of the rendezvous ---
  Actions described(const Turn& turn, Rendezvous& rendezvous, const Card& own,
                    const event::JoinRequested& event, const rendezvous::Answer& answer);
  Actions knocked(const Turn& turn, const RoomId& room, const rendezvous::Answer& answer);
  // Where I stand, as the rendezvous says. Answers the room if it is to be entered.
  std::optional<RoomId> told(const Turn& turn, const Standing& standing, Actions& actions);

  // --- At doors ---
  Actions answered(const Turn& turn, const Card& own, const event::DoorAnswered& event);
  Actions failed(const event::DoorFailed& event);
  // A member says that I am in. False if I do not wish to be, or it is one too many.
  bool invited(const door::Invitation& invitation, Actions& actions);
  // A member, of which the rendezvous or a chain tells.
  void add_host(const RoomId& room, const Card& card, Actions& actions);

  // I am in: answers whoever waits with `row`.
  Actions entered(const RoomId& room, control::Record row);

  Actions timer(const Turn& turn);
  TimePoint deadline() const;

  const Wish* find(const RoomId& room) const;
  const std::map<RoomId, Wish>& all() const { return wishes_; }
  // That came to nothing; their notices are still to be read.
  const std::map<RoomId, WishRecord>& over() const { return over_; }
  bool is_host(const PeerId& peer) const;

 private:
  // What room is meant.
  struct Ask {
    event::JoinRequested event;
  };
  // My knock.
  struct Repeat {
    RoomId room;
    std::optional<RequestId> request;  // Who waits for it to be taken.
  };
  struct Visit {
    Address address;
    std::variant<Ask, Repeat> purpose;
  };

  // The room, as it was described.
  struct Found {
    RoomId room;
    PeerId creator;
    std::uint64_t size = 0;
    std::uint64_t gone = 0;
  };
  Result<Wish*> begin(const Turn& turn, const Card& own, const event::JoinRequested& event,
                      const Found& found, Actions& actions);
  Actions visit(Visit visit, Bytes question);
  Actions asked_at_door(const Turn& turn, const Card& own, const Visit& visit, const Ask& ask,
                        const door::Answer& answer);
  Actions knocked_at_door(const Turn& turn, const Repeat& repeat, const door::Answer& answer);
  Actions failed_visit(const Visit& visit, const std::string& why);
  Actions taken(const Wish& wish, const std::optional<RequestId>& request) const;
  Actions refused(const RoomId& room, const std::optional<RequestId>& request, ExitCode code,
                  const std::string& why);
  // It ends without my being in.
  Actions end(const Turn& turn, const RoomId& room, ExitCode code, const std::string& why);
  std::optional<ExitCode> ended_by(State state, std::string& why) const;

  PeerId self_;
  std::map<RoomId, Wish> wishes_;
  std::map<RoomId, WishRecord> over_;
  std::map<RoomId, RequestId> asking_;  // Who waits for the rendezvous to take the knock.
  std::map<VisitId, Visit> visits_;
  VisitId last_visit_{kFirstVisit};
};

}  // namespace p2pchat
