// Radio: what goes out to all, and what is heard of others.
//
// PUB sends each frame to whoever is connected and wants its topic; one SUB
// hears all the peers that the core wants to hear. libzmq connects again by
// itself after most failures, but never after a refusal or a frame that breaks
// a bound; so each connection is watched, and made anew when nothing else would.
//
// Effects: two sockets, ZMQ_PUB and ZMQ_SUB. Single-threaded; owned by Net.
// Bounded by what the core wants to hear, and by the marks in sockets.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/shell/listener.h"
#include "daemon/shell/lookup.h"
#include "daemon/shell/monitor.h"

namespace p2pchat {

// A connection that libzmq has given up, or whose host has further addresses, is made anew
// after this time at first, and then more seldom.
inline constexpr Duration kHearAgainMin = 1s;
inline constexpr Duration kHearAgainMax = 30s;
// One that libzmq goes on trying is made anew, its name looked up again, after this time.
inline constexpr Duration kHearRefresh = 5min;
inline constexpr Duration kReconnectMin = 100ms;
inline constexpr Duration kReconnectMax = 30s;

class Radio {
 public:
  static Result<Radio> open(zmq::context_t& context, const Identity& identity,
                            const Address& listen);

  void hear(TimePoint now, const PeerId& peer, const std::string& host, std::uint16_t port);
  void unhear(const PeerId& peer);
  void subscribe(const Topic& topic);
  void unsubscribe(const Topic& topic);
  void publish(ByteView frame);
  // Cuts all who hear us, as soon as it may be done: one of them must not.
  void ask_cut() { listener_.ask_cut(); }

  // Takes in what waits, and does what is due.
  void receive(TimePoint now, const Raise& raise);
  TimePoint deadline() const;
  void add_poll_items(std::vector<zmq::pollitem_t>& items);

  std::uint16_t port() const { return listener_.port(); }
  const std::string& endpoint() const { return listener_.endpoint(); }
  zmq::socket_t& publisher() { return publisher_; }
  const Traffic& traffic() const { return traffic_; }
  // Publishers that we are connected to now.
  std::size_t heard() const;
  // For people: whom we do not hear, and why.
  std::vector<std::string> complaints() const;

 private:
  struct Heard {
    std::string host;
    std::uint16_t port = 0;
    CurveKey key;
    std::optional<Lookup> lookup;  // Under way.
    Lookup::Hosts hosts;           // What `host` stands for.
    std::size_t next = 0;          // Which of them is tried next.
    std::string endpoint;          // Connected to, as spelled; empty if to none.
    bool is_up = false;
    std::string failure;                     // Of the last attempt; empty before, and while up.
    Duration pause = kHearAgainMin;          // From the next failure to the attempt after it.
    TimePoint again = TimePoint::never();    // When it is made anew because it failed,
    TimePoint refresh = TimePoint::never();  // or because it is time.
  };

  Radio(zmq::socket_t publisher, Listener listener, Watched subscriber);
  void watch(TimePoint now);
  void note(TimePoint now, const MonitorEvent& event, Heard& heard);
  static void fail(TimePoint now, Heard& heard, std::string why);
  void tend(TimePoint now);
  void begin(Heard& heard);
  void connect(TimePoint now, Heard& heard);
  void leave(Heard& heard);
  bool is_used(const std::string& endpoint) const;

  zmq::socket_t publisher_;
  Listener listener_;
  Watched subscriber_;
  std::map<PeerId, Heard> heard_;
  Traffic traffic_;
  TimePoint look_ = TimePoint::never();  // At lookups that are under way.
};

}  // namespace p2pchat
