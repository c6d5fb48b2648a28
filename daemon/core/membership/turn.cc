// The half of Membership that ends a turn: what is decided and stored.
#include <algorithm>

#include "daemon/core/actions.h"
#include "daemon/core/membership/membership.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat {
namespace {

bool is_kept_kind(Kind kind) {
  return kind == Kind::knock || kind == Kind::vote || kind == Kind::leave ||
         kind == Kind::eviction || kind == Kind::close || kind == Kind::fork;
}

Hash key_of(const Object& object) { return Hasher("p2pchat object").add(object.raw).finish(); }

}  // namespace

Actions Membership::end_turn(const Turn& turn, const std::set<PeerId>& linked,
                             const std::set<PeerId>& auto_vote) {
  if (!is_changed_ && rolls_.empty() && turn.now.steady < deadline()) return {};
  if (!began_) {
    began_ = turn.now.steady;
    began_at_ = consent_.floor();
  }
  const bool is_reminded = turn.now.steady >= chores_due_;
  drop_expired(turn);
  follow_policy(turn, auto_vote);
  Actions actions = settle(turn);
  look_for_news();
  if (is_stored_) append(actions, keep_pool());
  if (is_stored_ && is_record_due_) {
    is_record_due_ = false;
    actions.insert(actions.begin(), action::StoreRoom{record_});
  }
  append(actions, answer_rolls(turn));
  append(actions, spread(linked, is_reminded));
  is_changed_ = false;
  return actions;
}

TimePoint Membership::deadline() const {
  TimePoint next = std::min(patience_ends_, chores_due_);
  if (!consent_.is_weary()) next = std::min(next, weary_from_);
  for (const auto& [peer, roll] : rolls_) {
    const auto from = rolled_.find(peer);
    next = std::min(next, from == rolled_.end() ? TimePoint{} : from->second);
  }
  return next;
}

Round Membership::allowed(TimePoint now) const {
  const auto minutes = static_cast<std::uint64_t>((now - *began_) / kRoundLeapInterval);
  return {began_at_.value + kRoundLeapMax * (1 + minutes)};
}

void Membership::drop_expired(const Turn& turn) {
  for (const Knock& knock : consent_.knocks()) {
    // What all have said yes to in time may still be under way.
    const auto late = turn.now.wall.milliseconds - knock.expires.milliseconds;
    if (late >= kKnockGrace.count()) consent_.forget(knock.id);
  }
}

void Membership::follow_policy(const Turn& turn, const std::set<PeerId>& auto_vote) {
  if (!is_in()) return;
  const std::string note = "by standing policy";
  for (const Knock& knock : consent_.knocks()) {
    const bool is_over = knock.expires <= turn.now.wall;
    if (is_over || !auto_vote.contains(knock.card.id) || own_vote(knock.id)) continue;
    say(Kind::vote, signed_vote(turn, knock.id, true, note).raw);
  }
  for (const Eviction& eviction : consent_.evictions()) {
    const ChangeId change = eviction.id();
    const TimePoint since = proposed_.try_emplace(change, turn.now.steady).first->second;
    const auto votes = consent_.votes(change);
    const bool is_trusted = std::any_of(votes.begin(), votes.end(), [&](const auto& vote) {
      return vote.second && auto_vote.contains(vote.first.peer);
    });
    const bool goes_myself = std::any_of(eviction.seats.begin(), eviction.seats.end(),
                                         [&](const Seat& seat) { return seat.peer == self_; });
    if (!is_trusted || goes_myself || own_vote(change)) continue;
    if (turn.now.steady < since + kEvictionPatience) continue;
    say(Kind::vote, signed_vote(turn, change, true, note).raw);
  }
}

