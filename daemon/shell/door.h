// Door: where strangers ask: one question, one answer, and out.
//
// Plain TCP. Each connection may send kDoorBytesMax bytes within kDoorTimeout,
// as one framed question; whatever else it sends closes it. What a question
// means is the core's business. Our side closes a little after the answer, so
// that normally the visitor closes first.
//
// Effects: one ZMQ_STREAM socket. Single-threaded; owned by Net. Bounded by
// DoorGuard's counts times kDoorBytesMax.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/shell/door_guard.h"
#include "daemon/shell/listener.h"
#include "daemon/shell/sockets.h"

namespace p2pchat {

// From the answer until we close.
inline constexpr Duration kDoorPartingTime = 500ms;

class Door {
 public:
  static Result<Door> open(zmq::context_t& context, const Address& listen);

  // A visit that is over already is passed by.
  void answer(TimePoint now, const VisitId& visit, ByteView answer);

  // Takes in what waits, and closes what has had its time.
  void receive(TimePoint now, const Raise& raise);
  TimePoint deadline() const;
  zmq::pollitem_t poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }

  std::uint16_t port() const { return listener_.port(); }

  struct Counts {
    std::uint64_t asked = 0;  // Whole questions.
    std::uint64_t answered = 0;
    std::uint64_t turned_away = 0;  // Came too often, or too many at once.
    std::uint64_t rubbish = 0;      // Said what is no question.
    std::uint64_t timed_out = 0;
  };
  const Counts& counts() const { return counts_; }

 private:
  // How the STREAM names a connection.
  using Route = std::string;
  struct Visitor {
    VisitId visit;
    std::string host;
    Bytes received;
    TimePoint end;
    bool has_asked = false;
    bool is_answered = false;
  };
  using Visitors = std::map<Route, Visitor>;

  Door(zmq::socket_t socket, Listener listener);
  void take(TimePoint now, const Raise& raise);
  void welcome(TimePoint now, const Route& route);
  void listen_to(Visitors::iterator visitor, ByteView bytes, const Raise& raise);
  // Forgets a visitor; `close` its connection too, unless it has closed it itself.
  void end(Visitors::iterator visitor, bool close);
  void close(const Route& route);

  zmq::socket_t socket_;
  Listener listener_;
  DoorGuard guard_;
  Visitors visitors_;
  VisitId last_visit_;
  Parts parts_;
  Counts counts_;
};

}  // namespace p2pchat
