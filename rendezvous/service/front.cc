#include "rendezvous/service/front.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <sodium.h>
#include <utility>
#include <zmq.hpp>

#include "proto/base32.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat::rendezvous {
namespace {

// ZMQ_ZAP_ENFORCE_DOMAIN: hidden as a draft in the header, honoured by Debian's library.
constexpr int kZapEnforceDomain = 93;
constexpr std::string_view kDomain = "peers";
// What CURVE adds to a frame, which ZMQ_MAXMSGSIZE counts too.
constexpr std::int64_t kCurveBytes = 33;
// Frames that wait for us from one client, and for one client from us: it has asked for each.
constexpr int kFramesMax = 16;
// Route, empty part and request, and what a proxy may have put between.
constexpr std::size_t kPartsMax = 8;
constexpr Duration kProofTimeout = 3s;

// Parts of a doorkeeper's request (RFC 27).
constexpr std::size_t kRequestId = 1;
constexpr std::size_t kMechanism = 5;
constexpr std::size_t kCredentials = 6;

using Parts = std::vector<zmq::message_t>;

ByteView view_of(const zmq::message_t& part) {
  return {static_cast<const std::uint8_t*>(part.data()), part.size()};
}

void set_option(zmq::socket_t& socket, int option, int value) {
  CHECK(zmq_setsockopt(socket.handle(), option, &value, sizeof value) == 0);
}

void set_option(zmq::socket_t& socket, int option, ByteView value) {
  CHECK(zmq_setsockopt(socket.handle(), option, value.data(), value.size()) == 0);
}

// Reads the next message, if one waits; false too if it has more than kPartsMax parts.
bool receive_parts(zmq::socket_t& socket, Parts& parts) {
  for (;;) {
    parts.clear();
    std::size_t count = 0;
    for (bool more = true; more; ++count) {
      zmq::message_t part;
      const int rc = zmq_msg_recv(part.handle(), socket.handle(), ZMQ_DONTWAIT);
      if (rc < 0 && zmq_errno() == EINTR && count == 0) continue;
      if (rc < 0) return false;
      more = part.more();
      if (count < kPartsMax) parts.push_back(std::move(part));
    }
    if (count <= kPartsMax) return true;
  }
}

void send_parts(zmq::socket_t& socket, const std::vector<ByteView>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const int more = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
    const int rc = zmq_send(socket.handle(), parts[i].data(), parts[i].size(), ZMQ_DONTWAIT | more);
    if (rc < 0) return;
  }
}

