// Places: where others can reach this daemon, as its card will say.
//
// What was advertised counts alone; else the address that is listened on; and
// a daemon that listens on all of them names those of its interfaces, as far as
// they mean the same on every host.
//
// card_places() is pure; interface_hosts() asks the system. Bounded by
// kCardAddressesMax.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "proto/card.h"

namespace p2pchat {

// "*", "0.0.0.0" or "::".
bool is_wildcard(const std::string& host);

// `bound` holds the ports that were really taken. An advertised port of another number
// stands for a forwarding of three ports in a row.
std::vector<Place> card_places(const std::optional<Address>& advertise, const Place& bound,
                               const std::vector<std::string>& interfaces);

// The addresses of the interfaces that are up, IPv4 first, without loopback and link-local.
std::vector<std::string> interface_hosts();

}  // namespace p2pchat
