#include "tests/sim/script.h"

#include <algorithm>

#include "proto/limits.h"
#include "proto/pair.h"

namespace p2pchat::sim {
namespace {

constexpr Duration kUsersLookMin = 1s;
constexpr Duration kUsersLookMax = 4s;
constexpr std::size_t kFaultsMax = 12;
// Once all agree, the last receipts and repeated beats go round; then it must be quiet.
constexpr Duration kAfterglow = 40s;
constexpr Duration kQuiet = 30s;
// Two or three beats each way, over PUB and over the link, and what they cause.
constexpr std::uint64_t kQuietTrafficMax = 16;

}  // namespace

Script::Script(std::uint64_t seed) : prng_(seed), plan_(draw_plan()), world_(prng_.next()) {}

Plan Script::draw_plan() {
  Plan plan;
  plan.hosts = prng_.chance(60) ? 2 : prng_.between(3, 5);
  // Some runs are long enough for room keys to change.
  plan.length = prng_.chance(3) ? prng_.between(61min, 70min) : prng_.between(30s, 120s);
  plan.pushes = prng_.between(5, 40);
  plan.faults = prng_.between(0, kFaultsMax);
  plan.conditions = draw_conditions(prng_);
  draw_faults(plan);
  return plan;
}

void Script::draw_faults(Plan& plan) {
  plan.crashes = prng_.chance(50);
  plan.partitions = prng_.chance(50);
  plan.snaps = prng_.chance(50);
  plan.clock_jumps = prng_.chance(40);
  plan.disk_fills = prng_.chance(40);
  plan.damages = prng_.chance(20);
  plan.quarrels = prng_.chance(20);
  if (prng_.chance(30)) plan.sheltered = prng_.below(plan.hosts);
  if (prng_.chance(30)) plan.mover = plan.sheltered.value_or(prng_.below(plan.hosts));
  if (prng_.chance(30)) plan.amnesiac = prng_.below(plan.hosts);
  if (plan.amnesiac == plan.mover) plan.amnesiac.reset();
}

std::string Script::play() {
  set_up();
  schedule_pushes();
  schedule_faults();
  users_look(0ms);
  world_.run_for(plan_.length);
  if (!world_.verdict().is_good()) return world_.verdict().failure();
  heal();
  std::string failure = await_delivery();
  if (failure.empty()) {
    world_.run_for(kAfterglow);
    failure = disagreement(false);
  }
  if (failure.empty()) failure = noise();
  if (failure.empty()) failure = unsettled();
  if (!world_.verdict().is_good()) return world_.verdict().failure();
  return failure.empty() ? open_requests() : failure;
}

void Script::set_up() {
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    const Accept accept = prng_.chance(75) ? Accept::anyone : Accept::ask;
    Host& host = world_.add_host("h" + std::to_string(i), accept);
    if (plan_.clock_jumps) {
      const Duration ahead = prng_.between(0ms, 8min);
      host.jump_wall(ahead - 4min);
    }
  }
  world_.network().set_conditions(plan_.conditions);
  if (plan_.sheltered) world_.network().shelter(*plan_.sheltered, true);
  draw_pairs();
  seeking_.resize(plan_.hosts * plan_.hosts);
}

void Script::draw_pairs() {
  for (HostIndex b = 1; b < plan_.hosts; ++b) {
    const HostIndex always = prng_.below(b);
    for (HostIndex a = 0; a < b; ++a) {
      if (a != always && !prng_.chance(30)) continue;
      Pair pair{a, b};
      pair.a_asks = prng_.chance(50);
      pair.b_asks = !pair.a_asks || prng_.chance(30);
      if (plan_.sheltered == a) pair.a_asks = true;
      if (plan_.sheltered == b) pair.b_asks = true;
      pairs_.push_back(pair);
    }
  }
}

// --- Users ------------------------------------------------------------------

