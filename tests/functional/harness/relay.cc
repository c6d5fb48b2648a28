#include "tests/functional/harness/relay.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

namespace p2pchat::functional {
namespace {

constexpr int kDoorPort = 7473;
constexpr int kPorts = 3;
constexpr int kLookMilliseconds = 20;  // How soon the end is noticed.

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

File stream_socket() { return File(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

bool send_all(int socket, const char* bytes, ssize_t size) {
  while (size > 0) {
    const ssize_t sent = send(socket, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= sent;
  }
  return true;
}

}  // namespace

Relay::Relay(std::string from_host, std::string to_host)
    : from_host_(std::move(from_host)), to_host_(std::move(to_host)) {
  for (int port = kDoorPort; port < kDoorPort + kPorts; ++port) {
    Listener listener{stream_socket(), port};
    const int yes = 1;
    setsockopt(listener.socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const sockaddr_in address = address_of(from_host_, port);
    if (bind(listener.socket.number(), reinterpret_cast<const sockaddr*>(&address),
             sizeof address) != 0 ||
        listen(listener.socket.number(), SOMAXCONN) != 0) {
      throw Stuck("the relay cannot listen at " + from_host_);
    }
    listeners_.push_back(std::move(listener));
  }
  thread_ = std::thread([this] { work(); });
}

Relay::~Relay() {
  is_over_ = true;
  thread_.join();
}

std::string Relay::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

void Relay::work() {
  while (!is_over_) {
    std::vector<pollfd> watched;
    for (const Listener& each : listeners_) watched.push_back({each.socket.number(), POLLIN, 0});
    for (const Passage& each : passages_) {
      for (const File& end : each.ends) watched.push_back({end.number(), POLLIN, 0});
    }
    if (poll(watched.data(), watched.size(), kLookMilliseconds) <= 0) continue;
    std::size_t at = listeners_.size();
    std::erase_if(passages_, [&](const Passage& each) {
      const bool is_first = watched[at++].revents != 0;
      const bool is_second = watched[at++].revents != 0;
      const int first = each.ends[0].number();
      const int second = each.ends[1].number();
      return (is_first && !pass(first, second)) || (is_second && !pass(second, first));
    });
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (watched[i].revents != 0) accept_at(listeners_[i]);
    }
  }
}

void Relay::accept_at(const Listener& listener) {
  File near(accept4(listener.socket.number(), nullptr, nullptr, SOCK_CLOEXEC));
  File far = stream_socket();
  const sockaddr_in address = address_of(to_host_, listener.port);
  const auto* raw = reinterpret_cast<const sockaddr*>(&address);
  // Nobody there: whoever came sees the connection end.
  if (near.number() < 0 || connect(far.number(), raw, sizeof address) != 0) return;
  passages_.push_back({{std::move(near), std::move(far)}});
}

bool Relay::pass(int from, int to) {
  std::array<char, 65536> chunk;
  const ssize_t size = recv(from, chunk.data(), chunk.size(), 0);
  if (size <= 0) return false;
  {
    const std::lock_guard lock(mutex_);
    seen_.append(chunk.data(), static_cast<std::size_t>(size));
  }
  const unsigned every = falsify_;
  if (every != 0 && ++chunks_ % every == 0) chunk[static_cast<std::size_t>(size) / 2] ^= 1;
  return send_all(to, chunk.data(), size);
}

}  // namespace p2pchat::functional
