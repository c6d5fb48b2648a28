#include "ctl/proof.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/growing_room.h"

namespace p2pchat::ctl {
namespace {

using fixture::kAnna;
using fixture::kBob;
using fixture::kCarl;
using fixture::kDora;
using testing::HasSubstr;
using testing::StartsWith;

using Objects = std::vector<Object>;

Objects objects_of(const GrowingRoom& room) {
  Objects objects{{Kind::genesis, room.genesis().raw}};
  for (const GrowingRoom::Step& step : room.steps()) {
    objects.push_back({Kind::value, step.value.raw});
    objects.push_back({Kind::certificate, step.certificate.encode()});
  }
  return objects;
}

// Anna lets Bob in, both let Carl in, then all let Dora in.
GrowingRoom garden() {
  GrowingRoom room;
  room.admit(kBob, "bob");
  room.admit(kCarl, "carl");
  room.admit(kDora, "dora");
  return room;
}

// All steps, or why the first that does not hold does not.
Result<std::vector<ProvedStep>> prove(const Objects& objects) {
  auto proof = Proof::begin(objects.front());
  if (!proof) return tl::unexpected(proof.error());
  std::vector<ProvedStep> steps;
  for (std::size_t at = 1; at < objects.size(); at += Proof::kObjectsOfAStep) {
    auto step = proof->take(std::span(objects).subspan(at));
    if (!step) return tl::unexpected(step.error());
    steps.push_back(std::move(*step));
  }
  return steps;
}
std::string complaint(const Objects& objects) {
  const auto proved = prove(objects);
  EXPECT_FALSE(proved);
  return proved ? "" : proved.error().text;
}
// The garden with the certificate of this height changed.
Objects with_certificate(std::uint64_t height, const std::function<void(Certificate&)>& change) {
  const GrowingRoom room = garden();
  Objects objects = objects_of(room);
  Certificate certificate = room.steps().at(height - 1).certificate;
  change(certificate);
  objects.at(2 * height).raw = certificate.encode();
  return objects;
}

TEST(Proof, BeginsWithWhoMadeTheRoom) {
  const auto proof = Proof::begin({Kind::genesis, fixture::genesis().raw});

  ASSERT_TRUE(proof);
  EXPECT_EQ(proof->genesis().creator, kAnna.id());
  EXPECT_EQ(proof->roster().members().size(), 1U);
}

TEST(Proof, SaysWhoCameWhenAndWhoSigned) {
  const auto steps = prove(objects_of(garden()));

  ASSERT_TRUE(steps) << steps.error().text;
  ASSERT_EQ(steps->size(), 3U);
  const ProvedStep& second = steps->at(1);
  EXPECT_EQ(second.height, 2U);
  EXPECT_EQ(second.round, Round{1});
  EXPECT_EQ(second.members, 3U);
  // Both pledges are of the second minute; the later one counts.
  EXPECT_EQ(second.time, (WallTime{1'767'225'600'000 + 121'000}));
  ASSERT_EQ(second.came.size(), 1U);
  EXPECT_EQ(second.came[0].id, kCarl.id());
  EXPECT_EQ(second.came[0].name, "carl");
  ASSERT_EQ(second.signers.size(), 2U);
  for (const ProvedPerson& each : second.signers) {
    EXPECT_EQ(each.name, each.id == kBob.id() ? "bob" : "");
  }
}

TEST(Proof, SaysWhoWentAndWhy) {
  GrowingRoom room = garden();
  room.evict(kBob);
  room.let_go(kCarl);

  const auto steps = prove(objects_of(room));

  ASSERT_TRUE(steps) << steps.error().text;
  ASSERT_EQ(steps->at(3).evicted.size(), 1U);
  EXPECT_EQ(steps->at(3).evicted[0].name, "bob");
  EXPECT_TRUE(steps->at(3).left.empty());
  ASSERT_EQ(steps->at(4).left.size(), 1U);
  EXPECT_EQ(steps->at(4).left[0].id, kCarl.id());
  EXPECT_EQ(steps->at(4).members, 2U);
}

TEST(Proof, FollowsSomebodyWhoComesBack) {
  GrowingRoom room = garden();
  room.let_go(kCarl);
  room.admit(kCarl, "carla");

  const auto steps = prove(objects_of(room));

  ASSERT_TRUE(steps) << steps.error().text;
  EXPECT_EQ(steps->back().came[0].name, "carla");
}

// --- What does not hold ---

TEST(Proof, NeedsAFounding) {
  EXPECT_EQ(complaint({{Kind::value, {}}}), "the founding of the room is missing");
}

TEST(Proof, FindsAFoundingThatWasChanged) {
  Objects objects = objects_of(garden());
  objects[0].raw.back() ^= 1U;

  EXPECT_THAT(complaint(objects), StartsWith("the founding of the room: "));
}

TEST(Proof, FindsAnotherRoomsFounding) {
  Objects objects = objects_of(garden());
  objects[0].raw = fixture::genesis(8, 7).raw;

  EXPECT_EQ(complaint(objects), "height 1: the value may not stand here: it does not follow");
}

TEST(Proof, FindsEveryByteOfAValueThatWasChanged) {
  const Objects whole = objects_of(garden());
  for (std::size_t at = 0; at < whole[3].raw.size(); ++at) {
    Objects objects = whole;
    objects[3].raw[at] ^= 1U;

    EXPECT_THAT(complaint(objects), StartsWith("height 2: ")) << at;
  }
}

TEST(Proof, FindsEveryByteOfACertificateThatWasChanged) {
  const Objects whole = objects_of(garden());
  for (std::size_t at = 0; at < whole[4].raw.size(); ++at) {
    Objects objects = whole;
    objects[4].raw[at] ^= 1U;

    EXPECT_THAT(complaint(objects), StartsWith("height 2: ")) << at;
  }
}

TEST(Proof, NamesTheMemberWhoseSignatureDoesNotHold) {
  const bool is_bob_first = kBob.id() < kAnna.id();

  const std::string text = complaint(with_certificate(
      2, [&](Certificate& it) { it.entries[is_bob_first ? 0 : 1].signature.bytes[5] ^= 1U; }));

  EXPECT_EQ(text,
            "height 2: the signature of a member does not hold: bob, id " + to_text(kBob.id()));
}

TEST(Proof, FindsSignaturesInAnothersPlace) {
  EXPECT_THAT(complaint(with_certificate(
                  2, [](Certificate& it) { std::swap(it.entries[0], it.entries[1]); })),
              HasSubstr("height 2: the signature of a member does not hold"));
}

TEST(Proof, FindsAMissingSignature) {
  EXPECT_EQ(complaint(with_certificate(3, [](Certificate& it) { it.entries.pop_back(); })),
            "height 3: the certificate has 2 signatures, and it takes those of 3");
}

TEST(Proof, FindsASignatureTooMany) {
  EXPECT_EQ(complaint(with_certificate(
                1, [](Certificate& it) { it.entries.push_back(it.entries.front()); })),
            "height 1: the certificate has 2 signatures, and it takes those of 1");
}

TEST(Proof, FindsAStampOrARoundThatWasChanged) {
  EXPECT_THAT(complaint(with_certificate(
                  1, [](Certificate& it) { it.entries[0].stamp = it.entries[0].stamp.next(); })),
              StartsWith("height 1: the signature of a member does not hold"));
  EXPECT_THAT(complaint(with_certificate(1, [](Certificate& it) { it.round = {2}; })),
              StartsWith("height 1: the signature of a member does not hold"));
}

TEST(Proof, FindsACertificateOfAnotherValue) {
  Objects objects = objects_of(garden());
  std::swap(objects[2], objects[4]);

  EXPECT_EQ(complaint(objects), "height 1: the certificate is of another value");
}

TEST(Proof, FindsAHeightThatIsLeftOut) {
  Objects objects = objects_of(garden());
  objects.erase(objects.begin() + 3, objects.begin() + 5);

  EXPECT_EQ(complaint(objects), "height 2: the value may not stand here: it does not follow");
}

TEST(Proof, FindsHeightsInAnotherOrder) {
  Objects objects = objects_of(garden());
  std::swap_ranges(objects.begin() + 1, objects.begin() + 3, objects.begin() + 3);

  EXPECT_EQ(complaint(objects), "height 1: the value may not stand here: it does not follow");
}

TEST(Proof, FindsAHeightThatComesTwice) {
  Objects objects = objects_of(garden());
  objects.push_back(objects[5]);
  objects.push_back(objects[6]);

  EXPECT_EQ(complaint(objects), "height 4: the value may not stand here: it does not follow");
}

TEST(Proof, FindsAValueWithoutItsCertificate) {
  Objects objects = objects_of(garden());
  objects.pop_back();

  EXPECT_EQ(complaint(objects), "height 3: its certificate is missing");
}

TEST(Proof, FindsACertificateWithoutItsValue) {
  Objects objects = objects_of(garden());
  objects.erase(objects.begin() + 3);

  EXPECT_EQ(complaint(objects), "height 2: its value is missing");
}

TEST(Proof, FindsSomebodyWhomOnlySomeHaveLetIn) {
  GrowingRoom room = garden();
  // Bob and Carl alone let Emil in, as though Anna and Dora had gone.
  const Identity emil = fixture::identity(5);
  Value value = room.next();
  value.knocks = {room.knock(emil, "emil")};
  value.seal();
  Certificate certificate;
  certificate.room = room.genesis().room;
  certificate.value = value.id;
  certificate.round = {1};
  for (const Identity& each : {kBob, kCarl}) {
    const Pledge pledge = room.pledge(value, {1}, room.seat(each), 300);
    certificate.entries.push_back({pledge.stamp, pledge.signature});
  }
  Objects objects = objects_of(room);
  objects.push_back({Kind::value, value.raw});
  objects.push_back({Kind::certificate, certificate.encode()});

  EXPECT_EQ(complaint(objects),
            "height 4: the certificate has 2 signatures, and it takes those of 4");
}

TEST(Proof, FindsAMinorityThatEvicts) {
  GrowingRoom room = garden();
  Value value = room.next();
  Eviction eviction{room.genesis().room, {room.seat(kBob), room.seat(kCarl)}};
  std::sort(eviction.seats.begin(), eviction.seats.end());
  value.evictions = {eviction};
  value.seal();
  Objects objects = objects_of(room);
  objects.push_back({Kind::value, value.raw});
  objects.push_back(objects[6]);

  EXPECT_EQ(complaint(objects), "height 4: the value may not stand here: too few stay");
}

TEST(Proof, StaysAsItWasAfterWhatDoesNotHold) {
  const Objects objects = objects_of(garden());
  auto proof = Proof::begin(objects[0]);

  EXPECT_FALSE(proof->take(std::span(objects).subspan(3)));
  EXPECT_FALSE(proof->take({}));

  EXPECT_EQ(proof->roster().height(), 0U);
  EXPECT_TRUE(proof->take(std::span(objects).subspan(1)));
}

}  // namespace
}  // namespace p2pchat::ctl
