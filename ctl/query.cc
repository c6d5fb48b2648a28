#include <variant>
#include <vector>

#include "ctl/ask.h"
#include "ctl/json.h"
#include "ctl/print.h"
#include "ctl/verbs.h"

namespace p2pchat::ctl {

namespace {

using Shape = Query::Shape;

// Of `id`: what to hand to whoever is to run `chatctl chat`.
control::Record with_shares(control::Record row) {
  const control::Value* value = row.find("addresses");
  const auto* addresses = value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
  if (addresses == nullptr || addresses->empty()) return row;
  std::vector<std::string> shares;
  for (const std::string& address : *addresses) shares.push_back(row.text("id") + "@" + address);
  return row.set("share", std::move(shares));
}

std::string blocks_text(const std::vector<control::Record>& rows) {
  std::string text;
  for (const control::Record& row : rows) text += (text.empty() ? "" : "\n") + pairs_text(row);
  return text;
}

// Rooms of many know more than those of two; what all have stands first.
std::vector<control::Record> with_columns(std::vector<control::Record> rows, const Query& query) {
  if (query.verb != "rooms") return rows;
  for (control::Record& row : rows) {
    control::Record ordered;
    for (const char* column : {"name", "kind", "state", "members", "size", "height"}) {
      const control::Value* value = row.find(column);
      ordered.set(column, value == nullptr ? control::Value() : *value);
    }
    for (const auto& [key, value] : row.fields()) ordered.set(key, value);
    row = std::move(ordered);
  }
  return rows;
}

std::string words_of_rows(std::vector<control::Record> rows, const Query& query, bool has_heading) {
  if (query.shape == Shape::blocks) return blocks_text(rows);
  return table_text(with_columns(std::move(rows), query), has_heading);
}

std::string words_of_end(const control::Record& row, const Query& query) {
  if (query.shape != Shape::pairs || row.fields().empty()) return {};
  return pairs_text(query.verb == "id" ? with_shares(row) : row);
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
  const Duration patience = query.is_far ? kFarAnswerTimeout : kAnswerTimeout;
  const auto end =
      ask(**client, {query.verb, query.values, command.timeout.value_or(patience)}, on_row);
  if (!command.is_json) {
    console.add(words_of_rows(std::move(rows), query, console.out_is_terminal()));
  }
  if (end && command.is_json && !end->fields().empty()) {
    console.add(record_json(*end));
  } else if (end && !command.is_json) {
    console.add(words_of_end(*end, query));
  }
  const auto flushed = console.flush();
  if (!end) return end_with(end.error());
  return flushed;
}

}  // namespace p2pchat::ctl
