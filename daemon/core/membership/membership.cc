#include "daemon/core/membership/membership.h"

#include <algorithm>

#include "daemon/core/actions.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat {
Membership::Membership(const Genesis& genesis, std::string name, const PeerId& self)
    : record_{genesis, std::move(name), {}, false}, self_(self), consent_(genesis, self) {}

Result<Membership> Membership::restore(const MembershipState& stored, const PeerId& self) {
  Membership membership(stored.room.genesis, stored.room.name, self);
  membership.record_ = stored.room;
  membership.is_stored_ = true;
  Consent& consent = membership.consent_;
  for (const StoredDecision& decision : stored.decisions) {
    const auto fits = consent.remember(Consent::Decision{decision.value, decision.certificate});
    if (!fits) return tl::unexpected(fits.error());
    membership.chain_.push_back(decision);
  }
  if (stored.pledge) {
    const auto fits = consent.remember(stored.pledge->pledge, stored.pledge->value);
    if (!fits) return tl::unexpected(fits.error());
    membership.pledged_ = stored.pledge;
    membership.remember_comers();
  }
  if (stored.room.forgotten) consent.remember_forgotten(*stored.room.forgotten);
  // Votes are about what has to be known already.
  for (const bool votes : {false, true}) {
    for (const Object& object : stored.objects) {
      if ((object.kind == Kind::vote) != votes) continue;
      membership.learn(object, std::nullopt);
      membership.kept_[Hasher("p2pchat object").add(object.raw).finish()] = object;
    }
  }
  for (const Knock& knock : consent.knocks()) membership.shown_.insert(knock.id);
  for (const Eviction& eviction : consent.evictions()) membership.shown_.insert(eviction.id());
  membership.is_left_out_ = stored.room.is_gone && !membership.left_ && !membership.is_closed_;
  membership.shown_liars_ = consent.liars();
  membership.told_.clear();
  membership.posted_.clear();
  membership.is_changed_ = true;
  return membership;
}

// --- What comes in ---

void Membership::take(const Turn& turn, const Object& object, const std::optional<PeerId>& from) {
  if (object.kind == Kind::knock) {
    const auto knock = Knock::decode(object.raw);
    if (!knock || !is_timely(turn, *knock)) {
      counters_.count("knocks_refused");
      return;
    }
  }
  learn(object, from);
}

// It ends within bounds, and is no other knock of the same candidate so soon after the last one:
// each is stored, and passed on by everybody.
bool Membership::is_timely(const Turn& turn, const Knock& knock) {
  const auto left = knock.expires.milliseconds - turn.now.wall.milliseconds;
  if (left > kKnockLifetimeMax.count() || left <= -kKnockGrace.count()) return false;
  const auto waiting = knock_of(knock.card.id);
  if ((waiting && waiting->id == knock.id) || consent_.refusal(knock.id)) return true;
  std::erase_if(knocked_at_,
                [&](const auto& it) { return turn.now.steady - it.second >= kKnockInterval / 2; });
  return knocked_at_.size() < kContactsMax &&
         knocked_at_.try_emplace(knock.card.id, turn.now.steady).second;
}

void Membership::learn(const Object& object, const std::optional<PeerId>& from) {
  if (object.kind == Kind::genesis) return;
  if (object.kind == Kind::close) {
    const auto close = Close::decode(object.raw);
    const bool counts = close && consent_.may_close(*close);
    if (!counts) counters_.count("closes_refused");
    if (!counts || is_closed_) return;
    close_ = object.raw;
    is_closed_ = is_changed_ = is_record_due_ = true;
    record_.is_gone = true;
    if (is_stored_) news_.push_back({News::What::closed, {close->seat.peer}, {}});
    told_.push_back({object, from});
    return;
  }
  const auto is_news = consent_.learn(object);
  if (!is_news) {
    counters_.count(is_news.error().fault == Fault::forged ? "forged" : "malformed");
    return;
  }
  if (!*is_news) return;
  is_changed_ = true;
  if (object.kind == Kind::vote) {
    // An eviction is nobody's word by itself, and travels before each word about it.
    const auto vote = Vote::decode(object.raw);
    const auto eviction = vote ? consent_.eviction(vote->change) : std::nullopt;
    if (eviction) told_.push_back({{Kind::eviction, eviction->encode()}, from});
  }
  told_.push_back({object, from});
  if (object.kind == Kind::leave) {
    const auto leave = Leave::decode(object.raw);
    if (leave) leavers_.insert(leave->seat);
    if (!leave || roster().seat_of(self_) != leave->seat) return;
    // Perhaps of a life that I have forgotten.
    left_ = *leave;
    is_record_due_ |= !record_.is_gone;
    record_.is_gone = true;
  }
}

