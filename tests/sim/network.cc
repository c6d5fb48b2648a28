#include "tests/sim/network.h"

namespace p2pchat::sim {

void Network::rise(HostIndex host, std::vector<Place> places) {
  fabric_.rise(host, std::move(places));
  pubs_.stir();
}

void Network::fall(HostIndex host) {
  fabric_.fall(host);
  links_.fall(host);
  pubs_.fall(host);
  doors_.forget(host);
  rendezvous_.fall(host);
}

void Network::carry_out(HostIndex host, const Action& action) {
  if (const auto* admit = std::get_if<action::Admit>(&action)) {
    fabric_.admit(host, admit->peer);
    pubs_.stir();
  } else if (const auto* expel = std::get_if<action::Expel>(&action)) {
    fabric_.expel(host, expel->peer);
    links_.expel(host, expel->peer);
    pubs_.expel(host, expel->peer);
  } else if (const auto* dial = std::get_if<action::Dial>(&action)) {
    links_.dial(host, *dial);
  } else if (const auto* hang_up = std::get_if<action::HangUp>(&action)) {
    links_.hang_up(host, *hang_up);
  } else if (const auto* send = std::get_if<action::SendLink>(&action)) {
    links_.send(host, send->peer, send->side, send->frame);
  } else if (const auto* hear = std::get_if<action::Hear>(&action)) {
    pubs_.hear(host, *hear);
  } else if (const auto* unhear = std::get_if<action::Unhear>(&action)) {
    pubs_.unhear(host, *unhear);
  } else if (const auto* subscribe = std::get_if<action::Subscribe>(&action)) {
    pubs_.subscribe(host, subscribe->topic);
  } else if (const auto* unsubscribe = std::get_if<action::Unsubscribe>(&action)) {
    pubs_.unsubscribe(host, unsubscribe->topic);
  } else if (const auto* publish = std::get_if<action::Publish>(&action)) {
    pubs_.publish(host, publish->frame);
  } else if (const auto* visit = std::get_if<action::VisitDoor>(&action)) {
    doors_.visit(host, *visit);
  } else if (const auto* answer = std::get_if<action::AnswerDoor>(&action)) {
    doors_.answer(host, *answer);
  } else if (const auto* ask = std::get_if<action::AskRendezvous>(&action)) {
    rendezvous_.ask(host, *ask);
  }
}

void Network::send_link(HostIndex host, const PeerId& peer, LinkSide side, const Bytes& frame) {
  links_.send(host, peer, side, frame);
}

void Network::cut(HostIndex from, HostIndex to) {
  if (!fabric_.passes(from, to)) return;
  fabric_.set_cut(from, to, true);
  const auto count = fabric_.cuts(from, to);
  fabric_.agenda().after(kSilenceMax, [this, from, to, count] {
    if (fabric_.cuts(from, to) == count) snap(from, to);
  });
}

void Network::mend(HostIndex from, HostIndex to) {
  if (fabric_.passes(from, to)) return;
  fabric_.set_cut(from, to, false);
  links_.mend(from, to);
  if (fabric_.prng().chance(50)) pubs_.break_between(from, to);
  pubs_.stir();
}

void Network::mend_all() {
  for (HostIndex from = 0; from < fabric_.size(); ++from) {
    for (HostIndex to = 0; to < fabric_.size(); ++to) mend(from, to);
  }
}

void Network::snap(HostIndex a, HostIndex b) {
  links_.break_between(a, b, 1s);
  pubs_.break_between(a, b);
}

void Network::shelter(HostIndex host, bool is_sheltered) {
  fabric_.shelter(host, is_sheltered);
  pubs_.stir();
}

}  // namespace p2pchat::sim
