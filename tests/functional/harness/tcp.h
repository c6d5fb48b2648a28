// Tcp: plain connections, as a stranger makes them.
#pragma once

#include <string>

#include "tests/functional/harness/process.h"

namespace p2pchat::functional {

class Tcp {
 public:
  // Throws Stuck if nobody takes the connection. `from`: the address it comes from.
  Tcp(const std::string& host, int port, const std::string& from = "127.0.0.1");

  // False once the other side has closed.
  bool send(const std::string& bytes) const;
  // All that comes until the other side closes; throws Stuck if it does not.
  std::string read_to_end() const;

 private:
  File socket_;
};

}  // namespace p2pchat::functional
