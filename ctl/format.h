// Format: the user's own words for how a message is written.
//
// %i id, %t time and %r received (RFC 3339, UTC), %c conversation, %f from,
// %a author, %n number, %k kind, %m message, %% a percent sign; \n \t \0 \\.
// Nothing is added: whoever wants a line ends it with \n.
// Pure; O(n).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ctl/outcome.h"
#include "ctl/print.h"
#include "proto/control.h"

namespace p2pchat::ctl {

class Format {
 public:
  // Fails on a letter that stands for nothing, before any message is read.
  static Outcome<Format> parse(std::string_view text);

  std::string apply(const control::Record& row, const Look& look) const;

 private:
  struct Part {
    char letter = 0;  // 0 for words that stay as they are.
    std::string words;
  };

  std::vector<Part> parts_;
};

}  // namespace p2pchat::ctl
