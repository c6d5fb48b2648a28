#include "tests/sim/rendezvous_wires.h"

#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat::sim {
namespace {

// As daemon/shell/rendezvous_client.h has them.
constexpr Duration kAskTimeout = 10s;
constexpr Duration kWatchPatience = kWatchTimeout + kAskTimeout;
constexpr Duration kSweepInterval = 10s;
constexpr std::size_t kPastMax = 16;

}  // namespace

void RendezvousWires::open(std::uint64_t seed) {
  seed_ = seed;
  lose_state();
  sweep();
}

void RendezvousWires::lose_state() {
  Prng prng(++seed_);
  auto registry = rendezvous::Registry::load({}, prng.seed());
  CHECK(registry);
  registry_ = *std::move(registry);
  registry_->apply(registry_->first_changes());
  held_.clear();
}

WallTime RendezvousWires::wall_now() const {
  return {kWorldBegins + fabric_.agenda().now().count()};
}

void RendezvousWires::ask(HostIndex host, const action::AskRendezvous& order) {
  const Id id = ++count_;
  current_[{host, order.desk}] = id;
  asked_[id] = {host, order.desk, fabric_.life(host), order.question};
  fabric_.agenda().after(fabric_.reliable_delay(), [this, id] { arrive(id); });
}

void RendezvousWires::fall(HostIndex host) {
  current_.erase({host, Desk::ask});
  current_.erase({host, Desk::watch});
}

void RendezvousWires::arrive(Id id) {
  const Asked asked = asked_.at(id);
  const Duration patience = asked.desk == Desk::ask ? kAskTimeout : kWatchPatience;
  if (!is_open() || manners_.is_down) return fail(id, 0ms, "connection refused");
  if (fabric_.prng().chance(manners_.drops)) return fail(id, patience, "no answer in time");
  const auto request = rendezvous::decode_request(asked.question);
  if (!request) {
    return answer(id, rendezvous::Failure{ExitCode::failed, request.error().text});
  }
  const bool is_put = std::holds_alternative<rendezvous::Put>(request->question);
  if (is_put && fabric_.prng().chance(manners_.swallows)) return answer(id, rendezvous::Done{});
  const auto key = curve_key(fabric_.id(asked.host));
  CHECK(key);
  const auto outcome = registry_->handle(wall_now(), *key, *request);
  take_in(outcome.changes);
  if (!outcome.is_held) return answer(id, outcome.answer);
  const auto& watch = std::get<rendezvous::Watch>(request->question);
  held_.push_back({id, watch.cursor, fabric_.agenda().now() + kWatchTimeout});
  fabric_.agenda().after(kWatchTimeout, [this, id] {
    const auto it =
        std::find_if(held_.begin(), held_.end(), [id](const Held& held) { return held.id == id; });
    if (it == held_.end()) return;
    const rendezvous::Page page = registry_->page(fabric_.id(asked_.at(id).host), it->cursor);
    held_.erase(it);
    answer(id, page);
  });
}

void RendezvousWires::take_in(const rendezvous::Changes& changes) {
  if (changes.empty()) return;
  registry_->apply(changes);
  offer_news();
}

void RendezvousWires::offer_news() {
  for (auto it = held_.begin(); it != held_.end();) {
    const rendezvous::Page page = registry_->page(fabric_.id(asked_.at(it->id).host), it->cursor);
    if (page.objects.empty()) {
      ++it;
      continue;
    }
    const Id id = it->id;
    it = held_.erase(it);
    answer(id, page);
  }
}

void RendezvousWires::sweep() {
  take_in(registry_->expire(wall_now()));
  fabric_.agenda().after(kSweepInterval, [this] { sweep(); });
}

bool RendezvousWires::is_withheld(HostIndex host, const Object& object) const {
  if (manners_.conceals.contains(object.kind)) return true;
  const Hash hash = Hasher("withheld").add(seed_).add(host).add(object.raw).finish();
  return hash.bytes[0] * 100U / 256U < manners_.withholds;
}

rendezvous::Answer RendezvousWires::shown_to(HostIndex host, rendezvous::Answer answer) const {
  auto* page = std::get_if<rendezvous::Page>(&answer);
  if (page == nullptr) return answer;
  std::erase_if(page->objects, [&](const Object& object) {
    return manners_.shuns.contains(host) || is_withheld(host, object);
  });
  return answer;
}

void RendezvousWires::answer(Id id, const rendezvous::Answer& answer) {
  const auto node = asked_.extract(id);
  if (node.empty()) return;
  const Asked& asked = node.mapped();
  Bytes bytes = rendezvous::encode(shown_to(asked.host, answer));
  auto& past = past_[{asked.host, asked.desk}];
  past.push_back(bytes);
  if (past.size() > kPastMax) past.pop_front();
  if (fabric_.prng().chance(manners_.replays)) bytes = past[fabric_.prng().below(past.size())];
  tell(asked, id, event::RendezvousAnswered{asked.desk, bytes}, fabric_.reliable_delay());
}

void RendezvousWires::fail(Id id, Duration wait, const std::string& why) {
  const auto node = asked_.extract(id);
  if (node.empty()) return;
  tell(node.mapped(), id, event::RendezvousFailed{node.mapped().desk, why}, wait);
}

void RendezvousWires::tell(const Asked& asked, Id id, Event event, Duration wait) {
  fabric_.agenda().after(wait, [this, asked, id, event = std::move(event)] {
    const auto current = current_.find({asked.host, asked.desk});
    if (current == current_.end() || current->second != id) return;
    current_.erase(current);
    if (fabric_.life(asked.host) == asked.life) fabric_.deliver(asked.host, event);
  });
}

}  // namespace p2pchat::sim
