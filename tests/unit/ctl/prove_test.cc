#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "ctl/json.h"
#include "proto/base32.h"
#include "tests/unit/ctl/fake_daemon.h"
#include "tests/unit/ctl/runner.h"
#include "tests/unit/growing_room.h"

namespace p2pchat::ctl {
namespace {

using control::Record;
using fixture::kAnna;
using fixture::kBob;
using fixture::kCarl;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kNoDaemon = "/nonexistent/p2pchatd.sock";

GrowingRoom garden() {
  GrowingRoom room;
  room.admit(kBob, "bob");
  room.admit(kCarl, "carl");
  room.let_go(kCarl);
  return room;
}

std::vector<std::pair<std::string, Bytes>> rows_of(const GrowingRoom& room) {
  std::vector<std::pair<std::string, Bytes>> rows{{"genesis", room.genesis().raw}};
  for (const GrowingRoom::Step& step : room.steps()) {
    rows.emplace_back("value", step.value.raw);
    rows.emplace_back("certificate", step.certificate.encode());
  }
  return rows;
}

// A daemon that has these rows.
FakeDaemon::Answer proving(const std::vector<std::pair<std::string, Bytes>>& rows) {
  return [rows](FakeDaemon&, const control::Request& request) {
    FakeDaemon::Replies replies;
    for (const auto& [kind, data] : rows) {
      replies.push_back(row_of(request, Record().set("kind", kind).set("data", data)));
    }
    replies.push_back(end_of(request));
    return replies;
  };
}

class ProveTest : public testing::Test {
 protected:
  ProveTest() : path_before_(getenv("PATH")) {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  ~ProveTest() override { setenv("PATH", path_before_.c_str(), 1); }

  // A p2pchatd in PATH that runs this script.
  void install(const std::string& script) {
    const auto file = folder_.path() / "p2pchatd";
    std::ofstream(file) << "#!/bin/sh\n" << script;
    chmod(file.c_str(), 0755);
    setenv("PATH", (folder_.path().string() + ":" + path_before_).c_str(), 1);
  }
  // One that prints these rows, and keeps what it was told.
  void install(const std::vector<std::pair<std::string, Bytes>>& rows) {
    std::string script = "echo \"$@\" > " + told_.string() + "\n";
    for (const auto& [kind, data] : rows) script += "echo " + kind + " " + base64(data) + "\n";
    install(script);
  }
  std::string told() const {
    std::ifstream in(told_);
    std::string line;
    std::getline(in, line);
    return line;
  }

  TemporaryFolder folder_;
  std::filesystem::path told_ = folder_.path() / "told";
  std::string path_before_;
};

TEST_F(ProveTest, TellsOfEachHeightWhoCameOrWentAndWhoSigned) {
  const GrowingRoom room = garden();
  FakeDaemon daemon(proving(rows_of(room)));

  const Ran ran = run_chatctl(daemon.socket(), {"members", "garden", "--proof"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.err, "");
  EXPECT_EQ(daemon.requests("proof").at(0).values.text("name"), "garden");
  EXPECT_THAT(ran.out, StartsWith("height 0: garden was made\n  room         " +
                                  to_text(room.genesis().room) + "\n  creator      " +
                                  to_text(kAnna.id()) + "\n"));
  EXPECT_THAT(
      ran.out,
      HasSubstr("\nheight 1: 2026-01-01 00:01:00, value " +
                base32(room.steps()[0].value.id.view()).substr(0, 8) + "\n  came         bob " +
                to_text(kBob.id()) + "\n  fingerprint  " + fingerprint(kBob.id()) +
                "\n  signed by    id " + short_text(kAnna.id()) + ", in round 1\n"));
  EXPECT_THAT(ran.out, HasSubstr("\n  left         carl " + to_text(kCarl.id()) + "\n"));
  EXPECT_THAT(ran.out, EndsWith("\nproved: 3 heights, 2 members\n"));
}

TEST_F(ProveTest, PrintsOneObjectForEachHeight) {
  const GrowingRoom room = garden();
  FakeDaemon daemon(proving(rows_of(room)));

  const Ran ran = run_chatctl(daemon.socket(), {"members", "garden", "--proof", "--json"});

  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 4);
  EXPECT_THAT(ran.out, StartsWith(R"({"v":1,"height":0,"room":")" + to_text(room.genesis().room) +
                                  R"(","name":"garden","creator":")" + to_text(kAnna.id())));
  EXPECT_THAT(ran.out,
              HasSubstr(R"("time":"2026-01-01T00:01:00.000Z","round":1,"came":[")" +
                        to_text(kBob.id()) + R"("],"came_names":["bob"],"came_fingerprints":[")" +
                        fingerprint(kBob.id()) + R"("],"evicted":[],"left":[],"signed_by":[")" +
                        to_text(kAnna.id()) + R"("],"members":2})"));
}

