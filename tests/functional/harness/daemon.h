// Daemon: one p2pchatd with a state folder of its own, and its chatctl.
//
// Each has a loopback address that no other test on this machine uses at the
// same time, and the default ports there, so that it can come back where it was.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "tests/functional/harness/json.h"
#include "tests/functional/harness/process.h"

namespace p2pchat::functional {

inline constexpr const char* kAnyPort = "127.0.0.1:0";

// An address of this test's own, "127.P.P.N", for N of 0 to 3.
std::string own_host(int number);

// How a daemon is run.
struct DaemonSetup {
  std::string listen{};  // Empty: an own host, and the default port.
  Words flags{};
  std::map<std::string, std::string> environment{};
  std::function<void()> before_exec{};
  Words prefix{};  // Words of a program that runs the daemon.
  std::string program = P2PCHATD_PATH;
};

class Daemon {
 public:
  using Setup = DaemonSetup;

  // Lives in `folder`/`name` and is called `name`.
  Daemon(const std::filesystem::path& folder, std::string name, Setup setup = {});
  // Ends it, and fails the test if it did not end well.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Starts it, and waits until it answers.
  void start();
  // Starts it, without waiting.
  void launch();
  // Until its socket takes connections.
  void wait_for_socket();
  // SIGTERM; answers the exit status.
  int stop();
  // kill -9.
  void crash();
  void restart();
  bool is_up() const { return process_.has_value(); }
  // Runs it with `flags` beside its own until it ends by itself.
  Said run_to_end(const Words& flags = {}) const;

  // chatctl with these words.
  Said ctl(const Words& words) const;
  Said ctl_with_input(const Words& words, const std::string& input) const;
  Process::Setup ctl_setup(const Words& words) const;
  // The same, for what must succeed: answers stdout.
  std::string tell(const Words& words) const;
  // The one object that a verb answers with --json.
  Json ask(const Words& words) const;

  Setup& setup() { return setup_; }
  Process& process() { return *process_; }
  const std::string& name() const { return name_; }
  std::filesystem::path state() const { return folder_ / "state"; }
  std::filesystem::path database() const { return state() / "p2pchat.db"; }
  std::string socket() const { return (folder_ / "sock").native(); }
  // Where its door is, and its id, as it says itself.
  std::string door() const;
  std::string id() const { return ask({"id"}).text("id"); }

 private:
  Words words(const Words& flags) const;

  std::filesystem::path folder_;
  std::string name_;
  Setup setup_;
  std::string listen_;
  std::optional<Process> process_;
};

// `a` meets `b` at its door, and both have a link.
void meet(const Daemon& a, const Daemon& b);
// What `daemon` knows of `name`: its row of `peers`.
std::optional<Json> peer_of(const Daemon& daemon, const std::string& name);
bool is_linked(const Daemon& daemon, const std::string& name);
// Id, time, author and text of every message with `name`, in the order of `log`.
std::string history(const Daemon& daemon, const std::string& name);
// Both tell the same history, of `count` messages.
bool agree(const Daemon& a, const Daemon& b, std::size_t count);
// The texts that `pull` gives now.
std::vector<std::string> pulled(const Daemon& daemon, const Words& more = {});

// One line that begins with the program's name: what a person gets to read.
bool is_one_line(const std::string& text, const std::string& program);

std::string read_file(const std::filesystem::path& file);
void write_file(const std::filesystem::path& file, const std::string& content);

}  // namespace p2pchat::functional
