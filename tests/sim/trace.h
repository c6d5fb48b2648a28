// Trace: what happened in a simulated world, as one number and, if wanted, in words.
//
// The number covers every event and every order of every host in sequence, so
// two runs with equal numbers were the same run. The words are kept only when
// P2PCHAT_TRACE is set: the last kTraceLines of them, or as many as it says
// if that is more. Pure; owned by World.
#pragma once

#include <deque>
#include <string>

#include "daemon/core/action.h"

namespace p2pchat::sim {

inline constexpr std::size_t kTraceLines = 200;

std::string describe(const Event& event);
std::string describe(const Action& action);

class Trace {
 public:
  Trace();

  void event(Duration now, const std::string& host, const Event& event);
  void order(Duration now, const std::string& host, const Action& action);
  // Something that the world did: a fault, a crash.
  void note(Duration now, const std::string& text);

  std::uint64_t hash() const { return hash_; }
  std::string text() const;

 private:
  void mix(ByteView bytes);
  void mix(std::uint64_t number);
  void line(Duration now, const std::string& text);

  std::uint64_t hash_ = 0xcbf29ce484222325ULL;  // FNV-1a.
  std::size_t lines_max_ = 0;                   // 0: no words are kept.
  std::deque<std::string> lines_;
};

}  // namespace p2pchat::sim
