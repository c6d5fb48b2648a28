// Relay: somebody on the way between two peers, who sees every byte that passes.
//
// It takes three ports of one host and passes all that comes on to the same
// ports of another one, both ways. A daemon that listens at the other one and
// advertises the first is reached by way of the relay alone. The relay can be
// a bad network, too: it cuts, stalls, delays, and turns bits over.
//
// Threads: one of its own, from the constructor to the destructor.
// Bounded: kPassagesMax connections, kWaitingBytesMax that wait in each of their
// directions, kSeenBytesMax kept; a fault ends by itself with its time.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <poll.h>
#include <string>
#include <thread>
#include <vector>

#include "tests/functional/harness/process.h"

namespace p2pchat::functional {

// The ports of a daemon, in their order.
enum class Road : std::uint8_t { door, link, live };
inline constexpr std::array kRoads{Road::door, Road::link, Road::live};
inline constexpr int kDoorPort = 7473;

class Relay {
 public:
  static constexpr std::size_t kPassagesMax = 512;
  static constexpr std::size_t kWaitingBytesMax = 256 * 1024;
  static constexpr std::size_t kSeenBytesMax = 16 * 1024 * 1024;

  Relay(std::string from_host, std::string to_host, int door_port = kDoorPort);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // All bytes that have passed so far, of all connections. Throws Stuck if it were not all.
  std::string seen() const;
  // How many have passed on this road.
  std::uint64_t passed(Road road) const;

  // From now on a bit is turned over in one chunk of so many; 0 for none.
  void falsify(unsigned every) { falsify_ = every; }
  // Every connection of this road ends.
  void cut(Road road);
  // For this time connections are taken, and nothing passes.
  void stall(Road road, std::chrono::milliseconds time);
  // For this time all that comes passes so much later.
  void delay(Road road, std::chrono::milliseconds by, std::chrono::milliseconds time);
  // Ends all that was done to it.
  void heal();

 private:
  using Clock = std::chrono::steady_clock;
  struct Fault {
    bool is_cut_due = false;
    Clock::time_point stalled_until{};
    Clock::time_point late_until{};
    std::chrono::milliseconds late_by{};
  };
  struct Listener {
    File socket;
    Road road;
  };
  struct Chunk {
    Clock::time_point due;
    std::string bytes;
  };
  // What goes from one end of a passage to the other.
  struct Lane {
    std::deque<Chunk> waiting;
    std::size_t bytes = 0;
    bool is_ended = false;  // No more will come.
  };
  struct Passage {
    Road road;
    std::array<File, 2> ends;
    std::array<Lane, 2> lanes;  // From the end of the same index.
  };

  void work();
  // What is to be done to each road now; cuts are taken.
  std::array<Fault, 3> faults();
  std::vector<pollfd> watched(const std::array<Fault, 3>& faults, Clock::time_point now) const;
  void accept_at(const Listener& listener);
  // False once the connection is over.
  bool serve(Passage& passage, const pollfd* polled, const Fault& fault, Clock::time_point now);
  void take(Passage& passage, std::size_t from, const Fault& fault, Clock::time_point now);
  static bool pass(Passage& passage, std::size_t from, Clock::time_point now);

  std::string from_host_;
  std::string to_host_;
  int door_port_;
  std::vector<Listener> listeners_;
  std::vector<Passage> passages_;
  std::atomic<bool> is_over_{false};
  std::atomic<unsigned> falsify_{0};
  unsigned chunks_ = 0;
  mutable std::mutex mutex_;  // Of all below.
  std::array<Fault, 3> faults_;
  std::array<std::uint64_t, 3> passed_{};
  std::string seen_;
  std::thread thread_;
};

}  // namespace p2pchat::functional
