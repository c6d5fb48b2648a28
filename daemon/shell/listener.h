// Listener: the address at which a socket stands, and the one way to cut all
// who are connected to it.
//
// libzmq has no way to end one peer's connection. Unbinding and binding again
// ends all of them; those that may come are back within a second. So it is done
// at most once in kCutInterval, however often it is asked for.
//
// Effects: binds. Single-threaded; owned beside its socket.
#pragma once

#include <string>
#include <string_view>

#include "daemon/shell/sockets.h"
#include "proto/address.h"

namespace p2pchat {

inline constexpr Duration kCutInterval = 1min;
// The port is free again only when libzmq's thread has let go of it.
inline constexpr Duration kBindAgainInterval = 5ms;

class Listener {
 public:
  // Binds `socket`; port 0 takes a free one. `purpose` says what for, in an error.
  static Result<Listener> bind(zmq::socket_t& socket, const Address& where,
                               std::string_view purpose);

  void ask_cut() { is_cut_wanted_ = true; }
  // Does what is due. True if all connections were cut just now.
  bool tend(TimePoint now, zmq::socket_t& socket);
  TimePoint deadline() const;

  std::uint16_t port() const { return port_; }
  const std::string& endpoint() const { return endpoint_; }
  // False between a cut and the next successful bind.
  bool is_bound() const { return is_bound_; }

 private:
  Listener(std::string endpoint, std::uint16_t port);
  void bind_again(TimePoint now, zmq::socket_t& socket);

  std::string endpoint_;  // As libzmq names it.
  std::uint16_t port_;
  bool is_bound_ = true;
  bool is_cut_wanted_ = false;
  TimePoint next_cut_;   // No cut before.
  TimePoint next_bind_;  // While not bound.
};

}  // namespace p2pchat
