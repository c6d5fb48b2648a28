#include "tests/functional/harness/tcp.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

namespace p2pchat::functional {
namespace {

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

}  // namespace

Tcp::Tcp(const std::string& host, int port, const std::string& from)
    : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in here = address_of(from, 0);
  const sockaddr_in there = address_of(host, port);
  if (bind(socket_.number(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0 ||
      connect(socket_.number(), reinterpret_cast<const sockaddr*>(&there), sizeof there) != 0) {
    throw Stuck("no connection to " + host + ":" + std::to_string(port));
  }
}

bool Tcp::send(const std::string& bytes) const {
  const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(bytes.size());
}

std::string Tcp::read_to_end() const {
  std::string all;
  std::array<char, 4096> chunk;
  const auto bound = static_cast<int>(std::chrono::milliseconds(kPatience).count());
  for (;;) {
    pollfd watched{socket_.number(), POLLIN, 0};
    if (poll(&watched, 1, bound) == 0) throw Stuck("the connection stays open");
    const ssize_t size = recv(socket_.number(), chunk.data(), chunk.size(), 0);
    if (size <= 0) return all;
    all.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace p2pchat::functional