// Each user looks every few seconds whether a meeting has come about, and asks again if not.
void Script::users_look(Duration interval) {
  world_.after(interval, [this] {
    for (Pair& pair : pairs_) {
      Host& a = world_.host(pair.a);
      Host& b = world_.host(pair.b);
      pair.has_met |= world_.knows(pair.a, pair.b) && world_.knows(pair.b, pair.a);
      seek(a, b, pair.a_asks, pair);
      seek(b, a, pair.b_asks, pair);
    }
    for (HostIndex i = 0; i < plan_.hosts; ++i) {
      answer_strangers(world_.host(i));
      if (!is_healed_) continue;
      make_peace(world_.host(i));
      world_.host(i).scrub();
    }
    users_look(prng_.between(kUsersLookMin, kUsersLookMax));
  });
}

void Script::seek(Host& who, const Host& whom, bool wants, const Pair& pair) {
  if (!wants || !who.is_up() || world_.knows(who.index(), whom.index())) return;
  // Whoever has met once is found again without its user, unless it can only be the caller.
  if (pair.has_met && plan_.sheltered != who.index()) return;
  auto& request = seeking_[who.index() * plan_.hosts + whom.index()];
  const auto open = world_.ledger().open(who.index());
  if (request && std::find(open.begin(), open.end(), *request) != open.end()) {
    if (prng_.chance(10)) world_.drop(who, *request);
    return;
  }
  request = world_.meet(who, to_text(whom.id()) + "@" + to_text(whom.door()));
}

void Script::answer_strangers(Host& who) {
  if (!who.is_up()) return;
  std::vector<PeerId> strangers;
  for (const auto& [id, contact] : who.disk().contacts()) {
    if (contact.asks) strangers.push_back(id);
  }
  for (const PeerId& id : strangers) world_.meet(who, to_text(id));
}

void Script::make_peace(Host& who) {
  std::vector<PeerId> blocked;
  for (const auto& [id, contact] : who.disk().contacts()) {
    if (contact.is_blocked) blocked.push_back(id);
  }
  for (const PeerId& id : blocked) world_.block(who, to_text(id), true);
}

void Script::schedule_pushes() {
  for (std::size_t i = 0; i < plan_.pushes; ++i) {
    world_.after(prng_.between(0ms, plan_.length), [this] { push_some(); });
  }
}

void Script::push_some() {
  const Pair& pair = prng_.pick(pairs_);
  const bool is_from_a = prng_.chance(50);
  Host& from = world_.host(is_from_a ? pair.a : pair.b);
  const Host& to = world_.host(is_from_a ? pair.b : pair.a);
  // Now and then a whole burst, which shares batches.
  const std::size_t count = prng_.chance(5) ? prng_.between(2, 80) : 1;
  for (std::size_t i = 0; i < count && from.is_up(); ++i) world_.push(from, to, next_text());
  push_one_again(from, to);
}

void Script::push_one_again(Host& from, const Host& to) {
  if (!from.is_up() || !prng_.chance(30)) return;
  std::vector<std::string> texts;
  for (const Push& push : world_.ledger().pushes()) {
    const bool is_here = push.author == from.index() && push.room == pair_room(from.id(), to.id());
    if (is_here) texts.push_back(push.text);
  }
  if (!texts.empty()) world_.push_again(from, to_text(to.id()), prng_.pick(texts));
}

std::string Script::next_text() {
  std::string text = prng_.chance(50) ? "text " : "key ";
  text += std::to_string(++texts_);
  if (prng_.chance(5)) text.resize(prng_.between(1000, kBodyBytesMax), '.');
  return text;
}

// --- Faults -----------------------------------------------------------------

void Script::schedule_faults() {
  for (std::size_t i = 0; i < plan_.faults; ++i) {
    world_.after(prng_.between(0ms, plan_.length), [this] {
      if (!is_healed_) strike();
    });
  }
  const auto once = [this](auto what) {
    world_.after(prng_.between(plan_.length / 4, plan_.length), [this, what] {
      if (!is_healed_) (this->*what)();
    });
  };
  if (plan_.amnesiac) once(&Script::forget_once);
  if (plan_.mover) once(&Script::move_once);
}

