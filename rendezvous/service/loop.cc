#include "rendezvous/service/loop.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <sodium.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <utility>

#include "proto/limits.h"

namespace p2pchat::rendezvous {
namespace {

// Requests that are answered before time and signals are looked at again.
constexpr int kRequestsPerTurn = 64;
constexpr Duration kExpiryInterval = 10s;

TimePoint steady_now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(now)};
}

WallTime wall_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(now).count()};
}

// Blocks SIGTERM, SIGINT and SIGHUP in this thread and in all that it starts.
Result<int> watch_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int each : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, each);
  (void)std::signal(SIGPIPE, SIG_IGN);
  const bool is_blocked = sigprocmask(SIG_BLOCK, &set, nullptr) == 0;
  const int descriptor = is_blocked ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC) : -1;
  if (descriptor < 0) return fail(Fault::machine, "cannot watch for signals");
  return descriptor;
}

// Of a socket bound to all addresses: the host's name.
std::string public_host(const std::string& host) {
  if (host != "*") return host;
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "*";
}

Result<Registry> load(Store& store) {
  auto records = store.load();
  if (!records) return tl::unexpected(records.error());
  Seed seed;
  randombytes_buf(seed.bytes.data(), seed.bytes.size());
  auto registry = Registry::load(*std::move(records), seed);
  if (!registry) return tl::unexpected(store.damage());
  const Changes first = registry->first_changes();
  if (first.empty()) return registry;
  if (auto written = store.commit(first); !written) return tl::unexpected(written.error());
  registry->apply(first);
  return registry;
}

}  // namespace

Loop::Loop(StateFolder state, Store store, Registry registry, Front front, int signals)
    : state_(std::move(state)),
      store_(std::move(store)),
      registry_(std::move(registry)),
      front_(std::move(front)),
      signals_(signals) {
  const Address& where = front_.where();
  address_ = to_text(Locator{state_.identity().id(), {public_host(where.host), where.port}});
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) > 0) {
    watchdog_ = std::chrono::duration_cast<Duration>(std::chrono::microseconds(microseconds / 2));
  }
}

Loop::Loop(Loop&& other) noexcept = default;
Loop::~Loop() = default;

Result<Loop> Loop::open(const Options& options) {
  const auto signals = watch_signals();
  if (!signals) return tl::unexpected(signals.error());
  auto state = StateFolder::open(options.state);
  if (!state) return tl::unexpected(state.error());
  auto store = Store::open(options.store);
  if (!store) return tl::unexpected(store.error());
  auto registry = load(*store);
  if (!registry) return tl::unexpected(registry.error());
  std::set<CurveKey> allowed;
  for (const PeerId& peer : options.allow) allowed.insert(*curve_key(peer));
  auto front = Front::open(state->identity(), options.listen, std::move(allowed));
  if (!front) return tl::unexpected(front.error());
  Loop loop(*std::move(state), *std::move(store), *std::move(registry), *std::move(front),
            *signals);
  if (auto kept = loop.state_.publish(loop.address_); !kept) return tl::unexpected(kept.error());
  return loop;
}

Result<void> Loop::run() {
  spdlog::info("{} listens on {} and knows {} rooms and {} cards",
               short_text(state_.identity().id()), to_text(front_.where()), registry_.rooms(),
               registry_.cards());
  sd_notify(0, ("READY=1\nSTATUS=listens on " + to_text(front_.where())).c_str());
  while (heed_signals()) {
    if (auto turned = turn(); !turned) return turned;
    front_.wait(signals_, patience());
  }
  spdlog::info("ends");
  sd_notify(0, "STOPPING=1");
  return {};
}

Result<void> Loop::turn() {
  for (int i = 0; i < kRequestsPerTurn; ++i) {
    const auto incoming = front_.receive();
    if (!incoming) break;
    if (auto handled = handle(*incoming); !handled) return handled;
  }
  if (next_expiry_ <= steady_now()) {
    next_expiry_ = steady_now() + kExpiryInterval;
    const auto expired = commit(registry_.expire(wall_now()));
    if (!expired) return tl::unexpected(expired.error());
  }
  if (std::exchange(has_news_, false)) offer_news();
  answer_due();
  feed_watchdog();
  return {};
}

Result<void> Loop::handle(const Incoming& incoming) {
  const auto request = decode_request(incoming.request);
  if (!request) {
    const Failure failure{ExitCode::failed, request.error().text};
    front_.send(incoming.from, encode(Answer(failure)));
    return {};
  }
  const Outcome outcome = registry_.handle(wall_now(), incoming.key, *request);
  const auto committed = commit(outcome.changes);
  if (!committed) return tl::unexpected(committed.error());
  // A reader gets its answer although it could not be noted that it was here.
  const bool is_reader = std::holds_alternative<Page>(outcome.answer);
  if (!*committed && !is_reader) {
    front_.send(incoming.from, encode(Answer(Failure{ExitCode::failed, store_trouble_})));
  } else if (outcome.is_held) {
    const auto& watch = std::get<Watch>(request->question);
    const auto displaced =
        watches_.add({incoming.from, *request->asker, watch.cursor, steady_now() + kWatchTimeout});
    if (displaced) release(*displaced);
  } else {
    front_.send(incoming.from, encode(outcome.answer));
  }
  return {};
}

Result<bool> Loop::commit(const Changes& changes) {
  if (changes.empty()) return true;
  const auto written = store_.commit(changes);
  if (written) {
    if (!store_trouble_.empty()) spdlog::info("the store can be written again");
    store_trouble_.clear();
    registry_.apply(changes);
    has_news_ = true;
    return true;
  }
  const Error& error = written.error();
  if (error.fault == Fault::damaged) return tl::unexpected(error);
  const bool is_full = error.fault == Fault::limit;
  const std::string trouble =
      is_full ? "the disk is full" : "the rendezvous cannot write to its store";
  if (trouble != store_trouble_) spdlog::error("{}", error.text);
  store_trouble_ = trouble;
  return false;
}

void Loop::offer_news() {
  watches_.offer([&](const Held& held) {
    const Page page = registry_.page(held.peer, held.cursor);
    if (page.objects.empty()) return false;
    front_.send(held.from, encode(Answer(page)));
    return true;
  });
}

void Loop::answer_due() {
  for (const Held& held : watches_.take_due(steady_now())) release(held);
}

void Loop::release(const Held& held) {
  front_.send(held.from, encode(Answer(registry_.page(held.peer, held.cursor))));
}

void Loop::feed_watchdog() {
  const TimePoint now = steady_now();
  if (watchdog_ == Duration::zero() || now < next_sign_) return;
  sd_notify(0, "WATCHDOG=1");
  next_sign_ = now + watchdog_;
}

Duration Loop::patience() const {
  const TimePoint sign = watchdog_ == Duration::zero() ? TimePoint::never() : next_sign_;
  return std::min({next_expiry_, watches_.deadline(), sign}) - steady_now();
}

bool Loop::heed_signals() const {
  signalfd_siginfo facts{};
  while (read(signals_, &facts, sizeof facts) == sizeof facts) {
    if (facts.ssi_signo != SIGHUP) return false;
    spdlog::info("SIGHUP is ignored: a changed configuration needs a restart");
  }
  return true;
}

}  // namespace p2pchat::rendezvous
