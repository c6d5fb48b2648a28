// What Node tells its local users about rooms of many, as records. Queries only.
#include <algorithm>

#include "daemon/core/answers.h"
#include "daemon/core/node.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

std::int64_t whole(std::uint64_t value) { return static_cast<std::int64_t>(value); }

struct Count {
  std::int64_t yes = 0;
  std::int64_t no = 0;
  std::string mine;
};

Count count_votes(const Membership& membership, const ChangeId& change, const PeerId& self) {
  Count count;
  for (const auto& [seat, yes] : membership.consent().votes(change)) {
    ++(yes ? count.yes : count.no);
    if (seat.peer == self) count.mine = yes ? "yes" : "no";
  }
  return count;
}

const char* state_of(const Membership& membership, bool is_wished_for) {
  if (membership.is_in()) return membership.is_apart() ? "apart" : "in";
  if (membership.sits() && membership.has_left()) return "leaving";
  return is_wished_for ? "asking" : "gone";
}

}  // namespace

std::vector<control::Record> Node::vote_records() const {
  std::vector<control::Record> rows;
  for (const auto& it : memberships_) {
    const Membership& membership = it.second;
    if (!membership.is_in()) continue;
    for (const Knock& knock : membership.consent().knocks()) {
      control::Record row = vote_record(membership, knock.id, {knock.card.id}, "knock");
      row.set("note", knock.note).set("expires", knock.expires.milliseconds);
      rows.push_back(std::move(row));
    }
    for (const Eviction& eviction : membership.consent().evictions()) {
      std::vector<PeerId> who;
      for (const Seat& seat : eviction.seats) who.push_back(seat.peer);
      rows.push_back(vote_record(membership, eviction.id(), who, "evict"));
    }
  }
  return rows;
}

control::Record Node::vote_record(const Membership& membership, const ChangeId& change,
                                  const std::vector<PeerId>& who, const std::string& kind) const {
  control::Record row;
  row.set("room", to_text(membership.room())).set("room_name", membership.record().name);
  row.set("kind", kind);
  std::string ids;
  std::string names;
  for (const PeerId& peer : who) {
    ids += (ids.empty() ? "" : ",") + to_text(peer);
    names += (names.empty() ? "" : ",") + candidate_name(membership, peer);
  }
  row.set("id", ids).set("name", names).set("fingerprint", fingerprint(who.front()));
  const Count count = count_votes(membership, change, identity_.id());
  row.set("yes", count.yes).set("no", count.no).set("mine", count.mine);
  std::vector<std::string> waiting;
  const auto votes = membership.consent().votes(change);
  for (const auto& [peer, admission] : membership.roster().members()) {
    const bool goes = kind == "evict" && std::find(who.begin(), who.end(), peer) != who.end();
    if (!goes && !votes.contains({peer, admission})) waiting.push_back(name_of(peer));
  }
  row.set("waiting_for", waiting);
  return row.set("auto", settings_.auto_vote.contains(who.front()));
}

Result<std::vector<control::Record>> Node::proof_records(std::string_view name) const {
  const Membership* membership = membership_of(name);
  if (membership == nullptr) {
    return fail(Fault::unknown, "no room here is called '" + cleaned(name) + "'");
  }
  std::vector<control::Record> rows;
  const auto add = [&](const std::string& kind, const Bytes& data) {
    control::Record row;
    rows.push_back(std::move(row.set("kind", kind).set("data", data)));
  };
  add("genesis", membership->record().genesis.raw);
  for (const StoredDecision& decision : membership->chain()) {
    add("value", decision.value.raw);
    add("certificate", decision.certificate.encode());
  }
  return rows;
}

std::vector<control::Record> Node::many_records(Moment now) const {
  std::vector<control::Record> rows;
  for (const auto& [id, membership] : memberships_) {
    if (!membership.is_kept()) continue;
    control::Record row;
    row.set("name", membership.record().name).set("kind", "room");
    row.set("members", whole(membership.roster().members().size()));
    row.set("size", whole(membership.roster().size_max()));
    row.set("height", whole(membership.roster().height()));
    const bool is_open = membership.record().genesis.history == History::all;
    row.set("history", is_open ? "all" : "none");
    const auto* wish = wishes_.find(id);
    row.set("state", state_of(membership, wish != nullptr));
    if (wish != nullptr) row.set("voted", whole(wish->voted));
    row.set("creator", name_of(membership.record().genesis.creator));
    row.set("room", to_text(id));
    if (const Room* room = room_of(id)) {
      add_room_facts(now, *room, row);
      if (membership.has_left() && membership.sits()) row.set("unheld", whole(room->unheld()));
    }
    rows.push_back(std::move(row));
  }
  for (const auto& [id, wish] : wishes_.all()) {
    const auto membership = memberships_.find(id);
    if (membership != memberships_.end() && membership->second.is_kept()) continue;
    control::Record row;
    row.set("name", wish.record.name).set("kind", "room").set("state", "asking");
    row.set("voted", whole(wish.voted)).set("creator", name_of(wish.record.creator));
    row.set("room", to_text(id));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<control::Record> Node::many_member_records(const Membership& membership) const {
  // By the knock that let each in: who has pledged it, and when.
  struct Entry {
    std::vector<std::string> accepted_by;
    Stamp since;
  };
  std::map<ChangeId, Entry> entries;
  Roster roster(membership.record().genesis);
  for (const StoredDecision& decision : membership.chain()) {
    Entry entry;
    for (const Seat& seat : roster.quorum(decision.value)) {
      entry.accepted_by.push_back(name_of(seat.peer));
    }
    for (const auto& pledge : decision.certificate.entries) {
      entry.since = std::max(entry.since, pledge.stamp);
    }
    for (const Knock& knock : decision.value.knocks) entries[knock.id] = entry;
    roster = roster.after(decision.value);
  }
  std::vector<control::Record> rows;
  const auto liars = membership.consent().liars();
  std::set<Seat> leaving;
  for (const Leave& leave : membership.consent().leaves()) leaving.insert(leave.seat);
  for (const auto& [peer, admission] : membership.roster().members()) {
    control::Record row;
    row.set("id", to_text(peer)).set("name", name_of(peer)).set("me", peer == identity_.id());
    row.set("linked", peer == identity_.id() || links_.is_ready(peer));
    const auto entry = entries.find(admission);
    if (entry != entries.end()) row.set("since", entry->second.since.wall().milliseconds);
    row.set("accepted_by",
            entry == entries.end() ? std::vector<std::string>{} : entry->second.accepted_by);
    row.set("creator", peer == membership.record().genesis.creator);
    row.set("auto_vote", settings_.auto_vote.contains(peer));
    row.set("liar", liars.contains({peer, admission}));
    row.set("leaving", leaving.contains({peer, admission}));
    if (const Room* room = room_of(membership.room())) add_receipts(*room, peer, row);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace p2pchat