void Script::strike() {
  switch (prng_.below(7)) {
    case 0: return plan_.crashes ? crash_some() : void();
    case 1: return plan_.partitions ? partition_some() : void();
    case 2: {
      const Pair& pair = prng_.pick(pairs_);
      if (plan_.snaps) world_.network().snap(pair.a, pair.b);
      return;
    }
    case 3: return plan_.clock_jumps ? jump_some() : void();
    case 4: return plan_.disk_fills ? fill_some() : void();
    case 5: return plan_.damages ? damage_some() : void();
    case 6: return plan_.quarrels ? quarrel_some() : void();
  }
}

void Script::crash_some() {
  if (prng_.chance(30)) return stutter_some();
  Host& host = world_.host(prng_.below(plan_.hosts));
  if (prng_.chance(70)) {
    host.doom({prng_.chance(30), prng_.below(4)});
  } else {
    host.crash();
  }
  restart(host, prng_.between(100ms, 20s));
}

// Several runs of one author, each with a text, while the other side is out of reach.
void Script::stutter_some() {
  const Pair& pair = prng_.pick(pairs_);
  const bool is_from_a = prng_.chance(50);
  Host& from = world_.host(is_from_a ? pair.a : pair.b);
  Host& to = world_.host(is_from_a ? pair.b : pair.a);
  world_.network().cut(from.index(), to.index());
  for (std::uint64_t runs = prng_.between(2, 4), i = 1; i <= runs; ++i) {
    const Duration when = static_cast<Duration::rep>(i) * 1s;
    world_.after(when, [this, &from, &to] {
      if (!is_healed_ && from.is_up()) world_.push(from, to, next_text());
    });
    restart(from, when + 500ms);
  }
  world_.after(prng_.between(6s, 20s),
               [this, &from, &to] { world_.network().mend(from.index(), to.index()); });
}

void Script::restart(Host& host, Duration wait) {
  world_.after(wait, [this, &host] {
    if (is_healed_) return;
    host.crash();
    host.start();
  });
}

void Script::partition_some() {
  const Pair& pair = prng_.pick(pairs_);
  const bool is_both_ways = prng_.chance(60);
  const HostIndex from = prng_.chance(50) ? pair.a : pair.b;
  const HostIndex to = from == pair.a ? pair.b : pair.a;
  Network& network = world_.network();
  network.cut(from, to);
  if (is_both_ways) network.cut(to, from);
  world_.after(prng_.between(500ms, 50s), [&network, from, to] {
    network.mend(from, to);
    network.mend(to, from);
  });
}

void Script::jump_some() {
  const Duration jump = prng_.between(0ms, 6min);
  world_.host(prng_.below(plan_.hosts)).jump_wall(jump - 3min);
}

void Script::fill_some() {
  Host& host = world_.host(prng_.below(plan_.hosts));
  host.fill_disk();
  world_.after(prng_.between(1s, 20s), [&host] { host.free_disk(); });
}

// Only what somebody else holds, too, can be healed.
void Script::damage_some() {
  Host& host = world_.host(prng_.below(plan_.hosts));
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < host.disk().rows().size(); ++i) {
    const Disk::Row& row = host.disk().rows()[i];
    if (!row.batch || row.is_damaged) continue;
    for (HostIndex other = 0; other < plan_.hosts; ++other) {
      const bool is_copy = other != host.index() && world_.host(other).disk().holds(*row.batch);
      if (is_copy && other != plan_.amnesiac) rows.push_back(i);
    }
  }
  if (!rows.empty()) world_.damage(host, prng_.pick(rows));
}

void Script::quarrel_some() {
  const Pair& pair = prng_.pick(pairs_);
  Host& who = world_.host(prng_.chance(50) ? pair.a : pair.b);
  const std::string whom = to_text(world_.host(who.index() == pair.a ? pair.b : pair.a).id());
  if (who.is_up()) world_.block(who, whom);
  world_.after(prng_.between(500ms, 30s), [this, &who, whom] {
    if (who.is_up()) world_.block(who, whom, true);
  });
}

