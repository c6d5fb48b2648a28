// Sockets: what all network sockets of a daemon have in common.
//
// Every option that bounds what a peer can cost us is set here, before bind or
// connect. Whoever speaks CURVE and binds asks ZAP, and lets nobody in when no
// handler answers. Nothing here throws, waits, or looks into a payload.
//
// Effects: ZeroMQ. Single-threaded. Bounded by the high-water marks below,
// which count frames of at most kFrameBytesMax.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "daemon/core/event.h"
#include "proto/crypto.h"
#include "proto/limits.h"
#include "proto/moment.h"

namespace p2pchat {

// Where the effects put the facts that they learn. It does not call back into them.
using Raise = std::function<void(Event)>;

// Who asks ZAP: our peers, and local programs.
inline constexpr std::string_view kPeersDomain = "peers";
inline constexpr std::string_view kControlDomain = "control";
// ZMQ_ZAP_ENFORCE_DOMAIN: hidden as a draft in the header, honoured by Debian's library.
inline constexpr int kZapEnforceDomain = 93;

// What CURVE adds to a frame (command name, nonce, authenticator, flags), which
// ZMQ_MAXMSGSIZE counts too.
inline constexpr std::size_t kCurveBytes = 33;
// Frames that wait for us from one peer.
inline constexpr int kReceiveFramesMax = 256;
// Frames that wait on PUB for one slow peer; they share their memory with the other peers'.
inline constexpr int kPublishFramesMax = 256;
// Frames that wait on one link. The core bounds their bytes: it sends within credit.
inline constexpr int kLinkFramesMax = 1024;
// Topics that SUB can send at once to a publisher that has just come back.
inline constexpr int kTopicsMax = 100'000;
inline constexpr Duration kHeartbeatInterval = 15s;
inline constexpr Duration kHeartbeatTimeout = 30s;
// ZMQ_RECONNECT_IVL of a socket that shall not connect again by itself. With -1, which
// says so, libzmq 4.3.4 throws away what has come and was not read yet when a
// connection ends; with a long wait it does not.
inline constexpr Duration kNeverReconnect = 24h;

// What one socket may take in during one turn; the rest waits, and poll says so again.
class Budget {
 public:
  // True while something is left; a frame that was begun is paid for afterwards.
  bool is_left() const { return frames_ > 0 && bytes_ > 0; }
  void spend(std::size_t bytes) {
    --frames_;
    bytes_ -= static_cast<std::int64_t>(bytes);
  }

 private:
  std::int64_t frames_ = 1024;
  std::int64_t bytes_ = std::int64_t{8} * 1024 * 1024;
};

// What one kind of socket has seen.
struct Traffic {
  std::uint64_t in = 0;
  std::uint64_t out = 0;
  std::uint64_t dropped = 0;  // Ours, not sent: the other side is too slow, or gone.
  std::uint64_t rubbish = 0;  // Theirs: of many parts, or from one who may not.
  std::uint64_t bytes_out = 0;

  void sent(ByteView frame) {
    ++out;
    bytes_out += frame.size();
  }
};

// A socket with the bounds that all have.
Result<zmq::socket_t> open_socket(zmq::context_t& context, zmq::socket_type type);
// Requires a value that libzmq takes.
void set_option(zmq::socket_t& socket, int option, int value);
void set_option(zmq::socket_t& socket, int option, Duration value);
// The socket binds as `identity`, and lets in whom ZAP admits.
void be_server(zmq::socket_t& socket, const Identity& identity);
// The socket connects as `identity`; whom to, expect_server() says before each connect.
void be_client(zmq::socket_t& socket, const Identity& identity);
void expect_server(zmq::socket_t& socket, const CurveKey& key);

using Parts = std::vector<zmq::message_t>;

// Reads the next message, if one waits. One of more than `at_most` parts is cut to
// at_most + 1, which tells it from a whole one.
bool receive_parts(zmq::socket_t& socket, std::size_t at_most, Parts& parts);
ByteView view(const zmq::message_t& part);

enum class Sent : std::uint8_t { done, full, gone };
// Sends one frame, or drops it; never waits.
Sent send_frame(zmq::socket_t& socket, ByteView frame);
// Sends `frame` to the connection that a ROUTER or STREAM calls `route`.
Sent send_frame(zmq::socket_t& socket, std::string_view route, ByteView frame);

// A property that libzmq or ZAP has put on a message; empty if it has none.
std::string property(zmq::message_t& part, const char* name);
// IPv4 that came over an IPv6 socket reads as IPv4: "::ffff:10.0.0.1" is "10.0.0.1".
std::string plain_host(std::string host);
// As zmq_connect wants it.
std::string endpoint_text(const std::string& host, std::uint16_t port);
// "HOST:PORT", as people write it.
std::string place_text(const std::string& host, std::uint16_t port);

}  // namespace p2pchat
