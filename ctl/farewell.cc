#include "ctl/verbs.h"

namespace p2pchat::ctl {

Outcome<void> carry_out(const Command& command, const Farewell& farewell, Console& console) {
  if (!farewell.is_sure && console.can_ask()) {
    const std::string question =
        farewell.closes
            ? "close " + farewell.room + " for good, for everybody who is in it?"
            : "leave " + farewell.room + "? To come back you must ask all its members again.";
    if (!console.confirm({}, question)) {
      return end_with(ExitCode::failed, "you did not say yes, so nothing was done");
    }
  }
  const auto values = control::Record().set("room", farewell.room);
  return carry_out(command,
                   Query{farewell.closes ? "delete" : "leave", values, Query::Shape::pairs, true},
                   console);
}

}  // namespace p2pchat::ctl
