#include "daemon/shell/control_socket.h"

#include <cstring>
#include <fstream>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/shell/zap.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ControlPath : public ::testing::Test {
 protected:
  static unsigned mode_of(const fs::path& path) {
    struct stat facts {};
    EXPECT_EQ(lstat(path.c_str(), &facts), 0);
    return facts.st_mode & 0777U;
  }
  // What a daemon that was killed leaves behind.
  void leave_a_socket() {
    const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.native().size());
    ASSERT_EQ(bind(stale, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    close(stale);
  }

  TempFolder folder_;
  fs::path path_ = folder_ / "s.sock";
  zmq::context_t context_;
  Zap zap_ = Zap::open(context_).value();
};

TEST_F(ControlPath, IsForOwnerAndGroup) {
  path_ = folder_ / "new" / "s.sock";
  const auto before = umask(077);

  const auto socket = ControlSocket::open(context_, path_);

  EXPECT_EQ(umask(before), 077U);
  ASSERT_TRUE(socket) << socket.error().text;
  EXPECT_EQ(mode_of(path_), 0660U);
  EXPECT_EQ(mode_of(path_.parent_path()), 0750U);
}

TEST_F(ControlPath, GoesWithItsDaemon) {
  { ASSERT_TRUE(ControlSocket::open(context_, path_)); }

  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ControlPath, OfALivingDaemonIsNotTakenOver) {
  const auto first = ControlSocket::open(context_, path_);

  const auto second = ControlSocket::open(context_, path_);

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().text, HasSubstr("another program answers there"));
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(ControlPath, OfADeadDaemonIsUsedAgain) {
  leave_a_socket();

  EXPECT_TRUE(ControlSocket::open(context_, path_));
}

TEST_F(ControlPath, ThatHoldsAnythingElseIsLeftAlone) {
  std::ofstream(path_) << "mine";

  const auto socket = ControlSocket::open(context_, path_);

  ASSERT_FALSE(socket);
  EXPECT_THAT(socket.error().text, HasSubstr("no socket"));
  EXPECT_TRUE(fs::is_regular_file(path_));
}

TEST_F(ControlPath, ThatCannotBeMadeIsSaidInOneSentence) {
  const auto socket = ControlSocket::open(context_, "/proc/nowhere/s.sock");

  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().fault, Fault::machine);
  EXPECT_THAT(socket.error().text, HasSubstr("/proc/nowhere/s.sock"));
}

}  // namespace
}  // namespace p2pchat
