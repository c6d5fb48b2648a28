#include "ctl/signals.h"

#include <gtest/gtest.h>

namespace p2pchat::ctl {
namespace {

bool is_blocked(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

TEST(Signals, TellsWhichSignalHasCome) {
  Signals signals;
  EXPECT_EQ(signals.take(), std::nullopt);

  raise(SIGTERM);

  EXPECT_EQ(signals.take(), ExitCode::terminated);
  EXPECT_EQ(signals.take(), ExitCode::terminated);
}

TEST(Signals, TheSecondSignalHasItsUsualEffect) {
  Signals signals;
  EXPECT_TRUE(is_blocked(SIGINT));

  raise(SIGINT);
  EXPECT_EQ(signals.take(), ExitCode::interrupted);

  EXPECT_FALSE(is_blocked(SIGINT));
  EXPECT_FALSE(is_blocked(SIGTERM));
}

TEST(Signals, RestoresTheMask) {
  { const Signals signals; }

  EXPECT_FALSE(is_blocked(SIGINT));
}

TEST(Signals, WhatWasIgnoredStaysIgnored) {
  std::signal(SIGINT, SIG_IGN);
  {
    Signals signals;
    raise(SIGINT);
    EXPECT_EQ(signals.take(), std::nullopt);
  }
  std::signal(SIGINT, SIG_DFL);
}

TEST(Signals, WaitingEndsWithASignal) {
  Signals signals;
  raise(SIGINT);

  signals.wait(1h);

  EXPECT_EQ(signals.take(), ExitCode::interrupted);
}

}  // namespace
}  // namespace p2pchat::ctl
