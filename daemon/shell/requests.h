// Requests: what the values of a control request ask for.
//
// Nothing is done here; an error is what its caller is told. Pure, but for the
// lookups in Node and Inbox.
#pragma once

#include "daemon/core/node.h"
#include "daemon/shell/inbox.h"
#include "daemon/shell/streams.h"
#include "proto/control.h"

namespace p2pchat {

// Wishes that Node decides about, as the events it is told: for "push", "chat", "alias", "block"
// and "verify"; "create", "join", "vote", "leave" and "delete"; "add" and "list"; "keep".
Result<Event> push_requested(const control::Record& values, RequestId id);
Result<Event> await_requested(const control::Record& values, RequestId id);
Result<Event> meet_requested(const control::Record& values, RequestId id);
Result<Event> alias_requested(const control::Record& values, RequestId id);
Result<Event> block_requested(const control::Record& values, RequestId id);
Result<Event> verify_requested(const control::Record& values, RequestId id);
Result<Event> create_requested(const control::Record& values, RequestId id);
Result<Event> join_requested(const control::Record& values, RequestId id);
Result<Event> vote_requested(const control::Record& values, RequestId id);
Result<Event> leave_requested(const control::Record& values, RequestId id);
Result<Event> delete_requested(const control::Record& values, RequestId id);
Result<Event> listing_requested(const control::Record& values, RequestId id);
Result<Event> list_requested(const control::Record& values, RequestId id);
Result<Event> keep_requested(const control::Record& values, RequestId id);

// "reader", of the user `uid`.
Result<Reader> reader_in(const control::Record& values, std::uint32_t uid);
// For "pull".
Result<PullWish> pull_wish_in(const control::Record& values, std::uint32_t uid, const Node& node);
// For "log".
Result<LogQuery> log_query_in(const control::Record& values, const Node& node, Inbox& inbox);
// For "took": the furthest of the places in each room.
Result<PullCursor> places_in(const control::Record& values);

// For "readers": one row each.
Result<std::vector<control::Record>> reader_rows(const Node& node, Inbox& inbox);

}  // namespace p2pchat
