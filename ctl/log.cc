#include "ctl/ask.h"
#include "ctl/message_writer.h"
#include "ctl/verbs.h"

namespace p2pchat::ctl {

Outcome<void> carry_out(const Command& command, const Log& log, Console& console) {
  auto client = Client::open(command.socket);
  if (!client) return end_with(client.error());
  const MessageWriter writer(command.is_json, log.format,
                             {console.out_is_terminal(), /*shows_conversation=*/false});
  const auto on_row = [&](const control::Record& row) -> Outcome<void> {
    const bool is_message = !row.flag("busy");  // The daemon is still looking for one.
    if (is_message) console.add(writer.text(row));
    return {};
  };
  const auto on_pause = [&] { return console.flush(); };
  const Duration patience = command.timeout.value_or(kAnswerTimeout);
  const auto end =
      ask(**client, {"log", log.values, patience, /*is_by_credit=*/true}, on_row, on_pause);
  // What came before a failure is shown all the same.
  const auto flushed = console.flush();
  if (!flushed) return flushed;
  if (!end) return end_with(end.error());
  return {};
}

}  // namespace p2pchat::ctl
