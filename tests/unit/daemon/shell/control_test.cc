#include "daemon/shell/control.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "daemon/shell/store/database.h"
#include "tests/unit/daemon/shell/control_fixture.h"

namespace p2pchat {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

control::Record to_bob(std::string text) {
  return control::Record().set("to", "bob").set("text", std::move(text));
}

class LocalControl : public ControlFixture {};

TEST_F(LocalControl, AnswersAQuestionOfOneRowAtItsEnd) {
  auto program = this->program();

  const auto id = answer(program, "id");
  EXPECT_TRUE(id.end);
  EXPECT_EQ(id.tag, 1U);
  EXPECT_EQ(id.row.text("id"), to_text(sample_peer(1)));
  EXPECT_EQ(answer(program, "status").row.text("version"), "x");
}

TEST_F(LocalControl, AnswersListsAsRowsAndAnEnd) {
  auto program = this->program();

  for (const char* verb : {"rooms", "peers", "doctor"}) {
    ask(program, 5, verb);
    const auto all = replies(program);
    ASSERT_GE(all.size(), 2U) << verb;
    EXPECT_FALSE(all.front().end);
    EXPECT_TRUE(all.back().end);
    EXPECT_EQ(all.back().code, ExitCode::done);
  }
}

TEST_F(LocalControl, NamesWhatTheLoopComplainsOf) {
  auto program = this->program();
  ask(program, 1, "doctor");

  const auto all = replies(program);

  EXPECT_EQ(all.at(all.size() - 2).row.text("problem"), "the sky falls");
}

TEST_F(LocalControl, AnswersMembersOfWhoeverIsKnown) {
  auto program = this->program();
  ask(program, 1, "members", control::Record().set("name", "bob"));

  EXPECT_EQ(replies(program).size(), 3U);
  EXPECT_EQ(answer(program, "members", control::Record().set("name", "eve")).code,
            ExitCode::unknown);
}

TEST_F(LocalControl, AnswersARoomThatIsMadeWithItsId) {
  auto program = this->program();

  const auto made = answer(program, "create",
                           control::Record().set("name", "garden").set("size", std::int64_t{8}));

  ASSERT_EQ(made.code, ExitCode::done) << made.error;
  EXPECT_EQ(made.row.text("name"), "garden");
  const auto snapshot = store_->load();
  ASSERT_TRUE(snapshot && snapshot->memberships.size() == 1);
  EXPECT_EQ(made.row.text("room"), to_text(snapshot->memberships[0].room.genesis.room));
}

TEST_F(LocalControl, AnswersWhatProvesARoom) {
  auto program = this->program();
  answer(program, "create", control::Record().set("name", "garden").set("size", std::int64_t{8}));
  ask(program, 1, "proof", control::Record().set("name", "garden"));

  const auto all = replies(program);

  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].row.text("kind"), "genesis");
  EXPECT_EQ(all[0].row.bytes("data"), store_->load()->memberships.at(0).room.genesis.raw);
  EXPECT_EQ(all[1].code, ExitCode::done);
  const auto unknown = answer(program, "proof", control::Record().set("name", "attic"));
  EXPECT_EQ(unknown.code, ExitCode::unknown);
}

TEST_F(LocalControl, AnswersThatNobodyWaitsForAVote) {
  auto program = this->program();
  ask(program, 1, "votes");

  EXPECT_EQ(replies(program).size(), 1U);
}

TEST_F(LocalControl, RefusesAWishThatMakesNoSense) {
  auto program = this->program();

  const auto refused = answer(program, "vote", control::Record().set("answer", "maybe"));

  EXPECT_EQ(refused.code, ExitCode::usage);
  EXPECT_EQ(refused.error, "a vote is yes, no or evict");
}

TEST_F(LocalControl, SendsTheRowsOfAnAnswerBeforeItsEnd) {
  auto program = this->program();
  ask(program, 5, "chat", control::Record().set("target", "host:7473"));
  ASSERT_TRUE(turn_until([&] { return visits_ == 1; }));
  const auto row = [](const char* name) { return control::Record().set("name", name); };

  control_.answer({{1}, ExitCode::partly, "one is away", row("end"), {row("a"), row("b")}});

  const auto all = replies(program);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].row.text("name"), "a");
  EXPECT_EQ(all[1].row.text("name"), "b");
  EXPECT_FALSE(all[1].end);
  EXPECT_EQ(all[2].tag, 5U);
  EXPECT_TRUE(all[2].end);
  EXPECT_EQ(all[2].code, ExitCode::partly);
  EXPECT_EQ(all[2].error, "one is away");
  EXPECT_EQ(all[2].row.text("name"), "end");
}

TEST_F(LocalControl, RefusesAVerbThatItDoesNotKnow) {
  auto program = this->program();

  const auto reply = answer(program, "dance");

  EXPECT_EQ(reply.code, ExitCode::usage);
  EXPECT_THAT(reply.error, HasSubstr("dance"));
}

TEST_F(LocalControl, CountsAndDropsWhatDoesNotDecode) {
  auto program = this->program();
  ASSERT_GE(zmq_send(program.handle(), "\xc1", 1, 0), 0);
  ASSERT_GE(zmq_send(program.handle(), "a", 1, ZMQ_SNDMORE), 0);
  ASSERT_GE(zmq_send(program.handle(), "b", 1, 0), 0);

  EXPECT_EQ(answer(program, "id").code, ExitCode::done);
  EXPECT_EQ(control_.undecodable(), 2U);
}

TEST_F(LocalControl, AnswersAPushWithItsIdOnceItIsStored) {
  auto program = this->program();

  const auto reply = answer(program, "push", to_bob("hello"));

  EXPECT_EQ(reply.code, ExitCode::done);
  EXPECT_NE(reply.row.text("id"), "");
  EXPECT_EQ(store_->load()->rooms.size(), 1U);
}

