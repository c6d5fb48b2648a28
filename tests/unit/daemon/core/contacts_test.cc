#include "daemon/core/contacts.h"

#include <gtest/gtest.h>

#include "tests/unit/samples.h"

namespace p2pchat {
namespace {

Contact* add(Contacts& contacts, std::uint8_t who, const std::string& name) {
  const Card card = sample_card(who, name);
  return contacts.find_or_add(card.id, &card);
}

TEST(Contacts, APlainClaimedNameIsListedAsItIs) {
  Contacts contacts({});

  EXPECT_EQ(add(contacts, 2, "bob")->name, "bob");
}

TEST(Contacts, ANameThatIsTakenCarriesTheBeginningOfTheId) {
  Contacts contacts({});
  add(contacts, 2, "bob");

  EXPECT_EQ(add(contacts, 3, "bob")->name, "bob~" + to_text(sample_peer(3)).substr(0, 4));
}

TEST(Contacts, AClaimThatReadsLikeAnAddressIsMarked) {
  Contacts contacts({});

  EXPECT_EQ(add(contacts, 2, "host:7473")->name,
            "host_7473~" + to_text(sample_peer(2)).substr(0, 4));
}

TEST(Contacts, NobodyIsListedUnderTheBeginningOfAnothersId) {
  Contacts contacts({});
  add(contacts, 2, "bob");
  const std::string borrowed = short_text(sample_peer(2));

  EXPECT_NE(add(contacts, 3, borrowed)->name, borrowed);
}

TEST(Contacts, APeerWithoutANameIsListedByItsId) {
  Contacts contacts({});

  EXPECT_EQ(add(contacts, 2, "")->name, "~" + short_text(sample_peer(2)));
}

TEST(Contacts, APrefixOfEightCharactersFindsWhomItFits) {
  Contacts contacts({});
  add(contacts, 2, "bob");

  EXPECT_EQ(contacts.resolve(short_text(sample_peer(2))), sample_peer(2));
  EXPECT_EQ(contacts.resolve(to_text(sample_peer(2))), sample_peer(2));
  EXPECT_EQ(contacts.resolve("peer:bob"), sample_peer(2));
}

TEST(Contacts, AShorterPrefixFindsNobody) {
  Contacts contacts({});
  add(contacts, 2, "bob");

  const auto found = contacts.resolve(to_text(sample_peer(2)).substr(0, 7));

  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().fault, Fault::unknown);
}

TEST(Contacts, AnAliasIsKeptWhenTheCardClaimsAnotherName) {
  Contacts contacts({});
  Contact* bob = add(contacts, 2, "bob");

  ASSERT_TRUE(contacts.rename(*bob, "robert"));
  ASSERT_TRUE(contacts.update_card(*bob, sample_card(2, "bobby", 2)));

  EXPECT_EQ(bob->name, "robert");
}

TEST(Contacts, AListedNameStaysWhateverTheCardClaimsLater) {
  Contacts contacts({});
  Contact* bob = add(contacts, 2, "bob");

  ASSERT_TRUE(contacts.update_card(*bob, sample_card(2, "carol", 2)));

  EXPECT_EQ(bob->name, "bob");
  EXPECT_FALSE(contacts.resolve("carol"));
}

TEST(Contacts, AnAliasThatIsTakenIsRefused) {
  Contacts contacts({});
  add(contacts, 2, "bob");

  const auto renamed = contacts.rename(*add(contacts, 3, "carol"), "bob");

  ASSERT_FALSE(renamed);
  EXPECT_EQ(renamed.error().fault, Fault::usage);
}

TEST(Contacts, AnOlderCardChangesNothing) {
  Contacts contacts({});
  Contact* bob = add(contacts, 2, "bob");
  ASSERT_TRUE(contacts.update_card(*bob, sample_card(2, "bob", 5)));

  EXPECT_FALSE(contacts.update_card(*bob, sample_card(2, "old", 4)));

  EXPECT_EQ(bob->card->counter, Counter{5});
}

TEST(Contacts, ADoorIsPinnedToOneContactOnly) {
  Contacts contacts({});
  Contact* bob = add(contacts, 2, "bob");
  Contact* carol = add(contacts, 3, "carol");
  const Address door{"127.0.0.1", 7473};

  contacts.pin(*bob, door);
  contacts.pin(*carol, door);

  EXPECT_EQ(contacts.pinned_at(door)->id, carol->id);
  EXPECT_TRUE(bob->pins.empty());
}

TEST(Contacts, LoopbackPlacesCountOnlyForAPeerThatIsNear) {
  Contacts contacts({});
  Contact* bob = add(contacts, 2, "bob");

  EXPECT_TRUE(bob->places().empty());
  bob->is_near = true;

  EXPECT_EQ(bob->places().size(), 1U);
}

}  // namespace
}  // namespace p2pchat
