// Control: what local programs ask of the daemon, and what they are told.
//
// A request is either a wish that Node decides about, which becomes an event
// and is answered by an action::Answer, or a question that is answered at once
// from Node's queries and the Inbox. Every request gets exactly one end, unless
// its caller goes away first: then Node is told to drop it.
//
// Effects: the control socket and the Inbox. Single-threaded; owned by Loop.
// Bounded: kPendingRequestsMax wishes under way, and Streams' bounds.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <variant>

#include "daemon/core/node.h"
#include "daemon/shell/control_socket.h"
#include "daemon/shell/inbox.h"
#include "daemon/shell/streams.h"
#include "proto/moment.h"

namespace p2pchat {

// Wishes that Node has not answered yet. More than the pushes of one turn.
inline constexpr std::size_t kPendingRequestsMax = 2048;

// What the loop knows beyond Node.
struct LoopFacts {
  std::function<control::Record()> status;               // For `status`, Node's part included.
  std::function<std::vector<std::string>()> complaints;  // For `doctor`, one sentence each.
};

class Control {
 public:
  // `inbox` outlives it. `self` is whom own posts come from.
  Control(ControlSocket socket, Inbox& inbox, const PeerId& self, LoopFacts facts);

  zmq::pollitem_t poll_item() { return socket_.poll_item(); }
  // Takes in what waits, as much as one turn may. `node` is the one that steps under `raise`.
  void receive(Moment now, const Node& node, const Raise& raise);
  void answer(const action::Answer& answer);
  // Ends all that Node had not answered: it is gone.
  void fail_pending(const std::string& why);

  // Something new is stored in these rooms.
  void wake(const std::set<RoomId>& rooms) { streams_.wake(rooms); }
  // Sends what may be sent now. True if there is more that need not wait.
  bool feed(Moment now, const Node& node);
  TimePoint deadline() const;

  std::size_t streams() const { return streams_.size(); }
  // Messages that did not decode, or came from nobody.
  std::uint64_t undecodable() const { return undecodable_; }

 private:
  struct Pending {
    Caller caller;
    std::uint64_t tag = 0;
  };
  // A request while it is looked at.
  struct Asked {
    const Caller& caller;
    const control::Request& request;
    Moment now;
    const Node& node;
    const Raise& raise;
  };
  // What a verb is: a wish, told to Node as this event, or a question, answered by this.
  using Wish = Result<Event> (*)(const control::Record& values, RequestId id);
  using Question = void (Control::*)(const Asked&);
  struct Verb {
    std::string_view name;
    std::variant<Wish, Question> meaning;
  };
  static const Verb* find_verb(std::string_view name);

  void take(const ControlSocket::Received& received, Moment now, const Node& node,
            const Raise& raise);
  void ask_node(const Asked& asked, Wish wish);
  void answer_id(const Asked& asked);
  void answer_status(const Asked& asked);
  void answer_rooms(const Asked& asked);
  void answer_members(const Asked& asked);
  void answer_votes(const Asked& asked);
  void answer_proof(const Asked& asked);
  void answer_peers(const Asked& asked);
  void answer_doctor(const Asked& asked);
  void answer_readers(const Asked& asked);
  void pull(const Asked& asked);
  void log(const Asked& asked);
  void more(const Asked& asked);
  void took(const Asked& asked);
  void ack(const Asked& asked);

  // False, and the caller has been told, if there is no room for another stream.
  bool may_stream(const Caller& caller, std::uint64_t tag);
  void rows(const Asked& asked, std::vector<control::Record> rows);
  void end(const Asked& asked, ExitCode code, const std::string& error);
  void end(const Asked& asked, const Result<void>& result);
  void look_for_gone(Moment now, const Raise& raise);
  void lose(const std::string& route, const Raise& raise);

  ControlSocket socket_;
  Inbox& inbox_;
  LoopFacts facts_;
  Streams streams_;
  std::map<RequestId, Pending> pending_;
  RequestId next_request_{1};
  std::uint64_t undecodable_ = 0;
  TimePoint next_look_;                      // For callers that are gone.
  TimePoint next_try_ = TimePoint::never();  // For callers that did not read.
};

}  // namespace p2pchat
