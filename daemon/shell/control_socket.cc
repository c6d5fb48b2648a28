#include "daemon/shell/control_socket.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat {
namespace {

namespace fs = std::filesystem;

// Messages that wait for or from one caller. With kControlBytesMax it bounds its memory.
constexpr int kWaitingMax = 256;

class ScopedUmask {
 public:
  explicit ScopedUmask(mode_t mask) : before_(umask(mask)) {}
  ~ScopedUmask() { umask(before_); }
  ScopedUmask(const ScopedUmask&) = delete;
  ScopedUmask& operator=(const ScopedUmask&) = delete;

 private:
  mode_t before_;
};

tl::unexpected<Error> cannot(const fs::path& path, const std::string& why) {
  return fail(Fault::machine, fmt::format("socket {}: {}", path.native(), why));
}

// True if somebody accepts connections at `path`.
bool is_answered(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const int rc = connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const bool is_alive = rc == 0 || errno == EAGAIN;  // EAGAIN: its backlog is full.
  close(probe);
  return is_alive;
}

// libzmq unlinks whatever is at the path, so this looks first.
Result<void> clear_way(const fs::path& path) {
  std::error_code error;
  {
    const ScopedUmask mask(0027);
    fs::create_directories(path.parent_path(), error);
  }
  if (error) return cannot(path, "its folder cannot be made: " + error.message());
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found) return {};
  if (status.type() != fs::file_type::socket) {
    return cannot(path, error ? error.message() : "something that is no socket is there");
  }
  if (is_answered(path)) return cannot(path, "another program answers there");
  return {};
}

Result<void> bind_at(zmq::socket_t& socket, const fs::path& path) {
  const ScopedUmask mask(0117);
  if (zmq_bind(socket.handle(), ("ipc://" + path.native()).c_str()) == 0) return {};
  return cannot(path, zmq_strerror(zmq_errno()));
}

ino_t inode_of(const fs::path& path) {
  struct stat facts {};
  return lstat(path.c_str(), &facts) == 0 ? facts.st_ino : 0;
}

// Who sent `part`, as far as libzmq and ZAP have noted it.
std::optional<Caller> caller_of(std::string route, zmq::message_t& part) {
  const std::string uid = property(part, "User-Id");
  Caller caller;
  caller.route = std::move(route);
  const char* end = uid.data() + uid.size();
  const auto [stop, error] = std::from_chars(uid.data(), end, caller.uid);
  if (error != std::errc() || stop != end) return std::nullopt;
  caller.descriptor = zmq_msg_get(part.handle(), ZMQ_SRCFD);
  struct stat facts {};
  if (fstat(caller.descriptor, &facts) == 0) caller.inode = facts.st_ino;
  return caller;
}

}  // namespace

Result<ControlSocket> ControlSocket::open(zmq::context_t& context, const fs::path& path) {
  if (auto clear = clear_way(path); !clear) return tl::unexpected(clear.error());
  auto socket = open_socket(context, zmq::socket_type::router);
  if (!socket) return tl::unexpected(socket.error());
  set_option(*socket, ZMQ_ROUTER_MANDATORY, 1);
  set_option(*socket, ZMQ_SNDHWM, kWaitingMax);
  set_option(*socket, ZMQ_RCVHWM, kWaitingMax);
  // A program that its user has stopped for a while comes back to its answers.
  set_option(*socket, ZMQ_HEARTBEAT_IVL, 0);
  CHECK(zmq_setsockopt(socket->handle(), ZMQ_ZAP_DOMAIN, kControlDomain.data(),
                       kControlDomain.size()) == 0);
  set_option(*socket, kZapEnforceDomain, 1);
  if (auto bound = bind_at(*socket, path); !bound) return tl::unexpected(bound.error());
  return ControlSocket(std::move(*socket), path, inode_of(path));
}

ControlSocket::ControlSocket(zmq::socket_t socket, fs::path path, ino_t inode)
    : socket_(std::move(socket)), path_(std::move(path)), inode_(inode) {}

ControlSocket::ControlSocket(ControlSocket&& other) noexcept
    : socket_(std::move(other.socket_)),
      path_(std::exchange(other.path_, {})),
      inode_(other.inode_) {}

ControlSocket::~ControlSocket() {
  if (!path_.empty() && inode_of(path_) == inode_) unlink(path_.c_str());
}

std::optional<ControlSocket::Received> ControlSocket::receive() {
  constexpr std::size_t kParts = 2;
  Parts parts;
  if (!receive_parts(socket_, kParts, parts)) return std::nullopt;
  Received received;
  if (parts.size() != kParts) return received;
  auto caller = caller_of(parts[0].to_string(), parts[1]);
  if (!caller) return received;
  received.caller = std::move(*caller);
  received.message = to_bytes(view(parts[1]));
  return received;
}

Sent ControlSocket::send(const Caller& caller, const Bytes& message) {
  return send_frame(socket_, caller.route, message);
}

bool ControlSocket::is_gone(const Caller& caller) {
  struct stat facts {};
  return fstat(caller.descriptor, &facts) != 0 || facts.st_ino != caller.inode;
}

}  // namespace p2pchat
