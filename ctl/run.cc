#include "ctl/run.h"

#include <chrono>

#include "ctl/arguments.h"
#include "ctl/verbs.h"

namespace p2pchat::ctl {

namespace {

WallTime now() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(since_1970).count()};
}

Outcome<void> print(const Printout& printout, Console& console) {
  console.add(printout.text);
  return console.flush();
}

Outcome<void> carry_out(std::vector<std::string> arguments, Console& console) {
  auto read = read_arguments(std::move(arguments), now());
  if (!read) return end_with(read.error());
  if (const auto* printout = std::get_if<Printout>(&*read)) return print(*printout, console);
  const Command& command = std::get<Command>(*read);
  if (command.is_quiet) console.be_quiet();
  return std::visit([&](const auto& verb) { return carry_out(command, verb, console); },
                    command.verb);
}

}  // namespace

int run(std::vector<std::string> arguments, Console& console) {
  const Outcome<void> outcome = carry_out(std::move(arguments), console);
  if (outcome) return static_cast<int>(ExitCode::done);
  if (!outcome.error().text.empty()) console.error(outcome.error().text);
  return static_cast<int>(outcome.error().code);
}

}  // namespace p2pchat::ctl
