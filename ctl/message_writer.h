// MessageWriter: one message as the user wants messages written.
//
// Pure; O(n).
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "ctl/format.h"
#include "ctl/json.h"
#include "ctl/print.h"

namespace p2pchat::ctl {

class MessageWriter {
 public:
  MessageWriter(bool is_json, std::optional<Format> format, Look look)
      : is_json_(is_json), format_(std::move(format)), look_(look) {}

  std::string text(const control::Record& row) const {
    if (format_) return format_->apply(row, look_);
    return is_json_ ? message_json(row) : message_text(row, look_);
  }

 private:
  bool is_json_;
  std::optional<Format> format_;
  Look look_;
};

}  // namespace p2pchat::ctl
