// RoomWords: what members of rooms sign, store and pass on, in the words of a Trace. Pure.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "daemon/core/action.h"

namespace p2pchat::sim {

// The first bytes of an id.
template <class Tag, std::size_t N>
std::string hex_text(const Fixed<Tag, N>& fixed) {
  std::string out;
  for (std::size_t i = 0; i < 3; ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", fixed.bytes[i]);
    out += digits;
  }
  return out;
}

std::string describe(const Value& value);
std::string describe(const Pledge& pledge);
std::string describe(const Object& object);
std::string describe(const std::vector<Object>& objects);

// Of a StoreRoom or what follows it.
std::string room_store_text(const Action& action);
// Of what a user wishes of a room, or what the rendezvous has answered.
std::string room_event_text(const Event& event);
std::string desk_text(Desk desk);
std::string desk_question_text(ByteView request);
// What does not fit any question is undecodable.
std::string desk_answer_text(ByteView answer);
std::string door_question_text(ByteView question);
std::string door_answer_text(ByteView answer);

}  // namespace p2pchat::sim
