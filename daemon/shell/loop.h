// Loop: the one loop of the daemon.
//
// It waits for sockets, signals and deadlines, and each time it wakes takes one
// turn: all that waits is taken in, decided, made durable together, carried
// out, and then local readers get what is new. Nothing else in the process
// decides or stores.
//
// Effects: owns every part of the shell. Single-threaded, but for libzmq's own
// threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "daemon/shell/control.h"
#include "daemon/shell/host.h"
#include "daemon/shell/inbox.h"
#include "daemon/shell/net.h"
#include "daemon/shell/notify.h"
#include "daemon/shell/options.h"
#include "daemon/shell/process.h"
#include "daemon/shell/state_lock.h"
#include "daemon/shell/store.h"

namespace p2pchat {

class Loop {
 public:
  // Opens the state, the sockets and all between, in the order of their need. An error is
  // one sentence, and whatever was there before is unchanged.
  static Result<std::unique_ptr<Loop>> open(const Options& options);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Works until SIGTERM or SIGINT. Fails only if the store is damaged or can be read no more.
  Result<void> run();

 private:
  // What is opened before the daemon's parts can be put together, in this order.
  struct Ground {
    Signals signals;
    StateLock lock;
    Identity identity;
    Store store;
  };
  static Result<Ground> lay_ground(const Options& options);

  Loop(const Options& options, Ground ground);
  Result<void> open_sockets(const Options& options);

  void wait(bool at_once);
  Result<bool> turn();
  // False once a signal asks for the end.
  bool heed_signals();
  void carry_out(Moment now, const Action& action);
  // What is wrong with this host, in one sentence each.
  std::vector<std::string> complaints();
  control::Record status() const;

  Ground ground_;
  std::filesystem::path database_;  // The store's file, to be measured.
  Moment began_;
  zmq::context_t context_;
  std::optional<Inbox> inbox_;
  std::optional<Net> net_;
  std::optional<Control> control_;
  std::optional<Host> host_;
  Watchdog watchdog_;
};

}  // namespace p2pchat
