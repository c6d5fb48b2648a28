#include "rendezvous/service/state_folder.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "proto/base32.h"

namespace p2pchat::rendezvous {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
constexpr mode_t kForAll = kOwnerOnly | S_IRGRP | S_IROTH;
constexpr std::string_view kFormat = "p2pchat-identity-1 ";
constexpr std::size_t kSeedCharacters = 52;
constexpr std::size_t kLineBytes = kFormat.size() + kSeedCharacters + 1;

tl::unexpected<Error> refuse(const fs::path& file, const std::string& what) {
  return fail(Fault::machine, file.string() + " " + what);
}

tl::unexpected<Error> cannot(const std::string& verb, const fs::path& file) {
  const char* reason = std::strerror(errno);
  return fail(Fault::machine, "cannot " + verb + " " + file.string() + ": " + reason);
}

// Closed with its scope.
struct File {
  explicit File(int number) : descriptor(number) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
  int descriptor;
};

Result<int> lock(const fs::path& folder) {
  const fs::path file = folder / "lock";
  const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const int descriptor = ::open(file.c_str(), flags, kOwnerOnly);
  if (descriptor < 0) return cannot("open", file);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  const bool is_held = errno == EWOULDBLOCK;
  ::close(descriptor);
  if (!is_held) return cannot("lock", file);
  return fail(Fault::machine, "another p2pchat-rendezvous works on " + folder.string() +
                                  "; end it first, or name another folder");
}

// Writes a file whole, under another name first; durable when it answers.
Result<void> write_whole(const fs::path& file, std::string_view text, mode_t mode) {
  const fs::path fresh = file.string() + ".new";
  ::unlink(fresh.c_str());
  const File open(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (open.descriptor < 0 || ::fchmod(open.descriptor, mode) != 0) return cannot("create", fresh);
  const ssize_t written = ::write(open.descriptor, text.data(), text.size());
  if (written >= 0 && written != static_cast<ssize_t>(text.size())) errno = ENOSPC;
  if (written != static_cast<ssize_t>(text.size()) || ::fsync(open.descriptor) != 0) {
    return cannot("write", fresh);
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) return cannot("create", file);
  const File folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.descriptor < 0 || ::fsync(folder.descriptor) != 0) {
    return cannot("sync", file.parent_path());
  }
  return {};
}

Result<void> make_identity(const fs::path& file) {
  Seed seed;
  randombytes_buf(seed.bytes.data(), seed.bytes.size());
  std::string encoded = base32(seed.view());
  std::string line;
  line.reserve(kLineBytes);  // So that it leaves no copy behind by growing.
  line.append(kFormat).append(encoded).append("\n");
  const auto written = write_whole(file, line, kOwnerOnly);
  sodium_memzero(seed.bytes.data(), seed.bytes.size());
  sodium_memzero(encoded.data(), encoded.size());
  sodium_memzero(line.data(), line.size());
  return written;
}

// Refuses a file that somebody else could have read or put there.
Result<void> inspect(int descriptor, const fs::path& file) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return cannot("read", file);
  if (!S_ISREG(status.st_mode)) return refuse(file, "is not a file; move it away");
  if (status.st_uid != ::geteuid()) {
    return refuse(file, "belongs to another user; start p2pchat-rendezvous as that user");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return refuse(file, "can be opened by other users; run: chmod 600 " + file.string());
  }
  return {};
}

Result<Identity> parse(std::string_view line, const fs::path& file) {
  const auto wrong =
      refuse(file,
             "does not hold an identity; restore it from a backup, or move it away to start as a "
             "rendezvous that nobody knows");
  if (line.size() != kLineBytes || !line.starts_with(kFormat) || line.back() != '\n') return wrong;
  auto bytes = from_base32(line.substr(kFormat.size(), kSeedCharacters));
  if (!bytes) return wrong;
  auto seed = Seed::from(*bytes);
  sodium_memzero(bytes->data(), bytes->size());
  if (!seed) return wrong;
  Identity identity = Identity::from_seed(*seed);
  sodium_memzero(seed->bytes.data(), seed->bytes.size());
  return identity;
}

Result<Identity> read_identity(const fs::path& file) {
  // O_NONBLOCK: a pipe in its place does not stop us.
  const File open(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (open.descriptor < 0 && errno == ELOOP) {
    return refuse(file, "is a symbolic link; put the file itself in its place");
  }
  if (open.descriptor < 0) return cannot("open", file);
  if (auto safe = inspect(open.descriptor, file); !safe) return tl::unexpected(safe.error());
  std::array<char, kLineBytes + 1> line{};  // A longer one is none of ours.
  const ssize_t size = ::read(open.descriptor, line.data(), line.size());
  if (size < 0) return cannot("read", file);
  auto identity = parse({line.data(), static_cast<std::size_t>(size)}, file);
  sodium_memzero(line.data(), line.size());
  return identity;
}

}  // namespace

Result<StateFolder> StateFolder::open(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return fail(Fault::machine, "cannot make " + folder.string() + ": " + error.message());
  }
  const auto locked = lock(folder);
  if (!locked) return tl::unexpected(locked.error());
  File guard(*locked);
  const fs::path file = folder / "identity";
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0 && errno == ENOENT) {
    if (auto made = make_identity(file); !made) return tl::unexpected(made.error());
  }
  auto identity = read_identity(file);
  if (!identity) return tl::unexpected(identity.error());
  return StateFolder(folder, std::exchange(guard.descriptor, -1), *std::move(identity));
}

StateFolder::StateFolder(StateFolder&& other) noexcept
    : folder_(std::move(other.folder_)),
      lock_(std::exchange(other.lock_, -1)),
      identity_(std::move(other.identity_)) {}

StateFolder::~StateFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<void> StateFolder::publish(const std::string& address) const {
  return write_whole(folder_ / "address", address + "\n", kForAll);
}

}  // namespace p2pchat::rendezvous
