#include "tests/sim/room_script.h"

#include <algorithm>
#include <sstream>

namespace p2pchat::sim {
namespace {

using event::Ballot;

const std::string kRoom = "choir";
constexpr Duration kUsersLookMin = 1s;
constexpr Duration kUsersLookMax = 4s;
constexpr std::size_t kFaultsMax = 8;

// 0 to 99, the same for all who ask about it.
std::uint64_t percentile(const std::string& what) {
  return Hasher("percentile").add(view(what)).finish().bytes[0] * 100U / 256U;
}

}  // namespace

RoomScript::RoomScript(std::uint64_t seed)
    : prng_(seed * 2 + 1), plan_(draw_plan()), world_(prng_.next()), pruning_prng_(seed) {
  if (seed % 3 == 0) plan_.history = History::all;
  if (pruning_prng_.chance(50)) plan_.prunings = pruning_prng_.between(4, 24);
}

RoomPlan RoomScript::draw_plan() {
  RoomPlan plan;
  const std::uint64_t size = prng_.below(100);
  plan.hosts = size < 60 ? prng_.between(3, 4) : size < 92 ? prng_.between(5, 6) : 0;
  if (plan.hosts == 0) plan.hosts = size < 97 ? prng_.between(7, 9) : 0;
  if (plan.hosts == 0) plan.hosts = size < 99 ? prng_.between(10, 16) : prng_.between(17, 32);
  plan.length = prng_.between(30s, 150s);
  plan.pushes = prng_.between(3, 20);
  plan.leaves = prng_.chance(60) ? prng_.between(1, 3) : 0;
  plan.evictions = prng_.chance(50) ? prng_.between(1, 3) : 0;
  plan.faults = prng_.between(0, kFaultsMax);
  plan.conditions = draw_conditions(prng_);
  draw_manners(plan);
  draw_faults(plan);
  plan.liars = prng_.chance(45) ? prng_.between(1, plan.hosts - 1) : 0;
  return plan;
}

void RoomScript::draw_manners(RoomPlan& plan) {
  Manners& manners = plan.manners;
  if (prng_.chance(60)) return;
  manners.drops = prng_.chance(40) ? prng_.between(1, 60) : 0;
  manners.swallows = prng_.chance(40) ? prng_.between(1, 60) : 0;
  manners.withholds = prng_.chance(50) ? prng_.between(1, 80) : 0;
  manners.replays = prng_.chance(40) ? prng_.between(1, 50) : 0;
  if (prng_.chance(20)) manners.shuns.insert(prng_.below(plan.hosts));
  if (prng_.chance(10)) manners.conceals.insert(Kind::knock);
}

void RoomScript::draw_faults(RoomPlan& plan) {
  plan.crashes = prng_.chance(50);
  plan.partitions = prng_.chance(50);
  plan.snaps = prng_.chance(50);
  plan.disk_fills = prng_.chance(30);
  plan.tears = plan.crashes && prng_.chance(50);
  plan.is_rendezvous_shaky = prng_.chance(30);
  if (prng_.chance(15)) plan.restored = prng_.below(plan.hosts);
}

std::string RoomScript::play() {
  set_up();
  schedule();
  users_look(0ms);
  world_.run_for(plan_.length);
  if (!world_.verdict().is_good()) return world_.verdict().failure();
  heal();
  std::string failure = await_settling();
  if (world_.verdict().is_good() && failure.empty()) failure = open_requests();
  return world_.verdict().is_good() ? failure : world_.verdict().failure();
}

void RoomScript::set_up() {
  world_.open_rendezvous();
  for (HostIndex i = 0; i < plan_.hosts; ++i) world_.add_host("h" + std::to_string(i));
  Host& creator = world_.host(0);
  const RequestId request = world_.create(creator, kRoom, plan_.hosts + 8, plan_.history);
  world_.run_until([&] { return world_.outcome(request).has_value(); }, 1min);
  if (const auto* kept = creator.disk().room_called(kRoom)) room_ = kept->record.genesis.room;
  world_.network().set_conditions(plan_.conditions);
  world_.network().rendezvous().set_manners(plan_.manners);
  add_liars();
  const bool is_true = plan_.manners.withholds + plan_.manners.replays == 0;
  if (!is_true) world_.distrust_rendezvous();
}

void RoomScript::add_liars() {
  std::vector<HostIndex> hosts;
  for (HostIndex i = 0; i < plan_.hosts; ++i) hosts.push_back(i);
  for (std::size_t i = 0; i < plan_.liars; ++i) {
    const std::size_t at = prng_.below(hosts.size());
    const HostIndex host = hosts[at];
    hosts.erase(hosts.begin() + static_cast<std::ptrdiff_t>(at));
    if (plan_.restored == host) continue;
    Repertoire repertoire;
    for (bool* trick : {&repertoire.splits_pledges, &repertoire.pledges_late,
                        &repertoire.votes_both_ways, &repertoire.replays, &repertoire.floods,
                        &repertoire.favours, &repertoire.ghosts, &repertoire.boasts}) {
      *trick = prng_.chance(30);
    }
    const std::string run = std::to_string(plan_.length.count());
    repertoire.forks_feeds = percentile("forks " + world_.host(host).name() + run) < 30;
    liars_.push_back(std::make_unique<Liar>(world_, world_.host(host), repertoire, prng_.next()));
    if (!prng_.chance(30)) continue;
    // It vanishes, and is never seen again.
    silent_.insert(host);
    world_.after(prng_.between(plan_.length / 4, plan_.length),
                 [this, host] { world_.host(host).crash(); });
  }
}

void RoomScript::schedule() {
  const auto some_time = [this](auto what) {
    world_.after(prng_.between(0ms, plan_.length), [this, what] {
      if (!is_healed_ && world_.verdict().is_good()) (this->*what)();
    });
  };
  for (std::size_t i = 0; i < plan_.pushes; ++i) some_time(&RoomScript::push_some);
  for (std::size_t i = 0; i < plan_.leaves; ++i) some_time(&RoomScript::leave_some);
  for (std::size_t i = 0; i < plan_.faults; ++i) some_time(&RoomScript::strike);
  for (std::size_t i = 0; i < plan_.evictions; ++i) {
    world_.after(prng_.between(0ms, plan_.length), [this] {
      if (!is_healed_) put_out_some(world_.host(prng_.below(plan_.hosts)));
    });
  }
  for (std::size_t i = 0; i < plan_.prunings; ++i) {
    world_.after(pruning_prng_.between(0ms, plan_.length + kUsersLookMax),
                 [this] { prune_some(); });
  }
  if (!plan_.restored) return;
  Host& host = world_.host(*plan_.restored);
  world_.after(plan_.length / 3, [this, &host] { copy_ = host.disk(); });
  world_.after(plan_.length * 2 / 3, [this, &host] {
    host.crash();
    world_.restore(host, *copy_);
    restart(host, 1s);
  });
}

// --- Users ------------------------------------------------------------------

void RoomScript::users_look(Duration interval) {
  world_.after(interval, [this] {
    for (HostIndex i = 0; i < plan_.hosts; ++i) {
      Host& host = world_.host(i);
      if (!host.is_up()) continue;
      if (is_healed_) host.scrub();
      if (is_in(host)) {
        if (room_of(host)->record.forgotten == room_of(host)->roster().seat_of(host.id())) {
          // As its notice says.
          world_.leave(host, kRoom);
          continue;
        }
        vote(host);
        if (is_healed_) put_out_the_lost(host);
      } else {
        look_for_entry(host);
      }
    }
    users_look(prng_.between(kUsersLookMin, kUsersLookMax));
  });
}

// Asks to be let in, by way of the rendezvous or at some member's door.
void RoomScript::look_for_entry(Host& who) {
  const auto away = away_.find(who.index());
  if (away != away_.end() && away->second > world_.now()) return;
  for (const auto& [room, wish] : who.disk().wishes()) {
    if (!wish.is_over) return;
  }
  if (!world_.ledger().open(who.index()).empty()) return;
  const Host& door = world_.host(prng_.below(plan_.hosts));
  const bool is_by_door = &door != &who && prng_.chance(40);
  world_.join(who, kRoom, is_by_door ? to_text(door.door()) : "");
}

// As the seed has it: about one change in eight, one voter in three says no.
bool RoomScript::is_wanted(const std::string& change, const Host& voter) const {
  if (percentile(change) >= 12) return true;
  return percentile(change + voter.name()) >= 33;
}

void RoomScript::vote(Host& who) {
  for (const control::Record& row : who.node().vote_records()) {
    if (!row.text("mine").empty() || !prng_.chance(60)) continue;
    const std::string ids = row.text("id");
    std::string refused = ids.substr(0, ids.find(','));
    const bool is_knock = row.text("kind") == "knock";
    const bool is_ghost = row.text("name").starts_with("ghost");
    bool wants = !is_ghost && is_wanted(ids + std::to_string(world_.now() / 60s), who);
    if (is_healed_ && is_knock) wants = !is_ghost;
    if (is_healed_ && !is_knock) {
      const auto kept = first_kept(who, ids);
      wants = !kept;
      refused = kept.value_or(refused);
    }
    if (!wants && !is_healed_ && prng_.chance(50)) continue;
    const Ballot agrees = is_knock ? Ballot::yes : Ballot::evict;
    if (!is_knock && ids.find(to_text(who.id())) != std::string::npos) continue;
    // A no to an eviction of many names one of them.
    world_.vote(who, kRoom, wants ? ids : refused, wants ? agrees : Ballot::no);
  }
}

void RoomScript::put_out_some(Host& who) {
  if (!who.is_up() || !is_in(who)) return;
  std::string ids;
  for (const auto& [peer, admission] : room_of(who)->roster().members()) {
    if (peer == who.id() || !prng_.chance(ids.empty() ? 50 : 20)) continue;
    ids += (ids.empty() ? "" : ",") + to_text(peer);
  }
  if (!ids.empty()) world_.vote(who, kRoom, ids, Ballot::evict);
}

std::set<std::string> RoomScript::unwanted(const Host& who) const {
  std::set<std::string> ids;
  for (const auto& row : who.node().member_records(*room_)) {
    const auto peer = peer_id(row.text("id"));
    if (!peer || *peer == who.id() || (!row.flag("liar") && !is_lost(*peer))) continue;
    ids.insert(row.text("id"));
  }
  return ids;
}

// Of these, whom it would not put out.
std::optional<std::string> RoomScript::first_kept(const Host& who, const std::string& ids) const {
  const std::set<std::string> goes = unwanted(who);
  std::istringstream list(ids);
  for (std::string id; std::getline(list, id, ',');) {
    if (!goes.contains(id)) return id;
  }
  return std::nullopt;
}

// All of them at once, so that the others ask for the same.
void RoomScript::put_out_the_lost(Host& who) {
  if (!prng_.chance(20)) return;
  std::string ids;
  for (const std::string& id : unwanted(who)) ids += (ids.empty() ? "" : ",") + id;
  if (!ids.empty()) world_.vote(who, kRoom, ids, Ballot::evict);
}

void RoomScript::leave_some() {
  Host& host = world_.host(prng_.below(plan_.hosts));
  if (!host.is_up() || !is_in(host)) return;
  away_[host.index()] = world_.now() + prng_.between(0s, 120s);
  world_.leave(host, kRoom);
}

void RoomScript::push_some() {
  Host& from = world_.host(prng_.below(plan_.hosts));
  push(from);
  if (!from.is_up() || !is_in(from) || !prng_.chance(30)) return;
  std::vector<std::string> texts;
  for (const Push& push : world_.ledger().pushes()) {
    if (push.author == from.index()) texts.push_back(push.text);
  }
  if (!texts.empty()) world_.push_again(from, to_text(*room_), prng_.pick(texts));
}

void RoomScript::push(Host& from) {
  if (!from.is_up() || !is_in(from)) return;
  const std::string text = (prng_.chance(50) ? "text " : "key ") + std::to_string(++texts_);
  said_.push_back(
      {world_.push_in(from, *room_, text), from.index(), room_of(from)->roster().members()});
}

void RoomScript::prune_some() {
  Host& host = world_.host(pruning_prng_.below(plan_.hosts));
  if (!host.is_up() || !is_in(host)) return;
  world_.keep(host, to_text(*room_), {pruning_prng_.between(0s, 15s), std::nullopt});
}

// --- Faults -----------------------------------------------------------------

void RoomScript::strike() {
  const HostIndex a = prng_.below(plan_.hosts);
  const HostIndex b = (a + 1 + prng_.below(plan_.hosts - 1)) % plan_.hosts;
  switch (prng_.below(5)) {
    case 0: return plan_.crashes ? crash_some() : void();
    case 1: return plan_.partitions ? partition_some() : void();
    case 2: return plan_.snaps ? world_.network().snap(a, b) : void();
    case 3: return plan_.disk_fills ? fill_some() : void();
    case 4: return plan_.is_rendezvous_shaky ? shake_rendezvous() : void();
  }
}

void RoomScript::crash_some() {
  Host& host = world_.host(prng_.below(plan_.hosts));
  if (prng_.chance(70)) {
    host.doom({prng_.chance(30), prng_.below(4)});
  } else {
    host.crash();
    if (plan_.tears) tear_newest(host);
  }
  restart(host, prng_.between(100ms, 20s));
}

// Of what can be had again: the last batches that others hold, too, and will.
void RoomScript::tear_newest(Host& host) {
  const auto& rows = host.disk().rows();
  std::size_t left = prng_.between(1, 3);
  for (std::size_t row = rows.size(); row > 0 && left > 0; --row) {
    const Disk::Row& torn = rows[row - 1];
    if (!torn.batch || torn.is_damaged || is_lost(torn.batch->feed.author)) continue;
    if (!is_held_elsewhere(host, *torn.batch)) continue;
    world_.damage(host, row - 1);
    --left;
  }
}

bool RoomScript::is_held_elsewhere(const Host& host, const Batch& batch) const {
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    const Host& other = world_.host(i);
    const bool is_sure = i != host.index() && !is_liar(i) && plan_.restored != i && is_in(other);
    if (is_sure && other.disk().holds(batch)) return true;
  }
  return false;
}

