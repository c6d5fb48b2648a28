#include "tests/sim/room_words.h"

#include "daemon/core/room/pruning.h"
#include "proto/door.h"
#include "proto/fork.h"
#include "proto/overload.h"
#include "proto/rendezvous.h"

namespace p2pchat::sim {
namespace {

std::string seat_text(const Seat& seat) {
  return short_text(seat.peer) + "/" + hex_text(seat.admission);
}

std::string standing_text(State state, std::uint64_t voted) {
  switch (state) {
    case State::waiting: return "waiting, " + std::to_string(voted) + " voted";
    case State::member: return "member";
    case State::refused: return "refused";
    case State::expired: return "expired";
    case State::gone: return "gone";
    case State::closed: return "closed";
  }
  return "?";
}

template <class Signed, class Words>
std::string read(const Object& object, const char* name, Words words) {
  const auto decoded = Signed::decode(object.raw);
  return std::string(name) + " " + (decoded ? words(*decoded) : "undecodable");
}

}  // namespace

std::string describe(const Value& value) {
  std::string out = hex_text(value.id) + " height " + std::to_string(value.height) + " after " +
                    hex_text(value.previous);
  for (const Knock& knock : value.knocks) {
    out += " +" + seat_text({knock.card.id, knock.id});
  }
  for (const Eviction& eviction : value.evictions) {
    for (const Seat& seat : eviction.seats) out += " -" + seat_text(seat);
  }
  for (const Leave& leave : value.leaves) out += " <" + seat_text(leave.seat);
  for (const Head& head : value.heads) {
    out += " last " + short_text(head.feed.author) + ":" + std::to_string(head.number.value);
  }
  return out;
}

std::string describe(const Pledge& pledge) {
  return "of " + seat_text(pledge.seat) + " round " + std::to_string(pledge.round.value) + " on " +
         hex_text(pledge.value);
}

std::string describe(const Object& object) {
  switch (object.kind) {
    case Kind::genesis:
      return read<Genesis>(object, "genesis", [](const auto& it) { return it.name; });
    case Kind::knock:
      return read<Knock>(object, "knock", [](const auto& it) {
        return seat_text({it.card.id, it.id});
      });
    case Kind::vote:
      return read<Vote>(object, "vote", [](const auto& it) {
        return seat_text(it.seat) + (it.yes ? " yes to " : " no to ") + hex_text(it.change);
      });
    case Kind::leave:
      return read<Leave>(object, "leave", [](const auto& it) { return seat_text(it.seat); });
    case Kind::close:
      return read<Close>(object, "close", [](const auto& it) { return seat_text(it.seat); });
    case Kind::eviction:
      return read<Eviction>(object, "eviction", [](const auto& it) {
        std::string out = hex_text(it.id());
        for (const Seat& seat : it.seats) out += " -" + seat_text(seat);
        return out;
      });
    case Kind::value:
      return read<Value>(object, "value", [](const auto& it) { return describe(it); });
    case Kind::pledge:
      return read<Pledge>(object, "pledge", [](const auto& it) { return describe(it); });
    case Kind::certificate:
      return read<Certificate>(object, "certificate", [](const auto& it) {
        return hex_text(it.value) + " round " + std::to_string(it.round.value);
      });
    case Kind::card:
      return read<Card>(object, "card", [](const auto& it) { return short_text(it.id); });
    case Kind::standing:
      return read<Standing>(object, "standing",
                            [](const auto& it) { return standing_text(it.state, it.voted); });
    case Kind::decided:
      return read<Decided>(object, "decided", [](const auto& it) {
        return "of " + seat_text(it.seat) + " on " + hex_text(it.value);
      });
    case Kind::fork:
      return read<Fork>(object, "fork", [](const auto& it) {
        return short_text(it.one.author) + "/" + hex_text(it.one.incarnation);
      });
  }
  return "unknown";
}

std::string describe(const std::vector<Object>& objects) {
  std::string out;
  for (const Object& object : objects) out += " [" + describe(object) + "]";
  return out;
}

std::string room_store_text(const Action& action) {
  using namespace action;
  return std::visit(
      Overload{[](const StoreRoom& it) {
                 return "StoreRoom " + it.room.name + (it.room.is_gone ? " gone" : "") +
                        (it.room.forgotten ? " forgotten " + seat_text(*it.room.forgotten) : "");
               },
               [](const StoreDecision& it) {
                 return "StoreDecision " + describe(it.value) + " round " +
                        std::to_string(it.certificate.round.value);
               },
               [](const StorePledge& it) {
                 return "StorePledge " + describe(it.pledge) + ": " + describe(it.value);
               },
               [](const StoreObject& it) { return "StoreObject " + describe(it.object); },
               [](const DropObject& it) { return "DropObject " + hex_text(it.key); },
               [](const StoreWish& it) {
                 return "StoreWish " + it.wish.name + (it.wish.is_over ? " over" : "") + " hosts " +
                        std::to_string(it.wish.hosts.size());
               },
               [](const DropWish& it) { return "DropWish " + hex_text(it.room); },
               [](const StoreKey& it) { return "StoreKey " + it.key.key; },
               [](const StoreRetention& it) { return "StoreRetention " + keep_text(it.retention); },
               [](const Prune& it) { return "Prune after " + std::to_string(it.after); },
               [](const StoreListing& it) { return "StoreListing " + it.address.value_or("-"); },
               [](const auto&) { return std::string("?"); }},
      action);
}

std::string room_event_text(const Event& event) {
  using namespace event;
  return std::visit(
      Overload{[](const CreateRequested& it) {
                 return "CreateRequested " + std::to_string(it.request.value) + " " + it.name +
                        " for " + std::to_string(it.size);
               },
               [](const JoinRequested& it) {
                 return "JoinRequested " + std::to_string(it.request.value) + " " + it.room +
                        (it.via.empty() ? "" : " via " + it.via) + (it.waits ? " and waits" : "");
               },
               [](const VoteRequested& it) {
                 const std::string word = it.ballot == Ballot::yes  ? " yes"
                                          : it.ballot == Ballot::no ? " no"
                                                                    : " evict";
                 return "VoteRequested " + std::to_string(it.request.value) + " " + it.room + " " +
                        it.who + word;
               },
               [](const LeaveRequested& it) { return "LeaveRequested " + it.room; },
               [](const DeleteRequested& it) { return "DeleteRequested " + it.room; },
               [](const ListingRequested& it) { return "ListingRequested " + it.address; },
               [](const ListRequested& it) {
                 return "ListRequested " + std::to_string(it.request.value);
               },
               [](const KeepRequested& it) { return "KeepRequested " + it.name; },
               [](const Pruned& it) {
                 return "Pruned " + std::to_string(it.freed) + " up to " +
                        std::to_string(it.newest.value) + (it.has_more ? " and more" : "");
               },
               [](const RendezvousAnswered& it) {
                 return "RendezvousAnswered " + desk_text(it.desk) + " " +
                        desk_answer_text(it.answer);
               },
               [](const RendezvousFailed& it) {
                 return "RendezvousFailed " + desk_text(it.desk) + " " + it.why;
               },
               [](const auto&) { return std::string("?"); }},
      event);
}

std::string desk_text(Desk desk) { return desk == Desk::ask ? "ask" : "watch"; }

std::string desk_question_text(ByteView bytes) {
  using namespace rendezvous;
  const auto request = decode_request(bytes);
  if (!request) return "undecodable";
  return std::visit(
      Overload{[](const Add& it) { return "Add #" + std::to_string(it.card.counter.value); },
               [](const Remove&) { return std::string("Remove"); },
               [](const List&) { return std::string("List"); },
               [](const Rooms&) { return std::string("Rooms"); },
               [](const Describe& it) { return "Describe " + it.name; },
               [](const Put& it) { return "Put " + describe(it.object); },
               [](const Fetch& it) { return "Fetch " + std::to_string(it.cursor.value); },
               [](const Watch& it) { return "Watch " + std::to_string(it.cursor.value); }},
      request->question);
}

// The answer does not say what it answers: Put, List, Describe and Watch have one kind each.
std::string desk_answer_text(ByteView bytes) {
  using namespace rendezvous;
  for (const Question& question :
       {Question(Watch{}), Question(Describe{}), Question(List{}), Question(Put{})}) {
    const auto answer = decode_answer(bytes, question);
    if (!answer) continue;
    return std::visit(
        Overload{[](const Failure& it) {
                   return "Failure " + std::to_string(static_cast<int>(it.code)) + " " + it.text;
                 },
                 [](const Done&) { return std::string("Done"); },
                 [](const Cards& it) { return "Cards " + std::to_string(it.cards.size()); },
                 [](const Names& it) { return "Names " + std::to_string(it.names.size()); },
                 [](const Description& it) { return "Description " + hex_text(it.room); },
                 [](const Page& it) {
                   return "Page to " + std::to_string(it.cursor.value) + describe(it.objects);
                 }},
        *answer);
  }
  return "undecodable";
}

std::string door_question_text(ByteView bytes) {
  using namespace door;
  const auto question = decode_question(bytes);
  if (!question) return "undecodable";
  return std::visit(
      Overload{[](const Who&) { return std::string("Who"); },
               [](const Registration& it) {
                 return "Registration of " + short_text(it.card.id) + " #" +
                        std::to_string(it.card.counter.value) +
                        (it.reminder ? " with reminder" : "");
               },
               [](const Inquiry& it) { return "Inquiry " + it.name; },
               [](const Knocking& it) {
                 return "Knocking " + seat_text({it.knock.card.id, it.knock.id});
               },
               [](const Invitation& it) { return "Invitation of " + short_text(it.card.id); }},
      *question);
}

std::string door_answer_text(ByteView bytes) {
  using namespace door;
  const auto answer = decode_answer(bytes);
  if (!answer) return "undecodable";
  return std::visit(
      Overload{[](const Introduction& it) { return "Introduction of " + short_text(it.card.id); },
               [](const Ack& it) {
                 return "Ack " + std::to_string(static_cast<int>(it.code)) +
                        (it.waiting ? " waiting " : " ") + (it.founding ? "founded " : "") +
                        it.reason;
               },
               [](const Outline& it) { return "Outline of " + hex_text(it.room); },
               [](const Answered& it) { return "Answered " + standing_text(it.state, it.voted); },
               [](const Refused& it) {
                 return "Refused " + std::to_string(static_cast<int>(it.code)) + " " + it.reason;
               }},
      *answer);
}

}  // namespace p2pchat::sim
