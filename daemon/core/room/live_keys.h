// LiveKeys: the keys of the live road in one room: mine, and those that were
// handed to me.
//
// What goes out on PUB is sealed with its author's current key under that
// key's own random topic. A key lives kKeyLifetime; its successor is handed
// over kKeyOverlap before its first use, and a foreign key that has been
// succeeded opens for kKeyOverlap more. Keys exist in memory only.
//
// Pure; owned by Room. Bounded: two own keys, kForeignKeysMax of each member.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/core/turn.h"
#include "proto/limits.h"
#include "proto/live.h"

namespace p2pchat {

class LiveKeys {
 public:
  static constexpr std::size_t kForeignKeysMax = 3;

  explicit LiveKeys(const RoomId& room) : room_(room) {}

  // My keys so far are for nobody any more.
  void begin_anew();
  // The frame that carries `message` to whoever holds my current key.
  Bytes seal(const Turn& turn, ByteView message);
  // What a member that I am newly linked with must be told: my keys in order of use.
  std::vector<link::Handover> handovers(const Turn& turn);

  // A member has handed over a key of its own.
  Actions learn(const PeerId& author, const link::Handover& handover);
  // A member is none any more: nothing of its is listened for.
  Actions forget(const PeerId& author);
  // The message in a frame, if it opens under a key of `author`.
  std::optional<Bytes> open(const Turn& turn, const PeerId& author, const live::Frame& frame);

  // Makes the next key when its time has come, and lets old ones go. A new key is
  // answered: it must be handed to every linked member.
  struct Renewal {
    std::optional<link::Handover> handover;
    Actions actions;
  };
  Renewal timer(const Turn& turn);
  TimePoint deadline() const;

 private:
  struct OwnKey {
    Topic topic;
    RoomKey key;
    Counter sealed;  // Frames so far: the nonce, never used twice.
    TimePoint from;  // First use.
  };
  struct ForeignKey {
    Topic topic;
    RoomKey key;
    TimePoint until = TimePoint::never();
  };

  OwnKey make(const Turn& turn, TimePoint from) const;
  void begin(const Turn& turn);

  RoomId room_;
  std::optional<OwnKey> own_;
  std::optional<OwnKey> next_;
  std::map<PeerId, std::vector<ForeignKey>> foreign_;  // In order of hand-over.
};

}  // namespace p2pchat
