#include "daemon/shell/identity_file.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sodium.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/shell/descriptor.h"
#include "proto/base32.h"

namespace p2pchat {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "p2pchat-identity-1 ";
constexpr std::string_view kAnyFormat = "p2pchat-identity-";
constexpr std::size_t kSeedCharacters = 52;
constexpr std::size_t kLineBytes = kFormat.size() + kSeedCharacters + 1;

tl::unexpected<Error> refuse(const fs::path& file, const std::string& what) {
  return fail(Fault::machine, file.string() + " " + what);
}

// Wipes what held a secret when its scope ends.
template <class Container>
class Wiped {
 public:
  explicit Wiped(Container& secret) : secret_(secret) {}
  ~Wiped() { sodium_memzero(secret_.data(), secret_.size()); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;

 private:
  Container& secret_;
};

Result<Identity> parse(std::string_view line, const fs::path& file) {
  if (line.substr(0, kFormat.size()) != kFormat &&
      line.substr(0, kAnyFormat.size()) == kAnyFormat) {
    return refuse(file, "was written by a newer p2pchatd; install that version again");
  }
  const tl::unexpected<Error> wrong =
      refuse(file,
             "does not hold an identity; restore it from a backup, or move it away to start "
             "as a new peer that nobody knows");
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  if (line.substr(0, kFormat.size()) != kFormat) return wrong;
  auto bytes = from_base32(line.substr(kFormat.size()));
  if (!bytes) return wrong;
  const Wiped wiped_bytes(*bytes);
  auto seed = Seed::from(*bytes);
  if (!seed) return wrong;
  const Wiped wiped_seed(seed->bytes);
  return Identity::from_seed(*seed);
}

// Refuses a file that somebody else could have read or put there.
Result<void> inspect(const Descriptor& open, const fs::path& file) {
  struct stat status {};
  if (::fstat(open.number(), &status) != 0) return fail_with_errno("read", file);
  if (!S_ISREG(status.st_mode)) return refuse(file, "is not a file; move it away");
  if (status.st_uid != ::geteuid()) {
    return refuse(file, "belongs to another user (" + std::to_string(status.st_uid) +
                            "); start p2pchatd as that user, or give the file to this one (" +
                            std::to_string(::geteuid()) + ")");
  }
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return refuse(file, "can be opened by other users; run: chmod 600 " + file.string());
  }
  return {};
}

Result<Identity> read(const Descriptor& open, const fs::path& file) {
  if (auto safe = inspect(open, file); !safe) return tl::unexpected(safe.error());
  std::array<char, kLineBytes + 64> line{};  // A longer one is none of ours.
  const Wiped wiped_line(line);
  const ssize_t size = ::pread(open.number(), line.data(), line.size(), 0);
  if (size < 0) return fail_with_errno("read", file);
  return parse({line.data(), static_cast<std::size_t>(size)}, file);
}

// Writes a new identity under another name and links it to its own: a link never replaces
// anything, and what it names is whole.
Result<void> make(const fs::path& file) {
  Seed seed;
  const Wiped wiped_seed(seed.bytes);
  randombytes_buf(seed.bytes.data(), seed.bytes.size());
  std::string encoded = base32(seed.view());
  const Wiped wiped_encoded(encoded);
  std::string line;
  line.reserve(kLineBytes);  // So that it leaves no copy behind by growing.
  line.append(kFormat).append(encoded).append("\n");
  const Wiped wiped_line(line);

  const fs::path fresh = file.string() + ".new";
  if (::unlink(fresh.c_str()) != 0 && errno != ENOENT) return fail_with_errno("remove", fresh);
  auto open = create_private(fresh);
  if (!open) return tl::unexpected(open.error());
  if (auto written = write_all(*open, line, fresh); !written) return written;
  if (::fsync(open->number()) != 0) return fail_with_errno("write", fresh);
  if (::link(fresh.c_str(), file.c_str()) != 0 && errno != EEXIST) {
    return fail_with_errno("create", file);
  }
  if (::unlink(fresh.c_str()) != 0) return fail_with_errno("remove", fresh);
  return sync_folder_of(file);
}

Descriptor open_for_reading(const fs::path& file) {
  // O_NONBLOCK: a pipe in its place does not stop us.
  return Descriptor(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

}  // namespace

Result<Identity> open_identity(const fs::path& file) {
  Descriptor open = open_for_reading(file);
  if (!open.is_open() && errno == ENOENT) {
    if (auto made = make(file); !made) return tl::unexpected(made.error());
    open = open_for_reading(file);
  }
  if (!open.is_open() && errno == ELOOP) {
    return refuse(file, "is a symbolic link; put the file itself in its place");
  }
  if (!open.is_open()) return fail_with_errno("open", file);
  return read(open, file);
}

}  // namespace p2pchat
