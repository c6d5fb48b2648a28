#include "tests/sim/host.h"

#include <algorithm>

namespace p2pchat::sim {
namespace {

constexpr std::uint64_t kTurnEventsMax = 6;
// A turn begins this long after something has come, while earlier work is done.
constexpr Duration kTurnWaitMax = 3ms;
// A deadline that stays in the past would spin a real loop.
constexpr std::size_t kIdleTurnsMax = 20;

// Whether the event opens or closes this end of a link.
bool is_about_end(const Event& event, const PeerId& peer, LinkSide side) {
  const auto* opened = std::get_if<event::LinkOpened>(&event);
  const auto* closed = std::get_if<event::LinkClosed>(&event);
  return (opened != nullptr && opened->peer == peer && opened->side == side) ||
         (closed != nullptr && closed->peer == peer && closed->side == side);
}

// On which what members sign goes out.
bool is_road(const Action& action) {
  return std::holds_alternative<action::SendLink>(action) ||
         std::holds_alternative<action::Give>(action) ||
         std::holds_alternative<action::Publish>(action) ||
         std::holds_alternative<action::AskRendezvous>(action);
}

bool is_traffic(const Action& action) {
  return std::holds_alternative<action::SendLink>(action) ||
         std::holds_alternative<action::Publish>(action) ||
         std::holds_alternative<action::Give>(action) ||
         std::holds_alternative<action::VisitDoor>(action);
}

}  // namespace

Host::Host(const Surroundings& around, std::string name, const Seed& key, Settings settings)
    : around_(around),
      name_(std::move(name)),
      identity_(Identity::from_seed(key)),
      settings_(std::move(settings)),
      index_(around_.network.attach(identity_.id())) {
  around_.checkers.add_host(identity_.id());
}

Moment Host::moment() const {
  const Duration now = around_.agenda.now();
  return {{steady_base_ + now - booted_}, {kWorldBegins + (now + wall_offset_).count()}};
}

Witness Host::witness() const {
  return {index_, run_, boot_wall_, moment().wall, can_store_, disk_};
}

void Host::start() {
  if (is_up()) return;
  around_.trace.note(around_.agenda.now(), name_ + " starts");
  ++life_;
  doom_.reset();
  booted_ = around_.agenda.now();
  steady_base_ = around_.prng.between(1s, 1000000s);
  around_.network.rise(index_, settings_.places);
  build(true);
}

void Host::build(bool can_store) {
  ++run_;
  can_store_ = can_store;
  boot_wall_ = moment().wall;
  node_ = std::make_unique<Node>(settings_, identity_, around_.prng.seed(), disk_.load(),
                                 can_store ? "" : "the disk is full");
  const auto run = run_;
  finish(node_->start(moment()));
  if (!is_up() || run_ != run) return;
  arm();
}

void Host::crash() {
  if (!is_up()) return;
  around_.trace.note(around_.agenda.now(), name_ + " crashes");
  ++life_;
  node_.reset();
  waiting_.clear();
  open_requests_.clear();
  doom_.reset();
  planned_.reset();
  around_.ledger.crashed(index_);
  around_.network.fall(index_);
}

void Host::lose_state() { disk_ = Disk(); }

void Host::sleep(Duration time) {
  steady_base_ += time;
  wall_offset_ += time;
  if (is_up()) plan_turn(0ms);
}

void Host::fill_disk() {
  around_.trace.note(around_.agenda.now(), name_ + "'s disk is full");
  is_disk_full_ = true;
}

void Host::free_disk() {
  around_.trace.note(around_.agenda.now(), name_ + "'s disk has room");
  is_disk_full_ = false;
  if (!is_up() || can_store_) return;
  can_store_ = true;
  hand(event::StoreRecovered{});
}

void Host::scrub() {
  for (const event::BatchDamaged& damage : disk_.scrub()) hand(damage);
}

void Host::hand(Event event) {
  if (!is_up() || (meddler_.hears && !meddler_.hears(event))) return;
  waiting_.push_back(std::move(event));
  plan_turn(around_.prng.between(0ms, kTurnWaitMax));
}

void Host::plan_turn(Duration wait) {
  const Duration when = around_.agenda.now() + wait;
  if (planned_ && *planned_ <= when) return;
  planned_ = when;
  around_.agenda.at(when, [this, when, life = life_] {
    if (life != life_ || planned_ != when) return;
    planned_.reset();
    turn();
  });
}

void Host::turn() {
  const Duration now = around_.agenda.now();
  idle_turns_ = waiting_.empty() && last_turn_ == now ? idle_turns_ + 1 : 0;
  last_turn_ = now;
  if (idle_turns_ > kIdleTurnsMax) {
    return around_.verdict.fail(name_ + "'s deadline stays in the past: it would spin");
  }
  Actions actions;
  const auto step = [&](const Event& event) {
    around_.trace.event(now, name_, event);
    note_request(event);
    around_.checkers.taking(witness(), event);
    for (Action& action : node_->step(moment(), event)) actions.push_back(std::move(action));
  };
  for (auto left = around_.prng.between(1, kTurnEventsMax); left > 0 && !waiting_.empty(); --left) {
    const Event event = std::move(waiting_.front());
    waiting_.pop_front();
    step(event);
  }
  if (node_->deadline() <= moment().steady) step(event::TimerFired{});
  step(event::TurnEnded{});
  const auto run = run_;
  finish(actions);
  if (is_up() && run_ == run) arm();
}

void Host::note_request(const Event& event) {
  std::visit(
      [this](const auto& it) {
        using It = std::decay_t<decltype(it)>;
        if constexpr (std::is_same_v<It, event::RequestDropped>) {
          open_requests_.erase(it.request);
        } else if constexpr (requires { it.request; }) {
          open_requests_.insert(it.request);
        }
      },
      event);
}

// One commit, and then the rest in order; or a crash somewhere on the way.
void Host::finish(const Actions& actions) {
  const bool is_doomed = doom_ && !actions.empty();
  if (is_doomed && doom_->is_before_commit) return crash();
  if (!commit(actions)) return fail_commit();
  std::size_t done = 0;
  for (const Action& action : actions) {
    if (is_durable(action)) continue;
    if (is_doomed && done++ >= doom_->orders_done) return crash();
    carry_out(action);
  }
  if (is_doomed) return crash();
  around_.checkers.turned(witness(), *node_);
}

bool Host::commit(const Actions& actions) {
  const bool has_stores = std::any_of(actions.begin(), actions.end(), is_durable);
  if (!has_stores) return true;
  if (!can_store_) {
    around_.verdict.fail(name_ + " stores although its disk takes no writes");
    return true;
  }
  if (is_disk_full_) return false;
  for (const Action& action : actions) {
    if (!is_durable(action)) continue;
    around_.trace.order(around_.agenda.now(), name_, action);
    around_.checkers.storing(witness(), action);
    disk_.commit(action);
  }
  for (const event::Pruned& pruned : disk_.take_prunings()) hand(pruned);
  return true;
}

void Host::carry_out(const Action& action) {
  around_.trace.order(around_.agenda.now(), name_, action);
  around_.checkers.leaving(witness(), action);
  if (is_traffic(action)) ++traffic_;
  if (const auto* wanted = std::get_if<action::FindKey>(&action)) {
    hand(event::KeyFound{wanted->room, wanted->key, disk_.key(wanted->room, wanted->key), {}});
  } else if (const auto* doubted = std::get_if<action::Compare>(&action)) {
    const Disk::Row* row = disk_.covering(doubted->room, doubted->feed, doubted->number);
    const bool is_whole = row != nullptr && !row->is_damaged;
    if (is_whole) hand(event::Compared{doubted->room, doubted->suspect, row->batch->raw});
  } else if (const auto* lacking = std::get_if<action::FindPruned>(&action)) {
    hand(event::PrunedFound{lacking->room, lacking->before, disk_.find_pruned(*lacking)});
  } else if (const auto* order_of_answer = std::get_if<action::Answer>(&action)) {
    open_requests_.erase(order_of_answer->request);
  } else if (meddler_.sends && is_road(action)) {
    for (const Action& instead : meddler_.sends(action)) send(instead);
  } else {
    send(action);
  }
}

void Host::send(const Action& action) {
  if (const auto* order = std::get_if<action::Give>(&action)) return give(*order);
  around_.network.carry_out(index_, action);
}

void Host::give(const action::Give& order) {
  const Disk::Given given = disk_.give(order.want);
  for (const Bytes& frame : given.frames) {
    around_.checkers.giving(witness(), order.peer, frame);
    const action::SendLink page{order.peer, order.side, frame};
    // What is given passes through a liar's hands once more, as it is sent.
    const Actions sent = meddler_.sends ? meddler_.sends(page) : Actions{page};
    for (const Action& each : sent) around_.network.carry_out(index_, each);
  }
  for (const event::BatchDamaged& damage : given.damages) hand(damage);
}

// Nothing of the turn has happened, and what the Node believes is wrong: the
// next is built from the disk, under the sockets that stand.
void Host::fail_commit() {
  around_.trace.note(around_.agenda.now(), name_ + "'s commit fails");
  const std::set<RequestId> refused = std::move(open_requests_);
  open_requests_.clear();
  for (const RequestId& request : refused) {
    around_.ledger.answered(index_, {request, ExitCode::failed, "the disk takes no writes", {}});
  }
  build(false);
  if (!is_up()) return;
  for (const event::LinkOpened& link : around_.network.standing(index_)) {
    const bool has_news = std::any_of(waiting_.begin(), waiting_.end(), [&link](const Event& it) {
      return is_about_end(it, link.peer, link.side);
    });
    if (!has_news) waiting_.push_front(link);
  }
  plan_turn(0ms);
}

void Host::arm() {
  if (!waiting_.empty()) return plan_turn(0ms);
  const TimePoint deadline = node_->deadline();
  if (deadline == TimePoint::never()) return;
  const Duration wait = deadline - moment().steady;
  plan_turn(std::max(wait, 0ms));
}

}  // namespace p2pchat::sim
