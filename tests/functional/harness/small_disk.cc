#include "tests/functional/harness/small_disk.h"

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/functional/harness/process.h"

namespace p2pchat::functional {
namespace {

constexpr int kNotPermitted = 99;

void mount_at(const char* folder) {
  const bool is_mounted = unshare(CLONE_NEWNS) == 0 &&
                          ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                          ::mount("tmpfs", folder, "tmpfs", 0, "size=2m") == 0;
  if (!is_mounted) _exit(kNotPermitted);
}

}  // namespace

std::function<void()> SmallDisk::mount() const {
  return [folder = folder_] { mount_at(folder.c_str()); };
}

bool SmallDisk::can_mount() const {
  Process::Setup probe{{"true"}};
  probe.before_exec = mount();
  return run(probe).code == 0;
}

void SmallDisk::fill(pid_t pid) const {
  const File file(open(filler(pid).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const std::array<char, 4096> block{};
  while (write(file.number(), block.data(), block.size()) > 0) continue;
}

void SmallDisk::make_room(pid_t pid) const { std::filesystem::remove(filler(pid)); }

std::string SmallDisk::filler(pid_t pid) const {
  return "/proc/" + std::to_string(pid) + "/root" + folder_ + "/filler";
}

}  // namespace p2pchat::functional
