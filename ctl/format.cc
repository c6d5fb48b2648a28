#include "ctl/format.h"

#include "ctl/time_text.h"
#include "proto/text.h"

namespace p2pchat::ctl {

namespace {

constexpr std::string_view kLetters = "itrcfankm";

// What stands for `\letter`; -1 if nothing does.
int unescaped(char letter) {
  if (letter == 'n') return '\n';
  if (letter == 't') return '\t';
  if (letter == '0') return '\0';
  if (letter == '\\') return '\\';
  return -1;
}

tl::unexpected<Failure> refused(char mark, std::string_view letter) {
  std::string what = "--format: ";
  what += mark;
  what += cleaned(letter);
  what += letter.empty() ? " at the end" : "";
  return end_with(ExitCode::usage, what + " stands for nothing: see chatctl pull --help");
}

std::string field(char letter, const control::Record& row, const Look& look) {
  switch (letter) {
    case 'i': return row.text("id");
    case 't': return utc_text(WallTime{row.integer("time")});
    case 'r': return utc_text(WallTime{row.integer("received")});
    case 'c': return cleaned(row.text("conversation"));
    case 'f': return cleaned(row.text("from"));
    case 'a': return row.text("author");
    case 'n': return std::to_string(row.integer("seq"));
    case 'k': return row.text("kind");
    case 'm': return body_text(row, look);
    default: return {};  // parse() let no other letter in.
  }
}

}  // namespace

Outcome<Format> Format::parse(std::string_view text) {
  Format format;
  format.parts_.emplace_back();
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char mark = text[at];
    if (mark != '%' && mark != '\\') {
      format.parts_.back().words += mark;
      continue;
    }
    const std::string_view letter = text.substr(++at, 1);
    if (letter.empty()) return refused(mark, letter);
    if (mark == '%' && kLetters.find(letter.front()) != std::string_view::npos) {
      format.parts_.push_back({letter.front(), {}});
      format.parts_.emplace_back();
    } else if (mark == '%' && letter.front() == '%') {
      format.parts_.back().words += '%';
    } else if (mark == '\\' && unescaped(letter.front()) >= 0) {
      format.parts_.back().words += static_cast<char>(unescaped(letter.front()));
    } else {
      return refused(mark, letter);
    }
  }
  return format;
}

std::string Format::apply(const control::Record& row, const Look& look) const {
  std::string text;
  for (const Part& part : parts_) {
    text += part.letter == 0 ? part.words : field(part.letter, row, look);
  }
  return text;
}

}  // namespace p2pchat::ctl
