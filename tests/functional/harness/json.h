// Json: what `--json` prints: one object a line, with plain values and lists of text.
//
// Strict about the little that it knows, so that a line that is no JSON fails a
// test. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace p2pchat::functional {

class Json {
 public:
  using Value =
      std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>>;

  // Throws Stuck if `line` is not one object.
  static Json parse(std::string_view line);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  // Throws Stuck if the value is missing or of another type.
  const std::string& text(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  bool flag(std::string_view key) const;
  const std::vector<std::string>& list(std::string_view key) const;

  // In the order of the line.
  std::vector<std::string> keys() const;

 private:
  const Value* find(std::string_view key) const;
  template <class T>
  const T& get(std::string_view key) const;

  std::vector<std::pair<std::string, Value>> fields_;
};

// Every line of `text`, each of which ends in a newline.
std::vector<std::string> lines_of(std::string_view text);
std::vector<Json> json_lines(std::string_view text);
// The `key` of each line.
std::vector<std::string> texts_of(std::string_view json, std::string_view key = "text");

}  // namespace p2pchat::functional
