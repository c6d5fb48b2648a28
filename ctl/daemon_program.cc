#include "ctl/daemon_program.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/json.h"
#include "ctl/lines.h"
#include "proto/limits.h"

namespace p2pchat::ctl {

namespace {

namespace fs = std::filesystem;

// Base64 of the longest object, and its kind.
constexpr std::size_t kLineBytesMax = 2 * kControlBytesMax;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

// The file beside this program, or the bare name, which is looked for in PATH.
std::string program() {
  std::error_code ignored;
  const fs::path self = fs::read_symlink("/proc/self/exe", ignored);
  const fs::path beside = self.parent_path() / "p2pchatd";
  return !self.empty() && access(beside.c_str(), X_OK) == 0 ? beside.string() : "p2pchatd";
}

// Answers its process id. Its stdin is empty, its stdout is `out`.
Outcome<pid_t> start(const std::vector<std::string>& words, int out) {
  posix_spawn_file_actions_t streams;
  posix_spawn_file_actions_init(&streams);
  posix_spawn_file_actions_addopen(&streams, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&streams, out, STDOUT_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, words[0].c_str(), &streams, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&streams);
  if (error == 0) return child;
  return end_with(ExitCode::unreachable, "cannot read the store without a daemon: " + words[0] +
                                             ": " + std::strerror(error) +
                                             "; put p2pchatd into PATH or beside chatctl");
}

Outcome<Object> object_of(const std::string& line) {
  const std::size_t space = line.find(' ');
  const auto kind = proof_kind(std::string_view(line).substr(0, space));
  const auto raw = space == std::string::npos
                       ? std::nullopt
                       : from_base64(std::string_view(line).substr(space + 1));
  if (kind && raw) return Object{*kind, *raw};
  return end_with(ExitCode::failed, "p2pchatd --proof printed a line that is none of a proof");
}

Outcome<std::vector<Object>> read_objects(int in) {
  std::vector<Object> objects;
  Lines lines(kLineBytesMax);
  std::array<char, 16384> bytes{};
  while (!lines.is_done()) {
    const ssize_t size = read(in, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) lines.end();
    if (size > 0) lines.add({bytes.data(), static_cast<std::size_t>(size)});
    if (lines.is_too_long()) {
      return end_with(ExitCode::failed, "p2pchatd --proof printed a line without an end");
    }
    while (const auto line = lines.next()) {
      auto object = object_of(*line);
      if (!object) return end_with(object.error());
      objects.push_back(std::move(*object));
    }
  }
  return objects;
}

// Its exit status as a failure of ours; it has said itself what was wrong.
Outcome<void> wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return end_with(ExitCode::failed, "p2pchatd --proof cannot be waited for");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : static_cast<int>(ExitCode::failed);
  return end_with(ExitCode{code}, "p2pchatd --proof found no proof");
}

}  // namespace

std::optional<Kind> proof_kind(std::string_view word) {
  if (word == "genesis") return Kind::genesis;
  if (word == "value") return Kind::value;
  if (word == "certificate") return Kind::certificate;
  return std::nullopt;
}

Outcome<std::vector<Object>> read_proof(const std::string& room, const std::string& state) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return end_with(ExitCode::failed, std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  Descriptor in(ends[0]);
  Descriptor out(ends[1]);
  std::vector<std::string> words{program(), "--proof=" + room};
  if (!state.empty()) words.push_back("--state=" + state);
  const auto child = start(words, out.number());
  if (!child) return end_with(child.error());
  out.close();
  auto objects = read_objects(in.number());
  in.close();  // One that still writes ends by that.
  const auto ended = wait_for(*child);
  if (!objects) return objects;
  if (!ended) return end_with(ended.error());
  return objects;
}

}  // namespace p2pchat::ctl
