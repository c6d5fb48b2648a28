#include "daemon/core/contact.h"

#include <algorithm>

namespace p2pchat {

std::vector<Place> Contact::places() const {
  std::vector<Place> all;
  if (!card) return all;
  const auto add = [&](const Place& place) {
    const bool counts = is_near || !is_local_only(place.host);
    if (counts && std::find(all.begin(), all.end(), place) == all.end()) all.push_back(place);
  };
  for (const Place& place : card->places) add(place);
  for (const Address& pin : pins) {
    for (const Place& place : card->places) {
      if (place.door == pin.port) add({pin.host, place.door, place.link, place.pub});
    }
  }
  return all;
}

}  // namespace p2pchat
