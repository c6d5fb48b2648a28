#include <algorithm>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <set>
#include <utility>

#include "proto/limits.h"
#include "tests/unit/ctl/fake_daemon.h"
#include "tests/unit/ctl/runner.h"

namespace p2pchat::ctl {
namespace {

using control::Record;
using testing::HasSubstr;

// A daemon with one reader: sends what lies behind its place, within credit, and moves it.
class Mailbox {
 public:
  explicit Mailbox(std::size_t messages) : messages_(messages) {}

  FakeDaemon::Replies answer(const control::Request& request) {
    if (request.verb == "pull") {
      stream_ = request;
      sent_ = place_;
      credit_ = kPullCreditRows;
      return more();
    }
    if (request.verb == "more") {
      credit_ += static_cast<std::size_t>(request.values.integer("rows"));
      return more();
    }
    if (request.verb == "took") {
      const auto* places = std::get_if<std::vector<std::string>>(request.values.find("places"));
      for (const std::string& place : *places)
        place_ = std::max<std::size_t>(place_, std::stoul(place.substr(place.find('.') + 1)));
      return {end_of(request)};
    }
    return {refusal_to(request, ExitCode::usage, "no such verb")};
  }

  std::size_t place() const { return place_; }

 private:
  FakeDaemon::Replies more() {
    FakeDaemon::Replies replies;
    for (; sent_ < messages_ && credit_ > 0; --credit_) replies.push_back(message(++sent_));
    if (sent_ < messages_) return replies;
    if (stream_.values.flag("follow")) {
      replies.push_back(row_of(stream_, Record().set("idle", true)));
    } else {
      replies.push_back(end_of(stream_));
    }
    return replies;
  }
  control::Reply message(std::size_t number) const {
    return row_of(stream_, Record()
                               .set("id", "k3zq." + std::to_string(number))
                               .set("kind", "chat")
                               .set("conversation", "ops")
                               .set("from", "bob")
                               .set("text", "text " + std::to_string(number))
                               .set("place", "room." + std::to_string(number) + ".0"));
  }

  std::size_t messages_;
  std::size_t place_ = 0;  // Durable.
  std::size_t sent_ = 0;   // On the open stream.
  std::size_t credit_ = 0;
  control::Request stream_;
};

FakeDaemon::Answer answering(Mailbox& mailbox) {
  return
      [&mailbox](FakeDaemon&, const control::Request& request) { return mailbox.answer(request); };
}

std::string ids(std::size_t first, std::size_t last) {
  std::string text;
  for (std::size_t i = first; i <= last; ++i) text += "k3zq." + std::to_string(i) + "\n";
  return text;
}

TEST(Pull, PrintsWhatWaitsAndAcknowledgesIt) {
  Mailbox mailbox(3);
  FakeDaemon daemon(answering(mailbox));

  const Ran ran = run_chatctl(daemon.socket(), {"pull", "ops", "--format", R"(%i\n)"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, ids(1, 3));
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(mailbox.place(), 3U);
}

TEST(Pull, AsksForWhatItWasToldToReadAs) {
  Mailbox mailbox(0);
  FakeDaemon daemon(answering(mailbox));

  run_chatctl(daemon.socket(), {"pull", "ops", "--as", "backup", "--mine", "--peek"});
  run_chatctl(daemon.socket(), {"pull"});

  ASSERT_EQ(daemon.requests("pull").size(), 2U);
  EXPECT_EQ(daemon.requests("pull")[0].values, Record()
                                                   .set("name", "ops")
                                                   .set("reader", "backup")
                                                   .set("follow", false)
                                                   .set("peek", true)
                                                   .set("mine", true));
  EXPECT_EQ(
      daemon.requests("pull")[1].values,
      Record().set("reader", "default").set("follow", false).set("peek", false).set("mine", false));
}

TEST(Pull, ReadsOnAsLongAsThereIsMoreThanTheCredit) {
  Mailbox mailbox(1000);
  FakeDaemon daemon(answering(mailbox));

  const Ran ran = run_chatctl(daemon.socket(), {"pull", "--format", R"(%i\n)"});

  EXPECT_EQ(ran.out, ids(1, 1000));
  EXPECT_EQ(mailbox.place(), 1000U);
}

TEST(Pull, AcknowledgesBothOfTwoRoomsWithTheSameName) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) -> FakeDaemon::Replies {
    if (request.verb == "took") return {end_of(request)};
    const auto message = [&](const char* place) {
      return row_of(request, Record().set("conversation", "ops").set("place", place));
    };
    return {message("one.1.0"), message("two.2.0"), message("one.3.0"), end_of(request)};
  });

