// Relay: somebody on the way between two peers, who sees every byte that passes.
//
// It takes the default ports of one host and passes all that comes on to the
// same ports of another one, both ways.
// Threads: one of its own, from the constructor to the destructor.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/functional/harness/process.h"

namespace p2pchat::functional {

class Relay {
 public:
  Relay(std::string from_host, std::string to_host);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // All bytes that have passed so far, of all connections.
  std::string seen() const;
  // From now on a bit is turned over in one chunk of so many; 0 for none.
  void falsify(unsigned every) { falsify_ = every; }

 private:
  struct Listener {
    File socket;
    int port = 0;
  };
  struct Passage {
    std::array<File, 2> ends;
  };

  void work();
  void accept_at(const Listener& listener);
  // False once the connection is over.
  bool pass(int from, int to);

  std::string from_host_;
  std::string to_host_;
  std::vector<Listener> listeners_;
  std::vector<Passage> passages_;
  std::atomic<bool> is_over_{false};
  std::atomic<unsigned> falsify_{0};
  unsigned chunks_ = 0;
  mutable std::mutex mutex_;  // Of seen_.
  std::string seen_;
  std::thread thread_;
};

}  // namespace p2pchat::functional
