#include "tests/functional/harness/daemon.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iostream>
#include <sstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace p2pchat::functional {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHistoryFormat = "%i %t %a %m\\n";
constexpr std::size_t kTailBytes = 4000;

// Somebody listens at `path`: cheaper to ask than a whole chatctl.
bool is_answered(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), std::min(path.size(), sizeof address.sun_path - 1));
  const File probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(probe.number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::string shown(const Words& words) {
  std::string text = "chatctl";
  for (const std::string& word : words) text += " " + word;
  return text;
}

}  // namespace

// A process id has 22 bits at most, and is nobody else's as long as this test runs.
std::string own_host(int number) {
  static int daemons_pid = getpid();
  const auto pid = static_cast<unsigned>(daemons_pid);
  return "127." + std::to_string(pid >> 14U & 255U) + "." + std::to_string(pid >> 6U & 255U) + "." +
         std::to_string((pid & 63U) << 2U | static_cast<unsigned>(number));
}

Daemon::Daemon(const fs::path& folder, std::string name, Setup setup)
    : folder_(folder / name), name_(std::move(name)), setup_(std::move(setup)) {
  static int daemons = 0;
  listen_ = own_host(daemons++ % 4) + ":7473";
  fs::create_directories(folder_);
}

Daemon::~Daemon() {
  if (!process_) return;
  try {
    const std::string said = process_->err();
    const int code = stop();
    EXPECT_EQ(code, 0) << name_ << " did not end well: " << said;
  } catch (const Stuck& failure) {
    ADD_FAILURE() << name_ << ": " << failure.what();
  }
}

Words Daemon::words(const Words& flags) const {
  Words words = setup_.prefix;
  const std::string& listen = setup_.listen.empty() ? listen_ : setup_.listen;
  words.insert(words.end(), {setup_.program, "--state", state().native(), "--socket", socket(),
                             "--name", name_, "--listen", listen});
  words.insert(words.end(), setup_.flags.begin(), setup_.flags.end());
  words.insert(words.end(), flags.begin(), flags.end());
  return words;
}

void Daemon::launch() {
  Process::Setup setup;
  setup.words = words({});
  setup.environment = setup_.environment;
  setup.environment["HOME"] = folder_.native();
  setup.before_exec = setup_.before_exec;
  process_.reset();
  process_.emplace(setup);
}

void Daemon::wait_for_socket() {
  const auto is_known = [&] { return !process_->is_running() || is_answered(socket()); };
  if (!wait_until(is_known) || !process_->is_running()) {
    throw Stuck(name_ + " does not start: " + process_->err());
  }
}

void Daemon::start() {
  launch();
  wait_for_socket();
  tell({"id"});
}

int Daemon::stop() {
  if (!process_) throw Stuck(name_ + " is not up");
  process_->signal(SIGTERM);
  const int code = process_->wait();
  if (testing::Test::HasFailure() || code != 0) {
    const std::string said = process_->err();
    std::cerr << "--- " << name_ << " ---\n"
              << said.substr(said.size() - std::min(said.size(), kTailBytes));
  }
  process_.reset();
  return code;
}

void Daemon::crash() {
  process_->crash();
  process_.reset();
}

void Daemon::restart() {
  if (const int code = stop(); code != 0)
    throw Stuck(name_ + " ended with " + std::to_string(code));
  start();
}

Said Daemon::run_to_end(const Words& flags) const {
  Process::Setup setup;
  setup.words = words(flags);
  setup.environment = setup_.environment;
  setup.environment["HOME"] = folder_.native();
  return run(setup);
}

Process::Setup Daemon::ctl_setup(const Words& words) const {
  Process::Setup setup;
  setup.words = {CHATCTL_PATH, "--socket", socket()};
  setup.words.insert(setup.words.end(), words.begin(), words.end());
  return setup;
}

Said Daemon::ctl(const Words& words) const { return run(ctl_setup(words)); }

Said Daemon::ctl_with_input(const Words& words, const std::string& input) const {
  Process::Setup setup = ctl_setup(words);
  setup.kind = Process::Input::given;
  setup.input = input;
  return run(setup);
}

std::string Daemon::tell(const Words& words) const {
  Said said = ctl(words);
  if (said.code != 0) {
    throw Stuck(name_ + ": " + shown(words) + " ends with " + std::to_string(said.code) + ": " +
                said.err);
  }
  return std::move(said.out);
}

Json Daemon::ask(const Words& words) const {
  Words all = words;
  all.push_back("--json");
  const auto lines = json_lines(tell(all));
  if (lines.size() != 1) throw Stuck(name_ + ": not one object: " + shown(all));
  return lines.front();
}

std::string Daemon::door() const { return ask({"id"}).list("addresses").front(); }

void meet(const Daemon& a, const Daemon& b) {
  a.tell({"chat", "--no-talk", b.door()});
  const auto are_linked = [&] { return is_linked(a, b.name()) && is_linked(b, a.name()); };
  if (!wait_until(are_linked)) throw Stuck(a.name() + " and " + b.name() + " have no link");
}

std::optional<Json> peer_of(const Daemon& daemon, const std::string& name) {
  for (const Json& peer : json_lines(daemon.tell({"peers", "--json"}))) {
    if (peer.text("name") == name) return peer;
  }
  return std::nullopt;
}

bool is_linked(const Daemon& daemon, const std::string& name) {
  const auto peer = peer_of(daemon, name);
  return peer && peer->text("state") == "linked";
}

std::string history(const Daemon& daemon, const std::string& name) {
  return daemon.tell({"log", name, "--format", std::string(kHistoryFormat)});
}

bool agree(const Daemon& a, const Daemon& b, std::size_t count) {
  const Said of_a = a.ctl({"log", b.name(), "--format", std::string(kHistoryFormat)});
  const Said of_b = b.ctl({"log", a.name(), "--format", std::string(kHistoryFormat)});
  return of_a.code == 0 && of_b.code == 0 && of_a.out == of_b.out &&
         lines_of(of_a.out).size() == count;
}

std::vector<std::string> pulled(const Daemon& daemon, const Words& more) {
  Words words{"pull", "--json"};
  words.insert(words.end(), more.begin(), more.end());
  return texts_of(daemon.tell(words));
}

bool is_one_line(const std::string& text, const std::string& program) {
  return text.starts_with(program + ": ") && text.find('\n') == text.size() - 1;
}

std::string read_file(const fs::path& file) {
  std::ostringstream content;
  content << std::ifstream(file, std::ios::binary).rdbuf();
  return content.str();
}

void write_file(const fs::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

}  // namespace p2pchat::functional
