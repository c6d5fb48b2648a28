#include "daemon/core/consent/consent.h"

#include <algorithm>
#include <utility>

#include "proto/check.h"

namespace p2pchat {
namespace {

bool is_among(const std::vector<Pledge>& pledges, const ValueId& value) {
  return std::any_of(pledges.begin(), pledges.end(),
                     [&](const Pledge& pledge) { return pledge.value == value; });
}

}  // namespace

Consent::Consent(const Genesis& genesis, const PeerId& self)
    : self_(self), tip_{Roster(genesis), nullptr, Roster(genesis), Round{}, 0} {}

// --- What comes in ---

bool Consent::learn(const Knock& knock) {
  if (knock.room != roster().room() || knocks_.contains(knock.id)) return false;
  if (!roster().may_enter(knock)) return false;
  // A candidate's newer knock takes the place of an older one, which nobody needs any more.
  const auto older = std::find_if(knocks_.begin(), knocks_.end(), [&](const auto& it) {
    return it.second.card.id == knock.card.id;
  });
  if (older != knocks_.end()) {
    if (older->second.expires >= knock.expires) return false;
    votes_.erase(older->first);
    knocks_.erase(older);
  }
  if (knocks_.size() >= kKnocksMax) return false;
  return knocks_.emplace(knock.id, knock).second;
}

bool Consent::learn(const Eviction& eviction) {
  if (eviction.room != roster().room() || evictions_.size() >= kEvictionsMax) return false;
  const bool all_sit = std::all_of(eviction.seats.begin(), eviction.seats.end(),
                                   [&](const Seat& seat) { return sits_anywhere(seat); });
  return all_sit && evictions_.emplace(eviction.id(), eviction).second;
}

bool Consent::learn(const Vote& vote) {
  if (vote.room != roster().room() || !sits_anywhere(vote.seat)) return false;
  if (!knocks_.contains(vote.change) && !evictions_.contains(vote.change)) return false;
  const auto [it, is_new] = votes_[vote.change].try_emplace(vote.seat, vote.yes);
  if (is_new) return true;
  if (it->second == vote.yes) return false;
  const bool was_yes = std::exchange(it->second, false);
  return two_faced_.insert(vote.seat).second || was_yes;
}

bool Consent::learn(const Leave& leave) {
  if (leave.room != roster().room() || !sits_anywhere(leave.seat)) return false;
  return leaves_.emplace(leave.seat, leave).second;
}

bool Consent::learn(const Value& value) {
  if (value.room != roster().room() || values_.contains(value.id)) return false;
  std::set<ValueId> pledged;
  for (const auto& [seat, rounds] : pledges_) {
    for (const auto& [round, pledges] : rounds) {
      for (const Pledge& pledge : pledges) pledged.insert(pledge.value);
    }
  }
  const auto loose = static_cast<std::size_t>(std::count_if(
      values_.begin(), values_.end(), [&](const auto& it) { return !pledged.contains(it.first); }));
  if (!pledged.contains(value.id) && loose >= kLooseValuesMax) return false;
  values_.emplace(value.id, std::make_shared<const Value>(value));
  reach_.clear();
  return true;
}

bool Consent::learn(const Pledge& pledge) {
  if (pledge.room != roster().room() || !sits_anywhere(pledge.seat)) return false;
  // What is settled is not news, and one's own of long ago is not forgotten but done with.
  if (pledge.round < tip_.round) return false;
  const std::vector<Pledge> known = pledged(pledge.seat, pledge.round);
  // Two are a proof; more prove no more.
  if (is_among(known, pledge.value) || known.size() >= 2) return false;
  if (pledge.seat.peer == self_) {
    if (pledge.round < high_ && known.empty()) return false;
    has_forgotten_ = true;
  }
  add(pledge);
  return true;
}

bool Consent::learn(const Certificate& certificate) {
  const auto value = values_.find(certificate.value);
  if (certificate.room != roster().room() || value == values_.end()) return false;
  for (const Stage& stage : reach()) {
    const Roster* base = base_of(stage, *value->second);
    if (base == nullptr || !base->check(*value->second)) continue;
    if (certified_in(*base, *value->second) >= certificate.round) return false;
    if (!base->is_certified(*value->second, certificate)) return false;
    const std::vector<Seat> quorum = base->quorum(*value->second);
    for (std::size_t i = 0; i < quorum.size(); ++i) {
      if (quorum[i].peer == self_ && certificate.round > high_) has_forgotten_ = true;
      add(certificate.pledge(i, quorum[i]));
    }
    return true;
  }
  return false;
}

void Consent::learn(const Head& head) {
  if (!roster().seat_of(head.feed.author) && !tip_.before.seat_of(head.feed.author)) return;
  Head& known = heads_[head.feed.author];
  if (known.number == Number{} || head.feed != known.feed || head.number > known.number) {
    known = head;
  }
}

void Consent::remember(const Decision& decision) {
  values_[decision.value.id] = std::make_shared<const Value>(decision.value);
  const Roster* base = base_of(tip_, decision.value);
  CHECK(base != nullptr && base->check(decision.value));
  const std::vector<Seat> quorum = base->quorum(decision.value);
  CHECK(quorum.size() == decision.certificate.entries.size());
  for (std::size_t i = 0; i < quorum.size(); ++i) add(decision.certificate.pledge(i, quorum[i]));
  settle_on({*base, values_.at(decision.value.id), base->after(decision.value),
             decision.certificate.round, 0});
}

void Consent::remember(const Pledge& pledge, const Value& value) {
  CHECK(pledge.seat.peer == self_ && pledge.value == value.id);
  values_.try_emplace(value.id, std::make_shared<const Value>(value));
  if (pledge.round > high_) {
    high_ = pledge.round;
    last_ = pledge.value;
  }
  add(pledge);
}

void Consent::add(const Pledge& pledge) {
  reach_.clear();
  auto& rounds = pledges_[pledge.seat];
  auto& pledges = rounds[pledge.round];
  if (!is_among(pledges, pledge.value)) pledges.push_back(pledge);
  if (pledges.size() > 1) two_faced_.insert(pledge.seat);
  while (rounds.size() > kRoundsKept) rounds.erase(rounds.begin());
}

std::vector<Pledge> Consent::pledged(const Seat& seat, Round round) const {
  const auto rounds = pledges_.find(seat);
  if (rounds == pledges_.end()) return {};
  const auto pledges = rounds->second.find(round);
  return pledges == rounds->second.end() ? std::vector<Pledge>{} : pledges->second;
}

bool Consent::sits_anywhere(const Seat& seat) const {
  const std::vector<Stage>& stages = reach();
  return tip_.before.holds(seat) ||
         std::any_of(stages.begin(), stages.end(),
                     [&](const Stage& stage) { return stage.roster.holds(seat); });
}

// --- What is certified ---

Round Consent::certified_in(const Roster& before, const Value& value) const {
  std::optional<std::set<Round>> rounds;  // In which all so far have pledged it.
  for (const Seat& seat : before.quorum(value)) {
    std::set<Round> of_seat;
    const auto pledged = pledges_.find(seat);
    if (pledged == pledges_.end()) return {};
    for (const auto& [round, pledges] : pledged->second) {
      if (is_among(pledges, value.id) && (!rounds || rounds->contains(round)))
        of_seat.insert(round);
    }
    if (of_seat.empty()) return {};
    rounds = std::move(of_seat);
  }
  return rounds ? *rounds->rbegin() : Round{};
}

Certificate Consent::certificate(const Roster& before, const Value& value, Round round) const {
  Certificate certificate{value.room, value.id, round, {}};
  for (const Seat& seat : before.quorum(value)) {
    for (const Pledge& pledge : pledges_.at(seat).at(round)) {
      if (pledge.value == value.id) certificate.entries.push_back({pledge.stamp, pledge.signature});
    }
  }
  return certificate;
}

const Roster* Consent::base_of(const Stage& stage, const Value& value) {
  if (value.previous == stage.roster.value()) return &stage.roster;
  if (stage.value != nullptr && widens(value, *stage.value)) return &stage.before;
  return nullptr;
}

const std::vector<Consent::Stage>& Consent::reach() const {
  if (!reach_.empty()) return reach_;
  std::vector<Stage>& stages = reach_;
  stages.push_back(tip_);
  std::set<ValueId> seen;
  if (tip_.value != nullptr) {
    seen.insert(tip_.value->id);
    stages[0].round = std::max(tip_.round, certified_in(tip_.before, *tip_.value));
  }
  for (std::size_t i = 0; i < stages.size(); ++i) {
    for (const auto& [id, value] : values_) {
      if (seen.contains(id)) continue;
      const Roster* base = base_of(stages[i], *value);
      if (base == nullptr || !base->check(*value)) continue;
      const Round round = certified_in(*base, *value);
      if (round == Round{}) continue;
      seen.insert(id);
      Stage stage{*base, value, base->after(*value), round, i};
      stages.push_back(std::move(stage));
    }
  }
  return stages;
}

std::vector<Consent::Decision> Consent::decide() {
  const std::vector<Stage>& stages = reach();
  tip_.round = stages[0].round;
  std::size_t best = 0;
  for (std::size_t i = 1; i < stages.size(); ++i) {
    const bool is_higher = best == 0 || stages[i].round >= stages[best].round;
    if (stages[i].round >= high_ && is_higher) best = i;
  }
  std::vector<Decision> decided;
  for (std::size_t i = best; i != 0; i = stages[i].parent) {
    const Stage& stage = stages[i];
    decided.push_back({*stage.value, certificate(stage.before, *stage.value, stage.round)});
  }
  std::reverse(decided.begin(), decided.end());
  if (best != 0) settle_on(Stage(stages[best]));
  return decided;
}

void Consent::settle_on(Stage stage) {
  tip_ = std::move(stage);
  tip_.parent = 0;
  reach_.clear();
  prune();
  reach_.clear();
}

void Consent::prune() {
  std::set<ValueId> pledged{tip_.value->id};
  for (auto& [seat, rounds] : pledges_) {
    rounds.erase(rounds.begin(), rounds.lower_bound(tip_.round));
    for (const auto& [round, pledges] : rounds) {
      for (const Pledge& pledge : pledges) pledged.insert(pledge.value);
    }
  }
  std::erase_if(pledges_, [&](const auto& it) { return it.second.empty(); });
  std::erase_if(values_, [&](const auto& it) {
    return !pledged.contains(it.first) && it.second->previous != tip_.roster.value();
  });
  std::erase_if(knocks_, [&](const auto& it) { return !roster().may_enter(it.second); });
  std::erase_if(evictions_, [&](const auto& it) {
    return !std::all_of(it.second.seats.begin(), it.second.seats.end(),
                        [&](const Seat& seat) { return sits_anywhere(seat); });
  });
  std::erase_if(votes_, [&](const auto& it) {
    return !knocks_.contains(it.first) && !evictions_.contains(it.first);
  });
  std::erase_if(heads_, [&](const auto& it) {
    return !roster().seat_of(it.first) && !tip_.before.seat_of(it.first);
  });
  std::erase_if(leaves_, [&](const auto& it) { return !sits_anywhere(it.first); });
  std::erase_if(two_faced_, [&](const Seat& seat) { return !sits_anywhere(seat); });
}

// --- Queries ---

Hash Consent::digest() const {
  Hasher hasher("p2pchat consent");
  hasher.add(roster().value()).add(tip_.round.value).add(high_.value).add(last_);
  hasher.add(std::uint64_t{has_forgotten_});
  for (const auto& [id, knock] : knocks_) hasher.add(id);
  for (const auto& [id, eviction] : evictions_) hasher.add(id);
  for (const auto& [change, votes] : votes_) {
    hasher.add(change);
    for (const auto& [seat, yes] : votes) hasher.add(seat.peer).add(std::uint64_t{yes});
  }
  for (const auto& [seat, leave] : leaves_) hasher.add(seat.peer);
  for (const auto& [id, value] : values_) hasher.add(id);
  for (const auto& [seat, rounds] : pledges_) {
    hasher.add(seat.peer);
    for (const auto& [round, pledges] : rounds) {
      for (const Pledge& pledge : pledges) hasher.add(round.value).add(pledge.value);
    }
  }
  return hasher.finish();
}

std::vector<Knock> Consent::knocks() const {
  std::vector<Knock> all;
  for (const auto& [id, knock] : knocks_) all.push_back(knock);
  return all;
}

std::vector<Value> Consent::values() const {
  std::vector<Value> all;
  for (const auto& [id, value] : values_) all.push_back(*value);
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

std::map<Seat, bool> Consent::votes(const ChangeId& change) const {
  const auto votes = votes_.find(change);
  return votes == votes_.end() ? std::map<Seat, bool>{} : votes->second;
}

std::set<Seat> Consent::liars(const Roster& roster) const {
  std::set<Seat> liars = two_faced_;
  std::erase_if(liars, [&](const Seat& seat) { return !roster.holds(seat); });
  return liars;
}

}  // namespace p2pchat
