// DialledLinks: the links that we dial: one DEALER for each peer.
//
// A dial is exactly one attempt on each address that its host stands for. It
// ends in LinkOpened or in one LinkClosed whose words tell a wrong key from a
// dead network; a link that stood ends in one LinkClosed, after what came
// before has been read. libzmq never connects again by itself: when to dial is
// the core's business.
//
// Effects: ZMQ_DEALER sockets. Single-threaded; owned by Net. Bounded by the
// core's contacts, and by the marks in sockets.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/shell/lookup.h"
#include "daemon/shell/monitor.h"

namespace p2pchat {

// Ours waits longer than theirs (kHandshakeTimeout): a peer that does not admit us hangs up
// after its own time, and one that says nothing at all never does.
inline constexpr Duration kDialHandshakeTimeout = kHandshakeTimeout + 1s;
// What was sent just before we hang up still goes out.
inline constexpr Duration kPartingTime = 500ms;

class DialledLinks {
 public:
  // `context` outlives it.
  DialledLinks(zmq::context_t& context, const Identity& identity);

  // Takes the place of an earlier link or attempt, of which nothing more is told.
  void dial(TimePoint now, const PeerId& peer, const std::string& host, std::uint16_t port);
  void send(const PeerId& peer, ByteView frame);
  // No event follows.
  void hang_up(const PeerId& peer);
  // Hangs up, and says so.
  void expel(const PeerId& peer);

  // Takes in what waits, and does what is due.
  void receive(TimePoint now, const Raise& raise);
  TimePoint deadline() const;
  void add_poll_items(std::vector<zmq::pollitem_t>& items);

  // Links that stand.
  std::size_t size() const;
  const Traffic& traffic() const { return traffic_; }

 private:
  struct Line {
    std::string host;
    std::uint16_t port = 0;
    CurveKey key;
    std::optional<Lookup> lookup;  // Under way.
    Lookup::Hosts hosts;           // Those that are not tried yet, the last one first.
    std::optional<Watched> wire;   // The connection, while there is one.
    TimePoint began;               // Of the attempt on one address.
    bool is_open = false;
    std::string ended;  // Why; empty while it goes on.
  };

  void look(TimePoint now, Line& line);
  void try_next(TimePoint now, Line& line);
  Result<Watched> connect(const Line& line, const std::string& host);
  void read_monitor(TimePoint now, const PeerId& peer, Line& line, const Raise& raise);
  void note(TimePoint now, const MonitorEvent& event, Line& line) const;
  bool read_frames(const PeerId& peer, Line& line, const Raise& raise);
  static void part(Line& line);

  zmq::context_t* context_;
  Identity identity_;
  std::map<PeerId, Line> lines_;
  std::vector<event::LinkClosed> closed_;  // To be raised.
  TimePoint look_ = TimePoint::never();    // At lookups that are under way.
  Traffic traffic_;
};

}  // namespace p2pchat