  run_chatctl(daemon.socket(), {"pull", "--format", "%m"});

  std::set<std::string> told;
  for (const control::Request& request : daemon.requests("took")) {
    const auto& places = std::get<std::vector<std::string>>(*request.values.find("places"));
    told.insert(places.begin(), places.end());
  }
  EXPECT_THAT(told, testing::IsSupersetOf({"two.2.0", "one.3.0"}));
}

TEST(Pull, NothingNewIsDoneUnlessItIsToFail) {
  Mailbox mailbox(0);
  FakeDaemon daemon(answering(mailbox));

  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull"}).code, 0);
  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "--fail-empty"}).code, 8);
  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "--fail-empty"}).err, "");
}

TEST(Pull, TakesNoMoreThanItsCount) {
  Mailbox mailbox(10);
  FakeDaemon daemon(answering(mailbox));

  const Ran first = run_chatctl(daemon.socket(), {"pull", "-n", "4", "--format", R"(%i\n)"});
  const Ran second = run_chatctl(daemon.socket(), {"pull", "-n", "40", "--format", R"(%i\n)"});

  EXPECT_EQ(first.out, ids(1, 4));
  EXPECT_EQ(first.code, 0);
  EXPECT_EQ(second.out, ids(5, 10));
  EXPECT_EQ(second.code, 0);
}

TEST(Pull, PeekAndManualAckLeaveThePlace) {
  Mailbox mailbox(2);
  FakeDaemon daemon(answering(mailbox));

  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "--peek", "--format", "%i"}).out, "k3zq.1k3zq.2");
  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "--ack", "manual", "--format", "%i"}).out,
            "k3zq.1k3zq.2");
  EXPECT_EQ(mailbox.place(), 0U);
  EXPECT_EQ(daemon.requests("took").size(), 0U);
}

TEST(Pull, TimeEndsWhenFewerCameThanWanted) {
  Mailbox mailbox(2);
  FakeDaemon daemon(answering(mailbox));

  const Ran ran =
      run_chatctl(daemon.socket(), {"pull", "-n", "3", "--timeout", "30ms", "--format", R"(%i\n)"});

  EXPECT_EQ(ran.code, 124);
  EXPECT_EQ(ran.out, ids(1, 2));
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(mailbox.place(), 2U);
}

TEST(Pull, WaitingEndsWithTheCount) {
  Mailbox mailbox(2);
  FakeDaemon daemon(answering(mailbox));

  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "-n", "2", "--timeout", "1h"}).code, 0);
}

TEST(Pull, WithATimeoutAloneOneMessageIsEnough) {
  Mailbox mailbox(2);
  FakeDaemon daemon(answering(mailbox));

  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "--timeout", "1h", "--format", "%i"}).out,
            "k3zq.1k3zq.2");
  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "--timeout", "10ms"}).code, 124);
}

TEST(Pull, EvenWithoutTimeWhatWaitsIsTaken) {
  Mailbox mailbox(2);
  FakeDaemon daemon(answering(mailbox));

  const Ran ran = run_chatctl(daemon.socket(), {"pull", "--timeout", "0s", "--format", "%i"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "k3zq.1k3zq.2");
}

TEST(Pull, IdleEndsWhenNothingComesAnyMore) {
  Mailbox mailbox(2);
  FakeDaemon daemon(answering(mailbox));

  const Ran ran = run_chatctl(daemon.socket(), {"pull", "-f", "--idle", "20ms", "--format", "%i"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "k3zq.1k3zq.2");
  EXPECT_EQ(mailbox.place(), 2U);
  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "--idle", "20ms", "--fail-empty"}).code, 8);
}

TEST(Pull, ASignalEndsItBehindTheAcknowledgement) {
  Mailbox mailbox(3);
  const pthread_t reader = pthread_self();
  for (const auto& [signal, code] : {std::pair{SIGINT, 130}, std::pair{SIGTERM, 143}}) {
    FakeDaemon daemon([&, number = signal](FakeDaemon&, const control::Request& request) mutable {
      // Once only: the second one would end the test.
      if (request.verb == "took" && number != 0) pthread_kill(reader, std::exchange(number, 0));
      return mailbox.answer(request);
    });

    const Ran ran = run_chatctl(daemon.socket(), {"pull", "-f", "--format", R"(%i\n)"});

    EXPECT_EQ(ran.code, code);
    EXPECT_GE(mailbox.place(), 1U);
    EXPECT_EQ(ran.out, ids(1, mailbox.place()));
    mailbox = Mailbox(3);
  }
}

