#include "tests/functional/harness/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace p2pchat::functional {
namespace {

constexpr int kNotStarted = 127;

[[noreturn]] void stuck(const std::string& what) {
  throw Stuck(what + ": " + std::strerror(errno));
}

File memory(const std::string& content) {
  File file(memfd_create("p2pchat-test", MFD_CLOEXEC));
  const auto size = static_cast<ssize_t>(content.size());
  if (file.number() < 0 || write(file.number(), content.data(), content.size()) != size) {
    stuck("memfd");
  }
  lseek(file.number(), 0, SEEK_SET);
  return file;
}

// What the test has around it, without what would tell the programs where to look.
std::vector<std::string> surroundings(const std::map<std::string, std::string>& added) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    bool is_ours = true;
    for (const char* foreign : {"P2PCHATD_", "CHATCTL_", "XDG_", "NOTIFY_SOCKET", "WATCHDOG_",
                                "JOURNAL_STREAM", "GTEST_", "TZ"}) {
      is_ours = is_ours && !name.starts_with(foreign);
    }
    if (is_ours) all[name] = text.substr(name.size() + 1);
  }
  for (const auto& [name, value] : added) all[name] = value;
  std::vector<std::string> entries;
  entries.reserve(all.size());
  for (const auto& [name, value] : all) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (const std::string& word : words) list.push_back(const_cast<char*>(word.c_str()));
  list.push_back(nullptr);
  return list;
}

}  // namespace

File::File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

File::~File() {
  if (number_ >= 0) close(number_);
}

std::string File::content() const {
  std::string text;
  std::array<char, 65536> chunk;
  for (;;) {
    const ssize_t size =
        pread(number_, chunk.data(), chunk.size(), static_cast<off_t>(text.size()));
    if (size <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
}

// The child's ends of its streams.
struct Process::Ends {
  File in;
  File out;
};

// What it is run with, made before the fork: behind it another thread's lock on the memory
// may stand for ever.
struct Process::Image {
  explicit Image(const Setup& setup)
      : words(setup.words), environment(surroundings(setup.environment)) {}

  std::vector<std::string> words;
  std::vector<std::string> environment;
  std::vector<char*> word_pointers = pointers(words);
  std::vector<char*> environment_pointers = pointers(environment);
};

Process::Process(const Setup& setup) {
  Ends ends;
  err_ = memory("");
  is_terminal_ = setup.kind == Input::terminal;
  if (is_terminal_) {
    open_terminal(ends);
  } else {
    out_ = memory("");
    ends.out = File(fcntl(out_.number(), F_DUPFD_CLOEXEC, 0));
  }
  if (setup.kind == Input::nothing) ends.in = File(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (setup.kind == Input::given) ends.in = memory(setup.input);
  if (setup.kind == Input::open) {
    std::array<int, 2> pipe{};
    if (pipe2(pipe.data(), O_CLOEXEC) != 0) stuck("pipe");
    ends.in = File(pipe[0]);
    in_ = File(pipe[1]);
  }
  const Image image(setup);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0) stuck("fork");
  if (pid_ == 0) become(setup, image, ends, parent);
}

void Process::open_terminal(Ends& ends) {
  in_ = File(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  std::array<char, 128> name{};
  if (grantpt(in_.number()) != 0 || unlockpt(in_.number()) != 0 ||
      ptsname_r(in_.number(), name.data(), name.size()) != 0) {
    stuck("terminal");
  }
  ends.in = File(open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  ends.out = File(fcntl(ends.in.number(), F_DUPFD_CLOEXEC, 0));
  // What is typed does not appear on the screen by itself, so a test sees what the program wrote.
  termios modes{};
  tcgetattr(ends.in.number(), &modes);
  modes.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  tcsetattr(ends.in.number(), TCSANOW, &modes);
}

void Process::become(const Setup& setup, const Image& image, const Ends& ends, pid_t parent) const {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(kNotStarted);
  dup2(ends.in.number(), STDIN_FILENO);
  dup2(ends.out.number(), STDOUT_FILENO);
  dup2(err_.number(), STDERR_FILENO);
  if (is_terminal_) {
    setsid();
    ioctl(STDIN_FILENO, TIOCSCTTY, 0);  // So that keys such as Ctrl-C mean what they mean.
  }
  if (setup.before_exec) setup.before_exec();
  execvpe(image.word_pointers.front(), image.word_pointers.data(),
          image.environment_pointers.data());
  _exit(kNotStarted);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      is_terminal_(other.is_terminal_),
      screen_(std::move(other.screen_)) {}

Process::~Process() {
  if (pid_ > 0 && is_running()) crash();
}

bool Process::is_running() {
  if (status_) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == 0) return true;
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return false;
}

int Process::wait(std::chrono::milliseconds bound) {
  if (!wait_until([this] { return !is_running(); }, bound)) {
    throw Stuck("process " + std::to_string(pid_) + " does not end; it says: " + err());
  }
  return *status_;
}

void Process::signal(int number) const {
  if (!status_) kill(pid_, number);
}

void Process::crash() {
  signal(SIGKILL);
  wait();
}

void Process::write(const std::string& text) const {
  const auto size = static_cast<ssize_t>(text.size());
  if (::write(in_.number(), text.data(), text.size()) != size) stuck("write");
}

void Process::close_input() { in_ = File(); }

std::string Process::out() {
  if (!is_terminal_) return out_.content();
  std::array<char, 4096> chunk;
  for (pollfd watched{in_.number(), POLLIN, 0}; poll(&watched, 1, 0) > 0;) {
    const ssize_t size = read(in_.number(), chunk.data(), chunk.size());
    if (size <= 0) break;  // The terminal was left by its last program.
    screen_.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return screen_;
}

Said run(const Process::Setup& setup, std::chrono::milliseconds bound) {
  Process process(setup);
  const int code = process.wait(bound);
  return {code, process.out(), process.err()};
}

}  // namespace p2pchat::functional
