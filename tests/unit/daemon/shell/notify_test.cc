#include "daemon/shell/notify.h"

#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/temp_folder.h"

namespace p2pchat {
namespace {

// A service manager's end of the notification socket.
class Notify : public ::testing::Test {
 protected:
  Notify() : manager_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    const auto path = folder_ / "notify";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.native().size());
    EXPECT_EQ(bind(manager_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Notify() override {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    close(manager_);
  }
  std::string heard() const {
    std::array<char, 256> text{};
    const ssize_t size = read(manager_, text.data(), text.size());
    return {text.data(), size < 0 ? 0 : static_cast<std::size_t>(size)};
  }

  TempFolder folder_;
  int manager_;
};

TEST_F(Notify, TellsWhenAllIsReadyAndWhenItEnds) {
  notify_ready("listens");
  EXPECT_EQ(heard(), "READY=1\nSTATUS=listens");

  notify_stopping();
  EXPECT_EQ(heard(), "STOPPING=1");
}

TEST_F(Notify, FeedsTheWatchdogAtHalfOfItsTime) {
  setenv("WATCHDOG_USEC", "4000000", 1);
  Watchdog watchdog;

  watchdog.turn({100s});
  EXPECT_EQ(heard(), "WATCHDOG=1");
  EXPECT_EQ(watchdog.deadline(), TimePoint{102s});
  watchdog.turn({101s});
  EXPECT_EQ(heard(), "");
  watchdog.turn({102s});
  EXPECT_EQ(heard(), "WATCHDOG=1");
}

TEST_F(Notify, FeedsNoWatchdogThatIsNotThere) {
  Watchdog watchdog;

  watchdog.turn({100s});

  EXPECT_EQ(heard(), "");
  EXPECT_EQ(watchdog.deadline(), TimePoint::never());
}

}  // namespace
}  // namespace p2pchat