TEST(Pull, FollowingSurvivesARestartWithoutLossOrRepetition) {
  Mailbox mailbox(500);
  int requests = 0;
  FakeDaemon daemon([&](FakeDaemon& self, const control::Request& request) {
    const auto replies = mailbox.answer(request);
    // Now before, now behind what was acknowledged.
    if (++requests % 7 == 0) self.restart();
    return requests % 14 == 0 ? FakeDaemon::Replies() : replies;
  });

  const Ran ran = run_chatctl(daemon.socket(), {"pull", "-f", "-n", "500", "--format", R"(%i\n)"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, ids(1, 500));
  EXPECT_EQ(mailbox.place(), 500U);
  EXPECT_THAT(ran.err, HasSubstr("has gone away; waiting for it"));
  EXPECT_THAT(ran.err, HasSubstr("connected again"));
}

TEST(Pull, OnlyFollowingSurvivesARestart) {
  FakeDaemon daemon([](FakeDaemon& self, const control::Request&) {
    self.restart();
    return FakeDaemon::Replies();
  });

  const Ran ran = run_chatctl(daemon.socket(), {"pull", "-n", "1", "--timeout", "1h"});

  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("has gone away"));
}

TEST(Pull, WaitingForADaemonEndsWithTheTime) {
  FakeDaemon daemon([](FakeDaemon& self, const control::Request&) {
    self.go_away();
    return FakeDaemon::Replies();
  });

  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "-f", "--timeout", "50ms", "-q"}).code, 124);
}

TEST(Pull, FollowingNeedsADaemonToBeginWith) {
  EXPECT_EQ(run_chatctl("/nonexistent", {"pull", "-f"}).code, 3);
}

TEST(Pull, WhatCouldNotBeWrittenIsNotAcknowledged) {
  Mailbox mailbox(2);
  FakeDaemon daemon(answering(mailbox));
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

  const Ran ran = run_chatctl(daemon.socket(), {"pull"}, "", full);

  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.err, "chatctl: cannot write to standard output: No space left on device\n");
  EXPECT_EQ(daemon.requests("took").size(), 0U);
  close(full);
}

TEST(Pull, AReaderThatIsGoneEndsItQuietlyAndAtOnce) {
  Mailbox mailbox(0);
  FakeDaemon daemon(answering(mailbox));
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  close(ends[0]);

  const Ran ran = run_chatctl(daemon.socket(), {"pull", "-f"}, "", ends[1]);

  EXPECT_EQ(ran.code, 141);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(daemon.requests("took").size(), 0U);
  close(ends[1]);
}

TEST(Pull, ItFailsWhenItsPlaceCannotBeMoved) {
  Mailbox mailbox(2);
  FakeDaemon daemon([&](FakeDaemon&, const control::Request& request) {
    if (request.verb == "took") {
      return FakeDaemon::Replies{refusal_to(request, ExitCode::failed, "the disk is full")};
    }
    return mailbox.answer(request);
  });

  const Ran ran = run_chatctl(daemon.socket(), {"pull", "--format", "%i"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "k3zq.1k3zq.2");
  EXPECT_THAT(ran.err, HasSubstr("the disk is full"));
}

TEST(Pull, ItEndsWithTheDaemonsWord) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{refusal_to(request, ExitCode::unknown, "no room is called ops")};
  });

  const Ran ran = run_chatctl(daemon.socket(), {"pull", "ops", "-f"});

  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.err, "chatctl: no room is called ops\n");
}

TEST(Pull, JsonIsALineAMessage) {
  Mailbox mailbox(1);
  FakeDaemon daemon(answering(mailbox));

  EXPECT_EQ(run_chatctl(daemon.socket(), {"pull", "--json"}).out,
            R"({"v":1,"id":"k3zq.1","kind":"chat","conversation":"ops","author":null,)"
            R"("from":"bob","seq":null,"time":null,"received":null,"text":"text 1",)"
            R"("late":false,"final":false})"
            "\n");
}

}  // namespace
}  // namespace p2pchat::ctl
