#include "daemon/shell/places.h"

#include <gmock/gmock.h>

#include "proto/limits.h"

namespace p2pchat {
namespace {

using ::testing::ElementsAre;

const std::vector<std::string> kInterfaces{"192.0.2.1", "2001:db8::1"};

TEST(Places, NameTheHostThatIsListenedOn) {
  const Place bound{"127.0.0.1", 1, 2, 3};

  EXPECT_THAT(card_places(std::nullopt, bound, kInterfaces), ElementsAre(bound));
}

TEST(Places, OfAWildcardAreTheInterfaces) {
  for (const char* host : {"*", "0.0.0.0", "::"}) {
    EXPECT_THAT(card_places(std::nullopt, {host, 1, 2, 3}, kInterfaces),
                ElementsAre(Place{"192.0.2.1", 1, 2, 3}, Place{"2001:db8::1", 1, 2, 3}));
  }
}

TEST(Places, AreNoMoreThanACardHolds) {
  const std::vector<std::string> many(9, "192.0.2.1");

  EXPECT_EQ(card_places(std::nullopt, {"*", 1, 2, 3}, many).size(), kCardAddressesMax);
}

TEST(Places, ThatAreAdvertisedStandAlone) {
  const Place bound{"*", 10, 20, 30};

  EXPECT_THAT(card_places(Address{"door.example.org", 0}, bound, kInterfaces),
              ElementsAre(Place{"door.example.org", 10, 20, 30}));
  EXPECT_THAT(card_places(Address{"door.example.org", 10}, bound, kInterfaces),
              ElementsAre(Place{"door.example.org", 10, 20, 30}));
}

TEST(Places, AdvertisedAtAnotherPortAreThreeInARow) {
  EXPECT_THAT(card_places(Address{"192.0.2.9", 500}, {"10.0.0.1", 10, 20, 30}, kInterfaces),
              ElementsAre(Place{"192.0.2.9", 500, 501, 502}));
}

TEST(Places, OfInterfacesMeanTheSameOnEveryHost) {
  for (const std::string& host : interface_hosts()) EXPECT_FALSE(is_local_only(host)) << host;
}

}  // namespace
}  // namespace p2pchat
