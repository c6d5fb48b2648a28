#include "ctl/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/arguments.h"
#include "proto/limits.h"

namespace p2pchat::ctl {
namespace {

using testing::HasSubstr;

template <class Kind>
Kind meant(std::vector<std::string> words) {
  const auto read = read_arguments(std::move(words), {});
  EXPECT_TRUE(read) << read.error().text;
  return read ? std::get<Kind>(std::get<Command>(*read).verb) : Kind();
}

std::string complaint(std::vector<std::string> words) {
  const auto read = read_arguments(std::move(words), {});
  EXPECT_FALSE(read);
  if (read) return {};
  EXPECT_EQ(read.error().code, ExitCode::usage);
  return read.error().text;
}

TEST(Words, OfAddMayNameAnAddressOrTakeItBack) {
  EXPECT_TRUE(meant<Query>({"add"}).values.fields().empty());
  EXPECT_EQ(meant<Query>({"add", "host.example:7473"}).values.text("address"), "host.example:7473");
  EXPECT_TRUE(meant<Query>({"add", "--rm"}).values.flag("rm"));
  EXPECT_THAT(complaint({"add", "host", "--rm"}), HasSubstr("--rm takes no address"));
  EXPECT_THAT(complaint({"add", "a b"}), HasSubstr("takes a host"));
  EXPECT_THAT(complaint({"add", "*"}), HasSubstr("takes a host"));
}

TEST(Words, OfCreateAreANameAndASize) {
  const Query query = meant<Query>({"create", "garden", "8"});
  EXPECT_EQ(query.verb, "create");
  EXPECT_EQ(query.values.text("name"), "garden");
  EXPECT_EQ(query.values.integer("size"), 8);
}

TEST(Words, OfCreateThatNoRoomCanHaveAreWrongUsage) {
  for (const char* size : {"0", "1", "257", "-3", "8x", "", "99999999999999999999"}) {
    EXPECT_THAT(complaint({"create", "garden", "--", size}), HasSubstr("2 to 256")) << size;
  }
  for (const char* name : {"", "a b", "a@b", "a:b", "a~b", "a/b", "host.example"}) {
    EXPECT_THAT(complaint({"create", name, "8"}), HasSubstr("a room's name")) << name;
  }
  EXPECT_THAT(complaint({"create", "garden"}), HasSubstr("SIZE"));
}

TEST(Words, OfJoin) {
  const Join bare = meant<Join>({"join", "garden@alice"});
  EXPECT_EQ(bare.room, "garden@alice");
  EXPECT_FALSE(bare.waits);
  const Join full =
      meant<Join>({"join", "garden", "--note", "it is me", "--wait", "--via", "host:7473"});
  EXPECT_EQ(full.note, "it is me");
  EXPECT_EQ(full.via, "host:7473");
  EXPECT_TRUE(full.waits);
}

TEST(Words, OfJoinThatMakeNoSenseAreWrongUsage) {
  const std::string most(kNoteBytesMax, 'x');

  EXPECT_EQ(meant<Join>({"join", "garden", "--note", most}).note, most);
  EXPECT_THAT(complaint({"join", "garden", "--note", most + "x"}), HasSubstr("256 bytes"));
  EXPECT_THAT(complaint({"join", "garden", "--note", "\xff"}), HasSubstr("--note"));
  EXPECT_THAT(complaint({"join", "garden", "--via", "a b"}), HasSubstr("--via takes a host"));
  EXPECT_THAT(complaint({"join", ""}), HasSubstr("names no room"));
}

TEST(Words, OfVote) {
  const Vote vote = meant<Vote>({"vote", "garden", "bob,carl", "evict", "--note", "why", "--yes"});

  EXPECT_EQ(vote.room, "garden");
  EXPECT_EQ(vote.who, "bob,carl");
  EXPECT_EQ(vote.answer, "evict");
  EXPECT_EQ(vote.note, "why");
  EXPECT_TRUE(vote.is_sure);
  EXPECT_FALSE(meant<Vote>({"vote", "garden", "bob", "no"}).is_sure);
  EXPECT_THAT(complaint({"vote", "garden", "bob", "perhaps"}), HasSubstr("yes, no or evict"));
  EXPECT_THAT(complaint({"vote", "garden", "bob"}), HasSubstr("ANSWER"));
  EXPECT_THAT(complaint({"vote", "garden", "", "yes"}), HasSubstr("names nobody"));
}

TEST(Words, OfMembersAskForAProof) {
  EXPECT_EQ(meant<Query>({"members", "garden"}).values.text("name"), "garden");
  const Prove prove = meant<Prove>({"members", "garden", "--proof", "--state", "/state"});
  EXPECT_EQ(prove.room, "garden");
  EXPECT_EQ(prove.state, "/state");
  EXPECT_THAT(complaint({"members", "garden", "--state", "/state"}), HasSubstr("--proof"));
}

TEST(Words, OfKeepAreAnAgeASizeOrBoth) {
  const control::Record both = meant<Query>({"keep", "garden", "30d", "500M"}).values;

  EXPECT_EQ(both.text("name"), "garden");
  EXPECT_EQ(both.integer("age_ms"), Duration(30 * 24h).count());
  EXPECT_EQ(both.integer("bytes"), 500 << 20);
  EXPECT_EQ(meant<Query>({"keep", "garden", "2G", "1h"}).values.integer("bytes"), 2LL << 30);
  EXPECT_EQ(meant<Query>({"keep", "garden", "1024K"}).values.integer("bytes"), 1 << 20);
  EXPECT_TRUE(meant<Query>({"keep", "garden", "all"}).values.flag("all"));
  EXPECT_EQ(meant<Query>({"keep", "garden"}).values.fields().size(), 1U);
}

TEST(Words, OfKeepThatMakeNoSenseAreWrongUsage) {
  for (const char* amount : {"0", "30", "M", "1.5G", "500m", "30D", "500 M", "9999999999G"}) {
    EXPECT_THAT(complaint({"keep", "garden", amount}), HasSubstr("30d")) << amount;
  }
  EXPECT_THAT(complaint({"keep", "garden", "0h"}), HasSubstr("may not have been read"));
  EXPECT_THAT(complaint({"keep", "garden", "1023K"}), HasSubstr("have no room"));
  EXPECT_THAT(complaint({"keep", "garden", "1d", "2d"}), HasSubstr("one AGE"));
  EXPECT_THAT(complaint({"keep", "garden", "1d", "all"}), HasSubstr("one AGE"));
  EXPECT_THAT(complaint({"keep", "garden", "all", "2M"}), HasSubstr("one AGE"));
  EXPECT_THAT(complaint({"keep", "garden", "1d", "1M", "1G"}), HasSubstr("keep"));
  EXPECT_THAT(complaint({"keep", ""}), HasSubstr("names no room"));
}

TEST(Words, OfGoingNameTheRoom) {
  EXPECT_FALSE(meant<Farewell>({"leave", "garden"}).closes);
  EXPECT_TRUE(meant<Farewell>({"delete", "garden"}).closes);
  EXPECT_TRUE(meant<Farewell>({"delete", "garden", "--yes"}).is_sure);
  EXPECT_THAT(complaint({"leave", ""}), HasSubstr("names no room"));
}

TEST(Words, OfWhatOtherHostsAnswerAllowThemTheirTime) {
  EXPECT_TRUE(meant<Query>({"list"}).is_far);
  EXPECT_TRUE(meant<Query>({"add"}).is_far);
  EXPECT_TRUE(meant<Query>({"create", "garden", "8"}).is_far);
  EXPECT_FALSE(meant<Query>({"votes"}).is_far);
}

}  // namespace
}  // namespace p2pchat::ctl
