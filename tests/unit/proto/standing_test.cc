#include "proto/standing.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using fixture::fault_of;
using fixture::filled;

Standing standing_of(State state, std::uint64_t voted = 7) {
  return {filled<RoomId>(1), filled<ChangeId>(2), state, voted};
}

TEST(Standing, OfAnyStateReadsAsItWasWritten) {
  for (auto state = static_cast<int>(State::waiting); state <= static_cast<int>(State::closed);
       ++state) {
    const Standing standing = standing_of(static_cast<State>(state));

    const auto read = Standing::decode(standing.encode());

    ASSERT_TRUE(read) << state;
    EXPECT_EQ(*read, standing);
  }
}

TEST(Standing, FitsItsLimit) {
  EXPECT_LE(standing_of(State::closed, kMembersMax).encode().size(), kStandingBytesMax);
}

TEST(Standing, OutOfItsBoundsIsMalformed) {
  const auto fault = [](const Standing& standing) {
    return fault_of(Standing::decode(standing.encode()));
  };

  EXPECT_EQ(fault(standing_of(State::waiting, kMembersMax)), std::nullopt);
  EXPECT_EQ(fault(standing_of(State::waiting, kMembersMax + 1)), Fault::malformed);
  EXPECT_EQ(fault(standing_of(static_cast<State>(6))), Fault::malformed);
}

TEST(Standing, MutantsAreRefusedOrReadAsWhatTheySay) {
  fixture::count_taken_mutants(standing_of(State::gone).encode(), [](const Bytes& mutant) {
    const auto read = Standing::decode(mutant);
    EXPECT_TRUE(!read || read->encode() == mutant);
    return read.has_value();
  });
}

}  // namespace
}  // namespace p2pchat
