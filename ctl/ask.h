// Ask: one request, its rows and its end.
//
// Effects: by Client; single-threaded. Bounded: nothing is collected here.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ctl/client.h"
#include "ctl/outcome.h"
#include "proto/control.h"
#include "proto/moment.h"

namespace p2pchat::ctl {

// A daemon that has said nothing for so long does not answer.
inline constexpr Duration kAnswerTimeout = 10s;
// Other hosts, and the ways to them, take longer.
inline constexpr Duration kFarAnswerTimeout = 30s;

struct Question {
  std::string verb;
  control::Record values;
  Duration patience = kAnswerTimeout;      // Between two replies.
  bool is_by_credit = false;               // Its rows come as they are asked for with `more`.
  std::optional<Failure> on_silence = {};  // How it ends then, if it is no fault of the daemon.
};

using OnRow = std::function<Outcome<void>(const control::Record&)>;
// Called before more rows are asked or waited for: those so far should leave now.
using OnPause = std::function<Outcome<void>()>;

// Answers the row of a good end. Fails with the daemon's code and sentence.
Outcome<control::Record> ask(Client& client, Question question, const OnRow& on_row = {},
                             const OnPause& on_pause = {});

// What an end that is no success means to the command.
Failure refusal_of(const control::Reply& end);
Failure no_answer(const Client& client, Duration waited);

}  // namespace p2pchat::ctl
