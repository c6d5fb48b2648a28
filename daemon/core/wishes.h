// Wishes: the rooms that I have asked to be let into.
//
// A wish begins with the question what room is meant, put to the rendezvous or to
// a member's door; then my knock goes the same way, stored before. From then on
// it goes on by itself, over restarts, until I am in, a member has said no, or it
// has expired: whoever waits is answered, else a notice tells. At a door the knock
// is repeated; any member may come to my door and say that I am in, and may then
// link with me: those are the wish's hosts. A stranger can say so too: whom a door,
// the rendezvous or a chain has named stays, of the others the newest.
//
// Pure; owned by Node. Bounded: kWishesMax wishes, kHostsMax hosts each, and one
// request of each kind.
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

  // Who waits, and for what.
  struct Waiter {
    RequestId request;
    bool is_for_end = false;  // Else for the knock to be taken.
  };
  struct Wish {
    WishRecord record;
    Knock knock;  // As in the record.
    // The knock was taken, or may have been before a restart: only a standing ends the wish.
    bool is_taken = false;
    std::vector<Waiter> waiters = {};    // For the knock to be taken, only until it is.
    std::uint64_t size = 0;              // Of the room, if it was told;
    std::uint64_t voted = 0;             // and how many have voted.
    TimePoint due = TimePoint::never();  // Of the next knock at the door, or of the next entry.
    Duration backoff = kWishBackoffMin;
    bool is_let_in = false;             // It has been said that I am in;
    bool is_entering = false;           // and all about the room has been asked for.
    std::set<PeerId> vouched_for = {};  // Hosts that have not merely invited me.

    bool is_awaited() const;  // Somebody waits for the end.
  };

  Wishes(const PeerId& self, const std::vector<WishRecord>& stored);
  // Knocks again, for what the store remembers.
  void resume(const Turn& turn, Rendezvous& rendezvous);

  // --- My user ---
  Actions join(const Turn& turn, Rendezvous& rendezvous, const event::JoinRequested& event);
  void request_dropped(const RequestId& request);
  // I wish it no more. Whoever waits is told so.
  Actions give_up(const RoomId& room);

  // --- By way of the rendezvous ---
  Actions described(const Turn& turn, Rendezvous& rendezvous, const Card& own,
                    const event::JoinRequested& event, const rendezvous::Answer& answer);
  Actions knocked(const RoomId& room, const rendezvous::Answer& answer);
  // The rendezvous could not be asked to take the knock.
  Actions unreached(Rendezvous& rendezvous, const RoomId& room, const std::string& why);
  // Where I stand, as the rendezvous says. Answers the room if it is to be entered.
  std::optional<RoomId> told(const Turn& turn, const Standing& standing, Actions& actions);
  // It did not tell all about the room: it is asked again, by the next standing or in a while.
  void not_entered(const RoomId& room);

  // --- At doors ---
  Actions answered(const Turn& turn, const Card& own, const event::DoorAnswered& event);
  Actions failed(const event::DoorFailed& event);
  // A member says that I am in. False if it means another, I do not wish to be, or it is one
  // too many.
  bool invited(const door::Invitation& invitation, Actions& actions);
  // A member, of which the rendezvous or a chain tells.
  void add_host(const RoomId& room, const Card& card, Actions& actions);

  // I am in: answers whoever waits with `row`.
  Actions entered(const RoomId& room, control::Record row);
  // The room has another creator than the one that was told.
  Actions mismatched(const Turn& turn, const RoomId& room);

  Actions timer(const Turn& turn, Rendezvous& rendezvous);
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
    ChangeId knock;
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
  Actions knock_at(const Address& address, const Wish& wish);
  Wish* wish_of(const Repeat& repeat);
  Actions asked_at_door(const Turn& turn, const Card& own, const Visit& visit, const Ask& ask,
                        const door::Answer& answer);
  Actions knocked_at_door(const Turn& turn, const Visit& visit, const Repeat& repeat,
                          const door::Answer& answer);
  Actions failed_visit(const Visit& visit, const std::string& why);
  // The knock was taken; or refused; or it did not get there.
  static Actions taken(Wish& wish);
  Actions refused(const RoomId& room, ExitCode code, const std::string& why);
  Actions undelivered(const RoomId& room, const std::string& why);
  void host(const RoomId& room, const Card& card, bool is_vouched_for, Actions& actions);
  // It ends without my being in.
  Actions end(const Turn& turn, const RoomId& room, ExitCode code, const std::string& why);
  std::optional<ExitCode> ended_by(State state, std::string& why) const;

  PeerId self_;
  std::map<RoomId, Wish> wishes_;
  std::map<RoomId, WishRecord> over_;
  std::map<VisitId, Visit> visits_;
  VisitId last_visit_{kFirstVisit};
};

}  // namespace p2pchat
