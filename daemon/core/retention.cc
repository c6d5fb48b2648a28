// The part of Node that lets its user say how much of a conversation is kept on this disk.
#include "daemon/core/actions.h"
#include "daemon/core/answers.h"
#include "daemon/core/node.h"

namespace p2pchat {
Actions Node::on(const Turn& turn, const event::KeepRequested& event) {
  const auto conversation = resolve(event.name);
  if (!conversation) return {refuse(event.request, conversation.error())};
  const bool is_here = talking_room(conversation->room) != nullptr;
  Room* room = is_here ? room_of(conversation->room) : nullptr;
  if (room == nullptr) {
    return {refuse(event.request,
                   {Fault::unknown, "you are in no conversation called " + conversation->name})};
  }
  Actions actions;
  if (event.retention) {
    if (!can_store()) return {refuse(event.request, no_writes())};
    append(actions, room->keep(turn, *event.retention));
  }
  control::Record row;
  row.set("conversation", conversation->name).set("keep", keep_text(room->retention()));
  actions.push_back(agree(event.request, std::move(row)));
  return actions;
}

Actions Node::on(const Turn& turn, const event::Pruned& event) {
  if (Room* room = room_of(event.room)) room->pruned(turn, event);
  return {};
}

}  // namespace p2pchat
