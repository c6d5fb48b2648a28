// Turn: what every machine is handed with an event: the moment, the shared
// clock and entropy, and who we are. Lives for one call.
#pragma once

#include "daemon/core/clock.h"
#include "daemon/core/entropy.h"
#include "proto/crypto.h"
#include "proto/moment.h"

namespace p2pchat {

struct Turn {
  Moment now;
  Clock& clock;
  Entropy& entropy;
  const Identity& self;
};

}  // namespace p2pchat