void RoomScript::restart(Host& host, Duration wait) {
  world_.after(wait, [this, &host] {
    if (is_healed_ || silent_.contains(host.index())) return;
    host.crash();
    host.start();
  });
}

// One host, or half of all, cannot reach the others.
void RoomScript::partition_some() {
  Network& network = world_.network();
  const bool is_both_ways = prng_.chance(60);
  const HostIndex alone = prng_.below(plan_.hosts);
  const bool is_half = prng_.chance(40);
  for (HostIndex from = 0; from < plan_.hosts; ++from) {
    for (HostIndex to = 0; to < plan_.hosts; ++to) {
      const bool is_apart = is_half ? from % 2 != to % 2 : from == alone || to == alone;
      if (from == to || !is_apart || (!is_both_ways && from > to)) continue;
      network.cut(from, to);
    }
  }
  world_.after(prng_.between(500ms, 50s), [&network] { network.mend_all(); });
}

void RoomScript::fill_some() {
  Host& host = world_.host(prng_.below(plan_.hosts));
  host.fill_disk();
  world_.after(prng_.between(1s, 20s), [&host] { host.free_disk(); });
}

void RoomScript::shake_rendezvous() {
  RendezvousWires& rendezvous = world_.network().rendezvous();
  if (prng_.chance(30)) return rendezvous.lose_state();
  rendezvous.manners().is_down = true;
  world_.after(prng_.between(1s, 40s), [&rendezvous] { rendezvous.manners().is_down = false; });
}

