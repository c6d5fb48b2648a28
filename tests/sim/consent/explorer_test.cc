// The settings that every run explores. P2PCHAT_STATES=N lifts those that are cut off to N states,
// 0 to all there are.
#include "tests/sim/consent/explorer.h"

#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <iostream>

namespace p2pchat::sim {
namespace {

void explore_and_check(Setting setting) {
  const char* states = std::getenv("P2PCHAT_STATES");
  if (states != nullptr && setting.states_max > 0) setting.states_max = std::stoull(states);
  const auto begin = std::chrono::steady_clock::now();
  const Explored found = explore(setting);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::cout << found.states << (found.is_complete ? " states, all" : " states, cut off there")
            << "; " << found.decided << " decided, " << found.admitted << " admitted, "
            << found.forks << " forks, " << found.rollbacks << " rollbacks, " << found.intruders
            << " intruders, " << found.phantoms << " phantoms, " << found.stuck << " stuck; "
            << seconds.count() << " s\n";
  EXPECT_EQ(found.forks, 0U) << found.first_trouble;
  EXPECT_EQ(found.rollbacks, 0U) << found.first_trouble;
  EXPECT_EQ(found.intruders, 0U) << found.first_trouble;
  EXPECT_EQ(found.phantoms, 0U) << found.first_trouble;
  EXPECT_EQ(found.stuck, 0U) << found.first_trouble;
  EXPECT_GT(found.decided, 0U);
  EXPECT_TRUE(found.is_complete || setting.states_max > 0);
}

TEST(ConsentExplorer, OneComesInTwoRounds) {
  Setting setting;
  setting.candidates = 1;
  setting.rounds = 2;
  setting.states_max = 6000;
  explore_and_check(setting);
}

TEST(ConsentExplorer, OneComesInThreeRounds) {
  Setting setting;
  setting.candidates = 1;
  setting.rounds = 3;
  setting.heals = true;
  setting.states_max = 700;
  explore_and_check(setting);
}

TEST(ConsentExplorer, NobodyComesAndTheLiarIsVotedOut) {
  Setting setting;
  setting.candidates = 0;
  setting.rounds = 3;
  setting.heights = 2;
  setting.evicts = true;
  setting.heals = true;
  setting.states_max = 1500;
  explore_and_check(setting);
}

TEST(ConsentExplorer, OneComesAndTheLiarShowsItsVoteToOneOnly) {
  Setting setting;
  setting.candidates = 1;
  setting.rounds = 2;
  setting.heights = 2;
  setting.withholds_votes = true;
  setting.heals = true;
  setting.states_max = 1000;
  explore_and_check(setting);
}

TEST(ConsentExplorer, TwoComeAndTheLiarShowsEachVoteToOneOnly) {
  Setting setting;
  setting.rounds = 2;
  setting.withholds_votes = true;
  setting.states_max = 8000;
  explore_and_check(setting);
}

TEST(ConsentExplorer, TwoComeOneAfterTheOther) {
  Setting setting;
  setting.rounds = 3;
  setting.heights = 2;
  setting.withholds_votes = true;
  setting.heals = true;
  setting.states_max = 1000;
  explore_and_check(setting);
}

TEST(ConsentExplorer, OneComesWhileTheLiarIsVotedOut) {
  Setting setting;
  setting.candidates = 1;
  setting.rounds = 3;
  setting.heights = 2;
  setting.evicts = true;
  setting.heals = true;
  setting.states_max = 1000;
  explore_and_check(setting);
}

TEST(ConsentExplorer, OneComesWhomOneMemberDoesNotWant) {
  Setting setting;
  setting.candidates = 2;
  setting.rounds = 2;
  setting.has_unwanted = true;
  setting.states_max = 5000;
  explore_and_check(setting);
}

TEST(ConsentExplorer, OneComesIntoARoomWhereAllAreNew) {
  Setting setting;
  setting.candidates = 1;
  setting.rounds = 2;
  setting.are_new = true;
  setting.heals = true;
  setting.states_max = 600;
  explore_and_check(setting);
}

TEST(ConsentExplorer, OneComesByCertificates) {
  Setting setting;
  setting.candidates = 1;
  setting.rounds = 2;
  setting.heights = 2;
  setting.has_certificates = true;
  setting.heals = true;
  setting.states_max = 500;
  explore_and_check(setting);
}

TEST(ConsentExplorer, OneComesAmongThreeHonestMembers) {
  Setting setting;
  setting.honest = 3;
  setting.candidates = 1;
  setting.rounds = 2;
  setting.heals = true;
  setting.states_max = 1000;
  explore_and_check(setting);
}

}  // namespace
}  // namespace p2pchat::sim
