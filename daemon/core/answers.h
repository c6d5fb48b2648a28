// Answers: what a local user is told, in the few forms that all verbs share. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "daemon/core/action.h"
#include "daemon/core/contact.h"
#include "proto/crypto.h"

namespace p2pchat {

inline Action agree(const RequestId& request, control::Record row = {}) {
  return action::Answer{request, ExitCode::done, "", std::move(row)};
}
inline Action refuse(const RequestId& request, ExitCode code, std::string text) {
  return action::Answer{request, code, std::move(text), {}};
}
inline Action refuse(const RequestId& request, Error error) {
  return refuse(request, exit_code(error.fault), std::move(error.text));
}
// For what may also be done without a user who waits.
inline Actions refuse_whoever_asked(const std::optional<RequestId>& request, Error error) {
  if (!request) return {};
  return {refuse(*request, std::move(error))};
}

inline control::Record who_is(const Contact& contact) {
  control::Record row;
  row.set("id", to_text(contact.id)).set("name", contact.name);
  row.set("fingerprint", fingerprint(contact.id));
  return row;
}

}  // namespace p2pchat