Actions Membership::settle(const Turn& turn) {
  Actions actions;
  const bool is_late = turn.now.steady >= patience_ends_;
  if (!consent_.has_goers()) {
    weary_from_ = TimePoint::never();
  } else if (weary_from_ == TimePoint::never()) {
    weary_from_ = turn.now.steady + kGoerPatience;
  }
  consent_.set_weary(turn.now.steady >= weary_from_);
  bool has_moved = false;
  if (!is_closed_) {
    bool first = true;
    for (;;) {
      append(actions, end_in_vain());
      const Members before = roster().members();
      const Consent::Step step = consent_.advance(is_late && first, allowed(turn.now.steady));
      first = false;
      if (!step.decided.empty()) {
        // It may have shown that I pledge nothing.
        append(actions, decided(turn, step.decided, before));
        has_moved = true;
        continue;
      }
      if (!step.promise || left_) break;
      const Seat& seat = step.promise->seat;
      if (!roster().holds(seat) && seat.admission != expected_) {
        consent_.remember_forgotten(seat);
        continue;
      }
      append(actions, pledge(turn, *step.promise));
      has_moved = true;
    }
  }
  tell_decided(turn);
  if (consent_.forgotten() != record_.forgotten) {
    record_.forgotten = consent_.forgotten();
    is_record_due_ = true;
    news_.push_back({News::What::forgotten, {}, {}});
  }
  // Time passes from what I last did here, whatever others say meanwhile.
  if (!consent_.waits() || is_closed_) {
    patience_ends_ = TimePoint::never();
  } else if (is_late || has_moved || patience_ends_ == TimePoint::never()) {
    patience_ends_ = turn.now.steady + kRoundPatience;
  }
  const bool has_chores = !is_stored_ || consent_.waits() || !consent_.evictions().empty() ||
                          !consent_.knocks().empty();
  if (!has_chores) {
    chores_due_ = TimePoint::never();
  } else if (turn.now.steady >= chores_due_ || chores_due_ == TimePoint::never()) {
    chores_due_ = turn.now.steady + kPolicyInterval;
  }
  return actions;
}

// My last value is certified in the round in which I have pledged it once more: so nothing that I
// have pledged below is ever decided, and nobody comes by it.
Actions Membership::end_in_vain() {
  const bool is_over = coming_from_ && pledged_ && pledged_->value.id == roster().value() &&
                       pledged_->pledge.round <= consent_.round();
  if (!is_over || chain_.empty()) return {};
  coming_from_.reset();
  for (const Certificate& certificate : consent_.certificates()) {
    if (certificate.value == roster().value()) chain_.back().certificate = certificate;
  }
  return {action::StoreDecision{chain_.back().value, chain_.back().certificate}};
}

Actions Membership::decided(const Turn& turn, const std::vector<Consent::Decision>& decisions,
                            const Members& before) {
  Actions actions;
  const bool was_ever_in = is_stored_ && !(record_.is_gone && chain_.empty());
  if (!was_ever_in) keep(false);
  for (const Consent::Decision& decision : decisions) {
    chain_.resize(std::min<std::size_t>(chain_.size(), decision.value.height - 1));
    chain_.push_back({decision.value, decision.certificate});
    actions.push_back(action::StoreDecision{decision.value, decision.certificate});
    const Object value{Kind::value, decision.value.raw};
    const Object certificate{Kind::certificate, decision.certificate.encode()};
    for (const Object& object : {value, certificate}) {
      told_.push_back({object, std::nullopt});
      if (was_ever_in) posted_.push_back(object);
    }
    for (const auto& entry : decision.certificate.entries) {
      turn.clock.observe(entry.stamp, turn.now.wall);
    }
  }
  is_changed_ = true;
  weary_from_ = TimePoint::never();
  if (!pledged_ || pledged_->pledge.round <= consent_.round()) coming_from_.reset();
  const auto seat = roster().seat_of(self_);
  if (was_ever_in) {
    note_change(before);
  } else if (!seat) {
    // Its creator, who has lost it, learns in one step that it was in and has gone.
    keep(true);
  } else {
    beware(seat->admission);
    news_.push_back({News::What::entered, {}, {}});
  }
  return actions;
}

void Membership::keep(bool is_gone) {
  is_stored_ = is_record_due_ = true;
  is_left_out_ = false;
  record_.is_gone = is_gone;
}

// Whoever does not remember its own knock may not remember pledges either.
void Membership::beware(const ChangeId& admission) {
  if (admission != expected_) consent_.remember_forgotten({self_, admission});
}

void Membership::note_change(const Members& before) {
  const Members& after = roster().members();
  for (const auto& [peer, admission] : after) {
    const auto old = before.find(peer);
    const bool is_new = old == before.end() || old->second != admission;
    if (!is_new) continue;
    knocked_at_.erase(peer);
    if (peer != self_) {
      news_.push_back({News::What::came, {peer}, {}});
    } else {
      // Back again, in a new seat.
      beware(admission);
      left_.reset();
      is_left_out_ = false;
      record_.is_gone = false;
      is_record_due_ = true;
      news_.push_back({News::What::entered, {}, {}});
    }
  }
  for (const auto& [peer, admission] : before) {
    if (after.contains(peer)) continue;
    if (peer != self_) {
      news_.push_back({News::What::went, {peer}, {}});
    } else {
      record_.is_gone = true;
      is_record_due_ = true;
      if (!left_) news_.push_back({News::What::put_out, {}, {}});
    }
  }
}

// Of pledges before the last one nothing is stored: they came after what was decided then.
void Membership::remember_comers() {
  if (pledged_->pledge.round <= consent_.round()) return;
  coming_from_ = Stamp{};
  if (chain_.empty()) return;
  for (const auto& entry : chain_.back().certificate.entries) {
    coming_from_ = std::max(*coming_from_, entry.stamp);
  }
}

