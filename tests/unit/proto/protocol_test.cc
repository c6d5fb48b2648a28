// Protocol: the examples in proto/PROTOCOL.md are what the code makes.
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>

#include "tests/unit/proto/consent_fixtures.h"

namespace p2pchat {
namespace {

using fixture::hex;
using fixture::kAnna;
using fixture::kBob;

std::string document() {
  std::ifstream file(SOURCE_DIR "/proto/PROTOCOL.md");
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The lines of the block that begins with "```hex NAME", each without its comment.
std::vector<std::string> hex_block(const std::string& name) {
  std::istringstream text(document());
  std::vector<std::string> lines;
  bool is_within = false;
  for (std::string line; std::getline(text, line);) {
    if (is_within && line == "```") break;
    if (is_within) lines.push_back(line.substr(0, line.find(' ')));
    if (line == "```hex " + name) is_within = true;
  }
  return lines;
}

Batch example() {
  Batch batch = fixture::later_batch();
  batch.sign(kAnna);
  return batch;
}

TEST(Protocol, TheBatchOfTheExampleIsTheOneThatIsSigned) {
  std::string bytes;
  for (const std::string& line : hex_block("batch")) bytes += line;

  EXPECT_EQ(bytes, hex(example().raw));
}

TEST(Protocol, TheValuesOfTheExampleAreTheOnesThatAreComputed) {
  const Batch batch = example();
  Hasher hasher("p2pchat batch");
  hasher.add(batch.feed.author).add(batch.feed.incarnation).add(batch.value);
  hasher.add(std::uint64_t{2}).add(std::uint64_t{1}).add(batch.previous).add(batch.head);

  EXPECT_THAT(hex_block("values"),
              testing::ElementsAre(
                  hex(kAnna.id().view()), hex(kBob.id().view()), hex(kAnna.curve_public().view()),
                  hex(batch.room.view()), hex(batch.value.view()),
                  hex(feed_root(batch.room, batch.feed).view()), hex(batch.previous.view()),
                  hex(batch.head.view()), hex(hasher.finish().view())));
}

TEST(Protocol, TheIdsOfTheRoomAreTheOnesThatAreComputed) {
  const Roster roster(fixture::genesis());
  Value value = fixture::next_of(roster);
  value.knocks = {fixture::knock(kBob)};
  value.seal();
  const Seat bob{kBob.id(), value.knocks[0].id};
  const Eviction eviction{roster.room(), {bob}};
  const Seat anna = fixture::anna_seat();
  Hasher hasher("p2pchat pledge");
  hasher.add(anna.peer).add(anna.admission).add(std::uint64_t{1}).add(value.id);
  hasher.add(std::uint64_t{77});
  Hasher word("p2pchat decided");
  word.add(anna.peer).add(anna.admission).add(std::uint64_t{1}).add(value.id);

  EXPECT_THAT(
      hex_block("consent"),
      testing::ElementsAre(hex(roster.room().view()), hex(genesis_value(roster.room()).view()),
                           hex(anna.admission.view()), hex(bob.admission.view()),
                           hex(value.id.view()), hex(eviction.id().view()),
                           hex(hasher.finish().view()), hex(word.finish().view())));
}

TEST(Protocol, TheTextsOfTheExampleAreTheOnesThatAreWritten) {
  const Batch batch = example();

  EXPECT_THAT(document(), testing::HasSubstr("`" + to_text(kAnna.id()) + "`"));
  EXPECT_THAT(document(), testing::HasSubstr("`" + fingerprint(kAnna.id()) + "`"));
  EXPECT_THAT(document(),
              testing::HasSubstr("`" + message_id(feed_tag(batch.room, batch.feed), {2}) + "`"));
}

}  // namespace
}  // namespace p2pchat