// --- Phase two --------------------------------------------------------------

void RoomScript::heal() {
  is_healed_ = true;
  world_.trace().note(world_.now(), "all is healed");
  world_.network().mend_all();
  world_.network().set_conditions({});
  world_.network().rendezvous().set_manners({});
  for (const auto& liar : liars_) liar->reform();
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    Host& host = world_.host(i);
    host.spare();
    host.free_disk();
    if (!silent_.contains(i)) host.start();
  }
}

std::string RoomScript::await_settling() {
  const auto settle = [this] {
    world_.run_until([this] { return unsettled().empty(); }, kSettlingMax);
    return unsettled();
  };
  if (const std::string text = settle(); !text.empty()) return text;
  // It stays so, and what is said now comes, too.
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    if (!is_liar(i)) push(world_.host(i));
  }
  world_.run_until([this] { return undelivered().empty(); }, 60s);
  if (const std::string text = undelivered(); !text.empty()) return text;
  // Whoever has knocked meanwhile is answered in its time.
  return settle();
}

// Two want each other out, and the others have agreed to both: while somebody is silent whom both
// need, rivals stay where they are (rule 9 of the design's section 5), and chat goes on.
bool RoomScript::is_feud() const {
  const auto is_there = [&](HostIndex i) {
    return !is_liar(i) && world_.host(i).is_up() && is_in(world_.host(i));
  };
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    for (HostIndex j = i + 1; j < plan_.hosts; ++j) {
      if (!is_there(i) || !is_there(j)) continue;
      const Host& one = world_.host(i);
      const Host& other = world_.host(j);
      if (has_voted_out(one, other.id(), true) && has_voted_out(other, one.id(), true)) return true;
    }
  }
  return false;
}

