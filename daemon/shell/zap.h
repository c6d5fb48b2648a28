// Zap: the doorkeeper of every authenticated socket.
//
// A peer is let in if its CURVE key belongs to an admitted PeerId, and that id
// then stands on each of its messages; all others are told "not yet" (300), after
// which they may try again: 400 would keep a peer that is admitted a moment
// later away for good. Local programs are let in with their uid on their messages: who
// may open the socket is the file system's word.
//
// Effects: binds inproc://zeromq.zap.01, before all other sockets, and answers
// in the loop's thread. If it cannot be read, the process ends: without it
// libzmq would let everyone in. Bounded: the core's contacts, and
// kRefusalsMax refused keys.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "daemon/shell/sockets.h"

namespace p2pchat {

inline constexpr std::size_t kRefusalsMax = 64;

class Zap {
 public:
  static Result<Zap> open(zmq::context_t& context);

  // An id that is no key, or whose key is another's already, changes nothing.
  void admit(const PeerId& peer);
  // Stays connected until its connections are cut.
  void expel(const PeerId& peer);
  bool is_admitted(const PeerId& peer) const { return keys_.contains(peer); }

  // Answers all who wait.
  void answer();
  zmq::pollitem_t poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }

  std::uint64_t refused() const { return refused_; }
  // For people: whose keys were refused, and how often.
  std::vector<std::string> complaints() const;
  void forget_refusals();

 private:
  struct Verdict {
    std::string_view status;
    std::string user;
  };
  struct Refusal {
    std::string host;
    std::uint64_t count = 0;
    std::uint64_t last = 0;  // Which of all refusals it was.
  };

  explicit Zap(zmq::socket_t socket) : socket_(std::move(socket)) {}
  Verdict judge(const Parts& request);
  Verdict judge_peer(const Parts& request);
  void count_refusal(const CurveKey& key, std::string host);
  void reply(const Parts& request, const Verdict& verdict);

  zmq::socket_t socket_;
  std::map<CurveKey, PeerId> peers_;
  std::map<PeerId, CurveKey> keys_;  // The same, the other way round.
  std::map<CurveKey, Refusal> refusals_;
  std::uint64_t refused_ = 0;
};

// Shows that a stranger's key is refused at `bound`, which stands at `endpoint` under the
// CURVE key `server`. An error means that nothing may be started.
Result<void> prove_refusal(zmq::context_t& context, Zap& zap, zmq::socket_t& bound,
                           const std::string& endpoint, const CurveKey& server);

}  // namespace p2pchat
