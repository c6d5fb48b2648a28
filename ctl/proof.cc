#include "ctl/proof.h"

#include <algorithm>

namespace p2pchat::ctl {

namespace {

tl::unexpected<Error> wrong(std::string text) { return fail(Fault::forged, std::move(text)); }

std::string in_words(const ProvedPerson& person) {
  return (person.name.empty() ? "" : person.name + ", ") + "id " + to_text(person.id);
}

}  // namespace

Result<Proof> Proof::begin(const Object& founding) {
  if (founding.kind != Kind::genesis) return wrong("the founding of the room is missing");
  auto genesis = Genesis::decode(founding.raw);
  if (!genesis) return wrong("the founding of the room: " + genesis.error().text);
  return Proof(std::move(*genesis));
}

Result<ProvedStep> Proof::take(std::span<const Object> rest) {
  const std::string place = "height " + std::to_string(roster_.height() + 1) + ": ";
  if (rest.empty() || rest[0].kind != Kind::value) return wrong(place + "its value is missing");
  auto value = Value::decode(rest[0].raw);
  if (!value) return wrong(place + "the value: " + value.error().text);
  if (rest.size() < kObjectsOfAStep || rest[1].kind != Kind::certificate) {
    return wrong(place + "its certificate is missing");
  }
  const auto certificate = Certificate::decode(rest[1].raw);
  if (!certificate) return wrong(place + "the certificate: " + certificate.error().text);
  if (auto checked = check(*value, *certificate); !checked) {
    return wrong(place + checked.error().text);
  }

  ProvedStep step;
  step.height = value->height;
  step.value = value->id;
  step.round = certificate->round;
  for (const Knock& knock : value->knocks) names_[knock.card.id] = knock.card.name;
  for (const Knock& knock : value->knocks) step.came.push_back(person(knock.card.id));
  for (const Eviction& eviction : value->evictions) {
    for (const Seat& seat : eviction.seats) step.evicted.push_back(person(seat.peer));
  }
  for (const Leave& leave : value->leaves) step.left.push_back(person(leave.seat.peer));
  for (const Seat& seat : roster_.quorum(*value)) step.signers.push_back(person(seat.peer));
  for (const Certificate::Entry& entry : certificate->entries) {
    step.time = std::max(step.time, entry.stamp.wall());
  }
  roster_ = roster_.after(*value);
  step.members = roster_.members().size();
  return step;
}

Result<void> Proof::check(const Value& value, const Certificate& certificate) const {
  if (auto follows = roster_.check(value); !follows) {
    return wrong("the value may not stand here: " + follows.error().text);
  }
  if (certificate.room != value.room || certificate.value != value.id) {
    return wrong("the certificate is of another value");
  }
  const std::vector<Seat> quorum = roster_.quorum(value);
  if (certificate.entries.size() != quorum.size()) {
    return wrong("the certificate has " + std::to_string(certificate.entries.size()) +
                 " signatures, and it takes those of " + std::to_string(quorum.size()));
  }
  for (std::size_t i = 0; i < quorum.size(); ++i) {
    if (!certificate.pledge(i, quorum[i]).is_signed()) {
      return wrong("the signature of a member does not hold: " + in_words(person(quorum[i].peer)));
    }
  }
  if (!roster_.is_certified(value, certificate)) return wrong("the certificate does not hold");
  return {};
}

ProvedPerson Proof::person(const PeerId& peer) const {
  const auto known = names_.find(peer);
  return {peer, known == names_.end() ? std::string() : known->second};
}

}  // namespace p2pchat::ctl
