#include "daemon/shell/listener.h"

#include <array>
#include <charconv>

#include "daemon/shell/lookup.h"

namespace p2pchat {
namespace {

std::string last_endpoint(zmq::socket_t& socket) {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  if (zmq_getsockopt(socket.handle(), ZMQ_LAST_ENDPOINT, text.data(), &size) != 0) return {};
  return text.data();
}

std::uint16_t port_in(const std::string& endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  std::uint16_t port = 0;
  if (colon == std::string::npos) return port;
  std::from_chars(endpoint.data() + colon + 1, endpoint.data() + endpoint.size(), port);
  return port;
}

tl::unexpected<Error> cannot_bind(const Address& where, std::string_view purpose, int why) {
  const std::string what =
      "port " + std::to_string(where.port) + " for the " + std::string(purpose);
  switch (why) {
    case EADDRINUSE: return fail(Fault::machine, what + " is taken by another program");
    case EACCES: return fail(Fault::machine, what + " may not be opened by this user");
    case EADDRNOTAVAIL:
    case ENODEV:
      return fail(Fault::machine, where.host + " is no address of this machine, to open " + what);
    default: break;
  }
  return fail(Fault::machine, what + " cannot be opened: " + zmq_strerror(why));
}

}  // namespace

Result<Listener> Listener::bind(zmq::socket_t& socket, const Address& where,
                                std::string_view purpose) {
  std::string host = where.host;
  if (host != "*") {
    auto hosts = look_up(host);
    if (!hosts) return tl::unexpected(hosts.error());
    host = hosts->front();
  }
  const std::string port = where.port == 0 ? "*" : std::to_string(where.port);
  const bool is_v6 = host.find(':') != std::string::npos;
  const std::string endpoint = "tcp://" + (is_v6 ? "[" + host + "]" : host) + ":" + port;
  if (zmq_bind(socket.handle(), endpoint.c_str()) != 0) {
    return cannot_bind(where, purpose, zmq_errno());
  }
  const std::string bound = last_endpoint(socket);
  return Listener(bound, port_in(bound));
}

Listener::Listener(std::string endpoint, std::uint16_t port)
    : endpoint_(std::move(endpoint)), port_(port) {}

bool Listener::tend(TimePoint now, zmq::socket_t& socket) {
  if (!is_bound_ && next_bind_ <= now) bind_again(now, socket);
  if (!is_bound_ || !is_cut_wanted_ || next_cut_ > now) return false;
  is_cut_wanted_ = false;
  next_cut_ = now + kCutInterval;
  is_bound_ = zmq_unbind(socket.handle(), endpoint_.c_str()) != 0;
  if (is_bound_) return false;
  bind_again(now, socket);
  return true;
}

void Listener::bind_again(TimePoint now, zmq::socket_t& socket) {
  is_bound_ = zmq_bind(socket.handle(), endpoint_.c_str()) == 0;
  if (!is_bound_) next_bind_ = now + kBindAgainInterval;
}

TimePoint Listener::deadline() const {
  if (!is_bound_) return next_bind_;
  return is_cut_wanted_ ? next_cut_ : TimePoint::never();
}

}  // namespace p2pchat
