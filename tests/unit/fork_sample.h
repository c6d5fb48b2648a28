// A fork, for unit tests: the same in every run.
#pragma once

#include "proto/fork.h"
#include "tests/unit/samples.h"

namespace p2pchat {

// Of a feed that `author` writes in the seat of this admission; another one for each `which`.
inline Fork sample_fork(const Identity& author, const RoomId& room, const ChangeId& admission,
                        std::uint8_t which = 1) {
  const Incarnation run = incarnation_in(admission, {{9, 9, 9, 9, which}});
  Hash previous;
  previous.bytes.fill(which);
  const auto saying = [&](std::string_view text) {
    return sample_batch(author, room, run, {2}, previous, {sample_post(5, text)});
  };
  return *Fork::make(saying("yes"), saying("no"));
}

}  // namespace p2pchat
