#include "tests/functional/harness/relay.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <sys/socket.h>
#include <utility>

namespace p2pchat::functional {
namespace {

constexpr int kLookMilliseconds = 10;  // How soon the end, a fault and what is due are noticed.
constexpr pollfd kNothing{-1, 0, 0};

sockaddr_in address_of(const std::string& host, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &address.sin_addr);
  return address;
}

File stream_socket() {
  return File(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

std::size_t index(Road road) { return static_cast<std::size_t>(road); }

}  // namespace

Relay::Relay(std::string from_host, std::string to_host, int door_port)
    : from_host_(std::move(from_host)), to_host_(std::move(to_host)), door_port_(door_port) {
  for (const Road road : kRoads) {
    Listener listener{stream_socket(), road};
    const int yes = 1;
    setsockopt(listener.socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    const sockaddr_in address = address_of(from_host_, door_port_ + static_cast<int>(road));
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
  std::uint64_t all = 0;
  for (const std::uint64_t bytes : passed_) all += bytes;
  if (seen_.size() != all) throw Stuck("more has passed than the relay keeps");
  return seen_;
}

std::uint64_t Relay::passed(Road road) const {
  const std::lock_guard lock(mutex_);
  return passed_[index(road)];
}

void Relay::cut(Road road) {
  const std::lock_guard lock(mutex_);
  faults_[index(road)].is_cut_due = true;
}

void Relay::stall(Road road, std::chrono::milliseconds time) {
  const std::lock_guard lock(mutex_);
  faults_[index(road)].stalled_until = Clock::now() + time;
}

void Relay::delay(Road road, std::chrono::milliseconds by, std::chrono::milliseconds time) {
  const std::lock_guard lock(mutex_);
  faults_[index(road)].late_by = by;
  faults_[index(road)].late_until = Clock::now() + time;
}

void Relay::heal() {
  const std::lock_guard lock(mutex_);
  faults_ = {};
  falsify_ = 0;
}

std::array<Relay::Fault, 3> Relay::faults() {
  const std::lock_guard lock(mutex_);
  const auto now = faults_;
  for (Fault& each : faults_) each.is_cut_due = false;
  return now;
}

void Relay::work() {
  while (!is_over_) {
    const auto faults = this->faults();
    std::erase_if(passages_,
                  [&](const Passage& each) { return faults[index(each.road)].is_cut_due; });
    auto polled = watched(faults, Clock::now());
    poll(polled.data(), polled.size(), kLookMilliseconds);
    const auto now = Clock::now();
    const pollfd* at = polled.data() + listeners_.size();
    std::erase_if(passages_, [&](Passage& each) {
      const pollfd* own = std::exchange(at, at + 2);
      return !serve(each, own, faults[index(each.road)], now);
    });
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      if (polled[i].revents != 0) accept_at(listeners_[i]);
    }
  }
}

// What is not to be touched now is not watched either: its end would be seen again and again.
std::vector<pollfd> Relay::watched(const std::array<Fault, 3>& faults,
                                   Clock::time_point now) const {
  std::vector<pollfd> all;
  for (const Listener& each : listeners_) {
    const bool is_full = passages_.size() >= kPassagesMax;
    all.push_back(is_full ? kNothing : pollfd{each.socket.number(), POLLIN, 0});
  }
  for (const Passage& each : passages_) {
    const bool is_stalled = now < faults[index(each.road)].stalled_until;
    for (std::size_t i = 0; i < each.ends.size(); ++i) {
      pollfd end{each.ends[i].number(), 0, 0};
      const Lane& from = each.lanes[i];
      const Lane& to = each.lanes[1 - i];
      if (!from.is_ended && from.bytes < kWaitingBytesMax) end.events |= POLLIN;
      if (!to.waiting.empty() && to.waiting.front().due <= now) end.events |= POLLOUT;
      all.push_back(is_stalled || end.events == 0 ? kNothing : end);
    }
  }
  return all;
}

void Relay::accept_at(const Listener& listener) {
  File near(accept4(listener.socket.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  File far = stream_socket();
  const sockaddr_in address = address_of(to_host_, door_port_ + static_cast<int>(listener.road));
  const auto* raw = reinterpret_cast<const sockaddr*>(&address);
  if (near.number() < 0) return;
  // Nobody there: whoever came sees the connection end.
  if (connect(far.number(), raw, sizeof address) != 0 && errno != EINPROGRESS) return;
  passages_.push_back({listener.road, {std::move(near), std::move(far)}, {}});
}

bool Relay::serve(Passage& passage, const pollfd* polled, const Fault& fault,
                  Clock::time_point now) {
  for (const std::size_t end : {0U, 1U}) {
    if (polled[end].revents == 0) continue;
    if ((polled[end].events & POLLIN) != 0) take(passage, end, fault, now);
    if (!pass(passage, 1 - end, now)) return false;
  }
  return std::none_of(passage.lanes.begin(), passage.lanes.end(),
                      [](const Lane& lane) { return lane.is_ended && lane.waiting.empty(); });
}

void Relay::take(Passage& passage, std::size_t from, const Fault& fault, Clock::time_point now) {
  std::array<char, 65536> space;
  const ssize_t size = recv(passage.ends[from].number(), space.data(), space.size(), 0);
  Lane& lane = passage.lanes[from];
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    lane.is_ended = true;
    return;
  }
  std::string bytes(space.data(), static_cast<std::size_t>(size));
  {
    const std::lock_guard lock(mutex_);
    passed_[index(passage.road)] += bytes.size();
    if (seen_.size() + bytes.size() <= kSeenBytesMax) seen_ += bytes;
  }
  const unsigned every = falsify_;
  if (every != 0 && ++chunks_ % every == 0) bytes[bytes.size() / 2] ^= 1;
  lane.bytes += bytes.size();
  // Never before what came earlier.
  auto due = now < fault.late_until ? now + fault.late_by : now;
  if (!lane.waiting.empty()) due = std::max(due, lane.waiting.back().due);
  lane.waiting.push_back({due, std::move(bytes)});
  pass(passage, from, now);
}

bool Relay::pass(Passage& passage, std::size_t from, Clock::time_point now) {
  Lane& lane = passage.lanes[from];
  while (!lane.waiting.empty() && lane.waiting.front().due <= now) {
    std::string& bytes = lane.waiting.front().bytes;
    const ssize_t sent =
        send(passage.ends[1 - from].number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) return true;
    if (sent < 0) return false;
    lane.bytes -= static_cast<std::size_t>(sent);
    bytes.erase(0, static_cast<std::size_t>(sent));
    if (bytes.empty()) lane.waiting.pop_front();
  }
  return true;
}

}  // namespace p2pchat::functional
