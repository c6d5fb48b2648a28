#include "daemon/core/consent/ballots.h"

#include <algorithm>
#include <utility>

namespace p2pchat {
namespace {

void add_votes(Hasher& hasher, const Ballots::OfChange& votes) {
  hasher.add(std::uint64_t{votes.size()});
  for (const auto& [seat, said] : votes) {
    hasher.add(seat.peer).add(seat.admission);
    hasher.add(std::uint64_t{said.yes.has_value()}).add(std::uint64_t{said.no.has_value()});
  }
}

void add_objects(std::vector<Object>& objects, const Ballots::Said& said) {
  if (said.yes) objects.push_back({Kind::vote, said.yes->raw});
  if (said.no) objects.push_back({Kind::vote, said.no->raw});
}

}  // namespace

// --- What comes in ---

bool Ballots::learn(const Knock& knock) {
  if (knocks_.contains(knock.id) || refusal(knock.id) != nullptr) return false;
  // A candidate's newer knock takes the place of an older one, which nobody needs any more.
  const auto older = std::find_if(knocks_.begin(), knocks_.end(), [&](const auto& it) {
    return it.second.card.id == knock.card.id;
  });
  if (older != knocks_.end()) {
    const Knock& known = older->second;
    if (std::pair(known.expires, known.id) > std::pair(knock.expires, knock.id)) return false;
    forget(ChangeId(older->first));
  }
  if (knocks_.size() >= kKnocksMax) return false;
  knocks_.emplace(knock.id, knock);
  const auto own = own_.extract(knock.id);
  if (!own) return true;
  record(votes_[knock.id], own.mapped());
  return own.mapped().yes || !refuse(knock.id, own.mapped().seat);
}

void Ballots::offer(const Eviction& eviction) {
  const ChangeId change = eviction.id();
  if (is_known(change)) return;
  offered_.push_back(eviction);
  if (const auto own = own_.extract(change)) {
    record(votes_[change], own.mapped());
    open_offered(change);
  }
  if (offered_.size() <= kOfferedMax) return;
  forget(offered_.front().id());
}

bool Ballots::learn(const Vote& vote, const Roster& roster) {
  const auto refused = std::find_if(refusals_.begin(), refusals_.end(),
                                    [&](const auto& it) { return it.first == vote.change; });
  if (refused != refusals_.end()) {
    Said& said = refused->second.said;
    if (said.no->seat != vote.seat || !vote.yes || said.yes) return false;
    said.yes = vote;
    return true;
  }
  if (!is_known(vote.change)) return recall(vote);
  if (!record(votes_[vote.change], vote)) return false;
  if (!vote.yes && roster.holds(vote.seat)) refuse(vote.change, vote.seat);
  open_offered(vote.change);
  return true;
}

// Said before my disk was put back, or on what was set aside since. Should that come once more, I
// must not say otherwise.
bool Ballots::recall(const Vote& vote) {
  if (vote.seat.peer != self_ || own_.size() >= kOwnMax) return false;
  return own_.emplace(vote.change, vote).second;
}

bool Ballots::record(OfChange& votes, const Vote& vote) {
  Said& said = votes[vote.seat];
  std::optional<Vote>& place = vote.yes ? said.yes : said.no;
  if (place) return false;
  place = vote;
  return true;
}

bool Ballots::refuse(const ChangeId& change, const Seat& seat) {
  const auto knock = knocks_.find(change);
  if (knock == knocks_.end()) return false;
  refusals_.emplace_back(change, Refusal{knock->second, votes_.at(change).at(seat)});
  const auto is_alike = [&](const auto& it) {
    return (it.second.said.no->seat.peer == self_) == (seat.peer == self_);
  };
  const auto alike = std::count_if(refusals_.begin(), refusals_.end(), is_alike);
  const std::size_t most = seat.peer == self_ ? kOwnMax : kRefusedMax;
  if (static_cast<std::size_t>(alike) > most) {
    refusals_.erase(std::find_if(refusals_.begin(), refusals_.end(), is_alike));
  }
  const bool is_mine = seat.peer == self_;
  forget(ChangeId(change));
  if (is_mine) own_.erase(refusals_.back().first);
  return true;
}

// Takes in an eviction that was set aside, if somebody wants it who has room for it.
void Ballots::open_offered(const ChangeId& change) {
  const auto offered = std::find_if(offered_.begin(), offered_.end(),
                                    [&](const Eviction& each) { return each.id() == change; });
  if (offered == offered_.end()) return;
  const OfChange& said = votes(change);
  const auto wants = std::find_if(said.begin(), said.end(), [&](const auto& it) {
    return it.second.is_yes() && has_room(it.first);
  });
  if (wants == said.end()) return;
  evictions_.emplace(change, Open{*offered, wants->first});
  offered_.erase(offered);
}

bool Ballots::has_room(const Seat& seat) const {
  const auto open = std::count_if(evictions_.begin(), evictions_.end(),
                                  [&](const auto& it) { return it.second.of == seat; });
  const std::size_t most = seat.peer == self_ ? kEvictionsOfSelfMax : kEvictionsOfSeatMax;
  return static_cast<std::size_t>(open) < most;
}

void Ballots::forget(const ChangeId& change) {
  for (const auto& [seat, said] : votes(change)) {
    if (seat.peer == self_) recall(said.no ? *said.no : *said.yes);
  }
  knocks_.erase(change);
  evictions_.erase(change);
  std::erase_if(offered_, [&](const Eviction& each) { return each.id() == change; });
  votes_.erase(change);
}

void Ballots::prune(const Roster& roster, const Still& still) {
  const auto all_sit = [&](const Eviction& eviction) {
    return std::all_of(eviction.seats.begin(), eviction.seats.end(), still.sits);
  };
  std::erase_if(knocks_, [&](const auto& it) { return !still.may_enter(it.second); });
  std::erase_if(evictions_, [&](const auto& it) { return !all_sit(it.second.eviction); });
  std::erase_if(offered_, [&](const Eviction& each) { return !all_sit(each); });
  std::erase_if(refusals_, [&](const auto& it) { return !roster.holds(it.second.said.no->seat); });
  std::erase_if(own_, [&](const auto& it) { return !roster.holds(it.second.seat); });
  std::erase_if(votes_, [&](const auto& it) { return !is_known(it.first); });
  for (auto& [change, votes] : votes_) {
    std::erase_if(votes, [&](const auto& it) { return !still.sits(it.first); });
  }
  // Who wanted an eviction and went does not hold it open.
  for (auto it = evictions_.begin(); it != evictions_.end();) {
    if (still.sits(it->second.of)) {
      ++it;
      continue;
    }
    offered_.push_back(std::move(it->second.eviction));
    it = evictions_.erase(it);
  }
  for (const Eviction& each : std::deque<Eviction>(offered_)) open_offered(each.id());
  while (offered_.size() > kOfferedMax) forget(offered_.front().id());
  // Who said no may have become a member since.
  for (const auto& [change, votes] : std::map<ChangeId, OfChange>(votes_)) {
    const auto no = std::find_if(votes.begin(), votes.end(), [&](const auto& it) {
      return it.second.no && roster.holds(it.first);
    });
    if (no != votes.end()) refuse(change, no->first);
  }
}

// --- Queries ---

bool Ballots::is_known(const ChangeId& change) const {
  return knocks_.contains(change) || eviction(change).has_value();
}

std::map<ChangeId, Eviction> Ballots::evictions() const {
  std::map<ChangeId, Eviction> all;
  for (const auto& [id, open] : evictions_) all.emplace(id, open.eviction);
  return all;
}

std::optional<Eviction> Ballots::eviction(const ChangeId& change) const {
  const auto open = evictions_.find(change);
  if (open != evictions_.end()) return open->second.eviction;
  const auto offered = std::find_if(offered_.begin(), offered_.end(),
                                    [&](const Eviction& each) { return each.id() == change; });
  if (offered == offered_.end()) return std::nullopt;
  return *offered;
}

const Ballots::Refusal* Ballots::refusal(const ChangeId& change) const {
  const auto it = std::find_if(refusals_.begin(), refusals_.end(),
                               [&](const auto& each) { return each.first == change; });
  return it == refusals_.end() ? nullptr : &it->second;
}

std::vector<Object> Ballots::refused() const {
  std::vector<Object> knocks;
  for (const auto& [change, refusal] : refusals_) {
    knocks.push_back({Kind::knock, refusal.knock.raw});
  }
  return knocks;
}

const Ballots::OfChange& Ballots::votes(const ChangeId& change) const {
  static const OfChange kNone;
  const auto it = votes_.find(change);
  return it == votes_.end() ? kNone : it->second;
}

bool Ballots::is_agreed(const std::vector<Seat>& quorum, const ChangeId& change) const {
  const OfChange& all = votes(change);
  return std::all_of(quorum.begin(), quorum.end(), [&](const Seat& seat) {
    const auto it = all.find(seat);
    return it != all.end() && it->second.is_yes();
  });
}

bool Ballots::is_two_faced(const Seat& seat, const ChangeId& change) const {
  const Refusal* refused = refusal(change);
  const OfChange& all = votes(change);
  const auto it = all.find(seat);
  if (refused != nullptr && refused->said.no->seat == seat) return refused->said.yes.has_value();
  return it != all.end() && it->second.yes && it->second.no;
}

bool Ballots::is_voted_out(const Seat& seat) const {
  return std::any_of(evictions_.begin(), evictions_.end(), [&](const auto& it) {
    const auto& seats = it.second.eviction.seats;
    const OfChange& all = votes(it.first);
    return std::find(seats.begin(), seats.end(), seat) != seats.end() &&
           std::any_of(all.begin(), all.end(), [&](const auto& vote) {
             return vote.first.peer == self_ && vote.second.is_yes();
           });
  });
}

std::vector<Object> Ballots::objects() const {
  std::vector<Object> all;
  for (const auto& [id, knock] : knocks_) all.push_back({Kind::knock, knock.raw});
  for (const auto& [id, open] : evictions_) {
    all.push_back({Kind::eviction, open.eviction.encode()});
    for (const auto& [seat, said] : votes(id)) add_objects(all, said);
  }
  for (const auto& [id, knock] : knocks_) {
    for (const auto& [seat, said] : votes(id)) add_objects(all, said);
  }
  for (const auto& [id, refusal] : refusals_) {
    // Who has never heard of the knock does not need to, unless somebody has lied about it.
    if (refusal.said.yes) all.push_back({Kind::knock, refusal.knock.raw});
    add_objects(all, refusal.said);
  }
  for (const auto& [id, vote] : own_) all.push_back({Kind::vote, vote.raw});
  return all;
}

void Ballots::add_digest(Hasher& hasher) const {
  add_pool(hasher);
  for (const auto& [id, open] : evictions_) hasher.add(open.of.peer).add(open.of.admission);
  for (const Eviction& each : offered_) add_votes(hasher.add(each.id()), votes(each.id()));
  hasher.add(std::uint64_t{offered_.size()});
  for (const auto& [id, refusal] : refusals_) {
    hasher.add(id).add(refusal.said.no->seat.peer).add(refusal.said.no->seat.admission);
    hasher.add(std::uint64_t{refusal.said.yes.has_value()});
  }
  for (const auto& [id, vote] : own_) hasher.add(id).add(std::uint64_t{vote.yes});
}

// Not of what was refused: it is over, and some have never heard of it.
void Ballots::add_pool(Hasher& hasher) const {
  hasher.add(std::uint64_t{knocks_.size()}).add(std::uint64_t{evictions_.size()});
  for (const auto& [id, knock] : knocks_) add_votes(hasher.add(id), votes(id));
  for (const auto& [id, open] : evictions_) add_votes(hasher.add(id), votes(id));
}

}  // namespace p2pchat