std::string RoomScript::unsettled() const {
  // Members of a room that is torn may be apart for good, and are told so.
  if (is_feud() || (room_ && world_.is_torn(*room_))) return "";
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    const Host& host = world_.host(i);
    if (is_liar(i) || !host.is_up() || !is_in(host)) continue;
    for (HostIndex j = 0; j < plan_.hosts; ++j) {
      if (i == j || is_liar(j)) continue;
      std::string text = differing(host, world_.host(j));
      if (!text.empty()) return text;
    }
    std::string text = waiting(host);
    if (!text.empty()) return text;
  }
  return "";
}

// Half of those who do not leave by themselves, or more, are not there: nobody can be put out then,
// and who is in stays as it is.
bool RoomScript::is_frozen(const Host& who) const {
  const Disk::Membership& kept = *room_of(who);
  std::set<Seat> leaving;
  for (const auto& [key, object] : kept.objects) {
    const auto leave = Leave::decode(object.raw);
    if (object.kind == Kind::leave && leave) leaving.insert(leave->seat);
  }
  std::size_t staying = 0;
  std::size_t there = 0;
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    const Host& host = world_.host(i);
    const auto seat = kept.roster().seat_of(host.id());
    if (!seat || leaving.contains(*seat)) continue;
    ++staying;
    if (!is_liar(i) && host.is_up() && is_in(host)) ++there;
  }
  return 2 * there <= staying;
}

