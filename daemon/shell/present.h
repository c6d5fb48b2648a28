// Present: a stored message as local programs get it, with names put in.
//
// Pure, given the Node whose names they are. Lives for one round of feeding.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "daemon/core/node.h"
#include "daemon/shell/inbox.h"

namespace p2pchat {

class Presenter {
 public:
  explicit Presenter(const Node& node) : node_(node) {}

  // What `pull` and `log` answer.
  control::Record present(const Entry& entry);
  // What the conversation in `room` is called here; of a forgotten one, the beginning of its id.
  const std::string& conversation(const RoomId& room);

 private:
  const Node& node_;
  std::map<RoomId, std::string> names_;  // Filled at the first question.
  bool is_filled_ = false;
};

// The token by which a reader reports a message as taken: up to its first dot it names the room.
std::string encode_place(const RoomId& room, const ReaderPlace& place);
std::optional<std::pair<RoomId, ReaderPlace>> decode_place(std::string_view text);

}  // namespace p2pchat
