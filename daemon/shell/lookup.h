// Lookup: the addresses that a host name stands for, without waiting for them.
//
// libzmq would look names up in the one thread that carries all traffic, so a
// name with a slow or hostile server behind it would stop every link; and it
// tells nobody that a name is unknown. So names are looked up here, by glibc's
// own helper threads, and libzmq sees addresses only.
//
// Effects: the system's resolver. Single-threaded; owned by whoever connects.
// Bounded: kAddressesMax addresses.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/moment.h"
#include "proto/result.h"

namespace p2pchat {

// Addresses of one name that are tried, in the system's order of preference.
inline constexpr std::size_t kAddressesMax = 4;
// How often a lookup that is under way is looked at.
inline constexpr Duration kLookupInterval = 10ms;

class Lookup {
 public:
  using Hosts = std::vector<std::string>;

  // Begins. An address stands for itself and is answered at once.
  explicit Lookup(const std::string& host);
  Lookup(Lookup&&) noexcept;
  Lookup& operator=(Lookup&&) noexcept;
  ~Lookup();

  // Nothing while it is under way; then at least one address, or a sentence. To be
  // called until it answers, and not again.
  std::optional<Result<Hosts>> answer();

 private:
  struct Query;
  struct Abandon {
    void operator()(Query* query) const;
  };

  std::string host_;
  std::unique_ptr<Query, Abandon> query_;  // Null for what needs no question.
  Result<Hosts> known_;
};

// The same, waiting: for a program that begins.
Result<Lookup::Hosts> look_up(const std::string& host);

}  // namespace p2pchat
