#include "ctl/client.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>
#include <zmq.hpp>

#include "proto/limits.h"

namespace p2pchat::ctl {

namespace {

constexpr char kMonitorEndpoint[] = "inproc://monitor";
// The last two: nobody listens any more since the socket was probed.
constexpr int kLossEvents = ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                            ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                            ZMQ_EVENT_CLOSED | ZMQ_EVENT_CONNECT_RETRIED;

// Longer than any loss goes unnoticed. -1, which means never, would also drop what came before
// the loss and has not been read.
constexpr int kNoReconnect = 3'600'000;

Failure unreachable(std::string text) { return {ExitCode::unreachable, std::move(text)}; }

Failure refused(const std::string& socket, int error) {
  switch (error) {
    case ENOENT:
    case ECONNREFUSED: return unreachable("no daemon at " + socket + ": is p2pchatd running?");
    case EACCES:
    case EPERM:
      return unreachable("no permission to use " + socket +
                         ": that takes membership in the group p2pchat");
    default: return unreachable("no daemon at " + socket + ": " + std::strerror(error));
  }
}

// A plain connection says at once what libzmq would try for ever, silently.
Outcome<void> probe(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.empty() || socket.size() >= sizeof address.sun_path) {
    return end_with(ExitCode::usage, "the path of a socket has 1 to 107 bytes: " + socket);
  }
  std::memcpy(address.sun_path, socket.c_str(), socket.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return end_with(refused(socket, errno));
  const int answer = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = answer == 0 ? 0 : errno;
  close(fd);
  // A full queue of connections belongs to a daemon that listens.
  if (error == 0 || error == EAGAIN) return {};
  return end_with(refused(socket, error));
}

long milliseconds_until(Deadline until) {
  if (until == kNever) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  constexpr auto kLongest = std::numeric_limits<int>::max();
  return static_cast<long>(std::clamp<decltype(left)>(left, 0, kLongest));
}

}  // namespace

struct Client::Sockets {
  zmq::context_t context;
  zmq::socket_t monitor{context, zmq::socket_type::pair};
  zmq::socket_t dealer{context, zmq::socket_type::dealer};

  explicit Sockets(const std::string& path) {
    dealer.set(zmq::sockopt::linger, 0);
    dealer.set(zmq::sockopt::reconnect_ivl, kNoReconnect);
    dealer.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(kControlBytesMax));
    // What is under way is bounded by the callers.
    dealer.set(zmq::sockopt::sndhwm, 0);
    dealer.set(zmq::sockopt::rcvhwm, 0);
    if (zmq_socket_monitor(dealer.handle(), kMonitorEndpoint, kLossEvents) != 0) {
      throw zmq::error_t();
    }
    monitor.connect(kMonitorEndpoint);
    dealer.connect("ipc://" + path);
  }
  // An event that finds the monitor closed would block libzmq's thread.
  ~Sockets() { zmq_socket_monitor(dealer.handle(), nullptr, 0); }
  Sockets(const Sockets&) = delete;
  Sockets& operator=(const Sockets&) = delete;
};

Outcome<std::unique_ptr<Client>> Client::open(const std::string& socket) {
  const auto probed = probe(socket);
  if (!probed) return end_with(probed.error());
  try {
    return std::unique_ptr<Client>(new Client(socket, std::make_unique<Sockets>(socket)));
  } catch (const zmq::error_t& error) {
    return end_with(ExitCode::failed, std::string("cannot open a connection: ") + error.what());
  }
}

Client::Client(std::string socket, std::unique_ptr<Sockets> sockets)
    : socket_(std::move(socket)), sockets_(std::move(sockets)) {}

Client::~Client() = default;

std::uint64_t Client::send(std::string verb, control::Record values) {
  control::Request request;
  request.tag = ++last_tag_;
  request.verb = std::move(verb);
  request.values = std::move(values);
  const Bytes bytes = control::encode(request);
  if (zmq_send(sockets_->dealer.handle(), bytes.data(), bytes.size(), ZMQ_DONTWAIT) < 0) {
    is_lost_ = true;
  }
  return request.tag;
}

void Client::read_monitor() {
  zmq::message_t part;
  // Every event that is asked for means a loss; its parts are of no interest.
  while (zmq_msg_recv(part.handle(), sockets_->monitor.handle(), ZMQ_DONTWAIT) >= 0) {
    is_lost_ = true;
  }
}

Outcome<std::optional<control::Reply>> Client::next() {
  zmq::message_t message;
  const auto receive = [this, &message] {
    return zmq_msg_recv(message.handle(), sockets_->dealer.handle(), ZMQ_DONTWAIT) >= 0;
  };
  bool has_message = receive();
  if (!has_message) {
    read_monitor();
    // What came before the loss may have been on its way to us.
    if (is_lost_) has_message = receive();
  }
  if (!has_message) {
    if (!is_lost_) return std::nullopt;
    return end_with(unreachable("the daemon at " + socket_ + " has gone away"));
  }
  auto reply = control::decode_reply({message.data<std::uint8_t>(), message.size()});
  if (!reply) return end_with(ExitCode::failed, reply.error().text);
  return std::optional(std::move(*reply));
}

void Client::wait(Deadline until, std::span<Watch> watched) {
  if (is_lost_) return;
  std::vector<zmq_pollitem_t> items;
  items.reserve(watched.size() + 2);
  items.push_back({sockets_->dealer.handle(), 0, ZMQ_POLLIN, 0});
  items.push_back({sockets_->monitor.handle(), 0, ZMQ_POLLIN, 0});
  for (const Watch& watch : watched) {
    const short events = watch.for_reading ? ZMQ_POLLIN : short{0};
    items.push_back({nullptr, watch.fd, events, 0});
  }
  // A signal without a handler of ours may interrupt it: the caller looks again.
  zmq_poll(items.data(), static_cast<int>(items.size()), milliseconds_until(until));
  for (std::size_t i = 0; i < watched.size(); ++i) watched[i].is_ready = items[i + 2].revents != 0;
}

}  // namespace p2pchat::ctl