// Something of my own, for everybody.
void Membership::say(Kind kind, const Bytes& raw) {
  const Object object{kind, raw};
  if (kind != Kind::close) learn(object, self_);
  posted_.push_back(object);
}

Result<void> Membership::knocked(const Turn& turn, const Knock& knock) {
  if (is_closed_ || !is_in()) return fail(Fault::unknown, "there is no such room here");
  if (knock.expires <= turn.now.wall) return fail(Fault::refused, "the knock has expired");
  if (const auto seat = roster().seat_of(knock.card.id)) {
    // It may have forgotten by which knock it came in, and is told that it is in all the same.
    if (!leavers_.contains(*seat)) return {};
    return fail(Fault::refused,
                "you have left, and the members have not confirmed that yet; try again later");
  }
  if (consent_.refusal(knock.id)) return {};
  if (knock.after != roster().gone_at(knock.card.id)) {
    return fail(Fault::refused, "the knock does not name the height at which you went");
  }
  if (roster().members().size() >= roster().size_max()) {
    return fail(Fault::limit, "the room is full");
  }
  const auto waiting = knock_of(knock.card.id);
  if (waiting && waiting->id == knock.id) return {};
  if (!is_timely(turn, knock)) {
    return fail(Fault::limit, "one knock a minute, and for 30 days at most");
  }
  const Object object{Kind::knock, knock.raw};
  learn(object, std::nullopt);
  if (!knock_of(knock.card.id)) return fail(Fault::limit, "too many wait to be let in");
  posted_.push_back(object);
  return {};
}

void Membership::receive(const PeerId& peer, const link::Roll& roll) { rolls_[peer] = roll; }

// --- What my user says ---

Vote Membership::signed_vote(const Turn& turn, const ChangeId& change, bool yes,
                             const std::string& note) const {
  Vote vote;
  vote.room = room();
  vote.seat = *roster().seat_of(self_);
  vote.change = change;
  vote.yes = yes;
  vote.note = note;
  vote.sign(turn.self);
  return vote;
}

std::optional<bool> Membership::own_vote(const ChangeId& change) const {
  for (const auto& [seat, yes] : consent_.votes(change)) {
    if (seat.peer == self_) return yes;
  }
  return std::nullopt;
}

Result<void> Membership::vote(const Turn& turn, const PeerId& candidate, bool yes,
                              const std::string& note) {
  const auto knock = knock_of(candidate);
  std::vector<ChangeId> changes;
  if (knock) {
    changes.push_back(knock->id);
  } else if (!yes) {
    for (const Eviction& eviction : consent_.evictions()) {
      const bool names = std::any_of(eviction.seats.begin(), eviction.seats.end(),
                                     [&](const Seat& seat) { return seat.peer == candidate; });
      if (names) changes.push_back(eviction.id());
    }
  }
  if (changes.empty()) return fail(Fault::unknown, "nothing is to be voted on about that peer");
  if (yes && knock && knock->expires <= turn.now.wall) {
    return fail(Fault::refused, "the knock has expired");
  }
  for (const ChangeId& change : changes) {
    const auto said = own_vote(change);
    if (said && *said != yes) {
      return fail(Fault::refused,
                  std::string("a vote is final, and yours is ") + (*said ? "yes" : "no"));
    }
    if (!said) say(Kind::vote, signed_vote(turn, change, yes, note).raw);
  }
  return {};
}

