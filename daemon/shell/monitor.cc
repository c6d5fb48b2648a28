#include "daemon/shell/monitor.h"

#include <atomic>
#include <cstring>
#include <utility>

namespace p2pchat {
namespace {

// Names of monitors are never used again: libzmq gives them up late.
std::string next_name() {
  static std::atomic<std::uint64_t> last{0};
  return "inproc://p2pchat.monitor." + std::to_string(++last);
}

}  // namespace

Result<Monitor> Monitor::open(zmq::context_t& context, zmq::socket_t& socket, int kinds) {
  try {
    zmq::socket_t reader(context, zmq::socket_type::pair);
    set_option(reader, ZMQ_LINGER, 0);
    set_option(reader, ZMQ_RCVHWM, 0);
    const std::string name = next_name();
    if (zmq_socket_monitor(socket.handle(), name.c_str(), kinds) != 0) throw zmq::error_t();
    Monitor monitor(std::move(reader), socket.handle());
    monitor.reader_.connect(name);
    return monitor;
  } catch (const zmq::error_t& error) {
    return fail(Fault::machine, std::string("no further monitor: ") + error.what());
  }
}

Monitor::Monitor(zmq::socket_t reader, void* watched)
    : reader_(std::move(reader)), watched_(watched) {}

Monitor::Monitor(Monitor&& other) noexcept
    : reader_(std::move(other.reader_)), watched_(std::exchange(other.watched_, nullptr)) {}

Monitor::~Monitor() {
  if (watched_ != nullptr) (void)zmq_socket_monitor(watched_, nullptr, 0);
}

std::optional<MonitorEvent> Monitor::next() {
  Parts parts;
  while (receive_parts(reader_, 2, parts)) {
    const ByteView head = view(parts.front());
    std::uint16_t kind = 0;
    MonitorEvent event;
    if (parts.size() != 2 || head.size() != sizeof kind + sizeof event.value) continue;
    std::memcpy(&kind, head.data(), sizeof kind);
    std::memcpy(&event.value, head.data() + sizeof kind, sizeof event.value);
    event.kind = kind;
    event.endpoint = parts.back().to_string();
    return event;
  }
  return std::nullopt;
}

Result<Watched> Watched::open(zmq::context_t& context, zmq::socket_type type, int kinds) {
  auto socket = open_socket(context, type);
  if (!socket) return tl::unexpected(socket.error());
  auto monitor = Monitor::open(context, *socket, kinds);
  if (!monitor) return tl::unexpected(monitor.error());
  return Watched{std::move(*socket), std::move(*monitor)};
}

}  // namespace p2pchat
