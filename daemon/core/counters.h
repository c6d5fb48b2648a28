// Counters: how often what has happened, by name, for `status`.
//
// Names are literals of ours, so the table is bounded by the code. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

namespace p2pchat {

class Counters {
 public:
  void count(std::string_view name) { ++values_[name]; }
  void add(const Counters& other) {
    for (const auto& [name, value] : other.values_) values_[name] += value;
  }
  const std::map<std::string_view, std::uint64_t>& values() const { return values_; }

 private:
  std::map<std::string_view, std::uint64_t> values_;
};

}  // namespace p2pchat
