#include "daemon/shell/loop.h"

#include <algorithm>
#include <csignal>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <system_error>

#include "daemon/shell/identity_file.h"
#include "daemon/shell/places.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat {
namespace {

namespace fs = std::filesystem;

Settings settings_of(const Options& options, std::vector<Place> places) {
  Settings settings;
  settings.name = options.name;
  settings.places = std::move(places);
  settings.accept = options.accept;
  settings.is_relay = options.is_relay;
  settings.rate = options.rate;
  settings.has_rendezvous = options.rendezvous.has_value();
  settings.auto_vote = options.auto_vote;
  settings.room_bytes = options.room_bytes;
  return settings;
}

std::int64_t file_bytes(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : static_cast<std::int64_t>(size);
}

// For zmq_poll: -1 is for ever.
long milliseconds_until(TimePoint due, TimePoint now) {
  if (due == TimePoint::never()) return -1;
  constexpr Duration kLongest = 1h;
  return static_cast<long>(std::clamp(due - now, Duration{0}, Duration{kLongest}).count());
}

}  // namespace

Result<Loop::Ground> Loop::lay_ground(const Options& options) {
  auto signals = Signals::open();
  if (!signals) return tl::unexpected(signals.error());
  std::error_code error;
  fs::create_directories(options.state, error);
  if (error) {
    return fail(Fault::machine,
                fmt::format("cannot make {}: {}", options.state.native(), error.message()));
  }
  auto lock = StateLock::take(options.state);
  if (!lock) return tl::unexpected(lock.error());
  auto identity = open_identity(options.state / "identity");
  if (!identity) return tl::unexpected(identity.error());
  auto store = Store::open(options.state / "p2pchat.db");
  if (!store) return tl::unexpected(store.error());
  return Ground{std::move(*signals), std::move(*lock), std::move(*identity), std::move(*store)};
}

Result<std::unique_ptr<Loop>> Loop::open(const Options& options) {
  auto ground = lay_ground(options);
  if (!ground) return tl::unexpected(ground.error());
  std::unique_ptr<Loop> loop(new Loop(options, std::move(*ground)));
  if (auto opened = loop->open_sockets(options); !opened) return tl::unexpected(opened.error());
  return loop;
}

Loop::Loop(const Options& options, Ground ground)
    : ground_(std::move(ground)), database_(options.state / "p2pchat.db"), began_(read_clocks()) {
  inbox_.emplace(ground_.store);
}

Loop::~Loop() = default;

Result<void> Loop::open_sockets(const Options& options) {
  auto net = Net::open(context_, ground_.identity, {options.listen, options.rendezvous});
  if (!net) return tl::unexpected(net.error());
  net_.emplace(std::move(*net));
  auto socket = ControlSocket::open(context_, options.socket);
  if (!socket) return tl::unexpected(socket.error());
  control_.emplace(std::move(*socket), *inbox_, ground_.identity.id(),
                   LoopFacts{[this] { return status(); }, [this] { return complaints(); }});

  const Place bound = net_->place();
  Settings settings =
      settings_of(options, card_places(options.advertise, bound, interface_hosts()));
  host_.emplace(std::move(settings), ground_.identity, ground_.store,
                Outlets{[this](Moment now, const Action& action) { carry_out(now, action); },
                        [this](const std::set<RoomId>& rooms) { control_->wake(rooms); },
                        [this](const std::string& why) { control_->fail_pending(why); }});
  if (auto started = host_->start(read_clocks()); !started) return started;
  const bool is_near = is_local_only(bound.host);
  spdlog::info("{} as {} listens on {}{}", short_text(ground_.identity.id()), options.name,
               to_text(Address{bound.host, bound.door}),
               is_near ? ", for this host alone (see --listen)" : "");
  if (const auto can = inbox_->can_search(); !can) spdlog::warn("{}", can.error().text);
  return {};
}

Result<void> Loop::run() {
  notify_ready("listens on " + to_text(Address{net_->place().host, net_->place().door}));
  for (bool at_once = true; heed_signals();) {
    auto turned = turn();
    if (!turned) return tl::unexpected(turned.error());
    at_once = *turned;
    wait(at_once);
  }
  spdlog::info("ends");
  notify_stopping();
  return {};
}

Result<bool> Loop::turn() {
  const Moment now = read_clocks();
  const auto raise = [&](const Event& event) { host_->raise(now, event); };
  net_->receive(now, raise);
  control_->receive(now, host_->node(), raise);
  if (auto ended = host_->end_turn(now); !ended) return tl::unexpected(ended.error());
  const bool has_more = control_->feed(now, host_->node());
  watchdog_.turn(now.steady);
  return has_more;
}

void Loop::wait(bool at_once) {
  std::vector<zmq::pollitem_t> items = net_->poll_items();
  items.push_back(control_->poll_item());
  items.push_back({nullptr, ground_.signals.descriptor(), ZMQ_POLLIN, 0});
  const TimePoint due =
      std::min({host_->deadline(), net_->deadline(), control_->deadline(), watchdog_.deadline()});
  const TimePoint now = read_clocks().steady;
  const long timeout = at_once ? 0 : milliseconds_until(due, now);
  const int rc = zmq_poll(items.data(), static_cast<int>(items.size()), timeout);
  CHECK(rc >= 0 || zmq_errno() == EINTR);
}

bool Loop::heed_signals() {
  while (const auto signal = ground_.signals.take()) {
    if (*signal != SIGHUP) return false;
    spdlog::info("SIGHUP is ignored: a changed configuration needs a restart");
  }
  return true;
}

void Loop::carry_out(Moment now, const Action& action) {
  if (const auto* answer = std::get_if<action::Answer>(&action)) {
    control_->answer(*answer);
  } else if (const auto* report = std::get_if<action::Report>(&action)) {
    spdlog::warn("{}", report->text);
  } else {
    net_->carry_out(now, action);
  }
}

std::vector<std::string> Loop::complaints() {
  std::vector<std::string> all = net_->complaints();
  if (const auto can = inbox_->can_search(); !can) all.push_back(can.error().text);
  return all;
}

control::Record Loop::status() const {
  control::Record row = host_->node().status_record(read_clocks());
  const control::Record counters = net_->counters();
  for (const auto& [key, value] : counters.fields()) row.set(key, value);
  fs::path log = database_;
  log += "-wal";
  row.set("control_streams", static_cast<std::int64_t>(control_->streams()));
  row.set("control_undecodable", static_cast<std::int64_t>(control_->undecodable()));
  row.set("store_bytes", file_bytes(database_) + file_bytes(log));
  row.set("memory_bytes", static_cast<std::int64_t>(resident_bytes()));
  const Duration up = read_clocks().steady - began_.steady;
  row.set("uptime", up.count() / 1000);
  row.set("version", std::string(P2PCHAT_VERSION));
  return row;
}

}  // namespace p2pchat
