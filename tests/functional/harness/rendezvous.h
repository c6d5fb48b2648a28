// Rendezvous: one p2pchat-rendezvous with a state folder of its own, and clients that ask it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "proto/consent.h"
#include "proto/rendezvous.h"
#include "tests/functional/harness/daemon.h"
#include "tests/functional/harness/process.h"

namespace p2pchat::functional {

class Rendezvous {
 public:
  // Lives in `folder`/rendezvous.
  explicit Rendezvous(const std::filesystem::path& folder, Words flags = {},
                      const std::string& listen = kAnyPort);
  // Ends it, and fails the test if it did not end well.
  ~Rendezvous();
  Rendezvous(const Rendezvous&) = delete;
  Rendezvous& operator=(const Rendezvous&) = delete;

  // Starts it, and waits until it is ready.
  void start();
  int stop();
  void crash();
  // Runs it with `flags` beside its own until it ends by itself.
  Said run_to_end(const Words& flags = {}) const;

  Process::Setup& setup() { return setup_; }
  Process& process() { return *process_; }
  std::filesystem::path state() const { return state_; }
  std::filesystem::path database() const { return state_ / "rendezvous.db"; }
  // "ID@HOST:PORT", as it has printed.
  const std::string& address() const { return address_; }

 private:
  Process::Setup setup_;
  std::filesystem::path state_;
  std::string address_;
  std::optional<Process> process_;
};

// A peer that asks, over one REQ socket.
class Asker {
 public:
  Asker(const Rendezvous& rendezvous, const Identity& identity);
  Asker(Asker&&) noexcept;
  ~Asker();

  void send(const rendezvous::Question& question);
  // Nothing if no answer comes within `bound`.
  std::optional<rendezvous::Answer> receive(std::chrono::milliseconds bound = kPatience);
  // Throws Stuck if no answer comes.
  rendezvous::Answer ask(const rendezvous::Question& question);
  // The exit code in the answer.
  int code(const rendezvous::Question& question);
  rendezvous::Page watch(rendezvous::Cursor cursor = {});

 private:
  struct Socket;
  std::unique_ptr<Socket> socket_;
};

int code_of(const rendezvous::Answer& answer);
Identity test_identity(int number);
Genesis test_genesis(const Identity& creator, std::string name, std::uint64_t size = 256);
Knock test_knock(const Identity& candidate, const RoomId& room);

}  // namespace p2pchat::functional
