// The part of Node that tells people what has come to pass in their rooms.
#include "daemon/core/actions.h"
#include "daemon/core/node.h"

namespace p2pchat {

std::string Node::notice_text(const Membership& membership, const Membership::News& news) const {
  using What = Membership::News::What;
  const std::string& room = membership.record().name;
  std::string who;
  for (const PeerId& peer : news.who) who += (who.empty() ? "" : ", ") + name_of(peer);
  const std::string id = news.who.empty() ? "" : to_text(news.who.front());
  switch (news.what) {
    case What::knocked:
      return candidate_name(membership, news.who.front()) + " asks to be let into " + room +
             "; id " + id + ", fingerprint " + fingerprint(news.who.front()) +
             ". Answer: chatctl vote " + room + " " + id.substr(0, 8) + " yes|no" +
             (news.note.empty() ? "" : ". Its note: " + news.note);
    case What::proposed:
      return "it is voted whether " + who + " shall go from " + room + ". Agree: chatctl vote " +
             room + " " + who + " evict ; refuse: chatctl vote " + room + " " + who + " no";
    case What::came: return who + " is in " + room + " now: every member has agreed";
    case What::went: return who + " is in " + room + " no more";
    case What::entered: return "you are in " + room + " now: every member has agreed";
    case What::put_out: return "you are in " + room + " no more: the others have put you out";
    case What::lied:
      if (news.who.front() == identity_.id()) {
        return "your key has signed what contradicts itself in " + room +
               "; nobody is let in while you stay: chatctl leave " + room + ", then join it anew";
      }
      return who + " has signed what contradicts itself in " + room +
             "; nobody is let in until that is settled: chatctl vote " + room + " " +
             id.substr(0, 8) + " evict";
    case What::forgotten:
      return "this daemon has lost what it signed in " + room +
             " and signs nothing more there; to be a full member again: chatctl leave " + room +
             ", then join it anew";
    case What::left_out: return "you are in " + room + " no more: the others go on without you";
    case What::apart:
      return who + " and you have agreed to different things in " + room +
             ", and will not list the same members again";
    case What::closed: return room + " is closed by " + who;
  }
  return {};
}

Actions Node::notices(const Turn& turn, Membership& membership) {
  Actions actions;
  using What = Membership::News::What;
  for (const Membership::News& news : membership.take_news()) {
    if (news.what == What::came || news.what == What::entered) {
      for (const PeerId& peer : news.who) contacts_.find_or_add(peer, membership.card_of(peer));
    }
    const PeerId about = news.who.empty() ? identity_.id() : news.who.front();
    actions.push_back(action::StoreNotice{membership.room(), about, turn.now.wall,
                                          notice_text(membership, news)});
    if (news.what != What::entered) continue;
    contacts_.reserve(membership.record().name);
    control::Record row;
    row.set("room", to_text(membership.room())).set("name", membership.record().name);
    row.set("creator", to_text(membership.record().genesis.creator));
    row.set("members", static_cast<std::int64_t>(membership.roster().members().size()));
    row.set("state", "member");
    append(actions, with_creators(wishes_.entered(membership.room(), std::move(row))));
  }
  return actions;
}

}  // namespace p2pchat
