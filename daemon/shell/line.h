// Line: one CURVE connection that we open to a host, by its name.
//
// It is exactly one attempt on each address that the host stands for. It comes
// to be open, or it ends, in words that tell a wrong key from a dead network;
// once it was open, it ends when the connection is lost. libzmq never connects
// again by itself: when to try again is the owner's business.
//
// Effects: a ZMQ_DEALER socket, the system's resolver. Single-threaded; owned
// by whoever sends and receives on it. Bounded by the marks in sockets.h.
#pragma once

#include <optional>
#include <string>

#include "daemon/shell/lookup.h"
#include "daemon/shell/monitor.h"
#include "proto/address.h"

namespace p2pchat {

// Ours waits longer than theirs (kHandshakeTimeout): a peer that does not admit us hangs up
// after its own time, and one that says nothing at all never does.
inline constexpr Duration kDialHandshakeTimeout = kHandshakeTimeout + 1s;

class Line {
 public:
  struct Target {
    std::string whom;  // What it is called in words, such as "peer".
    Address address;
    CurveKey key;
  };

  // Begins. `context` outlives it.
  Line(TimePoint now, zmq::context_t& context, const Identity& identity, Target target);

  // Takes in what is known by now, and goes on to the next address if one has failed. True if it
  // has come to be open.
  bool step(TimePoint now);
  // When step() is to be called even if nothing waits.
  TimePoint deadline() const;
  void add_poll_items(std::vector<zmq::pollitem_t>& items);

  bool is_open() const { return is_open_; }
  // Why it has ended; empty while it goes on. What came before may still be read.
  const std::string& ended() const { return ended_; }
  const Address& address() const { return target_.address; }
  // Requires is_open().
  zmq::socket_t& socket() { return wire_->socket; }

 private:
  void look(TimePoint now);
  void try_next(TimePoint now);
  Result<Watched> connect(const std::string& host);
  void note(TimePoint now, const MonitorEvent& event);

  zmq::context_t* context_;
  Identity identity_;
  Target target_;
  std::optional<Lookup> lookup_;  // Under way.
  Lookup::Hosts hosts_;           // Those that are not tried yet, the last one first.
  std::optional<Watched> wire_;   // The connection, while there is one.
  TimePoint began_;               // Of the attempt on one address.
  TimePoint look_;                // At the lookup; never, once it is over.
  bool is_open_ = false;
  std::string ended_;
};

}  // namespace p2pchat
