#include "ctl/print.h"

#include <algorithm>
#include <variant>

#include "ctl/time_text.h"
#include "proto/crypto.h"
#include "proto/text.h"

namespace p2pchat::ctl {

namespace {

using control::Record;
using control::Value;

constexpr std::string_view kNothing = "-";
constexpr std::string_view kFurtherLine = "\n    ";

struct ValueWords {
  std::string_view key;

  std::string operator()(std::monostate) const { return {}; }
  std::string operator()(bool value) const { return value ? "yes" : "no"; }
  std::string operator()(std::int64_t value) const {
    return is_time_key(key) ? local_text(WallTime{value}) : std::to_string(value);
  }
  std::string operator()(const std::string& value) const { return cleaned(value); }
  std::string operator()(const Bytes& value) const {
    return "(" + std::to_string(value.size()) + " bytes)";
  }
  std::string operator()(const std::vector<std::string>& value) const {
    std::string list;
    for (const std::string& text : value) list += (list.empty() ? "" : ", ") + cleaned(text);
    return list;
  }
};

std::string words(std::string_view key, const Value& value) {
  std::string text = std::visit(ValueWords{key}, value);
  return text.empty() ? std::string(kNothing) : text;
}

std::string cell(std::string_view key, const Value& value) {
  std::string text = words(key, value);
  const auto peer = peer_id(text);
  return peer ? short_text(*peer) : text;
}

std::string title(std::string_view key) {
  std::string text = cleaned(key);
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

std::string padded(const std::string& text, std::size_t width) {
  const std::size_t points = count_points(text);
  return points < width ? text + std::string(width - points, ' ') : text;
}

std::vector<std::string> columns_of(const std::vector<Record>& records) {
  std::vector<std::string> columns;
  for (const Record& record : records) {
    for (const auto& [key, value] : record.fields()) {
      if (std::find(columns.begin(), columns.end(), key) == columns.end()) columns.push_back(key);
    }
  }
  return columns;
}

std::string upper(std::string text) {
  for (char& character : text) {
    if ('a' <= character && character <= 'z') character = static_cast<char>(character - 'a' + 'A');
  }
  return text;
}

}  // namespace

std::string body_text(const Record& row, const Look& look) {
  const Value* data = row.find("data");
  if (data != nullptr) {
    const Bytes bytes = row.bytes("data");
    return look.is_terminal ? "(" + std::to_string(bytes.size()) + " bytes that are no text)"
                            : to_string(bytes);
  }
  const std::string text = row.text("text");
  return look.is_terminal ? cleaned(text, true) : text;
}

std::string message_text(const Record& row, const Look& look) {
  std::string line = local_text(WallTime{row.integer("time")}) + " ";
  if (look.shows_conversation) line += "[" + cleaned(row.text("conversation")) + "] ";
  line += row.text("kind") == "system" ? "*" : cleaned(row.text("from")) + ":";
  line += ' ';
  if (!look.is_terminal) return line + body_text(row, look) + "\n";
  for (const char character : body_text(row, look)) {
    if (character == '\n') {
      line += kFurtherLine;
    } else {
      line += character;
    }
  }
  return line + "\n";
}

std::string pairs_text(const Record& record) {
  std::size_t width = 0;
  for (const auto& [key, value] : record.fields()) {
    width = std::max(width, count_points(title(key)));
  }
  std::string text;
  for (const auto& [key, value] : record.fields()) {
    text += padded(title(key), width) + "  " + words(key, value) + "\n";
  }
  return text;
}

std::string table_text(const std::vector<Record>& records, bool has_heading) {
  const std::vector<std::string> columns = columns_of(records);
  std::vector<std::vector<std::string>> lines;
  if (has_heading && !records.empty()) {
    lines.emplace_back();
    for (const std::string& column : columns) lines.back().push_back(upper(title(column)));
  }
  for (const Record& record : records) {
    lines.emplace_back();
    for (const std::string& column : columns) {
      const Value* value = record.find(column);
      lines.back().push_back(value == nullptr ? std::string(kNothing) : cell(column, *value));
    }
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], count_points(line[i]));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t i = 0; i + 1 < line.size(); ++i) text += padded(line[i], widths[i]) + "  ";
    if (!line.empty()) text += line.back();
    text += '\n';
  }
  return text;
}

std::string sentence_text(const Record& row) {
  std::string line;
  for (const auto& [key, value] : row.fields()) {
    line += (line.empty() ? "" : ": ") + words(key, value);
  }
  return line + "\n";
}

}  // namespace p2pchat::ctl
