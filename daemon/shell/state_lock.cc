#include "daemon/shell/state_lock.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace p2pchat {

namespace {

// " (process 123)", or nothing if the file does not tell.
std::string holder_of(const Descriptor& open) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(open.number(), text.data(), text.size(), 0);
  if (size <= 0) return "";
  const std::string_view read(text.data(), static_cast<std::size_t>(size));
  const std::string_view number = read.substr(0, read.find('\n'));
  const bool is_number = !number.empty() && std::all_of(number.begin(), number.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
  return is_number ? " (process " + std::string(number) + ")" : "";
}

}  // namespace

Result<StateLock> StateLock::take(const std::filesystem::path& folder) {
  constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
  const auto file = folder / "lock";
  const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  Descriptor open(::open(file.c_str(), flags, kOwnerOnly));
  if (!open.is_open()) return fail_with_errno("open", file);
  if (::flock(open.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return fail_with_errno("lock", file);
    return fail(Fault::machine, "another p2pchatd" + holder_of(open) + " works on " +
                                    folder.string() + "; end it first, or name another folder");
  }
  if (::fchmod(open.number(), kOwnerOnly) != 0) return fail_with_errno("protect", file);
  // The lock holds without the number too, as on a full disk.
  if (::ftruncate(open.number(), 0) == 0) {
    (void)write_all(open, std::to_string(::getpid()) + "\n", file);
  }
  return StateLock(std::move(open));
}

StateLock::~StateLock() {
  // So that nobody takes our number for that of the next holder.
  if (open_.is_open() && ::ftruncate(open_.number(), 0) != 0) return;
}

}  // namespace p2pchat
