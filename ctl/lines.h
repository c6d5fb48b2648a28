// Lines: bytes in, lines out.
//
// Pure; bounded: nothing is kept beyond one line of `bytes_max` and what was
// added last.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace p2pchat::ctl {

class Lines {
 public:
  explicit Lines(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  void add(std::string_view bytes);
  // No more bytes come: what is left is the last line.
  void end() { is_ended_ = true; }

  // The next whole line, without its newline.
  std::optional<std::string> next();
  // The next line is longer than allowed: next() will never answer it.
  bool is_too_long() const { return line_end() - begin_ > bytes_max_; }
  // All lines have been read, and no more come.
  bool is_done() const { return is_ended_ && begin_ == bytes_.size(); }
  bool is_ended() const { return is_ended_; }
  // Of the line that next() answered last; the first is 1.
  std::uint64_t number() const { return number_; }

 private:
  // Of the newline that ends the next line, or of the end of all that is known.
  std::size_t line_end() const;

  std::size_t bytes_max_;
  std::string bytes_;
  std::size_t begin_ = 0;  // Of what has not been read, within bytes_.
  bool is_ended_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace p2pchat::ctl