Result<void> Membership::evict(const Turn& turn, const std::vector<PeerId>& members,
                               const std::string& note) {
  Eviction eviction{room(), {}};
  for (const PeerId& peer : members) {
    if (peer == self_) return fail(Fault::usage, "that is you; to go: chatctl leave");
    const auto seat = roster().seat_of(peer);
    if (!seat) return fail(Fault::unknown, "one of them is no member");
    eviction.seats.push_back(*seat);
  }
  std::sort(eviction.seats.begin(), eviction.seats.end());
  eviction.seats.erase(std::unique(eviction.seats.begin(), eviction.seats.end()),
                       eviction.seats.end());
  const std::size_t all = roster().members().size();
  const std::size_t staying = all - eviction.seats.size();
  if (staying * 2 <= all) {
    return fail(Fault::refused, all == 2 ? "of two, neither can evict the other: leave instead"
                                         : "more than half of the members must stay");
  }
  const ChangeId change = eviction.id();
  const auto said = own_vote(change);
  if (said && !*said) return fail(Fault::refused, "a vote is final, and yours is no");
  if (said) return {};
  say(Kind::eviction, eviction.encode());
  say(Kind::vote, signed_vote(turn, change, true, note).raw);
  if (!own_vote(change)) return fail(Fault::limit, "too many evictions are voted on");
  return {};
}

void Membership::leave(const Turn& turn, const std::optional<Head>& last) {
  Leave leave;
  leave.room = room();
  leave.seat = *roster().seat_of(self_);
  leave.last = last;
  leave.sign(turn.self);
  say(Kind::leave, leave.raw);
}

void Membership::close(const Turn& turn) {
  Close close;
  close.room = room();
  close.seat = *roster().seat_of(self_);
  close.value = roster().value();
  close.sign(turn.self);
  const Object object{Kind::close, close.raw};
  learn(object, self_);
  posted_.push_back(object);
}

void Membership::post_again() {
  if (record_.genesis.creator == self_ && is_in()) {
    posted_.push_back({Kind::genesis, record_.genesis.raw});
  }
  if (!chain_.empty()) {
    posted_.push_back({Kind::value, chain_.back().value.raw});
    posted_.push_back({Kind::certificate, chain_.back().certificate.encode()});
  }
  for (Object& object : consent_.objects()) {
    if (is_for_rendezvous(object.kind)) posted_.push_back(std::move(object));
  }
  if (close_) posted_.push_back({Kind::close, *close_});
}

void Membership::expect(const ChangeId& knock) {
  expected_ = knock;
  // Its creator, who has lost it.
  const auto seat = roster().seat_of(self_);
  if (!is_stored_ && seat) beware(seat->admission);
}

void Membership::begin_anew(const ChangeId& knock) {
  const bool has_gone = is_left_out_ || !roster().seat_of(self_);
  if (!is_stored_ || is_closed_ || chain_.empty() || !has_gone) return;
  consent_ = Consent(record_.genesis, self_);
  consent_.come_back();
  if (pledged_ && pledged_->pledge.seat.admission == knock) {
    CHECK(consent_.remember(pledged_->pledge, pledged_->value));
  }
  // Its creator sits in the genesis alone, and pledges nothing there any more.
  const auto founder = roster().seat_of(self_);
  if (founder) consent_.remember_forgotten(*founder);
  record_.forgotten = consent_.forgotten();
  record_.is_gone = is_left_out_ = is_changed_ = true;
  chain_.clear();
  left_.reset();
  rolls_.clear();
  leavers_.clear();
  told_decided_ = {};
  patience_ends_ = TimePoint::never();
  began_.reset();
}

void Membership::post_chain() {
  if (std::exchange(is_chain_posted_, true)) return;
  if (record_.genesis.creator == self_) posted_.push_back({Kind::genesis, record_.genesis.raw});
  for (const StoredDecision& decision : chain_) {
    posted_.push_back({Kind::value, decision.value.raw});
    posted_.push_back({Kind::certificate, decision.certificate.encode()});
  }
}

