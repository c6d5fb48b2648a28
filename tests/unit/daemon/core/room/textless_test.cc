#include "daemon/core/room/textless.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <tuple>

#include "tests/unit/samples.h"

namespace p2pchat {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class TextlessTest : public testing::Test {
 protected:
  // From where to where, and who was asked.
  using Told = std::tuple<std::uint64_t, std::uint64_t, std::set<PeerId>>;

  std::vector<Told> told() const {
    std::vector<Told> all;
    for (const auto& [key, each] : textless_.all()) {
      all.emplace_back(each.first.value, each.last.value, each.asked);
    }
    return all;
  }

  FeedId feed_{sample_peer(4), {}};
  PeerId bob_ = sample_peer(2);
  Textless textless_;
};

TEST_F(TextlessTest, WhatFollowsIsOneStretch) {
  textless_.add(feed_, {2}, {3}, {30});
  textless_.add(feed_, {4}, {4}, {20});
  textless_.add(feed_, {6}, {6}, {40});

  EXPECT_THAT(told(), ElementsAre(Told{2, 4, {}}, Told{6, 6, {}}));
  const Textless::Stretch& first = textless_.all().begin()->second;
  EXPECT_EQ(first.lowest, Stamp{20});
  EXPECT_EQ(first.highest, Stamp{30});
}

TEST_F(TextlessTest, OfAnotherFeedNothingFollows) {
  textless_.add(feed_, {2}, {3}, {30});
  textless_.add({sample_peer(5), {}}, {4}, {4}, {20});

  EXPECT_THAT(told(), UnorderedElementsAre(Told{2, 3, {}}, Told{4, 4, {}}));
  EXPECT_FALSE(textless_.holds(feed_, {4}, {4}));
}

TEST_F(TextlessTest, HoldsABatchThatLiesInAStretch) {
  textless_.add(feed_, {2}, {5}, {30});

  EXPECT_TRUE(textless_.holds(feed_, {3}, {5}));
  EXPECT_FALSE(textless_.holds(feed_, {1}, {2}));
  EXPECT_FALSE(textless_.holds(feed_, {5}, {6}));
}

TEST_F(TextlessTest, WhatIsFoundIsTakenOutOfItsStretch) {
  textless_.add(feed_, {2}, {9}, {30});

  textless_.take_out(feed_, {4}, {5});
  EXPECT_THAT(told(), ElementsAre(Told{2, 3, {}}, Told{6, 9, {}}));
  textless_.take_out(feed_, {2}, {3});
  textless_.take_out(feed_, {6}, {9});
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(TextlessTest, WhoWasAskedInVainOfAPartMayHaveTheRest) {
  textless_.add(feed_, {2}, {9}, {30});

  textless_.note_asked(bob_, feed_, {2}, {4});

  EXPECT_THAT(told(), ElementsAre(Told{2, 4, {bob_}}, Told{5, 9, {}}));
  textless_.forget(bob_);
  EXPECT_THAT(told(), ElementsAre(Told{2, 4, {}}, Told{5, 9, {}}));
}

TEST_F(TextlessTest, WhatComesBehindWhatSomebodyWasAskedForIsAskedForAnew) {
  textless_.add(feed_, {2}, {3}, {30});
  textless_.note_asked(bob_, feed_, {2}, {3});

  textless_.add(feed_, {4}, {4}, {40});

  EXPECT_THAT(told(), ElementsAre(Told{2, 3, {bob_}}, Told{4, 4, {}}));
}

TEST_F(TextlessTest, WhatIsAddedTwiceIsThereOnce) {
  textless_.add(feed_, {2}, {3}, {30});
  textless_.add(feed_, {2}, {3}, {30});

  EXPECT_THAT(told(), ElementsAre(Told{2, 3, {}}));
}

TEST_F(TextlessTest, HoldsNoMoreThanItsBound) {
  const std::uint64_t count = 2 * Textless::kStretchesMax;
  for (std::uint64_t i = 0; i < count; ++i) textless_.add(feed_, {2 + 2 * i}, {2 + 2 * i}, {30});
  EXPECT_EQ(textless_.all().size(), Textless::kStretchesMax);

  textless_ = {};
  textless_.add(feed_, {2}, {10 * count}, {30});
  for (std::uint64_t i = 0; i < count; ++i) textless_.take_out(feed_, {3 + 2 * i}, {3 + 2 * i});
  EXPECT_LE(textless_.all().size(), Textless::kStretchesMax);
}

}  // namespace
}  // namespace p2pchat