// Whoever lists another is listed by it, and both list the same.
std::string RoomScript::differing(const Host& one, const Host& other) const {
  const Roster& roster = room_of(one)->roster();
  if (!roster.seat_of(other.id()) || is_frozen(one)) return "";
  if (!is_in(other)) {
    // A newcomer waits for the word of all who were there before.
    const auto& members = roster.members();
    const bool is_kept_out = std::any_of(members.begin(), members.end(),
                                         [&](const auto& it) { return is_lost(it.first); });
    return is_kept_out ? "" : one.name() + " lists " + other.name() + ", who is not in";
  }
  const Roster& others = room_of(other)->roster();
  if (roster.members() == others.members()) return "";
  return one.name() + " lists " + std::to_string(roster.members().size()) + " at height " +
         std::to_string(roster.height()) + ", " + other.name() + " lists " +
         std::to_string(others.members().size()) + " at height " + std::to_string(others.height());
}

// A knock or an eviction that all have answered who could be asked.
std::string RoomScript::waiting(const Host& who) const {
  for (const auto& row : who.node().member_records(*room_)) {
    const auto peer = peer_id(row.text("id"));
    if (row.flag("liar") || (peer && is_lost(*peer))) return "";
  }
  for (const auto& row : who.node().vote_records()) {
    if (row.text("kind") != "knock") continue;
    return who.name() + " still waits for votes about " + row.text("name");
  }
  return "";
}

