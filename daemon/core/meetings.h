// Meetings: how strangers become contacts, at the door.
//
// Two peers have met when both have signed the founding of their pair room. One
// visits the other's door and says Registration; the answer carries the other
// signature, or says that a user is being asked, or refuses. A wish that waits
// is repeated at the other's door; whoever is wished for is let in without
// further question, so two users who name each other always meet. A peer that
// lost its state is shown its own signature, which it accepts under any policy.
//
// Pure; owned by Node. Bounded: kVisitsMax visits, kWishesMax wishes,
// kStrangersMax strangers that wait.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/contacts.h"
#include "daemon/core/counters.h"
#include "daemon/core/settings.h"
#include "daemon/core/turn.h"
#include "proto/door.h"

namespace p2pchat {

class Meetings {
 public:
  // What Node must see to, beside carrying out `actions`.
  struct Outcome {
    Actions actions;
    std::optional<PeerId> met;          // It is admitted from now on, or its card is new.
    std::optional<Counter> card_floor;  // My own card must go on above it, and
    Stamp stamp_floor;                  // my clock above that: I had lost my state.
  };

  explicit Meetings(Accept accept) : accept_(accept) {}
  // Takes up the wishes that the store remembers.
  void resume(const Turn& turn, const Contacts& contacts);

  // A local user wants to meet whoever stands at `target`, or answers one who asks.
  Outcome meet(const Turn& turn, Contacts& contacts, const Card& own,
               const event::MeetRequested& event);
  void request_dropped(const RequestId& request);
  // It is blocked: its door is not visited any more.
  void forget_wish(const PeerId& peer) { wishes_.erase(peer); }

  // Somebody stands at our door.
  Outcome asked(const Turn& turn, Contacts& contacts, const Card& own,
                const event::DoorAsked& event);
  // What came of a visit of ours.
  Outcome answered(const Turn& turn, Contacts& contacts, const Card& own,
                   const event::DoorAnswered& event);
  Outcome failed(const event::DoorFailed& event);

  // Registers with a met peer again, at one of its doors: it may have moved, or lost its
  // state. `newest` is the stamp of its newest post that we hold.
  Actions remind(const Turn& turn, const Contact& contact, const Card& own, Stamp newest);

  Actions timer(const Turn& turn, const Contacts& contacts, const Card& own);
  TimePoint deadline() const;
  const Counters& counters() const { return counters_; }

 private:
  // Why we are at a door: to see who is there, for a user,
  struct Look {
    std::optional<PeerId> expected;
  };
  // or to be let in.
  struct Register {
    PeerId peer;
    bool is_first_use = false;  // To be shown and pinned.
  };
  struct Visit {
    Address address;
    std::variant<Look, Register> purpose;
    std::optional<RequestId> request;
  };
  struct Wish {
    TimePoint due;
    Duration backoff = kWishBackoffMin;
    bool is_being_asked = false;  // The other side's user has heard of it.
  };

  bool is_visiting(const PeerId& peer) const;
  Actions begin_visit(Visit visit, Bytes question);
  Actions begin_register(const Turn& turn, const Contact& contact, const Card& own, Visit visit,
                         Stamp newest = {});
  Outcome meet_known(const Turn& turn, Contact& contact, const Card& own, const RequestId& request);
  Outcome ask_again(const Contact& contact, const RequestId& request);
  Outcome introduced(const Turn& turn, Contacts& contacts, const Card& own, const Visit& visit,
                     const Card& card);
  Outcome acknowledged(const Turn& turn, Contacts& contacts, const Visit& visit,
                       const door::Ack& ack);
  Outcome let_in(const Visit& visit, Contacts& contacts, Contact& contact, const door::Ack& ack);
  Outcome not_let_in(const Turn& turn, const Visit& visit, Contact& contact, const door::Ack& ack);
  Outcome still_waiting(const Turn& turn, const Visit& visit, Contact& contact,
                        const door::Ack& ack);
  Outcome refused(const Turn& turn, const Visit& visit, Contact& contact, const door::Ack& ack);
  Outcome register_in(const Turn& turn, Contacts& contacts, const Card& own,
                      const event::DoorAsked& event, const door::Registration& registration);
  bool may_enter(const Contact* contact, const door::Registration& registration) const;
  Outcome ask_user(const Turn& turn, Contacts& contacts, const event::DoorAsked& event,
                   const door::Registration& registration);

  Accept accept_;
  VisitId last_visit_;
  std::map<VisitId, Visit> visits_;
  std::map<PeerId, Wish> wishes_;
  Counters counters_;
};

}  // namespace p2pchat
