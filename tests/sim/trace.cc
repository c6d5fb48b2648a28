#include "tests/sim/trace.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "proto/door.h"
#include "proto/live.h"
#include "proto/overload.h"
#include "tests/sim/room_words.h"

namespace p2pchat::sim {
namespace {

// What room_event_text() can tell.
template <class It>
concept AboutRooms = std::same_as<It, event::CreateRequested> ||
    std::same_as<It, event::JoinRequested> || std::same_as<It, event::VoteRequested> ||
    std::same_as<It, event::LeaveRequested> || std::same_as<It, event::DeleteRequested> ||
    std::same_as<It, event::ListingRequested> || std::same_as<It, event::ListRequested> ||
    std::same_as<It, event::KeepRequested> || std::same_as<It, event::Pruned> ||
    std::same_as<It, event::RendezvousAnswered> || std::same_as<It, event::RendezvousFailed>;

std::string side_text(LinkSide side) { return side == LinkSide::dialled ? ">" : "<"; }

std::string link_text(const PeerId& peer, LinkSide side) {
  return side_text(side) + short_text(peer);
}

template <class Tag>
std::string number_text(const Whole<Tag>& whole) {
  return std::to_string(whole.value);
}

std::string batch_text(const Batch& batch) {
  std::string out = short_text(batch.feed.author) + "/" + hex_text(batch.feed.incarnation) + " " +
                    number_text(batch.first) + ".." + number_text(batch.last()) + " stamp " +
                    std::to_string(batch.posts.back().stamp.value);
  for (const Post& post : batch.posts) {
    out += post.pruned                      ? " (pruned)"
           : post.kind == PostKind::opening ? " (opening)"
                                            : " '" + to_string(post.body).substr(0, 12) + "'";
  }
  return out;
}

std::string raw_batch_text(ByteView raw) {
  const auto batch = Batch::decode(raw);
  return batch ? batch_text(*batch) : "bad batch";
}

std::string head_text(const Head& head) {
  return " " + short_text(head.feed.author) + "/" + hex_text(head.feed.incarnation) + ":" +
         number_text(head.number);
}

std::string beat_text(ByteView raw) {
  const auto beat = Beat::decode(raw);
  if (!beat) return "bad beat";
  std::string out = "stamp " + std::to_string(beat->stamp.value);
  if (beat->own) out += " own" + head_text(*beat->own);
  out += " heads";
  for (const Head& head : beat->heads) out += head_text(head);
  return out + " hears " + (beat->hears.empty() ? "-" : std::to_string(beat->hears[0]));
}

std::string message_text(const link::Message& message) {
  return std::visit(
      Overload{
          [](const link::Registration& it) {
            return "Registration #" + number_text(it.card.counter);
          },
          [](const link::Ack& it) {
            return "Ack " + std::to_string(static_cast<int>(it.code)) + " " + it.reason;
          },
          [](const link::Handover& it) { return "Handover topic " + hex_text(it.topic); },
          [](const link::Posts& it) { return "Posts " + raw_batch_text(it.batch); },
          [](const link::Pulse& it) { return "Pulse " + beat_text(it.beat); },
          [](const link::AskHeads&) { return std::string("AskHeads"); },
          [](const link::Heads& it) {
            std::string out = "Heads";
            for (const Head& head : it.heads) out += head_text(head);
            return out;
          },
          [](const link::Want& it) {
            return "Want " + number_text(it.want) + head_text({it.feed, it.first, {}}) + ".." +
                   number_text(it.last) + " budget " + std::to_string(it.budget);
          },
          [](const link::Give& it) {
            std::string out = "Give " + number_text(it.want) + (it.end ? " end" : "");
            for (const Bytes& raw : it.batches) out += " [" + raw_batch_text(raw) + "]";
            return out;
          },
          [](const link::Roll& it) {
            return "Roll height " + std::to_string(it.height) + " value " + hex_text(it.value) +
                   " pool " + hex_text(it.pool);
          },
          [](const link::Objects& it) { return "Objects" + describe(it.objects); },
      },
      message);
}

std::string frame_text(ByteView frame) {
  const auto message = link::decode(frame);
  return message ? message_text(*message) : "undecodable " + std::to_string(frame.size());
}

std::string live_text(ByteView frame) {
  const auto live = live::decode(frame);
  if (!live) return "undecodable " + std::to_string(frame.size());
  return "topic " + hex_text(live->topic) + " count " + number_text(live->count) + " bytes " +
         std::to_string(live->sealed.size());
}

std::string contact_text(const Contact& contact) {
  return short_text(contact.id) + " '" + contact.name + "'" + (contact.founding ? " met" : "") +
         (contact.asks ? " asks" : "") + (contact.wish ? " wished" : "") +
         (contact.is_blocked ? " blocked" : "") +
         (contact.card ? " card #" + number_text(contact.card->counter) : "");
}

}  // namespace

std::string describe(const Event& event) {
  using namespace event;
  return std::visit(
      Overload{
          [](const LinkOpened& it) { return "LinkOpened " + link_text(it.peer, it.side); },
          [](const LinkClosed& it) {
            return "LinkClosed " + link_text(it.peer, it.side) + " " + it.why;
          },
          [](const LinkFrameReceived& it) {
            return "LinkFrameReceived " + link_text(it.peer, it.side) + " " + frame_text(it.frame);
          },
          [](const LiveFrameReceived& it) { return "LiveFrameReceived " + live_text(it.frame); },
          [](const DoorAsked& it) {
            return "DoorAsked " + number_text(it.visit) + " " + door_question_text(it.question);
          },
          [](const DoorAnswered& it) {
            return "DoorAnswered " + number_text(it.visit) + " " + door_answer_text(it.answer);
          },
          [](const DoorFailed& it) { return "DoorFailed " + number_text(it.visit) + " " + it.why; },
          [](const PushRequested& it) {
            return "PushRequested " + number_text(it.request) + " to " + it.to.substr(0, 8) + " '" +
                   to_string(it.body).substr(0, 12) + "'";
          },
          [](const KeyFound& it) { return "KeyFound " + it.key + (it.known ? " known" : " new"); },
          [](const AwaitRequested& it) {
            return "AwaitRequested " + number_text(it.request) + " of " + it.message;
          },
          [](const MeetRequested& it) {
            return "MeetRequested " + number_text(it.request) + " " + it.target;
          },
          [](const AliasRequested& it) { return "AliasRequested " + it.who + " " + it.name; },
          [](const BlockRequested& it) {
            return (it.undo ? "BlockRequested undo " : "BlockRequested ") + it.who;
          },
          [](const VerifyRequested& it) { return "VerifyRequested " + it.who; },
          [](const AboutRooms auto& it) { return room_event_text(Event(it)); },
          [](const RequestDropped& it) { return "RequestDropped " + number_text(it.request); },
          [](const BatchDamaged& it) {
            return "BatchDamaged" + head_text({it.feed, it.first, {}}) + ".." +
                   number_text(it.last);
          },
          [](const Compared&) { return std::string("Compared"); },
          [](const PrunedFound& it) {
            return "PrunedFound " + std::to_string(it.batches ? it.batches->size() : 0);
          },
          [](const StoreRecovered&) { return std::string("StoreRecovered"); },
          [](const TimerFired&) { return std::string("TimerFired"); },
          [](const TurnEnded&) { return std::string("TurnEnded"); },
      },
      event);
}

namespace {

std::string describe_store(const Action& action) {
  if (const auto* self = std::get_if<action::StoreSelf>(&action)) {
    return "StoreSelf card #" + number_text(self->card_counter) + " promised " +
           std::to_string(self->promised.value);
  }
  if (const auto* contact = std::get_if<action::StoreContact>(&action)) {
    return "StoreContact " + contact_text(contact->contact);
  }
  if (const auto* batch = std::get_if<action::StoreBatch>(&action)) {
    return "StoreBatch " + batch_text(batch->batch);
  }
  if (std::holds_alternative<action::StoreNotice>(action)) {
    return "StoreNotice " + std::get<action::StoreNotice>(action).text;
  }
  return room_store_text(action);
}

}  // namespace
std::string describe(const Action& action) {
  using namespace action;
  const auto stored = [](const auto& it) { return describe_store(Action(it)); };
  return std::visit(
      Overload{
          [&](const Durable auto& it) { return stored(it); },
          [](const Admit& it) { return "Admit " + short_text(it.peer); },
          [](const Expel& it) { return "Expel " + short_text(it.peer); },
          [](const Dial& it) {
            return "Dial " + short_text(it.peer) + " " + to_text(Address{it.host, it.port});
          },
          [](const HangUp& it) { return "HangUp " + link_text(it.peer, it.side); },
          [](const Hear& it) {
            return "Hear " + short_text(it.peer) + " " + to_text(Address{it.host, it.port});
          },
          [](const Unhear& it) { return "Unhear " + short_text(it.peer); },
          [](const Subscribe& it) { return "Subscribe " + hex_text(it.topic); },
          [](const Unsubscribe& it) { return "Unsubscribe " + hex_text(it.topic); },
          [](const Publish& it) { return "Publish " + live_text(it.frame); },
          [](const SendLink& it) {
            return "SendLink " + link_text(it.peer, it.side) + " " + frame_text(it.frame);
          },
          [](const Give& it) {
            return "Give " + link_text(it.peer, it.side) + " " + message_text(it.want);
          },
          [](const AnswerDoor& it) {
            return "AnswerDoor " + number_text(it.visit) + " " + door_answer_text(it.answer);
          },
          [](const VisitDoor& it) {
            return "VisitDoor " + number_text(it.visit) + " " + to_text(it.address) + " " +
                   door_question_text(it.question);
          },
          [](const Answer& it) {
            return "Answer " + number_text(it.request) + " exit " +
                   std::to_string(static_cast<int>(it.code)) + " " + it.error;
          },
          [](const FindKey& it) { return "FindKey " + it.key; },
          [](const Compare& it) {
            return "Compare" + head_text({it.feed, it.number, {}});
          },
          [](const FindPruned& it) { return "FindPruned from " + std::to_string(it.from.value); },
          [](const Report& it) { return "Report " + it.text; },
          [](const AskRendezvous& it) {
            return "AskRendezvous " + desk_text(it.desk) + " " + desk_question_text(it.question);
          },
      },
      action);
}

Trace::Trace() {
  const char* wanted = std::getenv("P2PCHAT_TRACE");
  if (wanted == nullptr) return;
  lines_max_ = std::max<std::size_t>(kTraceLines, std::strtoull(wanted, nullptr, 10));
}

void Trace::event(Duration now, const std::string& host, const Event& event) {
  mix(static_cast<std::uint64_t>(now.count()));
  mix(view(host));
  mix(event.index());
  if (const auto* frame = std::get_if<event::LinkFrameReceived>(&event)) mix(frame->frame);
  if (const auto* frame = std::get_if<event::LiveFrameReceived>(&event)) mix(frame->frame);
  if (lines_max_ > 0) line(now, host + " <= " + describe(event));
}

void Trace::order(Duration now, const std::string& host, const Action& action) {
  mix(static_cast<std::uint64_t>(now.count()));
  mix(view(host));
  mix(action.index());
  if (const auto* frame = std::get_if<action::SendLink>(&action)) mix(frame->frame);
  if (const auto* frame = std::get_if<action::Publish>(&action)) mix(frame->frame);
  if (const auto* batch = std::get_if<action::StoreBatch>(&action)) mix(batch->batch.raw);
  if (const auto* ask = std::get_if<action::AskRendezvous>(&action)) mix(ask->question);
  if (lines_max_ > 0) line(now, host + " =>   " + describe(action));
}

void Trace::note(Duration now, const std::string& text) {
  mix(static_cast<std::uint64_t>(now.count()));
  mix(view(text));
  if (lines_max_ > 0) line(now, "-- " + text);
}

std::string Trace::text() const {
  std::string out;
  for (const std::string& line : lines_) out += line + "\n";
  return out;
}

void Trace::mix(ByteView bytes) {
  for (const std::uint8_t byte : bytes) hash_ = (hash_ ^ byte) * 0x100000001b3ULL;
}

void Trace::mix(std::uint64_t number) {
  for (int i = 0; i < 8; ++i) hash_ = (hash_ ^ ((number >> (8 * i)) & 0xff)) * 0x100000001b3ULL;
}

void Trace::line(Duration now, const std::string& text) {
  char time[16];
  std::snprintf(time, sizeof time, "%9.3f ", static_cast<double>(now.count()) / 1000.0);
  lines_.push_back(time + text);
  if (lines_.size() > lines_max_) lines_.pop_front();
}

}  // namespace p2pchat::sim