TEST_F(ProveTest, EndsWithOneAtThePlaceThatDoesNotHold) {
  auto rows = rows_of(garden());
  rows[4].second.back() ^= 1U;
  FakeDaemon daemon(proving(rows));

  const Ran ran = run_chatctl(daemon.socket(), {"members", "garden", "--proof"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("height 1:"), testing::Not(HasSubstr("height 2:")),
                             testing::Not(HasSubstr("proved"))));
  EXPECT_THAT(ran.err, StartsWith("chatctl: not proved: height 2: "));
}

TEST_F(ProveTest, DoesNotTakeAnotherRoomForTheOneWhoseIdWasGiven) {
  FakeDaemon daemon(proving(rows_of(garden())));
  const std::string other = to_text(fixture::other_room());

  const Ran ran = run_chatctl(daemon.socket(), {"members", other, "--proof"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("what came is of another room"));
}

TEST_F(ProveTest, CleansNamesOfPeopleAndRooms) {
  GrowingRoom room;
  room.admit(kBob, "b b");
  FakeDaemon daemon(proving(rows_of(room)));

  EXPECT_THAT(run_chatctl(daemon.socket(), {"members", "garden", "--proof"}).out,
              HasSubstr("came         b b "));
}

TEST_F(ProveTest, OfARoomThatNobodyKnowsIsFour) {
  FakeDaemon daemon([](FakeDaemon&, const control::Request& request) {
    return FakeDaemon::Replies{refusal_to(request, ExitCode::unknown, "no room is called attic")};
  });

  const Ran ran = run_chatctl(daemon.socket(), {"members", "attic", "--proof"});

  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.err, "chatctl: no room is called attic\n");
}

TEST_F(ProveTest, OfNothingIsNone) {
  FakeDaemon daemon(proving({}));

  const Ran ran = run_chatctl(daemon.socket(), {"members", "garden", "--proof"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("the founding of the room is missing"));
}

// --- Without a daemon ---

TEST_F(ProveTest, ReadsTheStoreWhenThereIsNoDaemon) {
  install(rows_of(garden()));

  const Ran ran =
      run_chatctl(kNoDaemon, {"members", "garden", "--proof", "--state", "/some where"});

  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(told(), "--proof=garden --state=/some where");
  EXPECT_THAT(ran.out, EndsWith("\nproved: 3 heights, 2 members\n"));
  EXPECT_THAT(ran.err, HasSubstr("the store is read instead"));
}

TEST_F(ProveTest, LeavesTheFolderToP2pchatdIfNoneIsGiven) {
  install(rows_of(garden()));

  run_chatctl(kNoDaemon, {"members", "garden", "--proof"});

  EXPECT_EQ(told(), "--proof=garden");
}

TEST_F(ProveTest, ChecksWhatTheStoreHolds) {
  auto rows = rows_of(garden());
  rows[1].second.back() ^= 1U;
  install(rows);

  const Ran ran = run_chatctl(kNoDaemon, {"members", "garden", "--proof", "-q"});

  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, StartsWith("chatctl: not proved: height 1: "));
}

TEST_F(ProveTest, EndsAsP2pchatdEnds) {
  install("exit 4\n");

  const Ran ran = run_chatctl(kNoDaemon, {"members", "attic", "--proof", "-q"});

  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.err, "chatctl: p2pchatd --proof found no proof\n");
}

TEST_F(ProveTest, RefusesWhatIsNoProof) {
  for (const char* script : {"echo hello\n", "echo value\n", "echo value '%%%'\n",
                             "echo tree AAAA\n", "head -c 300000 /dev/zero\n"}) {
    install(script);

    const Ran ran = run_chatctl(kNoDaemon, {"members", "garden", "--proof", "-q"});

    EXPECT_EQ(ran.code, 1) << script;
    EXPECT_THAT(ran.err, HasSubstr("p2pchatd --proof printed a line")) << script;
  }
}

TEST_F(ProveTest, SaysWhatIsMissingWithoutDaemonAndProgram) {
  setenv("PATH", "/nonexistent", 1);

  const Ran ran = run_chatctl(kNoDaemon, {"members", "garden", "--proof", "-q"});

  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.err, HasSubstr("put p2pchatd into PATH or beside chatctl"));
}

}  // namespace
}  // namespace p2pchat::ctl