void Script::forget_once() {
  Host& host = world_.host(*plan_.amnesiac);
  world_.lose_state(host);
  restart(host, prng_.between(100ms, 10s));
}

// And a stranger takes the old address over.
void Script::move_once() {
  Host& host = world_.host(*plan_.mover);
  host.crash();
  const Place old = host.settings().places[0];
  world_.move(host, "10.0.1.1", static_cast<std::uint16_t>(prng_.between(2000, 60000)));
  restart(host, prng_.between(100ms, 10s));
  if (!prng_.chance(50)) return;
  Host& squatter = world_.add_host("squatter");
  squatter.crash();
  world_.move(squatter, old.host, old.door);
  squatter.start();
}

// --- Phase two --------------------------------------------------------------

void Script::heal() {
  is_healed_ = true;
  world_.trace().note(world_.now(), "all is healed");
  world_.network().mend_all();
  world_.network().set_conditions({});
  for (HostIndex i = 0; i < world_.size(); ++i) {
    Host& host = world_.host(i);
    host.spare();
    host.free_disk();
    host.start();
  }
}

std::string Script::await_delivery() {
  for (Pair& pair : pairs_) pair.had_met = pair.has_met;
  world_.run_until([this] { return disagreement(true).empty(); }, kDeliveryMax);
  if (const std::string missing = disagreement(true); !missing.empty()) return missing;
  world_.run_until([this] { return unmet().empty(); }, kMeetingMax);
  if (const std::string missing = unmet(); !missing.empty()) return missing;
  world_.run_until([this] { return disagreement(false).empty(); }, kDeliveryMax);
  return disagreement(false);
}

std::string Script::noise() {
  std::vector<std::uint64_t> before;
  for (HostIndex i = 0; i < plan_.hosts; ++i) before.push_back(world_.host(i).traffic());
  world_.run_for(kQuiet);
  for (HostIndex i = 0; i < plan_.hosts; ++i) {
    const auto pairs = std::count_if(pairs_.begin(), pairs_.end(),
                                     [i](const Pair& pair) { return pair.a == i || pair.b == i; });
    const std::uint64_t sent = world_.host(i).traffic() - before[i];
    if (sent <= kQuietTrafficMax * static_cast<std::uint64_t>(pairs)) continue;
    return world_.host(i).name() + " sends " + std::to_string(sent) + " times with nothing to say";
  }
  return "";
}

std::string Script::unsettled() const {
  // A stamp that is minutes ahead of the others' clocks is settled as late.
  if (plan_.clock_jumps) return "";
  for (const Pair& pair : pairs_) {
    for (const auto& [reader, other] : {std::pair{pair.a, pair.b}, std::pair{pair.b, pair.a}}) {
      if (!world_.is_settled(reader, other)) {
        return world_.host(reader).name() + " does not know all as final";
      }
    }
  }
  return "";
}

std::string Script::disagreement(bool only_had_met) const {
  for (const Pair& pair : pairs_) {
    if (only_had_met && !pair.had_met) continue;
    std::string text = world_.disagreement(pair.a, pair.b);
    if (!text.empty()) return text;
  }
  return "";
}

std::string Script::unmet() const {
  for (const Pair& pair : pairs_) {
    if (world_.knows(pair.a, pair.b) && world_.knows(pair.b, pair.a)) continue;
    return world_.host(pair.a).name() + " and " + world_.host(pair.b).name() + " have not met";
  }
  return "";
}

std::string Script::open_requests() {
  for (HostIndex i = 0; i < world_.size(); ++i) {
    if (!world_.ledger().open(i).empty()) {
      return world_.host(i).name() + " has left a request without an answer";
    }
  }
  return "";
}

}  // namespace p2pchat::sim
