#include "daemon/shell/descriptor.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace p2pchat {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (is_open()) ::close(number_);
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (is_open()) ::close(number_);
}

Result<Descriptor> create_private(const std::filesystem::path& file) {
  constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  Descriptor open(::open(file.c_str(), flags, kOwnerOnly));
  // The umask may have taken the owner's own rights.
  if (!open.is_open() || ::fchmod(open.number(), kOwnerOnly) != 0) {
    return fail_with_errno("create", file);
  }
  return open;
}

Result<void> write_all(const Descriptor& open, std::string_view text,
                       const std::filesystem::path& file) {
  while (!text.empty()) {
    const ssize_t written = ::write(open.number(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_with_errno("write", file);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> sync_folder_of(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const Descriptor open(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!open.is_open() || ::fsync(open.number()) != 0) return fail_with_errno("sync", folder);
  return {};
}

tl::unexpected<Error> fail_with_errno(std::string_view verb, const std::filesystem::path& file) {
  const char* reason = std::strerror(errno);
  return fail(Fault::machine, "cannot " + std::string(verb) + " " + file.string() + ": " + reason);
}

}  // namespace p2pchat
