// Client: one connection to the daemon of this host.
//
// It lives as long as the connection: libzmq's silent reconnecting is off, so a
// request that was lost with a daemon is never waited for, and who wants to go
// on opens a new Client.
//
// Effects: a DEALER on ipc and its monitor, behind zmq, which no other file of
// ctl/ knows. Single-threaded. Bounded by kControlBytesMax a message; callers
// bound how many requests are under way.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "ctl/outcome.h"
#include "proto/control.h"

namespace p2pchat::ctl {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
inline constexpr Deadline kNever = Deadline::max();

// A descriptor to wait for besides the daemon.
struct Watch {
  int fd = -1;              // -1 is never ready.
  bool for_reading = true;  // Else only for an error: nobody reads what is written there.
  bool is_ready = false;
};

class Client {
 public:
  // Fails at once when nobody listens at `socket`, with a sentence that says what to do.
  static Outcome<std::unique_ptr<Client>> open(const std::string& socket);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends a request and answers its tag. A connection that is lost shows in next().
  std::uint64_t send(std::string verb, control::Record values);

  // The next reply that has come by now; nothing if none has. Fails when the connection is lost
  // and all that came over it has been read.
  Outcome<std::optional<control::Reply>> next();
  // Waits until next() has something to say, a watched descriptor is ready, or `until`.
  void wait(Deadline until, std::span<Watch> watched = {});

  bool is_lost() const { return is_lost_; }
  const std::string& socket() const { return socket_; }

 private:
  struct Sockets;
  Client(std::string socket, std::unique_ptr<Sockets> sockets);
  void read_monitor();

  std::string socket_;  // Path.
  std::unique_ptr<Sockets> sockets_;
  std::uint64_t last_tag_ = 0;
  bool is_lost_ = false;
};

}  // namespace p2pchat::ctl
