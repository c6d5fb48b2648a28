// Loop: the one loop of a rendezvous.
//
// It takes a request in, lets the registry decide, makes durable what changes,
// and only then lets the registry take that in and answers. A watch for which
// nothing is new is held, and offered what is new after each change. If the
// store cannot write, nothing has happened: the asker is told, reading goes on,
// and the next request tries again.
//
// Effects: owns every part of the service. Single-threaded.
#pragma once

#include <memory>

#include "rendezvous/service/front.h"
#include "rendezvous/service/options.h"
#include "rendezvous/service/state_folder.h"
#include "rendezvous/service/store.h"
#include "rendezvous/service/watches.h"

namespace p2pchat::rendezvous {

class Loop {
 public:
  // Opens the state, the store and the socket, in this order. An error is one sentence, and
  // whatever was there before is unchanged.
  static Result<Loop> open(const Options& options);
  Loop(Loop&&) noexcept;
  ~Loop();

  // "ID@HOST:PORT", as clients need it.
  const std::string& address() const { return address_; }
  // Works until SIGTERM or SIGINT. Fails only if the store is damaged.
  Result<void> run();

 private:
  Loop(StateFolder state, Store store, Registry registry, Front front, int signals);

  Result<void> turn();
  Result<void> handle(const Incoming& incoming);
  // True once they are durable and taken in. Fails if the store is damaged.
  Result<bool> commit(const Changes& changes);
  void offer_news();
  void answer_due();
  void release(const Held& held);
  void feed_watchdog();
  Duration patience() const;
  // False once a signal asks for the end.
  bool heed_signals() const;

  StateFolder state_;
  Store store_;
  Registry registry_;
  Front front_;
  int signals_;  // A signalfd.
  std::string address_;
  Watches watches_;
  bool has_news_ = false;
  std::string store_trouble_;  // Why it could not write, last time.
  TimePoint next_expiry_;
  Duration watchdog_{};  // How often the service manager wants to hear from us; 0: never.
  TimePoint next_sign_;
};

}  // namespace p2pchat::rendezvous