// --- Queries ---

bool Membership::is_over() const {
  if (!is_stored_) return false;
  const auto& members = roster().members();
  const bool is_alone = std::all_of(members.begin(), members.end(), [&](const auto& it) {
    return it.first == self_ || leavers_.contains({it.first, it.second});
  });
  // The creator stays, to tell whoever has not heard of it that the room is closed.
  const bool is_told = is_closed_ && record_.genesis.creator != self_;
  return !roster().seat_of(self_) || is_told || ((left_ || is_closed_) && is_alone);
}

bool Membership::concerns(const PeerId& peer) const { return consent_.circle().contains(peer); }

Sitting Membership::sitting() const {
  Sitting sitting;
  sitting.value = roster().value();
  sitting.height = roster().height();
  sitting.admissions = roster().members();
  for (const auto& [peer, admission] : sitting.admissions) sitting.members.push_back(peer);
  for (const StoredDecision& decision : chain_) {
    const std::vector<Head>& heads = decision.value.heads;
    sitting.gone.insert(sitting.gone.end(), heads.begin(), heads.end());
  }
  return sitting;
}

const Card* Membership::card_of(const PeerId& member) const {
  const auto seat = roster().seat_of(member);
  if (!seat) return nullptr;
  for (auto decision = chain_.rbegin(); decision != chain_.rend(); ++decision) {
    for (const Knock& knock : decision->value.knocks) {
      if (knock.id == seat->admission) return &knock.card;
    }
  }
  return nullptr;
}

std::optional<Knock> Membership::knock_of(const PeerId& candidate) const {
  for (const Knock& knock : consent_.knocks()) {
    if (knock.card.id == candidate) return knock;
  }
  return std::nullopt;
}

std::uint64_t Membership::voted_on(const ChangeId& change) const {
  return consent_.votes(change).size();
}

bool Membership::is_for(const Eviction& eviction) const {
  const auto votes = consent_.votes(eviction.id());
  return own_vote(eviction.id()).value_or(false) &&
         std::all_of(votes.begin(), votes.end(), [](const auto& vote) { return vote.second; });
}

State Membership::state_of(const Knock& knock) const {
  if (is_closed_) return State::closed;
  if (roster().seat_of(knock.card.id)) return State::member;
  if (consent_.refusal(knock.id)) return State::refused;
  if (roster().gone_at(knock.card.id) != knock.after) return State::gone;
  return knock_of(knock.card.id) ? State::waiting : State::expired;
}

link::Roll Membership::roll() const {
  return {room(), roster().height(), roster().value(), consent_.pool()};
}

std::vector<Object> Membership::objects_for(const PeerId& peer, const link::Roll& roll) const {
  std::vector<Object> objects;
  if (roll.height == 0) objects.push_back({Kind::genesis, record_.genesis.raw});
  const auto is_known = [&](std::uint64_t height) {
    return height == 0 || (height <= chain_.size() && chain_[height - 1].value.id == roll.value);
  };
  // What it has decided at its height may since have been widened here.
  const std::uint64_t from = is_known(roll.height) ? roll.height : roll.height - 1;
  const std::uint64_t end = concerns(peer) ? chain_.size() : roster().gone_at(peer);
  for (std::uint64_t height = from; height < end; ++height) {
    objects.push_back({Kind::value, chain_[height].value.raw});
    objects.push_back({Kind::certificate, chain_[height].certificate.encode()});
  }
  // Whoever has gone is shown by what it went, and nothing more. Before I am in nobody has gone.
  if (!has_gone(peer)) {
    if (roll.pool != consent_.pool()) {
      const std::vector<Object> pool = consent_.objects();
      objects.insert(objects.end(), pool.begin(), pool.end());
    }
  } else {
    for (const Decided& decided : consent_.decideds()) {
      objects.push_back({Kind::decided, decided.encode()});
    }
  }
  if (close_) objects.push_back({Kind::close, *close_});
  return objects;
}

}  // namespace p2pchat
