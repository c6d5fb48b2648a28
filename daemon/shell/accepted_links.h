// AcceptedLinks: the links that peers have dialled to us: one ROUTER.
//
// Who speaks is what ZAP has written on the message, never what the peer calls
// itself. A link begins with its first frame. Of several connections of one
// peer the newest counts; the older ones are closed for the core and their
// frames dropped. A link ends when its descriptor closes (the ROUTER's monitor
// tells), after what came before has been read, or when sending finds it gone.
//
// Effects: one ZMQ_ROUTER. Single-threaded; owned by Net. Bounded by the open
// descriptors, each of an admitted peer, and by the marks in sockets.h.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/shell/listener.h"
#include "daemon/shell/monitor.h"
#include "daemon/shell/zap.h"

namespace p2pchat {

class AcceptedLinks {
 public:
  static Result<AcceptedLinks> open(zmq::context_t& context, const Identity& identity,
                                    const Address& listen);
  // The start of the monitor, once the port has been proved to be closed to strangers.
  Result<void> watch(zmq::context_t& context);

  void send(const PeerId& peer, ByteView frame);
  // Forgets the link. No event follows; the connection may stand, and opens a link again
  // if the peer goes on speaking.
  void hang_up(const PeerId& peer);
  // Closes the link, and cuts every connection of the port as soon as it may be done.
  void expel(const PeerId& peer);

  // Takes in what waits, and does what is due. Frames of a peer that is not admitted any
  // more are dropped.
  void receive(TimePoint now, const Zap& zap, const Raise& raise);
  TimePoint deadline() const;
  void add_poll_items(std::vector<zmq::pollitem_t>& items);

  std::uint16_t port() const { return listener_.port(); }
  const std::string& endpoint() const { return listener_.endpoint(); }
  zmq::socket_t& socket() { return socket_; }
  std::size_t size() const { return current_.size(); }
  const Traffic& traffic() const { return traffic_; }
  std::vector<std::string> complaints() const;

 private:
  // How the ROUTER names a connection.
  using Route = std::string;
  struct Connection {
    PeerId peer;
    int descriptor = -1;     // libzmq's; only compared.
    bool is_current = true;  // False once a newer one of its peer has spoken.
  };

  AcceptedLinks(zmq::socket_t socket, Listener listener);
  void read_monitor();
  bool read_frames(const Zap& zap, const Raise& raise);
  void take(const Zap& zap, const Raise& raise);
  Connection& open_link(const Route& route, const PeerId& peer, const Raise& raise);
  void lose_gone();
  void lose_all();
  void close_link(const Route& route, const std::string& why);
  void forget(const Route& route);
  void flush(const Raise& raise);

  zmq::socket_t socket_;
  Listener listener_;
  std::optional<Monitor> monitor_;
  std::map<Route, Connection> connections_;
  std::map<PeerId, Route> current_;
  std::map<int, Route> by_descriptor_;
  // What has closed while frames of before may still wait: descriptors, not used again since,
  std::set<int> closed_descriptors_;
  std::vector<Route> gone_;                // and the links that had them.
  std::vector<event::LinkClosed> closed_;  // To be raised.
  Parts parts_;
  Traffic traffic_;
};

}  // namespace p2pchat
