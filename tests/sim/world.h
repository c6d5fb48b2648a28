// World: some hosts, a network between them, their users, and one seed.
//
// The seed alone determines the run. Virtual time passes only in run_for() and
// run_until(); both stop at the first thing that a checker finds wrong.
// Pure; single-threaded; owned by a test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/host.h"

namespace p2pchat::sim {

class World {
 public:
  explicit World(std::uint64_t seed);

  // From now on there is a rendezvous, and hosts that are added know of it.
  void open_rendezvous();
  // A host at its own address, with its door at the default port. It is up at once.
  Host& add_host(const std::string& name, Accept accept = Accept::anyone);
  Host& host(HostIndex index) { return *hosts_[index]; }
  const Host& host(HostIndex index) const { return *hosts_[index]; }
  std::size_t size() const { return hosts_.size(); }

  // --- Time ---
  void run_for(Duration time);
  // Whether `fact` came true within `limit`.
  bool run_until(const std::function<bool()>& fact, Duration limit);
  void after(Duration wait, Agenda::Task task) { agenda_.after(wait, std::move(task)); }
  Duration now() const { return agenda_.now(); }

  // --- Users. A request is answered in outcome(), some time later ---
  RequestId push(Host& from, const Host& to, const std::string& text);
  RequestId push_to(Host& from, const Host& to, const std::string& name, const std::string& text);
  RequestId meet(Host& who, const std::string& target);
  RequestId block(Host& who, const std::string& whom, bool undo = false);
  RequestId alias(Host& who, const std::string& whom, const std::string& name);
  void drop(Host& who, RequestId request);
  RequestId create(Host& who, const std::string& name, std::uint64_t size,
                   History history = History::none);
  // `via`: a member's door; empty: by way of the rendezvous.
  RequestId join(Host& who, const std::string& room, const std::string& via = "",
                 bool waits = false);
  RequestId vote(Host& who, const std::string& room, const std::string& whom, event::Ballot ballot);
  // It votes by a standing policy, too.
  void trust(Host& who) { checkers_.rooms().trusting(who.index()); }
  RequestId leave(Host& who, const std::string& room);
  // How much of a conversation it keeps.
  RequestId keep(Host& who, const std::string& name, const Retention& retention);
  RequestId remove(Host& who, const std::string& room);
  // Into a room of many.
  RequestId push_in(Host& from, const RoomId& room, const std::string& text);
  // Somebody who does not know whether it was stored pushes it once more, if it has a key.
  void push_again(Host& from, const std::string& name, const std::string& text);
  std::optional<Outcome> outcome(RequestId request) const { return ledger_.outcome(request); }

  // --- Faults beyond those of Host ---
  Network& network() { return network_; }
  void lose_state(Host& host);
  // Its disk is what it was when `copy` was made. Down only.
  void restore(Host& host, const Disk& copy);
  void damage(Host& host, std::size_t row);
  // New addresses, from its next start on.
  void move(Host& host, const std::string& ip, std::uint16_t door);

  // Its hands do what its Node does not know of; its key is trusted no more.
  void meddle(Host& host, Meddler meddler);
  void distrust(Host& host) { checkers_.rooms().distrust(host.index()); }
  bool is_torn(const RoomId& room) const { return checkers_.rooms().is_torn(room); }
  void distrust_rendezvous() { checkers_.rooms().distrust_rendezvous(); }

  // --- Judgement ---
  // Whether these two hold the same, and all that was promised; else what is missing.
  std::string disagreement(HostIndex a, HostIndex b) const;
  // All that the first holds of their conversation is final, as its Node says.
  bool is_settled(HostIndex reader, HostIndex other) const;
  // They have met, as far as the first knows.
  bool knows(HostIndex a, HostIndex b) const;
  // As the world calls it; a stranger's id otherwise.
  std::string name_of(const PeerId& peer) const;
  Ledger& ledger() { return ledger_; }
  const Ledger& ledger() const { return ledger_; }
  Verdict& verdict() { return verdict_; }
  Trace& trace() { return trace_; }
  Prng& prng() { return prng_; }

 private:
  template <class Wish>
  RequestId ask(Host& who, Wish wish);

  Agenda agenda_;
  Prng prng_;
  Prng host_prng_;
  Trace trace_;
  Verdict verdict_;
  Ledger ledger_;
  Checkers checkers_;
  Network network_;
  std::vector<std::unique_ptr<Host>> hosts_;
  bool has_rendezvous_ = false;
};

}  // namespace p2pchat::sim
