// Links: which peers can be talked to now, and the work of getting there.
//
// Both sides dial, so that one dialable side is enough; of two links the one
// dialled by the smaller id is used. A link is ready once the other side has
// acknowledged our Registration on it. A dial is one attempt; failures move on
// to the peer's next place and wait longer, up to kDialBackoffMax.
//
// Pure; owned by Node. Bounded: one line a contact.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/turn.h"

namespace p2pchat {

class Links {
 public:
  // Begins to dial `peer`, at once, and keeps it linked until drop(). `places`
  // replaces what was known; empty means that we can only be dialled.
  void keep(const Turn& turn, const PeerId& peer, std::vector<Place> places);
  // Stops dialling and forgets the peer.
  Actions drop(const PeerId& peer);

  // What happened to a connection. opened() answers our Registration.
  Actions opened(const Turn& turn, const event::LinkOpened& event, const link::Registration& own);
  struct Closed {
    bool lost_last = false;    // No ready link is left.
    bool dial_failed = false;  // An attempt of ours ended without a link.
  };
  Closed closed(const Turn& turn, const event::LinkClosed& event);
  // The other side has registered. If it had done so on this connection in another run, it
  // has begun anew behind it, and is told of us anew.
  Actions registered(const PeerId& peer, LinkSide side, const Incarnation& run,
                     const link::Registration& own);
  // The other side has acknowledged our Registration. True if the link is newly ready, or
  // leads to one that has begun anew.
  bool acknowledged(const PeerId& peer, LinkSide side);

  Actions timer(const Turn& turn);
  TimePoint deadline() const;

  // The ready link that is used for `peer`, if any.
  std::optional<LinkSide> side_to(const PeerId& self, const PeerId& peer) const;
  bool is_ready(const PeerId& peer) const;
  // Where its dialled link leads, if that is known: its PUB is reached there, too.
  const Place* dialled_place(const PeerId& peer) const;
  const std::string& last_failure(const PeerId& peer) const;
  bool is_ready(const PeerId& peer, LinkSide side) const;

 private:
  enum class Dialled : std::uint8_t { waiting, dialling, open, ready };
  struct Greeting {
    std::optional<Incarnation> run;  // In which the other side registered on this connection.
    bool is_repeated = false;        // It was another before, and has not acknowledged us since.
  };
  struct Line {
    std::vector<Place> places;
    std::size_t place = 0;  // Which of them is dialled next.
    Place target;           // Where the dialled link leads.
    Dialled dialled = Dialled::waiting;
    std::map<LinkSide, Greeting> greetings;
    bool accepted_open = false;
    bool accepted_ready = false;
    TimePoint due = TimePoint::never();  // Of the next attempt, or of giving this one up.
    Duration backoff = kDialBackoffMin;
    std::string failure;  // Of the last attempt; empty after success.
  };

  Actions dial(const Turn& turn, const PeerId& peer, Line& line);
  void back_off(const Turn& turn, Line& line);

  std::map<PeerId, Line> lines_;
};

}  // namespace p2pchat
