// Monitor: what libzmq tells of the connections of one socket.
//
// It must be there before the socket binds or connects, and must go before the
// socket does: libzmq's own thread waits for ever for a reader that has gone.
// Watched keeps that order.
//
// Effects: ZeroMQ. Single-threaded. Unbounded between two turns, because a full
// monitor would stop all sockets; so only what is asked for is reported.
#pragma once

#include <optional>
#include <string>

#include "daemon/shell/sockets.h"

namespace p2pchat {

struct MonitorEvent {
  int kind = 0;             // ZMQ_EVENT_...
  std::uint32_t value = 0;  // A descriptor, an errno or a ZAP status, by kind.
  std::string endpoint;
};

class Monitor {
 public:
  // Reports `kinds` (ZMQ_EVENT_... or-ed) of `socket`, which outlives it.
  static Result<Monitor> open(zmq::context_t& context, zmq::socket_t& socket, int kinds);
  Monitor(Monitor&& other) noexcept;
  Monitor& operator=(Monitor&&) = delete;
  ~Monitor();

  // The next event, if one waits.
  std::optional<MonitorEvent> next();
  zmq::pollitem_t poll_item() { return {reader_.handle(), 0, ZMQ_POLLIN, 0}; }

 private:
  Monitor(zmq::socket_t reader, void* watched);

  zmq::socket_t reader_;
  void* watched_;  // The socket's handle; null once moved from.
};

// A socket and its monitor. Not assignable: the old monitor would outlive its socket.
struct Watched {
  static Result<Watched> open(zmq::context_t& context, zmq::socket_type type, int kinds);

  zmq::socket_t socket;
  Monitor monitor;
};

}  // namespace p2pchat
