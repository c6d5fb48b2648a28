#include "daemon/core/consent/consent.h"

#include <algorithm>
#include <utility>

namespace p2pchat {
namespace {

bool is_among(const std::vector<Pledge>& pledges, const ValueId& value) {
  return std::any_of(pledges.begin(), pledges.end(),
                     [&](const Pledge& pledge) { return pledge.value == value; });
}

tl::unexpected<Error> damaged(std::string text) { return fail(Fault::damaged, std::move(text)); }

}  // namespace

Consent::Consent(const Genesis& genesis, const PeerId& self)
    : self_(self), creator_{genesis.creator, genesis_change(genesis.room)}, ballots_(self) {
  const auto roster = std::make_shared<const Roster>(genesis);
  stages_.push_back({roster, nullptr, roster, Round{}, 0});
}

// --- What comes in ---

bool Consent::learn(const Knock& knock) {
  if (knock.room != roster().room()) return false;
  const bool may_enter = std::any_of(stages_.begin(), stages_.end(), [&](const Stage& stage) {
    return stage.roster->may_enter(knock);
  });
  return may_enter && ballots_.learn(knock);
}

bool Consent::learn(const Eviction& eviction) {
  const bool all_sit = std::all_of(eviction.seats.begin(), eviction.seats.end(),
                                   [&](const Seat& seat) { return sits_anywhere(seat); });
  if (eviction.room == roster().room() && all_sit) ballots_.offer(eviction);
  return false;
}

bool Consent::learn(const Vote& vote) {
  if (vote.room != roster().room() || !sits_anywhere(vote.seat)) return false;
  if (!ballots_.learn(vote, roster())) return false;
  if (ballots_.is_two_faced(vote.seat, vote.change)) two_faced_.insert(vote.seat);
  return true;
}

bool Consent::learn(const Leave& leave) {
  if (leave.room != roster().room() || !sits_anywhere(leave.seat)) return false;
  return leaves_.emplace(leave.seat, leave).second;
}

bool Consent::learn(const Value& value) {
  if (value.room != roster().room() || values_.contains(value.id)) return false;
  if (value.height == 0 || value.height < roster().height()) return false;
  hold(value);
  weigh(value.id);
  drop_loose();
  return values_.contains(value.id);
}

bool Consent::learn(const Pledge& pledge) {
  if (pledge.room != roster().room() || !sits_anywhere(pledge.seat)) return false;
  // What is settled is not news, and one's own of long ago is not forgotten but done with.
  if (pledge.round < round()) return false;
  const std::vector<Pledge> known = pledged(pledge.seat, pledge.round);
  // Two are a proof; more prove no more.
  if (is_among(known, pledge.value) || known.size() >= 2) return false;
  const bool is_old = pledge.round < high_ && known.empty() && !contradicts(pledge);
  if (pledge.seat.peer == self_ && is_old) return false;
  witness(pledge);
  add(pledge);
  return is_among(pledged(pledge.seat, pledge.round), pledge.value);
}

bool Consent::learn(const Certificate& certificate) {
  const auto held = values_.find(certificate.value);
  if (certificate.room != roster().room() || held == values_.end()) return false;
  const auto known = certificates_.find(certificate.value);
  if (known != certificates_.end() && known->second.round >= certificate.round) return false;
  const Value& value = *held->second.value;
  const RosterPointer base = before(value);
  if (base == nullptr || !base->check(value) || is_too_much(value, certificate) ||
      !base->is_certified(value, certificate)) {
    return false;
  }
  const std::vector<Seat> quorum = base->quorum(value);
  for (std::size_t i = 0; i < quorum.size(); ++i) witness(certificate.pledge(i, quorum[i]));
  certificates_.insert_or_assign(value.id, certificate);
  weigh(value.id);
  return true;
}

bool Consent::learn(const Decided& decided) {
  if (decided.room != roster().room() || !sits_anywhere(decided.seat)) return false;
  const auto [it, is_new] = decideds_.try_emplace(decided.seat, decided);
  if (is_new) return true;
  const Decided& known = it->second;
  if (std::pair(known.round, known.value) >= std::pair(decided.round, decided.value)) return false;
  it->second = decided;
  return true;
}

namespace {

template <class Signed>
Result<bool> learnt(Consent& consent, const Object& object) {
  const auto decoded = Signed::decode(object.raw);
  if (!decoded) return tl::unexpected(decoded.error());
  return consent.learn(*decoded);
}

}  // namespace

Result<bool> Consent::learn(const Object& object) {
  switch (object.kind) {
    case Kind::knock: return learnt<Knock>(*this, object);
    case Kind::vote: return learnt<Vote>(*this, object);
    case Kind::leave: return learnt<Leave>(*this, object);
    case Kind::eviction: return learnt<Eviction>(*this, object);
    case Kind::value: return learnt<Value>(*this, object);
    case Kind::pledge: return learnt<Pledge>(*this, object);
    case Kind::certificate: return learnt<Certificate>(*this, object);
    case Kind::decided: return learnt<Decided>(*this, object);
    case Kind::fork: return learnt<Fork>(*this, object);
    case Kind::genesis:
    case Kind::close:
    case Kind::card:
    case Kind::standing: break;
  }
  return fail(Fault::refused, "it is nothing that members agree by");
}

bool Consent::learn(const PeerId& member, const Holding& holding) {
  if (!roster().seat_of(member) && !tip().before->seat_of(member)) return false;
  Holding& known = holdings_[member];
  if (known == holding) return false;
  known = holding;
  return true;
}

// --- What is remembered ---

Result<void> Consent::remember(const Decision& decision) {
  const auto& [value, certificate] = decision;
  const RosterPointer base = base_of(tip(), value);
  if (base == nullptr || !base->check(value)) return damaged("a decision does not follow");
  if (certificate.room != value.room || certificate.value != value.id ||
      certificate.entries.size() != base->quorum(value).size()) {
    return damaged("a decision has not its own certificate");
  }
  hold(value);
  certificates_.insert_or_assign(value.id, certificate);
  const ValuePointer& held = values_.at(value.id).value;
  const auto after = std::make_shared<const Roster>(base->after(value));
  settle_on({base, held, after, certificate.round, 0});
  return {};
}

Result<void> Consent::remember(const Pledge& pledge, const Value& value) {
  if (pledge.seat.peer != self_ || pledge.value != value.id || pledge.room != roster().room() ||
      value.room != roster().room()) {
    return damaged("a pledge is not mine on its value");
  }
  if (pledge.round > high_) {
    high_ = pledge.round;
    last_ = pledge.value;
  }
  if (value.height < roster().height() || pledge.round < round()) return {};
  hold(value);
  add(pledge);
  return {};
}

// --- Queries ---

std::optional<Decided> Consent::own_decided() const {
  const auto seat = roster().seat_of(self_);
  if (!seat || tip().value == nullptr) return std::nullopt;
  return Decided{roster().room(), *seat, round(), roster().value(), {}};
}

std::vector<Knock> Consent::knocks() const {
  std::vector<Knock> all;
  for (const auto& [id, knock] : ballots_.knocks()) all.push_back(knock);
  return all;
}

std::vector<Eviction> Consent::evictions() const {
  std::vector<Eviction> all;
  for (const auto& [id, eviction] : ballots_.evictions()) {
    const auto& seats = eviction.seats;
    const bool all_sit = std::all_of(seats.begin(), seats.end(),
                                     [&](const Seat& seat) { return roster().holds(seat); });
    if (all_sit) all.push_back(eviction);
  }
  return all;
}

std::vector<Leave> Consent::leaves() const {
  std::vector<Leave> all;
  for (const auto& [seat, leave] : leaves_) all.push_back(leave);
  return all;
}

std::optional<Eviction> Consent::eviction(const ChangeId& change) const {
  return ballots_.eviction(change);
}

std::map<Seat, bool> Consent::votes(const ChangeId& change) const {
  std::map<Seat, bool> all;
  for (const auto& [seat, said] : ballots_.votes(change)) all[seat] = said.is_yes();
  return all;
}

std::optional<Vote> Consent::refusal(const ChangeId& change) const {
  const Ballots::Refusal* refusal = ballots_.refusal(change);
  return refusal == nullptr ? std::nullopt : refusal->said.no;
}

std::set<Seat> Consent::liars(const Roster& roster) const {
  std::set<Seat> liars = two_faced_;
  std::erase_if(liars, [&](const Seat& seat) { return !roster.holds(seat); });
  return liars;
}

std::optional<Seat> Consent::forgotten() const {
  const auto seat = roster().seat_of(self_);
  if (seat && forgotten_.contains(*seat)) return seat;
  return forgotten_.empty() ? std::nullopt : std::optional(*forgotten_.rbegin());
}

bool Consent::may_close(const Close& close) const {
  return close.room == roster().room() && close.seat == creator_ && roster().holds(close.seat);
}

}  // namespace p2pchat
