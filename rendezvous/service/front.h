// Front: the one socket of a rendezvous, and its doorkeeper.
//
// A ROUTER under CURVE, which plain REQ sockets talk to. What comes from it
// bears the key that its sender has proved to hold: that key is all that is
// believed of who asks. libzmq lets everybody in when nobody answers for the
// doorkeeper, so a message without a key is dropped, and open() shows that keys
// are there.
//
// Effects: ZeroMQ, in this file alone. Single-threaded but for libzmq's own
// threads; owned by Loop. Bounded by what stands below, for each connection;
// somebody who has connected can still make libzmq hold a message of endless
// many parts: the service manager's memory limit ends that.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "proto/address.h"
#include "proto/crypto.h"
#include "proto/moment.h"

namespace p2pchat::rendezvous {

// Where an answer goes: the route and all up to the empty part that ends the envelope.
using Envelope = std::vector<Bytes>;

struct Incoming {
  Envelope from;
  CurveKey key;
  Bytes request;
};

class Front {
 public:
  // Binds. Lets in whose key is `allowed`, or everybody if that is empty.
  static Result<Front> open(const Identity& identity, const Address& where,
                            std::set<CurveKey> allowed);
  Front(Front&&) noexcept;
  ~Front();

  // Where it is bound; of port 0, the one that was taken.
  const Address& where() const;

  // Waits for something to come, here or at `descriptor`.
  void wait(int descriptor, Duration at_most);
  // Answers for the doorkeeper; then the next request, if there is one.
  std::optional<Incoming> receive();
  // Sends, or drops it if its reader is gone or does not read.
  void send(const Envelope& to, ByteView answer);

 private:
  struct Sockets;
  explicit Front(std::unique_ptr<Sockets> sockets);

  std::unique_ptr<Sockets> sockets_;
};

}  // namespace p2pchat::rendezvous
