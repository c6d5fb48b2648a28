#include "daemon/shell/control.h"

#include <algorithm>
#include <array>

#include "daemon/shell/requests.h"
#include "proto/overload.h"

namespace p2pchat {
namespace {

// What is taken in at one turn, so that peers come to theirs.
constexpr std::size_t kTurnMessagesMax = 1000;
constexpr std::size_t kTurnBytesMax = 4 * 1024 * 1024;
// How soon it is noticed that a caller has gone whom nothing is sent to.
constexpr Duration kLookInterval = 5s;
constexpr Duration kTryInterval = 20ms;

}  // namespace

const Control::Verb* Control::find_verb(std::string_view name) {
  static constexpr std::array kVerbs{
      Verb{"push", push_requested},
      Verb{"await", await_requested},
      Verb{"chat", meet_requested},
      Verb{"alias", alias_requested},
      Verb{"block", block_requested},
      Verb{"verify", verify_requested},
      Verb{"create", create_requested},
      Verb{"join", join_requested},
      Verb{"vote", vote_requested},
      Verb{"leave", leave_requested},
      Verb{"delete", delete_requested},
      Verb{"add", listing_requested},
      Verb{"list", list_requested},
      Verb{"keep", keep_requested},
      Verb{"id", &Control::answer_id},
      Verb{"status", &Control::answer_status},
      Verb{"rooms", &Control::answer_rooms},
      Verb{"members", &Control::answer_members},
      Verb{"votes", &Control::answer_votes},
      Verb{"proof", &Control::answer_proof},
      Verb{"peers", &Control::answer_peers},
      Verb{"doctor", &Control::answer_doctor},
      Verb{"readers", &Control::answer_readers},
      Verb{"pull", &Control::pull},
      Verb{"log", &Control::log},
      Verb{"more", &Control::more},
      Verb{"took", &Control::took},
      Verb{"ack", &Control::ack},
  };
  const auto* found = std::find_if(kVerbs.begin(), kVerbs.end(),
                                   [name](const Verb& verb) { return verb.name == name; });
  return found == kVerbs.end() ? nullptr : found;
}

Control::Control(ControlSocket socket, Inbox& inbox, const PeerId& self, LoopFacts facts)
    : socket_(std::move(socket)),
      inbox_(inbox),
      facts_(std::move(facts)),
      streams_(inbox, self, [this](const Caller& caller, const Bytes& message) {
        return socket_.send(caller, message);
      }) {}

void Control::receive(Moment now, const Node& node, const Raise& raise) {
  look_for_gone(now, raise);
  std::size_t bytes = 0;
  for (std::size_t taken = 0; taken < kTurnMessagesMax && bytes < kTurnBytesMax; ++taken) {
    const auto received = socket_.receive();
    if (!received) break;
    bytes += received->message.size();
    take(*received, now, node, raise);
  }
}

void Control::take(const ControlSocket::Received& received, Moment now, const Node& node,
                   const Raise& raise) {
  const auto request = control::decode_request(received.message);
  if (!request) {
    ++undecodable_;
    return;
  }
  const Asked asked{received.caller, *request, now, node, raise};
  const Verb* verb = find_verb(request->verb);
  if (verb == nullptr) {
    end(asked, ExitCode::usage, "this daemon does not know the verb '" + request->verb + "'");
  } else {
    std::visit(Overload{[&](Wish wish) { ask_node(asked, wish); },
                        [&](Question reply) { (this->*reply)(asked); }},
               verb->meaning);
  }
}

void Control::ask_node(const Asked& asked, Wish wish) {
  if (pending_.size() >= kPendingRequestsMax) {
    end(asked, ExitCode::limit, "the daemon has too many requests under way; try again");
    return;
  }
  const auto event = wish(asked.request.values, next_request_);
  if (!event) return end(asked, tl::unexpected(event.error()));
  pending_[next_request_] = {asked.caller, asked.request.tag};
  next_request_ = next_request_.next();
  asked.raise(*event);
}

void Control::answer(const action::Answer& answer) {
  const auto found = pending_.find(answer.request);
  if (found == pending_.end()) return;
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  if (answer.rows.empty()) {
    streams_.end(pending.caller, pending.tag, answer.code, answer.error, answer.row);
  } else if (may_stream(pending.caller, pending.tag)) {
    streams_.rows(pending.caller, pending.tag, answer.rows,
                  {0, true, answer.code, answer.error, answer.row});
  }
}

void Control::fail_pending(const std::string& why) {
  for (const auto& [id, pending] : std::exchange(pending_, {})) {
    streams_.end(pending.caller, pending.tag, ExitCode::failed, why);
  }
}

void Control::end(const Asked& asked, ExitCode code, const std::string& error) {
  streams_.end(asked.caller, asked.request.tag, code, error);
}

void Control::end(const Asked& asked, const Result<void>& result) {
  if (result) {
    end(asked, ExitCode::done, {});
  } else {
    end(asked, exit_code(result.error().fault), result.error().text);
  }
}

// --- Questions, answered at once ---

void Control::answer_id(const Asked& asked) {
  streams_.end(asked.caller, asked.request.tag, ExitCode::done, {}, asked.node.id_record());
}

void Control::answer_status(const Asked& asked) {
  streams_.end(asked.caller, asked.request.tag, ExitCode::done, {}, facts_.status());
}

void Control::answer_rooms(const Asked& asked) { rows(asked, asked.node.room_records(asked.now)); }

void Control::answer_members(const Asked& asked) {
  const auto conversation = asked.node.resolve(asked.request.values.text("name"));
  if (!conversation) return end(asked, tl::unexpected(conversation.error()));
  rows(asked, asked.node.member_records(conversation->room));
}

void Control::answer_votes(const Asked& asked) { rows(asked, asked.node.vote_records()); }

void Control::answer_proof(const Asked& asked) {
  auto proof = asked.node.proof_records(asked.request.values.text("name"));
  if (!proof) return end(asked, tl::unexpected(proof.error()));
  rows(asked, std::move(*proof));
}

void Control::answer_peers(const Asked& asked) { rows(asked, asked.node.peer_records(asked.now)); }

void Control::answer_doctor(const Asked& asked) {
  std::vector<control::Record> problems = asked.node.doctor_records();
  for (std::string& each : facts_.complaints()) {
    problems.push_back(control::Record().set("problem", std::move(each)));
  }
  rows(asked, std::move(problems));
}

void Control::answer_readers(const Asked& asked) {
  auto readers = reader_rows(asked.node, inbox_);
  if (!readers) return end(asked, tl::unexpected(readers.error()));
  rows(asked, std::move(*readers));
}

void Control::rows(const Asked& asked, std::vector<control::Record> rows) {
  if (may_stream(asked.caller, asked.request.tag))
    streams_.rows(asked.caller, asked.request.tag, std::move(rows));
}

bool Control::may_stream(const Caller& caller, std::uint64_t tag) {
  // A second stream under the tag of an open one could not be told from it.
  if (streams_.is_open(caller, tag)) {
    ++undecodable_;
    return false;
  }
  if (!streams_.is_full()) return true;
  streams_.end(caller, tag, ExitCode::limit, "the daemon has too many readers at once");
  return false;
}

// --- Readers ---

void Control::pull(const Asked& asked) {
  auto wish = pull_wish_in(asked.request.values, asked.caller.uid, asked.node);
  if (!wish) return end(asked, tl::unexpected(wish.error()));
  if (!may_stream(asked.caller, asked.request.tag)) return;
  streams_.pull(asked.caller, asked.request.tag, std::move(*wish), asked.node);
}

void Control::log(const Asked& asked) {
  const auto query = log_query_in(asked.request.values, asked.node, inbox_);
  if (!query) return end(asked, tl::unexpected(query.error()));
  if (may_stream(asked.caller, asked.request.tag))
    streams_.log(asked.caller, asked.request.tag, *query);
}

void Control::more(const Asked& asked) {
  const control::Record& values = asked.request.values;
  streams_.more(asked.caller, static_cast<std::uint64_t>(values.integer("stream")),
                values.integer("rows"));
}

void Control::took(const Asked& asked) {
  const control::Record& values = asked.request.values;
  const auto reader = reader_in(values, asked.caller.uid);
  if (!reader) return end(asked, tl::unexpected(reader.error()));
  const auto places = places_in(values);
  if (!places) return end(asked, tl::unexpected(places.error()));
  end(asked, inbox_.move(*reader, *places));
}

void Control::ack(const Asked& asked) {
  const control::Record& values = asked.request.values;
  const auto reader = reader_in(values, asked.caller.uid);
  if (!reader) return end(asked, tl::unexpected(reader.error()));
  const auto place = inbox_.find(values.text("id"));
  if (!place) return end(asked, tl::unexpected(place.error()));
  end(asked, inbox_.move(*reader, {{place->first, place->second}}));
}

// --- What is due ---

bool Control::feed(Moment now, const Node& node) {
  const bool has_more = streams_.feed(node);
  next_try_ = streams_.is_blocked() ? now.steady + kTryInterval : TimePoint::never();
  return has_more;
}

TimePoint Control::deadline() const {
  const bool is_anybody = streams_.size() > 0 || !pending_.empty();
  return std::min(next_try_, is_anybody ? next_look_ : TimePoint::never());
}

void Control::look_for_gone(Moment now, const Raise& raise) {
  std::vector<std::string> gone = streams_.take_gone();
  if (now.steady >= next_look_) {
    next_look_ = now.steady + kLookInterval;
    std::vector<Caller> callers = streams_.callers();
    for (const auto& [id, pending] : pending_) callers.push_back(pending.caller);
    for (const Caller& caller : callers) {
      if (ControlSocket::is_gone(caller)) gone.push_back(caller.route);
    }
  }
  for (const std::string& route : gone) lose(route, raise);
}

void Control::lose(const std::string& route, const Raise& raise) {
  streams_.drop(route);
  for (auto each = pending_.begin(); each != pending_.end();) {
    const RequestId id = each->first;
    const bool is_lost = each->second.caller.route == route;
    each = is_lost ? pending_.erase(each) : std::next(each);
    if (is_lost) raise(event::RequestDropped{id});
  }
}

}  // namespace p2pchat