Actions Membership::pledge(const Turn& turn, const Consent::Promise& promise) {
  // Who is let in but has not decided it yet may pledge, and must not forget it.
  if (!is_stored_) keep(true);
  Pledge pledge;
  pledge.room = room();
  pledge.seat = promise.seat;
  pledge.round = promise.round;
  pledge.value = promise.value.id;
  pledge.stamp = turn.clock.tick(turn.now.wall);
  pledge.sign(turn.self);
  CHECK(consent_.remember(pledge, promise.value));
  pledged_ = {pledge, promise.value};
  if (!promise.value.knocks.empty() && !coming_from_) coming_from_ = pledge.stamp;
  for (const Object& object :
       {Object{Kind::value, promise.value.raw}, Object{Kind::pledge, pledge.encode()}}) {
    told_.push_back({object, std::nullopt});
    posted_.push_back(object);
  }
  return {action::StorePledge{pledge, promise.value}};
}

void Membership::tell_decided(const Turn& turn) {
  auto decided = consent_.own_decided();
  if (!decided || decided->value == told_decided_) return;
  told_decided_ = decided->value;
  decided->sign(turn.self);
  consent_.learn(*decided);
  told_.push_back({{Kind::decided, decided->encode()}, std::nullopt});
}

void Membership::look_for_news() {
  if (is_in() && consent_.is_put_out()) {
    is_left_out_ = record_.is_gone = is_record_due_ = true;
    news_.push_back({News::What::left_out, {}, {}});
  }
  if (!is_in()) return;
  std::set<ChangeId> open;
  for (const Knock& knock : consent_.knocks()) open.insert(knock.id);
  for (const Eviction& eviction : consent_.evictions()) open.insert(eviction.id());
  std::erase_if(shown_, [&](const ChangeId& change) { return !open.contains(change); });
  std::erase_if(proposed_, [&](const auto& it) { return !open.contains(it.first); });
  for (const Knock& knock : consent_.knocks()) {
    if (!shown_.insert(knock.id).second) continue;
    news_.push_back({News::What::knocked, {knock.card.id}, knock.note});
  }
  for (const Eviction& eviction : consent_.evictions()) {
    const ChangeId change = eviction.id();
    if (!shown_.insert(change).second || own_vote(change)) continue;
    News news{News::What::proposed, {}, {}};
    for (const Seat& seat : eviction.seats) news.who.push_back(seat.peer);
    news_.push_back(std::move(news));
  }
  // Both are for good, or until who is meant has gone.
  const std::set<Seat> apart = consent_.apart();
  for (const Seat& seat : apart) {
    if (shown_apart_.insert(seat).second) news_.push_back({News::What::apart, {seat.peer}, {}});
  }
  std::erase_if(shown_apart_, [&](const Seat& seat) { return !apart.contains(seat); });
  for (const Seat& seat : consent_.liars()) {
    if (shown_liars_.insert(seat).second) news_.push_back({News::What::lied, {seat.peer}, {}});
  }
}

Actions Membership::keep_pool() {
  Actions actions;
  std::map<Hash, Object> now;
  for (Object& object : consent_.objects()) {
    if (is_kept_kind(object.kind) || is_proof(object)) {
      now.emplace(key_of(object), std::move(object));
    }
  }
  if (close_) {
    const Object close{Kind::close, *close_};
    now.emplace(key_of(close), close);
  }
  // A no is kept with what it is about, or it would be forgotten, and said otherwise.
  for (Object& knock : consent_.refused()) now.emplace(key_of(knock), std::move(knock));
  for (const auto& [key, object] : now) {
    if (!kept_.contains(key)) actions.push_back(action::StoreObject{room(), key, object});
  }
  for (const auto& [key, object] : kept_) {
    if (!now.contains(key)) actions.push_back(action::DropObject{room(), key});
  }
  kept_ = std::move(now);
  // What I have voted on has ended in the same turn: nobody is told what is not stored.
  const auto is_unkept_vote = [&](const Object& object) {
    return object.kind == Kind::vote && !kept_.contains(key_of(object));
  };
  std::erase_if(posted_, is_unkept_vote);
  std::erase_if(
      told_, [&](const Told& told) { return told.from == self_ && is_unkept_vote(told.object); });
  return actions;
}

// A pledge of somebody who has pledged two things in a round.
bool Membership::is_proof(const Object& object) const {
  if (object.kind != Kind::pledge || consent_.liars().empty()) return false;
  const auto pledge = Pledge::decode(object.raw);
  return pledge && consent_.liars().contains(pledge->seat);
}

}  // namespace p2pchat
