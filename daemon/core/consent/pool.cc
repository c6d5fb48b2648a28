// The half of Consent that says what is kept, and passes it on.
#include <algorithm>

#include "daemon/core/consent/consent.h"

namespace p2pchat {

// --- Who counts ---

bool Consent::sits_anywhere(const Seat& seat) const {
  return tip().before->holds(seat) ||
         std::any_of(stages_.begin(), stages_.end(),
                     [&](const Stage& stage) { return stage.roster->holds(seat); });
}

std::set<Seat> Consent::seats_anywhere(const PeerId& peer) const {
  std::set<Seat> seats;
  const auto add = [&](const Roster& roster) {
    if (const auto seat = roster.seat_of(peer)) seats.insert(*seat);
  };
  add(*tip().before);
  for (const Stage& stage : stages_) add(*stage.roster);
  return seats;
}

std::set<PeerId> Consent::circle() const {
  std::set<PeerId> circle;
  const auto add = [&](const Roster& roster) {
    for (const auto& [peer, admission] : roster.members()) circle.insert(peer);
  };
  add(*tip().before);
  for (const Stage& stage : stages_) add(*stage.roster);
  return circle;
}

// --- Values ---

void Consent::hold(const Value& value) {
  values_.try_emplace(value.id, Held{std::make_shared<const Value>(value), ++arrivals_});
}

std::set<ValueId> Consent::pledged_values() const {
  std::set<ValueId> pledged;
  for (const auto& [seat, rounds] : pledges_) {
    for (const auto& [round, pledges] : rounds) {
      for (const Pledge& pledge : pledges) pledged.insert(pledge.value);
    }
  }
  return pledged;
}

// A pledge alone does not hold a value that may follow nothing.
void Consent::drop_loose() {
  if (values_.size() <= kLooseValuesMax) return;
  const std::set<ValueId> pledged = pledged_values();
  std::map<std::uint64_t, ValueId> loose;
  for (const auto& [id, held] : values_) {
    const Value& value = *held.value;
    if (id == last_ || certificates_.contains(id)) continue;
    const bool could_be_pledged =
        pledged.contains(id) &&
        std::any_of(stages_.begin(), stages_.end(), [&](const Stage& stage) {
          const RosterPointer base = base_of(stage, value);
          return base != nullptr && base->check(value);
        });
    if (!could_be_pledged) loose.emplace(held.arrival, id);
  }
  for (; loose.size() > kLooseValuesMax; loose.erase(loose.begin())) {
    values_.erase(loose.begin()->second);
  }
}

// --- Pledges ---

std::vector<Pledge> Consent::pledged(const Seat& seat, Round round) const {
  const auto rounds = pledges_.find(seat);
  if (rounds == pledges_.end()) return {};
  const auto pledges = rounds->second.find(round);
  return pledges == rounds->second.end() ? std::vector<Pledge>{} : pledges->second;
}

void Consent::add(const Pledge& pledge) {
  auto& rounds = pledges_[pledge.seat];
  auto& pledges = rounds[pledge.round];
  const bool is_known = std::any_of(pledges.begin(), pledges.end(), [&](const Pledge& known) {
    return known.value == pledge.value;
  });
  if (!is_known) pledges.push_back(pledge);
  // Kept longest are those of the round in which I may still decide, and proofs.
  while (rounds.size() > kRoundsKept + (rounds.contains(high_) ? 1 : 0)) {
    auto oldest = std::find_if(rounds.begin(), rounds.end(), [&](const auto& it) {
      return it.first != high_ && it.second.size() < 2;
    });
    if (oldest == rounds.end()) oldest = rounds.begin();
    if (oldest->first == high_) ++oldest;
    rounds.erase(oldest);
  }
  weigh(pledge.value);
}

bool Consent::contradicts(const Pledge& pledge) const {
  if (pledge.seat.peer == self_ && pledge.round == high_ && pledge.value != last_) return true;
  for (const Pledge& known : pledged(pledge.seat, pledge.round)) {
    if (known.value != pledge.value) return true;
  }
  return std::any_of(stages_.begin(), stages_.end(), [&](const Stage& stage) {
    if (stage.value == nullptr || stage.value->id == pledge.value) return false;
    const auto certificate = certificates_.find(stage.value->id);
    if (certificate == certificates_.end() || certificate->second.round != pledge.round) {
      return false;
    }
    const std::vector<Seat> quorum = stage.before->quorum(*stage.value);
    return std::find(quorum.begin(), quorum.end(), pledge.seat) != quorum.end();
  });
}

void Consent::witness(const Pledge& pledge) {
  const bool is_lie = contradicts(pledge);
  if (is_lie) two_faced_.insert(pledge.seat);
  if (pledge.seat.peer != self_ || (pledge.round <= high_ && !is_lie)) return;
  forgotten_.insert(pledge.seat);
  // What I have pledged and forgotten keeps me from deciding below it all the same.
  if (pledge.round <= high_) return;
  high_ = pledge.round;
  last_ = pledge.value;
}

// --- Forks ---

bool Consent::learn(const Fork& fork) {
  if (fork.room != roster().room()) return false;
  bool is_news = false;
  for (const Seat& seat : seats_anywhere(fork.one.author)) {
    if (!fork.is_of(seat) || !forks_.emplace(seat, fork).second) continue;
    two_faced_.insert(seat);
    is_news = true;
  }
  return is_news;
}

std::set<PeerId> Consent::forkers() const {
  std::set<PeerId> forkers;
  for (const auto& [seat, fork] : forks_) {
    if (roster().holds(seat)) forkers.insert(seat.peer);
  }
  return forkers;
}

// --- What is done with ---

void Consent::prune() {
  const auto sits = [&](const Seat& seat) { return sits_anywhere(seat); };
  for (auto& [seat, rounds] : pledges_) rounds.erase(rounds.begin(), rounds.lower_bound(round()));
  std::erase_if(pledges_, [&](const auto& it) { return it.second.empty() || !sits(it.first); });
  const std::set<ValueId> pledged = pledged_values();
  std::erase_if(values_, [&](const auto& it) {
    const bool is_next = it.second.value->previous == roster().value();
    return !pledged.contains(it.first) && !is_next && !stage_of(it.first);
  });
  std::erase_if(certificates_, [&](const auto& it) { return !values_.contains(it.first); });
  drop_loose();
  std::erase_if(decideds_, [&](const auto& it) { return !sits(it.first); });
  std::erase_if(leaves_, [&](const auto& it) { return !sits(it.first); });
  std::erase_if(two_faced_, [&](const Seat& seat) { return !sits(seat); });
  std::erase_if(forks_, [&](const auto& it) { return !sits(it.first); });
  std::erase_if(holdings_, [&](const auto& it) {
    return !roster().seat_of(it.first) && !tip().before->seat_of(it.first);
  });
  const auto may_enter = [&](const Knock& knock) {
    return std::any_of(stages_.begin(), stages_.end(),
                       [&](const Stage& stage) { return stage.roster->may_enter(knock); });
  };
  ballots_.prune(roster(), {may_enter, sits});
}

// --- What is passed on ---

std::vector<Value> Consent::values() const {
  std::vector<Value> all;
  for (const auto& [id, held] : values_) all.push_back(*held.value);
  const auto is_lower = [](const Value& a, const Value& b) { return a.height < b.height; };
  std::stable_sort(all.begin(), all.end(), is_lower);
  return all;
}

std::vector<Pledge> Consent::pledges() const {
  std::vector<Pledge> all;
  for (const auto& [seat, rounds] : pledges_) {
    for (const auto& [round, pledges] : rounds) {
      all.insert(all.end(), pledges.begin(), pledges.end());
    }
  }
  return all;
}

std::vector<Certificate> Consent::certificates() const {
  std::vector<Certificate> all;
  for (const auto& [id, certificate] : certificates_) all.push_back(certificate);
  const auto height = [&](const Certificate& each) {
    const auto held = values_.find(each.value);
    return held == values_.end() ? 0 : held->second.value->height;
  };
  std::stable_sort(all.begin(), all.end(), [&](const Certificate& a, const Certificate& b) {
    return height(a) < height(b);
  });
  return all;
}

std::vector<Decided> Consent::decideds() const {
  std::vector<Decided> all;
  for (const auto& [seat, decided] : decideds_) all.push_back(decided);
  return all;
}

// The certificate says it already.
bool Consent::is_covered(const Pledge& pledge) const {
  const auto certificate = certificates_.find(pledge.value);
  return certificate != certificates_.end() && pledge.round <= certificate->second.round;
}

std::vector<Object> Consent::objects() const {
  std::vector<Object> all = ballots_.objects();
  for (const auto& [seat, leave] : leaves_) all.push_back({Kind::leave, leave.raw});
  for (const Value& value : values()) all.push_back({Kind::value, value.raw});
  for (const Certificate& certificate : certificates()) {
    all.push_back({Kind::certificate, certificate.encode()});
  }
  for (const Pledge& pledge : pledges()) {
    if (!is_covered(pledge)) all.push_back({Kind::pledge, pledge.encode()});
  }
  for (const auto& [seat, decided] : decideds_) all.push_back({Kind::decided, decided.encode()});
  for (const auto& [seat, fork] : forks_) all.push_back({Kind::fork, fork.raw});
  return all;
}

// What others may hold and never show to all is not in it: loose values, and what was set aside.
Hash Consent::pool() const {
  Hasher hasher("p2pchat consent pool");
  ballots_.add_pool(hasher);
  for (const auto& [seat, leave] : leaves_) hasher.add(seat.peer).add(seat.admission);
  std::map<ValueId, Round> certified;
  for (const Stage& stage : stages_) certified[stage.roster->value()] = stage.round;
  hasher.add(roster().value()).add(std::uint64_t{certified.size()});
  for (const auto& [value, round] : certified) hasher.add(value).add(round.value);
  std::set<ValueId> pledged;
  for (const auto& [seat, rounds] : pledges_) {
    std::size_t newest = 0;
    for (auto it = rounds.rbegin(); it != rounds.rend() && newest < kRoundsKept; ++it, ++newest) {
      for (const Pledge& pledge : it->second) {
        if (it->first < round() || is_covered(pledge)) continue;
        hasher.add(seat.peer).add(seat.admission).add(it->first.value);
        pledged.insert(pledge.value);
      }
    }
  }
  for (const ValueId& value : pledged) {
    hasher.add(value).add(std::uint64_t{values_.contains(value)});
  }
  for (const auto& [seat, decided] : decideds_) {
    hasher.add(seat.peer).add(seat.admission).add(decided.round.value).add(decided.value);
  }
  // Any proof is as good as another.
  hasher.add(std::uint64_t{forks_.size()});
  for (const auto& [seat, fork] : forks_) hasher.add(seat.peer).add(seat.admission);
  return hasher.finish();
}

Hash Consent::digest() const {
  Hasher hasher("p2pchat consent");
  const auto add_seat = [&](const Seat& seat) -> Hasher& {
    return hasher.add(seat.peer).add(seat.admission);
  };
  hasher.add(roster().value()).add(high_.value).add(last_);
  std::map<ValueId, Round> certified;
  for (const Stage& stage : stages_) certified[stage.roster->value()] = stage.round;
  for (const auto& [value, round] : certified) hasher.add(value).add(round.value);
  hasher.add(std::uint64_t{certified.size()});
  for (const auto& [value, certificate] : certificates_) {
    hasher.add(value).add(certificate.round.value);
  }
  for (const Seat& seat : forgotten_) add_seat(seat);
  hasher.add(std::uint64_t{forgotten_.size()});
  for (const Seat& seat : two_faced_) add_seat(seat);
  hasher.add(std::uint64_t{two_faced_.size()});
  ballots_.add_digest(hasher);
  for (const auto& [seat, leave] : leaves_) add_seat(seat).add(leave.raw);
  for (const auto& [peer, holding] : holdings_) {
    hasher.add(peer).add(std::uint64_t{holding.is_closed});
    for (const PeerId& reader : holding.readers) hasher.add(reader);
    if (!holding.newest) continue;
    const Head& head = *holding.newest;
    hasher.add(head.feed.incarnation).add(head.number.value).add(head.hash);
  }
  for (const auto& [id, held] : values_) hasher.add(id);
  hasher.add(std::uint64_t{values_.size()});
  for (const auto& [seat, rounds] : pledges_) {
    for (const auto& [round, pledges] : rounds) {
      std::set<ValueId> values;
      for (const Pledge& pledge : pledges) values.insert(pledge.value);
      for (const ValueId& value : values) add_seat(seat).add(round.value).add(value);
    }
  }
  for (const auto& [seat, decided] : decideds_) {
    add_seat(seat).add(decided.round.value).add(decided.value);
  }
  hasher.add(std::uint64_t{forks_.size()});
  for (const auto& [seat, fork] : forks_) add_seat(seat);
  return hasher.finish();
}

}  // namespace p2pchat