TEST_F(LocalControl, AnswersEachOfManyPushes) {
  auto program = this->program();
  for (std::uint64_t i = 0; i < 100; ++i) ask(program, i, "push", to_bob("hello"));

  for (std::uint64_t i = 0; i < 100; ++i) {
    const auto all = replies(program);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].tag, i);
    EXPECT_EQ(all[0].code, ExitCode::done);
  }
}

TEST_F(LocalControl, EndsWhatANodeThatFailedHadNotAnswered) {
  auto program = this->program();
  ASSERT_TRUE(store_->database().run("PRAGMA query_only = ON"));

  const auto reply = answer(program, "push", to_bob("hello"));

  EXPECT_EQ(reply.code, ExitCode::failed);
  EXPECT_THAT(reply.error, HasSubstr("p2pchat.db"));
}

TEST_F(LocalControl, PullsOnceWhatWasReportedAsTaken) {
  SampleFeed bob(2, room(2));
  store({bob.open(1), bob.say(2, {"one", "two"})});
  auto program = this->program();
  ask(program, 1, "pull");
  const auto first = replies(program);
  EXPECT_THAT(texts(first), ElementsAre("one", "two"));

  const std::vector<std::string> places{first.at(1).row.text("place")};
  EXPECT_EQ(answer(program, "took", control::Record().set("places", places)).code, ExitCode::done);

  ask(program, 1, "pull");
  EXPECT_TRUE(texts(replies(program)).empty());
  ask(program, 1, "pull", control::Record().set("reader", "other"));
  EXPECT_EQ(texts(replies(program)).size(), 2U);
}

TEST_F(LocalControl, MovesAReaderToAMessage) {
  SampleFeed bob(2, room(2));
  store({bob.open(1), bob.say(2, {"one", "two"})});
  auto program = this->program();
  const auto acked = [&](std::string id) {
    return answer(program, "ack", control::Record().set("id", std::move(id))).code;
  };

  EXPECT_EQ(acked(message_id(bob.tag(), {2})), ExitCode::done);
  EXPECT_EQ(acked("aaaaaaaaaaaaaaaa.1"), ExitCode::unknown);

  ask(program, 1, "pull");
  EXPECT_THAT(texts(replies(program)), ElementsAre("two"));
}

TEST_F(LocalControl, KnowsAReaderByItsUser) {
  SampleFeed bob(2, room(2));
  store({bob.open(1), bob.say(2, {"one"})});
  auto program = this->program();
  ask(program, 1, "pull");
  const std::vector<std::string> places{replies(program).at(0).row.text("place")};
  (void)answer(program, "took", control::Record().set("places", places));

  const auto readers = inbox_->readers();

  ASSERT_EQ(readers->size(), 1U);
  EXPECT_EQ(readers->at(0).reader, (Reader{getuid(), "default"}));
}

TEST_F(LocalControl, SendsAFollowerWhatIsPushedLater) {
  auto reader = program();
  auto writer = program();
  ask(reader, 3, "pull", control::Record().set("follow", true).set("mine", true));
  EXPECT_TRUE(replies(reader).back().row.flag("idle"));

  (void)answer(writer, "push", to_bob("hello"));

  EXPECT_THAT(texts(replies(reader)), ElementsAre("hello"));
}

TEST_F(LocalControl, ReadsTheLog) {
  SampleFeed bob(2, room(2));
  store({bob.open(1), bob.say(2, {"one", "two"})});
  auto program = this->program();
  ask(program, 1, "log", control::Record().set("name", "bob").set("last", std::int64_t{1}));

  EXPECT_THAT(texts(replies(program)), ElementsAre("two"));
}

TEST_F(LocalControl, HasABoundForStreams) {
  auto program = this->program();
  const auto peek = control::Record().set("follow", true).set("peek", true);
  for (std::uint64_t tag = 1; tag <= kControlStreamsMax; ++tag) ask(program, tag, "pull", peek);
  ASSERT_TRUE(turn_until([&] { return control_.streams() == kControlStreamsMax; }));

  ask(program, 1000, "pull", peek);

  control::Reply last;
  ASSERT_TRUE(turn_until([&] {
    for (zmq::message_t part; program.recv(part, zmq::recv_flags::dontwait);) {
      last = control::decode_reply(view(part)).value();
    }
    return last.end;
  }));
  EXPECT_EQ(last.tag, 1000U);
  EXPECT_EQ(last.code, ExitCode::limit);
}

TEST_F(LocalControl, TakesNoSecondStreamUnderATag) {
  auto program = this->program();
  ask(program, 1, "pull", control::Record().set("follow", true));
  (void)replies(program);

  ask(program, 1, "pull", control::Record().set("follow", true));

  EXPECT_TRUE(turn_until([&] { return control_.undecodable() == 1; }));
  EXPECT_EQ(control_.streams(), 1U);
}

TEST_F(LocalControl, ForgetsWhatACallerThatIsGoneHadAsked) {
  {
    auto program = this->program();
    ask(program, 1, "pull", control::Record().set("follow", true));
    (void)replies(program);
    ask(program, 2, "chat", control::Record().set("target", "192.0.2.1:1"));
    ASSERT_TRUE(turn_until([&] { return visits_ > 0; }));
  }

  EXPECT_TRUE(turn_until([&] {
    at_.steady = at_.steady + 6s;
    return dropped_ == 1 && control_.streams() == 0;
  }));
  EXPECT_EQ(control_.deadline(), TimePoint::never());
}

}  // namespace
}  // namespace p2pchat
