#include "daemon/shell/sockets.h"

#include <utility>

#include "proto/address.h"
#include "proto/check.h"

namespace p2pchat {
namespace {

void set_bytes(zmq::socket_t& socket, int option, ByteView value) {
  CHECK(zmq_setsockopt(socket.handle(), option, value.data(), value.size()) == 0);
}

void set_frame_bytes_max(zmq::socket_t& socket, std::int64_t bytes) {
  CHECK(zmq_setsockopt(socket.handle(), ZMQ_MAXMSGSIZE, &bytes, sizeof bytes) == 0);
}

bool receive_part(zmq::socket_t& socket, zmq::message_t& into) {
  int rc = -1;
  do {
    rc = zmq_msg_recv(into.handle(), socket.handle(), ZMQ_DONTWAIT);
  } while (rc < 0 && zmq_errno() == EINTR);
  // A socket that cannot be read any more is a bug, or a context that ends.
  CHECK(rc >= 0 || zmq_errno() == EAGAIN || zmq_errno() == ETERM);
  return rc >= 0;
}

Sent send_part(zmq::socket_t& socket, ByteView part, int flags) {
  int rc = -1;
  do {
    rc = zmq_send(socket.handle(), part.data(), part.size(), flags | ZMQ_DONTWAIT);
  } while (rc < 0 && zmq_errno() == EINTR);
  if (rc >= 0) return Sent::done;
  return zmq_errno() == EAGAIN ? Sent::full : Sent::gone;
}

}  // namespace

Result<zmq::socket_t> open_socket(zmq::context_t& context, zmq::socket_type type) {
  try {
    zmq::socket_t socket(context, type);
    set_frame_bytes_max(socket, static_cast<std::int64_t>(kFrameBytesMax + kCurveBytes));
    set_option(socket, ZMQ_HANDSHAKE_IVL, kHandshakeTimeout);
    set_option(socket, ZMQ_HEARTBEAT_IVL, kHeartbeatInterval);
    set_option(socket, ZMQ_HEARTBEAT_TIMEOUT, kHeartbeatTimeout);
    set_option(socket, ZMQ_HEARTBEAT_TTL, kHeartbeatTimeout);
    set_option(socket, ZMQ_RCVHWM, kReceiveFramesMax);
    set_option(socket, ZMQ_SNDHWM, kLinkFramesMax);
    set_option(socket, ZMQ_LINGER, 0);
    set_option(socket, ZMQ_IPV6, 1);
    return socket;
  } catch (const zmq::error_t& error) {
    return fail(Fault::machine, std::string("no further socket: ") + error.what());
  }
}

void set_option(zmq::socket_t& socket, int option, int value) {
  CHECK(zmq_setsockopt(socket.handle(), option, &value, sizeof value) == 0);
}

void set_option(zmq::socket_t& socket, int option, Duration value) {
  set_option(socket, option, static_cast<int>(value.count()));
}

void be_server(zmq::socket_t& socket, const Identity& identity) {
  set_option(socket, ZMQ_CURVE_SERVER, 1);
  set_bytes(socket, ZMQ_CURVE_SECRETKEY, identity.curve_secret().view());
  set_bytes(socket, ZMQ_ZAP_DOMAIN, view(kPeersDomain));
  set_option(socket, kZapEnforceDomain, 1);
}

void be_client(zmq::socket_t& socket, const Identity& identity) {
  set_bytes(socket, ZMQ_CURVE_PUBLICKEY, identity.curve_public().view());
  set_bytes(socket, ZMQ_CURVE_SECRETKEY, identity.curve_secret().view());
}

void expect_server(zmq::socket_t& socket, const CurveKey& key) {
  set_bytes(socket, ZMQ_CURVE_SERVERKEY, key.view());
}

bool receive_parts(zmq::socket_t& socket, std::size_t at_most, Parts& parts) {
  parts.clear();
  for (bool more = true; more;) {
    zmq::message_t part;
    if (!receive_part(socket, part)) return false;
    more = part.more();
    if (parts.size() <= at_most) parts.push_back(std::move(part));
  }
  return true;
}

ByteView view(const zmq::message_t& part) {
  return {static_cast<const std::uint8_t*>(part.data()), part.size()};
}

Sent send_frame(zmq::socket_t& socket, ByteView frame) { return send_part(socket, frame, 0); }

Sent send_frame(zmq::socket_t& socket, std::string_view route, ByteView frame) {
  const Sent chosen = send_part(socket, view(route), ZMQ_SNDMORE);
  if (chosen != Sent::done) return chosen;
  // The connection is chosen: the second part goes where the first one went.
  return send_part(socket, frame, 0);
}

std::string property(zmq::message_t& part, const char* name) {
  const char* value = zmq_msg_gets(part.handle(), name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string plain_host(std::string host) {
  constexpr std::string_view kMapped = "::ffff:";
  const bool is_mapped = host.starts_with(kMapped) && host.find('.') != std::string::npos;
  return is_mapped ? host.substr(kMapped.size()) : host;
}

std::string endpoint_text(const std::string& host, std::uint16_t port) {
  return "tcp://" + place_text(host, port);
}

std::string place_text(const std::string& host, std::uint16_t port) {
  return to_text(Address{host, port});
}

}  // namespace p2pchat
