#include "tests/sim/room_checkers.h"

#include <algorithm>

#include "proto/rendezvous.h"

namespace p2pchat::sim {
namespace {

bool holds(const std::vector<Seat>& seats, const PeerId& peer) {
  return std::any_of(seats.begin(), seats.end(),
                     [&](const Seat& seat) { return seat.peer == peer; });
}

}  // namespace

void RoomCheckers::fail(const Witness& witness, const std::string& text) {
  verdict_.fail(short_text(self(witness)) + " " + text);
}

std::optional<HostIndex> RoomCheckers::honest(const PeerId& peer) const {
  const auto it = std::find(hosts_.begin(), hosts_.end(), peer);
  const auto host = static_cast<HostIndex>(it - hosts_.begin());
  if (it == hosts_.end() || liars_.contains(host)) return std::nullopt;
  return host;
}

void RoomCheckers::voting(HostIndex host, const std::string& whom, event::Ballot ballot) {
  if (ballot == event::Ballot::yes) ++yeses_[{host, whom}];
}

void RoomCheckers::forgetting(HostIndex host) {
  forgetful_.insert(host);
  std::erase_if(chains_, [host](const auto& it) { return it.first.first == host; });
  std::erase_if(decided_, [host](const auto& it) { return it.first.first == host; });
}

bool RoomCheckers::is_member(const Disk& disk, const RoomId& room, const PeerId& peer) {
  const Disk::Membership* kept = disk.membership(room);
  return kept != nullptr && kept->roster().seat_of(peer).has_value();
}

bool RoomCheckers::counts(const Disk& disk, const Batch& batch) {
  const Disk::Membership* kept = disk.membership(batch.room);
  if (kept == nullptr) return false;
  const auto seat = kept->roster().seat_of(batch.feed.author);
  if (seat && is_of_seat(batch.feed.incarnation, seat->admission)) return true;
  for (const StoredDecision& decision : kept->decisions) {
    for (const Head& head : decision.value.heads) {
      if (head.feed == batch.feed && batch.last() <= head.number) return true;
      // An earlier feed of the same seat, as the openings of later ones name it.
      const auto mark = [](const FeedId& feed) {
        return feed.incarnation.view().first(kSeatMarkBytes);
      };
      const bool is_alike = std::ranges::equal(mark(head.feed), mark(batch.feed));
      if (head.feed.author == batch.feed.author && head.feed != batch.feed && is_alike) return true;
    }
  }
  return false;
}

// --- What is stored ---------------------------------------------------------

void RoomCheckers::storing(const Witness& witness, const Action& action) {
  if (const auto* decision = std::get_if<action::StoreDecision>(&action)) {
    storing_decision(witness, *decision);
  } else if (const auto* pledge = std::get_if<action::StorePledge>(&action)) {
    storing_pledge(witness, *pledge);
  } else if (const auto* room = std::get_if<action::StoreRoom>(&action)) {
    const Disk::Membership* kept = witness.disk.membership(room->room.genesis.room);
    const auto seat = kept == nullptr ? std::nullopt : kept->roster().seat_of(self(witness));
    if (seat && room->room.is_gone) left_.insert({witness.host, *seat});
  } else if (const auto* wish = std::get_if<action::StoreWish>(&action)) {
    storing_wish(witness, wish->wish);
  } else if (const auto* object = std::get_if<action::StoreObject>(&action)) {
    const auto vote = Vote::decode(object->object.raw);
    if (object->object.kind != Kind::vote || !vote || vote->seat.peer != self(witness)) return;
    const auto [it, is_new] = votes_.try_emplace({vote->seat, vote->change}, vote->yes);
    // Whose disk was put back knows it only once somebody has shown it.
    if (it->second != vote->yes && !forgetful_.contains(witness.host)) {
      fail(witness, "takes a vote back");
    }
    stored_votes_.insert(object->object.raw);
  }
}

void RoomCheckers::storing_decision(const Witness& witness, const action::StoreDecision& order) {
  const Value& value = order.value;
  const Disk::Membership* kept = witness.disk.membership(value.room);
  if (kept == nullptr) return fail(witness, "decides in a room that it does not keep");
  const std::size_t height = kept->decisions.size();
  if (value.height == 0 || value.height > height + 1) {
    return fail(witness, "decides beyond a gap");
  }
  const Roster& before = kept->rosters[value.height - 1];
  if (!before.check(value)) return fail(witness, "decides what does not follow");
  if (!before.is_certified(value, order.certificate)) {
    return fail(witness, "decides what is not certified");
  }
  // Who has gone and is let in again follows the others from the genesis on.
  const auto seat = kept->roster().seat_of(self(witness));
  const bool is_back = !seat || left_.contains({witness.host, *seat});
  if (!is_back && (value.height < height ||
                   (value.height == height && !widens(value, kept->decisions.back().value)))) {
    return fail(witness, "undoes a decision");
  }
  check_comers(witness, before, value);
  Chain& chain = chains_[{witness.host, value.room}];
  if (chain.size() < value.height - 1) {
    for (const StoredDecision& decision : kept->decisions) {
      if (chain.size() < decision.value.height) {
        chain.push_back(std::make_shared<const Value>(decision.value));
      }
    }
  }
  chain.resize(value.height - 1);
  chain.push_back(std::make_shared<const Value>(value));
  decided_[{witness.host, value.room}].insert(value.id);
  check_together(witness, kept->rosters, value);
}

void RoomCheckers::check_comers(const Witness& witness, const Roster& before, const Value& value) {
  const PeerId& me = self(witness);
  for (const auto& [peer, admission] : before.members()) listed_.insert({me, peer});
  const bool decides = holds(before.quorum(value), me);
  if (!decides && before.seat_of(me) && before.after(value).seat_of(me)) {
    fail(witness, "stays without having been asked");
  }
  for (const Knock& knock : value.knocks) {
    const PeerId& who = knock.card.id;
    listed_.insert({me, who});
    if (!is_liar(witness.host)) let_in_.insert({who, knock.after});
    if (honest(who) && !knocked_.contains(knock.id)) {
      fail(witness, "lists somebody who has not knocked: " + short_text(who));
    }
    if (!decides || is_liar(witness.host)) continue;
    auto& accepted = accepted_[{witness.host, who}];
    accepted.insert(knock.id);
    const auto said = yeses_.find({witness.host, to_text(who)});
    const std::size_t yeses = said == yeses_.end() ? 0 : said->second;
    if (accepted.size() > yeses && !policies_.contains(witness.host)) {
      fail(witness, "lists somebody whom its user did not accept: " + short_text(who));
    }
  }
  for (const Leave& leave : value.leaves) {
    const auto who = honest(leave.seat.peer);
    if (who && !quitters_.contains(*who)) fail(witness, "lets somebody go who did not leave");
  }
}

void RoomCheckers::check_together(const Witness& witness, const std::vector<Roster>& rosters,
                                  const Value& value) {
  if (is_liar(witness.host) || forgetful_.contains(witness.host)) return;
  const Chain& mine = chains_.at({witness.host, value.room});
  for (HostIndex other = 0; other < hosts_.size(); ++other) {
    if (other == witness.host || is_liar(other) || forgetful_.contains(other)) continue;
    const auto it = chains_.find({other, value.room});
    if (it == chains_.end()) continue;
    const Chain& theirs = it->second;
    std::size_t at = 0;
    const std::size_t end = std::min(mine.size(), theirs.size());
    while (at < end && mine[at]->id == theirs[at]->id) ++at;
    if (at == end || at >= rosters.size()) continue;
    const PeerId& one = self(witness);
    if (!fits(rosters[at], mine, theirs, at, one, hosts_[other])) {
      fail(witness, "has decided what cannot go together with what " + short_text(hosts_[other]) +
                        " has decided");
    }
  }
}

// Where they differ first, both are in both quorums only if one value widens the other; and
// nobody of both goes on from the narrower one.
bool RoomCheckers::fits(const Roster& before, const Chain& a, const Chain& b, std::size_t at,
                        const PeerId& one, const PeerId& other) const {
  const auto both = [&](const std::vector<Seat>& quorum) {
    return holds(quorum, one) && holds(quorum, other);
  };
  if (!both(before.quorum(*a[at])) || !both(before.quorum(*b[at]))) return true;
  const bool is_a_wider = widens(*a[at], *b[at]);
  if (!is_a_wider && !widens(*b[at], *a[at])) return false;
  const Chain& narrow = is_a_wider ? b : a;
  if (narrow.size() == at + 1) return true;
  return !both(before.after(*narrow[at]).quorum(*narrow[at + 1]));
}

void RoomCheckers::storing_pledge(const Witness& witness, const action::StorePledge& order) {
  const Pledge& pledge = order.pledge;
  if (pledge.seat.peer != self(witness) || !pledge.is_signed() || order.value.id != pledge.value) {
    return fail(witness, "stores a pledge that is not its own");
  }
  const Disk::Membership* kept = witness.disk.membership(pledge.room);
  if (kept == nullptr) return fail(witness, "pledges in a room that it does not keep");
  if (kept->record.forgotten == pledge.seat) fail(witness, "pledges in a seat it has forgotten");
  if (kept->pledge && kept->pledge->pledge.seat == pledge.seat &&
      kept->pledge->pledge.round >= pledge.round) {
    fail(witness, "pledges in a round that does not rise");
  }
  const auto [it, is_new] =
      pledges_.try_emplace({pledge.room, pledge.seat, pledge.round}, pledge.value);
  // Whose disk was put back does not know so until somebody shows it.
  if (it->second == pledge.value) return;
  torn_.insert(pledge.room);
  if (!forgetful_.contains(witness.host)) fail(witness, "pledges two values in one round");
}

void RoomCheckers::storing_wish(const Witness& witness, const WishRecord& wish) {
  const auto knock = Knock::decode(wish.knock);
  if (!knock || knock->card.id != self(witness) || knock->room != wish.room) {
    return fail(witness, "stores a wish without a knock of its own");
  }
  knocked_.insert(knock->id);
  // It may have been let in by an older knock, and have forgotten.
  const bool is_let_in = let_in_.contains({self(witness), knock->after});
  const bool is_early = !is_let_in && liars_.empty() && is_rendezvous_true_;
  for (const Card& card : wish.hosts) {
    hosted_.insert({witness.host, card.id});
    // One that has not heard that I had gone since takes me for a member.
    if (is_early && !listed_.contains({card.id, self(witness)})) {
      fail(witness, "learns where a member is before it is let in");
    }
  }
}

// --- What leaves ------------------------------------------------------------

void RoomCheckers::leaving(const Witness& witness, const Action& action) {
  if (const auto* send = std::get_if<action::SendLink>(&action)) {
    const auto message = link::decode(send->frame);
    const auto* objects = message ? std::get_if<link::Objects>(&*message) : nullptr;
    if (objects == nullptr) return;
    if (!has_company(witness, send->peer)) fail(witness, "tells a stranger what members sign");
    for (const Object& object : objects->objects) leaving_object(witness, object);
  } else if (const auto* ask = std::get_if<action::AskRendezvous>(&action)) {
    if (!asked_.insert({witness.host, witness.run, ask->desk}).second) {
      fail(witness, "asks twice at one desk");
    }
    const auto request = rendezvous::decode_request(ask->question);
    if (!request || request->asker != self(witness)) {
      return fail(witness, "asks the rendezvous what does not decode");
    }
    const auto* put = std::get_if<rendezvous::Put>(&request->question);
    if (put != nullptr) leaving_object(witness, put->object);
  } else if (const auto* admit = std::get_if<action::Admit>(&action)) {
    reaching_out(witness, admit->peer);
  } else if (const auto* dial = std::get_if<action::Dial>(&action)) {
    reaching_out(witness, dial->peer);
  } else if (const auto* hear = std::get_if<action::Hear>(&action)) {
    reaching_out(witness, hear->peer);
  }
}

void RoomCheckers::leaving_object(const Witness& witness, const Object& object) {
  if (object.kind == Kind::pledge) {
    const auto pledge = Pledge::decode(object.raw);
    if (!pledge) return fail(witness, "tells a pledge that does not verify");
    if (pledge->seat.peer != self(witness) || is_liar(witness.host)) return;
    const auto it = pledges_.find({pledge->room, pledge->seat, pledge->round});
    const bool is_known = it != pledges_.end() && it->second == pledge->value;
    if (!is_known && !forgetful_.contains(witness.host)) {
      fail(witness, "tells a pledge that is not durable");
    }
  } else if (object.kind == Kind::decided) {
    const auto decided = Decided::decode(object.raw);
    if (!decided) return fail(witness, "tells a Decided that does not verify");
    if (decided->seat.peer != self(witness) || is_liar(witness.host)) return;
    if (!decided_[{witness.host, decided->room}].contains(decided->value) &&
        !forgetful_.contains(witness.host)) {
      fail(witness, "says that it has decided what is not durable");
    }
  } else if (object.kind == Kind::vote) {
    const auto vote = Vote::decode(object.raw);
    if (!vote) return fail(witness, "tells a vote that does not verify");
    if (vote->seat.peer == self(witness) && !is_liar(witness.host)) leaving_vote(witness, *vote);
  }
}

void RoomCheckers::leaving_vote(const Witness& witness, const Vote& vote) {
  const auto [it, is_new] = votes_.try_emplace({vote.seat, vote.change}, vote.yes);
  if (it->second != vote.yes && !forgetful_.contains(witness.host)) {
    return fail(witness, "votes both ways");
  }
  // What has been stored once may be settled since, or come back to whoever has lost it.
  if (!stored_votes_.contains(vote.raw)) fail(witness, "tells a vote that is not durable");
}

// Whom it has decided to be a member some time, or who was named as one that shows it a room.
bool RoomCheckers::has_company(const Witness& witness, const PeerId& peer) const {
  if (hosted_.contains({witness.host, peer})) return true;
  const auto& memberships = witness.disk.memberships();
  return std::any_of(memberships.begin(), memberships.end(), [&](const auto& it) {
    const auto& rosters = it.second.rosters;
    return std::any_of(rosters.begin(), rosters.end(),
                       [&](const Roster& roster) { return roster.seat_of(peer).has_value(); });
  });
}

void RoomCheckers::reaching_out(const Witness& witness, const PeerId& peer) {
  const auto contact = witness.disk.contacts().find(peer);
  const bool is_met =
      contact != witness.disk.contacts().end() && contact->second.founding.has_value();
  if (!is_met && !has_company(witness, peer)) fail(witness, "reaches out to a stranger");
}

void RoomCheckers::taking(const Witness& witness, const Event& event) {
  if (const auto* answered = std::get_if<event::RendezvousAnswered>(&event)) {
    asked_.erase({witness.host, witness.run, answered->desk});
  } else if (const auto* failed = std::get_if<event::RendezvousFailed>(&event)) {
    asked_.erase({witness.host, witness.run, failed->desk});
  }
}

// --- After a turn -----------------------------------------------------------

void RoomCheckers::turned(const Witness& witness) {
  for (const auto& [room, kept] : witness.disk.memberships()) {
    if (kept.record.is_gone || kept.roster().seat_of(self(witness))) continue;
    fail(witness, "keeps the room " + kept.record.name + " as its own without a seat in it");
  }
}

}  // namespace p2pchat::sim
