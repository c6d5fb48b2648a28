#include "tests/sim/world.h"

#include <algorithm>

#include "proto/check.h"

namespace p2pchat::sim {
namespace {

// How often run_until() looks whether its fact is true.
constexpr Duration kLookInterval = 50ms;

// Some texts are pushed under a key: the word that they begin with says so.
std::string key_of(const std::string& text) {
  return text.starts_with("key ") ? text.substr(0, text.find('.')) : std::string();
}

}  // namespace

World::World(std::uint64_t seed)
    : prng_(seed),
      host_prng_(prng_.next()),
      ledger_(verdict_),
      checkers_(verdict_, ledger_),
      network_(agenda_, prng_.next(),
               [this](HostIndex host, Event event) { hosts_[host]->hand(std::move(event)); }) {
  CHECK(crypto_ready());
}

void World::open_rendezvous() {
  has_rendezvous_ = true;
  network_.rendezvous().open(prng_.next());
}

Host& World::add_host(const std::string& name, Accept accept) {
  const std::string ip = "10.0.0." + std::to_string(hosts_.size() + 1);
  Settings settings;
  settings.name = name;
  settings.places = {{ip, kDoorPortDefault, kDoorPortDefault + 1, kDoorPortDefault + 2}};
  settings.accept = accept;
  settings.has_rendezvous = has_rendezvous_;
  const Surroundings around{agenda_, host_prng_, network_, ledger_, checkers_, trace_, verdict_};
  hosts_.push_back(std::make_unique<Host>(around, name, prng_.seed(), std::move(settings)));
  hosts_.back()->start();
  return *hosts_.back();
}

void World::run_for(Duration time) {
  const Duration end = now() + time;
  while (verdict_.is_good() && agenda_.step(end)) continue;
}

bool World::run_until(const std::function<bool()>& fact, Duration limit) {
  const Duration end = now() + limit;
  while (!fact()) {
    if (!verdict_.is_good() || now() >= end) return false;
    run_for(kLookInterval);
  }
  return true;
}

template <class Wish>
RequestId World::ask(Host& who, Wish wish) {
  wish.request = ledger_.next_request();
  constexpr bool names_contact = std::is_same_v<Wish, event::MeetRequested> ||
                                 std::is_same_v<Wish, event::AliasRequested> ||
                                 std::is_same_v<Wish, event::BlockRequested>;
  ledger_.asked(who.index(), wish.request, names_contact);
  who.hand(wish);
  return wish.request;
}

RequestId World::push(Host& from, const Host& to, const std::string& text) {
  return push_to(from, to, to_text(to.id()), text);
}

RequestId World::push_to(Host& from, const Host& to, const std::string& name,
                         const std::string& text) {
  const RequestId request = ledger_.next_request();
  ledger_.asked_push(from.index(), request, checkers_.room_of(from.index(), to.index()), text);
  from.hand(event::PushRequested{request, name, to_bytes(text), false, 0, key_of(text)});
  return request;
}

RequestId World::meet(Host& who, const std::string& target) {
  return ask(who, event::MeetRequested{{}, target});
}

RequestId World::block(Host& who, const std::string& whom, bool undo) {
  return ask(who, event::BlockRequested{{}, whom, undo});
}

RequestId World::alias(Host& who, const std::string& whom, const std::string& name) {
  return ask(who, event::AliasRequested{{}, whom, name});
}

RequestId World::create(Host& who, const std::string& name, std::uint64_t size, History history) {
  return ask(who, event::CreateRequested{{}, name, size, history});
}

RequestId World::join(Host& who, const std::string& room, const std::string& via, bool waits) {
  return ask(who, event::JoinRequested{{}, room, "", via, waits});
}

RequestId World::vote(Host& who, const std::string& room, const std::string& whom,
                      event::Ballot ballot) {
  checkers_.rooms().voting(who.index(), whom, ballot);
  return ask(who, event::VoteRequested{{}, room, whom, ballot, ""});
}

RequestId World::leave(Host& who, const std::string& room) {
  checkers_.rooms().quitting(who.index());
  return ask(who, event::LeaveRequested{{}, room});
}

RequestId World::keep(Host& who, const std::string& name, const Retention& retention) {
  return ask(who, event::KeepRequested{{}, name, retention});
}

RequestId World::remove(Host& who, const std::string& room) {
  return ask(who, event::DeleteRequested{{}, room});
}

RequestId World::push_in(Host& from, const RoomId& room, const std::string& text) {
  const RequestId request = ledger_.next_request();
  ledger_.asked_push(from.index(), request, room, text);
  from.hand(event::PushRequested{request, to_text(room), to_bytes(text), false, 0, key_of(text)});
  return request;
}

void World::push_again(Host& from, const std::string& name, const std::string& text) {
  const Push* push = ledger_.push_of(text);
  if (key_of(text).empty() || push->is_forgotten) return;
  const RequestId request = ledger_.next_request();
  ledger_.asked_again(from.index(), request, text);
  from.hand(event::PushRequested{request, name, to_bytes(text), false, 0, key_of(text)});
}

void World::drop(Host& who, RequestId request) {
  ledger_.dropped(request);
  who.hand(event::RequestDropped{request});
}

void World::lose_state(Host& host) {
  trace_.note(now(), host.name() + " loses its state");
  host.crash();
  std::vector<const Disk*> disks;
  for (const auto& each : hosts_) disks.push_back(&each->disk());
  const Disk nothing;
  disks[host.index()] = &nothing;
  checkers_.losing_state(host.index(), disks);
  host.lose_state();
}

void World::restore(Host& host, const Disk& copy) {
  trace_.note(now(), host.name() + "'s disk is put back to an older copy");
  std::vector<const Disk*> disks;
  for (const auto& each : hosts_) disks.push_back(&each->disk());
  disks[host.index()] = &copy;
  checkers_.losing_state(host.index(), disks);
  host.restore(copy);
}

void World::meddle(Host& host, Meddler meddler) {
  distrust(host);
  host.meddle(std::move(meddler));
}

void World::damage(Host& host, std::size_t row) {
  trace_.note(now(), host.name() + "'s disk damages row " + std::to_string(row));
  checkers_.damaging(host.index());
  host.damage(row);
}

void World::move(Host& host, const std::string& ip, std::uint16_t door) {
  host.settings().places = {
      {ip, door, static_cast<std::uint16_t>(door + 1), static_cast<std::uint16_t>(door + 2)}};
}

std::string World::disagreement(HostIndex a, HostIndex b) const {
  return checkers_.disagreement(a, host(a).disk(), b, host(b).disk());
}

bool World::is_settled(HostIndex reader, HostIndex other) const {
  const RoomId& room = checkers_.room_of(reader, other);
  const Stamp settled = host(reader).node().final_stamp(room);
  const auto& rows = host(reader).disk().rows();
  return std::all_of(rows.begin(), rows.end(), [&](const Disk::Row& row) {
    return !row.batch || row.room != room || row.batch->posts.back().stamp <= settled;
  });
}

std::string World::name_of(const PeerId& peer) const {
  for (const auto& host : hosts_) {
    if (host->id() == peer) return host->name();
  }
  return short_text(peer);
}

bool World::knows(HostIndex a, HostIndex b) const {
  const auto& contacts = host(a).disk().contacts();
  const auto it = contacts.find(host(b).id());
  return it != contacts.end() && it->second.is_met();
}

}  // namespace p2pchat::sim
