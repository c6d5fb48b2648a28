#include "ctl/ask.h"
#include "ctl/json.h"
#include "ctl/print.h"
#include "ctl/verbs.h"

namespace p2pchat::ctl {

namespace {

// Longer than anybody waits, and nothing that overflows.
constexpr Duration kWithoutEnd = std::chrono::hours(24 * 3650);

Question question_of(const Command& command, const Join& join) {
  control::Record values;
  values.set("room", join.room).set("note", join.note).set("via", join.via);
  values.set("wait", join.waits);
  Question question{"join", std::move(values)};
  question.patience = command.timeout.value_or(join.waits ? kWithoutEnd : kFarAnswerTimeout);
  if (join.waits) {
    question.on_silence =
        Failure{ExitCode::timed_out,
                "the members of " + join.room +
                    " have not answered yet; the daemon goes on asking, and pull tells the answer"};
  }
  return question;
}

void explain(const control::Record& row, Console& console) {
  const std::string name = row.text("name");
  const std::string creator = row.text("creator_name");
  console.note(name + " was made by " + (creator.empty() ? "somebody you have not met" : creator) +
               ", id " + row.text("creator"));
  const std::string state = row.text("state");
  if (state == "waiting") {
    console.note("its members are asked; the daemon goes on by itself, and pull tells the answer");
  } else if (state == "member") {
    console.note("you are a member of " + name);
  }
}

}  // namespace

Outcome<void> carry_out(const Command& command, const Join& join, Console& console) {
  auto client = Client::open(command.socket);
  if (!client) return end_with(client.error());
  const auto row = ask(**client, question_of(command, join));
  if (!row) return end_with(row.error());
  console.add(command.is_json ? record_json(*row) : pairs_text(*row));
  const auto flushed = console.flush();
  explain(*row, console);
  return flushed;
}

}  // namespace p2pchat::ctl
