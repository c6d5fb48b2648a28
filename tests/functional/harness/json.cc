#include "tests/functional/harness/json.h"

#include <charconv>
#include <optional>

#include "tests/functional/harness/process.h"

namespace p2pchat::functional {
namespace {

// Reads from the front of one line.
class Reader {
 public:
  explicit Reader(std::string_view line) : line_(line), rest_(line) {}

  bool skip(std::string_view word) {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void expect(std::string_view word) {
    if (!skip(word)) fail();
  }
  void end() const {
    if (!rest_.empty()) fail();
  }

  std::string text();
  Json::Value value();

 private:
  [[noreturn]] void fail() const { throw Stuck("no JSON: " + std::string(line_)); }
  char next() {
    if (rest_.empty()) fail();
    const char character = rest_.front();
    rest_.remove_prefix(1);
    return character;
  }
  std::string escaped();
  std::string point();
  std::vector<std::string> list();
  std::int64_t integer();

  std::string_view line_;
  std::string_view rest_;
};

std::string Reader::text() {
  expect("\"");
  std::string text;
  for (char character = next(); character != '"'; character = next()) {
    if (static_cast<unsigned char>(character) < 0x20) fail();
    text += character == '\\' ? escaped() : std::string(1, character);
  }
  return text;
}

std::string Reader::escaped() {
  const char letter = next();
  switch (letter) {
    case 'n': return "\n";
    case 'r': return "\r";
    case 't': return "\t";
    case 'u': return point();
    default: return {letter};
  }
}

// Of the basic plane; the tests use no other escapes.
std::string Reader::point() {
  unsigned value = 0;
  const std::string digits{next(), next(), next(), next()};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + 4, value, 16);
  if (error != std::errc() || end != digits.data() + 4) fail();
  if (value < 0x80) return {static_cast<char>(value)};
  const auto tail = [value](unsigned shift) {
    return static_cast<char>(0x80U | (value >> shift & 0x3fU));
  };
  if (value < 0x800) return {static_cast<char>(0xc0U | value >> 6U), tail(0)};
  return {static_cast<char>(0xe0U | value >> 12U), tail(6), tail(0)};
}

std::vector<std::string> Reader::list() {
  std::vector<std::string> list;
  if (skip("]")) return list;
  do list.push_back(text());
  while (skip(","));
  expect("]");
  return list;
}

std::int64_t Reader::integer() {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
  if (error != std::errc()) fail();
  rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
  return number;
}

Json::Value Reader::value() {
  if (rest_.starts_with('"')) return text();
  if (skip("[")) return list();
  if (skip("null")) return {};
  if (skip("true")) return true;
  if (skip("false")) return false;
  return integer();
}

}  // namespace

Json Json::parse(std::string_view line) {
  Json json;
  Reader in(line);
  in.expect("{");
  do {
    std::string key = in.text();
    in.expect(":");
    json.fields_.emplace_back(std::move(key), in.value());
  } while (in.skip(","));
  in.expect("}");
  in.end();
  return json;
}

const Json::Value* Json::find(std::string_view key) const {
  for (const auto& [name, value] : fields_) {
    if (name == key) return &value;
  }
  return nullptr;
}

template <class T>
const T& Json::get(std::string_view key) const {
  const Value* value = find(key);
  const T* typed = value == nullptr ? nullptr : std::get_if<T>(value);
  if (typed == nullptr) throw Stuck("the object lacks such a " + std::string(key));
  return *typed;
}

const std::string& Json::text(std::string_view key) const { return get<std::string>(key); }
std::int64_t Json::integer(std::string_view key) const { return get<std::int64_t>(key); }
bool Json::flag(std::string_view key) const { return get<bool>(key); }
const std::vector<std::string>& Json::list(std::string_view key) const {
  return get<std::vector<std::string>>(key);
}

std::vector<std::string> Json::keys() const {
  std::vector<std::string> keys;
  for (const auto& [name, value] : fields_) keys.push_back(name);
  return keys;
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) throw Stuck("a line does not end: " + std::string(text));
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<Json> json_lines(std::string_view text) {
  std::vector<Json> all;
  for (const std::string& line : lines_of(text)) all.push_back(Json::parse(line));
  return all;
}

std::vector<std::string> texts_of(std::string_view json, std::string_view key) {
  std::vector<std::string> texts;
  for (const Json& line : json_lines(json)) texts.push_back(line.text(key));
  return texts;
}

}  // namespace p2pchat::functional
