#include <vector>

#include "ctl/ask.h"
#include "ctl/json.h"
#include "ctl/print.h"
#include "ctl/verbs.h"

namespace p2pchat::ctl {

namespace {

using Shape = Query::Shape;

std::string words_of_end(const control::Record& row, Shape shape) {
  return shape == Shape::pairs && !row.fields().empty() ? pairs_text(row) : std::string();
}

}  // namespace

Outcome<void> carry_out(const Command& command, const Query& query, Console& console) {
  auto client = Client::open(command.socket);
  if (!client) return end_with(client.error());
  std::vector<control::Record> rows;
  const auto on_row = [&](const control::Record& row) -> Outcome<void> {
    if (command.is_json) {
      console.add(record_json(row));
    } else if (query.shape == Shape::sentences) {
      console.add(sentence_text(row));
    } else {
      rows.push_back(row);
    }
    return {};
  };
  const auto end =
      ask(**client, {query.verb, query.values, command.timeout.value_or(kAnswerTimeout)}, on_row);
  if (!command.is_json) {
    console.add(table_text(rows, console.out_is_terminal()));
  }
  if (end && command.is_json && !end->fields().empty()) {
    console.add(record_json(*end));
  } else if (end && !command.is_json) {
    console.add(words_of_end(*end, query.shape));
  }
  const auto flushed = console.flush();
  if (!end) return end_with(end.error());
  return flushed;
}

}  // namespace p2pchat::ctl
