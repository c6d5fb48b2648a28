#include "ctl/lines.h"

#include <algorithm>

namespace p2pchat::ctl {

void Lines::add(std::string_view bytes) {
  bytes_.erase(0, begin_);
  begin_ = 0;
  bytes_ += bytes;
}

std::optional<std::string> Lines::next() {
  const std::size_t end = line_end();
  const bool is_whole = end < bytes_.size() || is_ended_;
  if (!is_whole || is_done() || is_too_long()) return std::nullopt;
  std::string line = bytes_.substr(begin_, end - begin_);
  begin_ = std::min(end + 1, bytes_.size());
  ++number_;
  return line;
}

std::size_t Lines::line_end() const { return std::min(bytes_.find('\n', begin_), bytes_.size()); }

}  // namespace p2pchat::ctl
