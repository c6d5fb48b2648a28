// SmallDisk: a disk of 2 MiB in the place of a folder, as one process sees it.
//
// The kernel takes it away with the last process that sees it. Mounting takes root.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>

namespace p2pchat::functional {

class SmallDisk {
 public:
  // `folder` exists.
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {}

  // To be run by the process before it becomes its program.
  std::function<void()> mount() const;
  bool can_mount() const;
  // Until there is no room left, as `pid` sees it.
  void fill(pid_t pid) const;
  void make_room(pid_t pid) const;

 private:
  std::string filler(pid_t pid) const;

  std::string folder_;
};

}  // namespace p2pchat::functional