void bound_socket(zmq::socket_t& socket) {
  const auto bytes = static_cast<std::int64_t>(kFrameBytesMax) + kCurveBytes;
  CHECK(zmq_setsockopt(socket.handle(), ZMQ_MAXMSGSIZE, &bytes, sizeof bytes) == 0);
  set_option(socket, ZMQ_HANDSHAKE_IVL, static_cast<int>(kHandshakeTimeout.count()));
  set_option(socket, ZMQ_HEARTBEAT_IVL, 15'000);
  set_option(socket, ZMQ_HEARTBEAT_TIMEOUT, 30'000);
  set_option(socket, ZMQ_RCVHWM, kFramesMax);
  set_option(socket, ZMQ_SNDHWM, kFramesMax);
  set_option(socket, ZMQ_LINGER, 0);
  set_option(socket, ZMQ_IPV6, 1);
}

tl::unexpected<Error> cannot_bind(const Address& where, int why) {
  const std::string what = "port " + std::to_string(where.port);
  if (why == EADDRINUSE) return fail(Fault::machine, what + " is taken by another program");
  if (why == EACCES) return fail(Fault::machine, what + " may not be opened by this user");
  if (why == EADDRNOTAVAIL || why == ENODEV) {
    return fail(Fault::machine, where.host + " is no address of this machine, to open " + what);
  }
  return fail(Fault::machine, what + " cannot be opened: " + zmq_strerror(why));
}

// As libzmq names it: "tcp://HOST:PORT".
std::string last_endpoint(zmq::socket_t& socket) {
  std::array<char, 512> text{};
  std::size_t size = text.size();
  CHECK(zmq_getsockopt(socket.handle(), ZMQ_LAST_ENDPOINT, text.data(), &size) == 0);
  return text.data();
}

}  // namespace

struct Front::Sockets {
  bool is_let_in(const CurveKey& key) const {
    return allowed.empty() || allowed.contains(key) || key == probe;
  }
  void answer_doorkeeper();
  void reply(const Parts& request, std::string_view status, const std::string& user);
  Result<void> bind(const Identity& identity, const Address& to);
  Result<void> prove(const Identity& identity);

  std::set<CurveKey> allowed;
  std::optional<CurveKey> probe;  // While it is tested.
  Address where;
  zmq::context_t context;
  zmq::socket_t doorkeeper;
  zmq::socket_t router;
};

void Front::Sockets::answer_doorkeeper() {
  Parts request;
  while (receive_parts(doorkeeper, request)) {
    const bool is_curve =
        request.size() == kCredentials + 1 && text_view(view_of(request[kMechanism])) == "CURVE";
    const auto key =
        is_curve ? CurveKey::from(view_of(request[kCredentials])) : std::optional<CurveKey>();
    if (!key) {
      reply(request, "400", "");
    } else if (is_let_in(*key)) {
      reply(request, "200", base32(key->view()));
    } else {
      // Not yet: after 400 a client would not try again, even when it is allowed later.
      reply(request, "300", "");
    }
  }
}

void Front::Sockets::reply(const Parts& request, std::string_view status, const std::string& user) {
  const bool has_id = request.size() > kRequestId;
  const ByteView id = has_id ? view_of(request[kRequestId]) : ByteView();
  send_parts(doorkeeper, {view("1.0"), id, view(status), {}, view(user), {}});
}

Result<void> Front::Sockets::bind(const Identity& identity, const Address& to) {
  doorkeeper = zmq::socket_t(context, zmq::socket_type::rep);
  set_option(doorkeeper, ZMQ_LINGER, 0);
  if (zmq_bind(doorkeeper.handle(), "inproc://zeromq.zap.01") != 0) {
    return fail(Fault::machine, "nobody can be authenticated");
  }
  router = zmq::socket_t(context, zmq::socket_type::router);
  bound_socket(router);
  set_option(router, ZMQ_CURVE_SERVER, 1);
  set_option(router, ZMQ_CURVE_SECRETKEY, identity.curve_secret().view());
  set_option(router, ZMQ_ZAP_DOMAIN, view(kDomain));
  set_option(router, kZapEnforceDomain, 1);
  const std::string host = to.host.find(':') == to.host.npos ? to.host : "[" + to.host + "]";
  const std::string port = to.port == 0 ? "*" : std::to_string(to.port);
  if (zmq_bind(router.handle(), ("tcp://" + host + ":" + port).c_str()) != 0) {
    return cannot_bind(to, zmq_errno());
  }
  where = to;
  const std::string bound = last_endpoint(router);
  const std::size_t colon = bound.rfind(':');
  std::from_chars(bound.data() + colon + 1, bound.data() + bound.size(), where.port);
  return {};
}

// A message of a fresh key arrives, and bears that key.
Result<void> Front::Sockets::prove(const Identity& identity) {
  Seed seed;
  randombytes_buf(seed.bytes.data(), seed.bytes.size());
  const Identity stranger = Identity::from_seed(seed);
  probe = stranger.curve_public();
  zmq::socket_t client(context, zmq::socket_type::dealer);
  bound_socket(client);
  set_option(client, ZMQ_CURVE_PUBLICKEY, stranger.curve_public().view());
  set_option(client, ZMQ_CURVE_SECRETKEY, stranger.curve_secret().view());
  set_option(client, ZMQ_CURVE_SERVERKEY, identity.curve_public().view());
  // Of a socket bound to all addresses, libzmq names one that cannot be connected to.
  const std::string host = where.host == "*" ? "127.0.0.1" : where.host;
  const std::string endpoint = "tcp://" + to_text(Address{host, where.port});
  if (zmq_connect(client.handle(), endpoint.c_str()) != 0) {
    return fail(Fault::machine, "our own address cannot be reached: " + endpoint);
  }
  send_parts(client, {{}, view("is this my key?")});
  const auto end = std::chrono::steady_clock::now() + kProofTimeout;
  bool is_proved = false;
  while (!is_proved && std::chrono::steady_clock::now() < end) {
    std::array<zmq::pollitem_t, 2> items{zmq::pollitem_t{doorkeeper.handle(), 0, ZMQ_POLLIN, 0},
                                         zmq::pollitem_t{router.handle(), 0, ZMQ_POLLIN, 0}};
    (void)zmq_poll(items.data(), static_cast<int>(items.size()), 100);
    answer_doorkeeper();
    Parts parts;
    if (!receive_parts(router, parts)) continue;
    const char* user = zmq_msg_gets(parts.back().handle(), "User-Id");
    is_proved = user != nullptr && user == base32(probe->view());
  }
  probe.reset();
  if (is_proved) return {};
  return fail(Fault::machine, "who connects to " + endpoint + " is not asked for a key");
}

Front::Front(std::unique_ptr<Sockets> sockets) : sockets_(std::move(sockets)) {}
Front::Front(Front&&) noexcept = default;
Front::~Front() = default;

Result<Front> Front::open(const Identity& identity, const Address& where,
                          std::set<CurveKey> allowed) {
  auto sockets = std::make_unique<Sockets>();
  sockets->allowed = std::move(allowed);
  try {
    if (auto bound = sockets->bind(identity, where); !bound) return tl::unexpected(bound.error());
    if (auto proved = sockets->prove(identity); !proved) return tl::unexpected(proved.error());
  } catch (const zmq::error_t& error) {
    return fail(Fault::machine, std::string("no further socket: ") + error.what());
  }
  return Front(std::move(sockets));
}

const Address& Front::where() const { return sockets_->where; }

void Front::wait(int descriptor, Duration at_most) {
  std::array<zmq::pollitem_t, 3> items{
      zmq::pollitem_t{sockets_->doorkeeper.handle(), 0, ZMQ_POLLIN, 0},
      zmq::pollitem_t{sockets_->router.handle(), 0, ZMQ_POLLIN, 0},
      zmq::pollitem_t{nullptr, descriptor, ZMQ_POLLIN, 0}};
  const auto timeout = static_cast<long>(std::max(at_most, Duration::zero()).count());
  const int rc = zmq_poll(items.data(), static_cast<int>(items.size()), timeout);
  CHECK(rc >= 0 || zmq_errno() == EINTR);
}

std::optional<Incoming> Front::receive() {
  sockets_->answer_doorkeeper();
  Parts parts;
  // Rubbish is dropped, so much of it at a time: others have their turn too.
  for (int i = 0; i < kFramesMax && receive_parts(sockets_->router, parts); ++i) {
    const auto end = std::find_if(parts.begin(), parts.end(),
                                  [](const zmq::message_t& part) { return part.empty(); });
    // A request is the one part behind the first empty one.
    if (end == parts.begin() || parts.end() - end != 2) continue;
    const char* user = zmq_msg_gets(parts.back().handle(), "User-Id");
    const auto proved = from_base32(user == nullptr ? std::string_view() : user);
    const auto key = proved ? CurveKey::from(*proved) : std::optional<CurveKey>();
    if (!key || !sockets_->is_let_in(*key)) continue;
    Incoming incoming;
    for (auto part = parts.begin(); part <= end; ++part) {
      incoming.from.push_back(to_bytes(view_of(*part)));
    }
    incoming.key = *key;
    incoming.request = to_bytes(view_of(parts.back()));
    return incoming;
  }
  return std::nullopt;
}

void Front::send(const Envelope& to, ByteView answer) {
  // While it sends, libzmq looks at most once a millisecond at what clients have read, and silently
  // drops an answer to one that it takes for too slow. Asked for its events, it looks at once.
  int events = 0;
  std::size_t size = sizeof events;
  CHECK(zmq_getsockopt(sockets_->router.handle(), ZMQ_EVENTS, &events, &size) == 0);
  std::vector<ByteView> parts(to.begin(), to.end());
  parts.push_back(answer);
  send_parts(sockets_->router, parts);
}

}  // namespace p2pchat::rendezvous
