// Putting lists of actions together. Pure.
#pragma once

#include <iterator>
#include <utility>

#include "daemon/core/action.h"

namespace p2pchat {

inline void append(Actions& to, Actions from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace p2pchat
