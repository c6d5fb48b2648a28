// NetFixture: daemons' networks on 127.0.0.1, driven by one thread.
//
// Each Peer has a context, an identity and a Net of its own, and keeps what it
// is told. Nobody sleeps: until() turns all of them until a fact holds, and
// a test that would wait for a timeout moves its peer's clock instead.
#pragma once

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "daemon/shell/net.h"
#include "proto/door.h"

namespace p2pchat {

inline constexpr auto kHost = "127.0.0.1";

inline Identity identity_of(std::uint8_t number) {
  (void)crypto_ready();
  Seed seed;
  seed.bytes.fill(number);
  return Identity::from_seed(seed);
}

inline TimePoint clock_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(since)};
}

struct Peer {
  explicit Peer(std::uint8_t number, const Net::Setup& setup = {{kHost, 0}})
      : identity(identity_of(number)) {
    auto opened = Net::open(context, identity, setup);
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().text);
    if (opened) net.emplace(std::move(*opened));
  }

  Moment now() const { return {clock_now() + ahead, {}}; }
  void order(const Action& action) { net->carry_out(now(), action); }
  void turn() {
    net->receive(now(), [this](Event event) { events.push_back(std::move(event)); });
  }

  template <class Kind>
  std::vector<Kind> all() const {
    std::vector<Kind> found;
    for (const Event& event : events) {
      if (const auto* one = std::get_if<Kind>(&event)) found.push_back(*one);
    }
    return found;
  }
  template <class Kind>
  std::size_t count() const {
    return all<Kind>().size();
  }
  std::int64_t counter(std::string_view name) const { return net->counters().integer(name); }

  const PeerId& id() const { return identity.id(); }
  std::uint16_t link_port() const { return net->place().link; }
  std::uint16_t pub_port() const { return net->place().pub; }
  std::uint16_t door_port() const { return net->place().door; }

  zmq::context_t context;
  Identity identity;
  std::optional<Net> net;
  std::vector<Event> events;
  Duration ahead{};  // Of the real clock.
};

// Turns all `peers` until `fact` holds; false if it does not within ten seconds.
inline bool until(const std::vector<Peer*>& peers, const std::function<bool()>& fact) {
  constexpr Duration kPatience = 10s;
  for (const TimePoint end = clock_now() + kPatience; clock_now() < end;) {
    for (Peer* peer : peers) peer->turn();
    if (fact()) return true;
    std::vector<zmq::pollitem_t> items;
    for (Peer* peer : peers) {
      for (const zmq::pollitem_t& item : peer->net->poll_items()) items.push_back(item);
    }
    (void)zmq_poll(items.data(), static_cast<int>(items.size()), 5);
  }
  return false;
}

// After a cut its ports are free for a moment, and a dial then finds nobody there.
inline bool stands_at_its_ports(const Peer& peer) {
  return testing::Matches(testing::Not(testing::Contains(testing::HasSubstr("is taken"))))(
      peer.net->complaints());
}

// Lets `from` dial `to`. True once both stand, `to` having heard a first frame.
inline bool linked(Peer& from, Peer& to) {
  const std::size_t dialled = from.count<event::LinkOpened>();
  const std::size_t accepted = to.count<event::LinkOpened>();
  to.order(action::Admit{from.id()});
  if (!until({&from, &to}, [&] { return stands_at_its_ports(to); })) return false;
  from.order(action::Dial{to.id(), kHost, to.link_port()});
  if (!until({&from, &to}, [&] { return from.count<event::LinkOpened>() > dialled; })) {
    return false;
  }
  from.order(action::SendLink{to.id(), LinkSide::dialled, to_bytes("hello")});
  return until({&from, &to}, [&] { return to.count<event::LinkOpened>() > accepted; });
}

// The words of the last LinkClosed, or none.
inline std::string last_why(const Peer& peer) {
  const auto closed = peer.all<event::LinkClosed>();
  return closed.empty() ? std::string() : closed.back().why;
}

// A CURVE server in `context` that lets everyone in and does what a test likes: no Net, no ZAP.
struct RawServer {
  RawServer(zmq::context_t& context, zmq::socket_type type, const Identity& identity,
            std::uint16_t port = 0)
      : socket(std::move(*open_socket(context, type))) {
    set_option(socket, ZMQ_CURVE_SERVER, 1);
    const auto secret = identity.curve_secret();
    EXPECT_EQ(zmq_setsockopt(socket.handle(), ZMQ_CURVE_SECRETKEY, secret.bytes.data(), 32), 0);
    listener.emplace(*Listener::bind(socket, {kHost, port}, "test"));
  }
  std::uint16_t port() const { return listener->port(); }

  zmq::socket_t socket;
  std::optional<Listener> listener;
};

// A plain TCP socket of a stranger's, or of some other program.
class Tcp {
 public:
  static Tcp connect(std::uint16_t port) {
    Tcp tcp;
    const sockaddr_in address = at(port);
    EXPECT_EQ(::connect(tcp.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return tcp;
  }
  // Listens at a free port.
  static Tcp listen() {
    Tcp tcp;
    const sockaddr_in address = at(0);
    EXPECT_EQ(::bind(tcp.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(tcp.fd_, 8), 0);
    return tcp;
  }
  Tcp(Tcp&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Tcp& operator=(Tcp&&) = delete;
  ~Tcp() {
    if (fd_ >= 0) close(fd_);
  }

  // Waits for somebody to connect.
  Tcp accept() const {
    pollfd waiting{fd_, POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, 5000), 1);
    return Tcp(::accept(fd_, nullptr, nullptr));
  }
  std::uint16_t port() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return ntohs(address.sin_port);
  }
  void send(ByteView bytes) const {
    (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  // Reads what has come; true once the other side has closed.
  bool read() {
    std::array<std::uint8_t, 4096> buffer{};
    for (;;) {
      const ssize_t size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (size < 0 && errno == EAGAIN) return false;
      if (size <= 0) return true;
      received.insert(received.end(), buffer.begin(), buffer.begin() + size);
    }
  }

  // Says that nothing more will come; true once the other side has taken that in and closed.
  bool finish() {
    shutdown(fd_, SHUT_WR);
    pollfd waiting{fd_, POLLIN, 0};
    while (::poll(&waiting, 1, 5000) == 1) {
      if (read()) return true;
    }
    return false;
  }

  Bytes received;

 private:
  Tcp() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  explicit Tcp(int fd) : fd_(fd) {}
  static sockaddr_in at(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
  }

  int fd_;
};

}  // namespace p2pchat