// By somebody who is there to give it: what its author has lost with its disk may be with others
// who are gone for good.
bool RoomScript::is_held(const PostId& post) const {
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    const Host& host = world_.host(i);
    const bool is_there = !is_liar(i) && host.is_up() && is_in(host);
    if (is_there && host.disk().covering(post.room, post.feed, post.number) != nullptr) return true;
  }
  return false;
}

std::string RoomScript::undelivered() const {
  for (const Said& said : said_) {
    const Push* push = world_.ledger().push_of(said.request);
    if (is_liar(said.author) || !push->answered || push->is_perished) continue;
    const PeerId& author = world_.host(said.author).id();
    if (!is_held(*push->post)) continue;
    for (HostIndex i = 0; i < plan_.hosts; ++i) {
      const Host& host = world_.host(i);
      if (is_liar(i) || !host.is_up() || !is_in(host)) continue;
      const Roster& roster = room_of(host)->roster();
      const auto stayed = [&](const PeerId& peer) {
        const auto seat = said.members.find(peer);
        return seat != said.members.end() && roster.holds({peer, seat->second});
      };
      if (!stayed(author) || !stayed(host.id()) || has_voted_out(host, author)) continue;
      const PostId& post = *push->post;
      const Disk::Row* row = host.disk().covering(post.room, post.feed, post.number);
      const bool is_had = row != nullptr && !row->is_damaged;
      if (is_had || (row != nullptr && !is_held_elsewhere(host, *row->batch))) continue;
      return "'" + push->text + "' of " + world_.host(said.author).name() + " has not come to " +
             host.name();
    }
  }
  return "";
}

// By its own will it takes nothing more of that one, unless somebody refuses.
bool RoomScript::has_voted_out(const Host& who, const PeerId& peer, bool is_refused) const {
  const auto rows = who.node().vote_records();
  return std::any_of(rows.begin(), rows.end(), [&](const control::Record& row) {
    return row.text("kind") == "evict" && row.text("mine") == "yes" &&
           (is_refused || row.integer("no") == 0) &&
           row.text("id").find(to_text(peer)) != std::string::npos;
  });
}

std::string RoomScript::open_requests() {
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    if (!world_.host(i).is_up() || world_.ledger().open(i).empty()) continue;
    const std::vector<RequestId> before = world_.ledger().open(i);
    world_.run_for(30s);
    // Who is out of the room asks again and again.
    const std::vector<RequestId> after = world_.ledger().open(i);
    const bool is_old_open = std::any_of(after.begin(), after.end(), [&](const RequestId& request) {
      return std::find(before.begin(), before.end(), request) != before.end();
    });
    if (!is_old_open) continue;
    return world_.host(i).name() + " has left a request without an answer";
  }
  return "";
}

// --- What is -----------------------------------------------------------------

bool RoomScript::is_liar(HostIndex host) const {
  return std::any_of(liars_.begin(), liars_.end(),
                     [&](const auto& liar) { return liar->host().index() == host; });
}

bool RoomScript::is_lost(const PeerId& peer) const {
  return std::any_of(liars_.begin(), liars_.end(),
                     [&](const auto& liar) { return liar->host().id() == peer; });
}

const Disk::Membership* RoomScript::room_of(const Host& host) const {
  return room_ ? host.disk().membership(*room_) : nullptr;
}

bool RoomScript::is_in(const Host& host) const {
  const Disk::Membership* kept = room_of(host);
  return kept != nullptr && !kept->record.is_gone && kept->roster().seat_of(host.id());
}

std::size_t RoomScript::heights() const {
  std::size_t highest = 0;
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    const Disk::Membership* kept = room_of(world_.host(i));
    if (kept != nullptr && !is_liar(i)) highest = std::max(highest, kept->decisions.size());
  }
  return highest;
}

}  // namespace p2pchat::sim
