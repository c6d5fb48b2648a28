// p2pchat-spy: a daemon whose owner reads along, and who does not want to hear that it was put out.
//
// It is built from the daemon's own parts and is a member like any other, until SIGHUP: from then
// on nothing of what links, doors and the rendezvous say reaches its core, which so believes that
// it is still in. All the while it listens by itself to all that its peers publish, of whatever
// topic, and tries every key that it was ever given on every frame. What it finds it prints:
//
//   read TEXT     a post in a frame that a key opened
//   shut BYTES    a frame that no key opens
//   told TEXT     a post that came over a link after SIGHUP
//   deaf          SIGHUP has come
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "daemon/shell/control.h"
#include "daemon/shell/host.h"
#include "daemon/shell/identity_file.h"
#include "daemon/shell/inbox.h"
#include "daemon/shell/log.h"
#include "daemon/shell/net.h"
#include "daemon/shell/options.h"
#include "daemon/shell/places.h"
#include "daemon/shell/process.h"
#include "daemon/shell/state_lock.h"
#include "daemon/shell/store.h"
#include "proto/check.h"
#include "proto/live.h"

namespace {

using namespace p2pchat;

template <class T>
T need(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "p2pchat-spy: %s\n", result.error().text.c_str());
  std::exit(1);
}

void say(const std::string& what, const std::string& more = {}) {
  std::printf("%s%s%s\n", what.c_str(), more.empty() ? "" : " ", more.c_str());
  std::fflush(stdout);
}

void say_posts(const std::string& what, ByteView raw) {
  const auto batch = Batch::decode(raw);
  if (!batch) return;
  for (const Post& post : batch->posts) {
    if (post.kind == PostKind::chat) say(what, {post.body.begin(), post.body.end()});
  }
}

// Ear: all that peers publish, and all keys.
class Ear {
 public:
  Ear(zmq::context_t& context, const Identity& identity)
      : socket_(need(open_socket(context, zmq::socket_type::sub))) {
    be_client(socket_, identity);
    socket_.set(zmq::sockopt::subscribe, "");
  }

  zmq::pollitem_t poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }
  void hear(const action::Hear& order) {
    const auto key = curve_key(order.peer);
    CHECK(key);
    expect_server(socket_, *key);
    socket_.connect(endpoint_text(order.host, order.port));
  }
  void learn(const RoomKey& key) { keys_.push_back(key); }
  void receive() {
    for (Parts parts; receive_parts(socket_, 1, parts);) {
      if (parts.size() == 1) look_at(p2pchat::view(parts.front()));
    }
  }

 private:
  void look_at(ByteView bytes) {
    const auto frame = live::decode(bytes);
    for (const RoomKey& key : keys_) {
      const auto message =
          frame ? open(key, frame->count, frame->topic, frame->sealed) : std::nullopt;
      if (!message) continue;
      const auto decoded = link::decode(*message);
      if (!decoded) continue;
      if (const auto* posts = std::get_if<link::Posts>(&*decoded)) say_posts("read", posts->batch);
      return;
    }
    say("shut", std::to_string(bytes.size()));
  }

  zmq::socket_t socket_;
  std::vector<RoomKey> keys_;
};

class Spy {
 public:
  explicit Spy(const Options& options)
      : signals_(need(Signals::open())),
        lock_(need(StateLock::take(options.state))),
        identity_(need(open_identity(options.state / "identity"))),
        store_(need(Store::open(options.state / "p2pchat.db"))),
        inbox_(store_),
        net_(need(Net::open(context_, identity_, {options.listen, options.rendezvous}))),
        ear_(context_, identity_),
        control_(need(ControlSocket::open(context_, options.socket)), inbox_, identity_.id(),
                 {[this] { return host_.node().status_record(read_clocks()); },
                  [this] { return net_.complaints(); }}),
        host_(settings_of(options), identity_, store_,
              {[this](Moment now, const Action& action) { carry_out(now, action); },
               [this](const std::set<RoomId>& rooms) { control_.wake(rooms); },
               [this](const std::string& why) { control_.fail_pending(why); }}) {
    const auto started = host_.start(read_clocks());
    CHECK(started);
  }

  void run() {
    while (heed_signals()) {
      const Moment now = read_clocks();
      net_.receive(now, [&](const Event& event) { hear_of(now, event); });
      ear_.receive();
      control_.receive(now, host_.node(), [&](const Event& event) { host_.raise(now, event); });
      const auto ended = host_.end_turn(now);
      CHECK(ended);
      wait(control_.feed(now, host_.node()));
    }
  }

 private:
  Settings settings_of(const Options& options) const {
    Settings settings;
    settings.name = options.name;
    settings.places = card_places(options.advertise, net_.place(), interface_hosts());
    settings.accept = options.accept;
    settings.rate = options.rate;
    settings.has_rendezvous = options.rendezvous.has_value();
    settings.room_bytes = options.room_bytes;
    return settings;
  }
  bool heed_signals() {
    while (const auto signal = signals_.take()) {
      if (*signal != SIGHUP) return false;
      is_deaf_ = true;
      say("deaf");
    }
    return true;
  }
  void wait(bool at_once) {
    std::vector<zmq::pollitem_t> items = net_.poll_items();
    items.push_back(control_.poll_item());
    items.push_back(ear_.poll_item());
    items.push_back({nullptr, signals_.descriptor(), ZMQ_POLLIN, 0});
    // Deadlines are looked at a little late, which nobody is hurt by.
    constexpr long kLookMilliseconds = 20;
    zmq_poll(items.data(), static_cast<int>(items.size()), at_once ? 0 : kLookMilliseconds);
  }
  void carry_out(Moment now, const Action& action) {
    if (const auto* order = std::get_if<action::Hear>(&action)) ear_.hear(*order);
    if (const auto* answer = std::get_if<action::Answer>(&action)) {
      control_.answer(*answer);
    } else {
      net_.carry_out(now, action);
    }
  }
  void hear_of(Moment now, const Event& event) {
    if (const auto* frame = std::get_if<event::LinkFrameReceived>(&event)) read_link(frame->frame);
    if (!is_deaf_) return host_.raise(now, event);
    if (std::holds_alternative<event::LinkFrameReceived>(event)) return;
    if (std::holds_alternative<event::DoorAsked>(event)) return;
    if (const auto* answered = std::get_if<event::DoorAnswered>(&event)) {
      return host_.raise(now, event::DoorFailed{answered->visit, "deaf"});
    }
    if (const auto* answered = std::get_if<event::RendezvousAnswered>(&event)) {
      return host_.raise(now, event::RendezvousFailed{answered->desk, "deaf"});
    }
    host_.raise(now, event);
  }
  void read_link(ByteView bytes) {
    const auto message = link::decode(bytes);
    if (!message) return;
    if (const auto* handover = std::get_if<link::Handover>(&*message)) ear_.learn(handover->key);
    if (!is_deaf_) return;
    if (const auto* posts = std::get_if<link::Posts>(&*message)) say_posts("told", posts->batch);
    if (const auto* give = std::get_if<link::Give>(&*message)) {
      for (const Bytes& batch : give->batches) say_posts("told", batch);
    }
  }

  Signals signals_;
  StateLock lock_;
  Identity identity_;
  Store store_;
  zmq::context_t context_;
  Inbox inbox_;
  Net net_;
  Ear ear_;
  Control control_;
  Host host_;
  bool is_deaf_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto told = need(read_options(arguments, surroundings()));
  const Options& options = std::get<Options>(told);
  CHECK(crypto_ready());
  open_log(options.log_level);
  std::filesystem::create_directories(options.state);
  Spy(options).run();
}
