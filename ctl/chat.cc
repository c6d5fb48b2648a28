#include "ctl/ask.h"
#include "ctl/json.h"
#include "ctl/talk.h"
#include "ctl/verbs.h"

namespace p2pchat::ctl {

namespace {

void introduce(const control::Record& row, Console& console) {
  if (!row.flag("first")) return;
  console.note("first meeting with " + row.text("name") + ", whose identity is pinned now");
  console.note("  id           " + row.text("id"));
  console.note("  fingerprint  " + row.text("fingerprint"));
}

}  // namespace

Outcome<void> carry_out(const Command& command, const Chat& chat, Console& console) {
  if (chat.talks && !console.in_is_terminal()) {
    return end_with(ExitCode::usage,
                    "talking needs a terminal: use --no-talk to meet, push to send, pull to read");
  }
  auto client = Client::open(command.socket);
  if (!client) return end_with(client.error());
  const auto met = ask(**client, {"chat", control::Record().set("target", chat.target),
                                  command.timeout.value_or(kFarAnswerTimeout)});
  if (!met) return end_with(met.error());
  introduce(*met, console);
  const std::string name = met->text("name");
  if (!chat.talks) {
    console.add(command.is_json ? record_json(*met) : name + "\n");
    return console.flush();
  }
  console.note("talking with " + name + "; Ctrl-D ends it");
  return talk(command, chat.reader, met->text("id", name), std::move(*client), console);
}

}  // namespace p2pchat::ctl
