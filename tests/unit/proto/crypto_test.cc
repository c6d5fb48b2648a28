#include "proto/crypto.h"

#include <gtest/gtest.h>
#include <sodium.h>

#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using fixture::filled;
using fixture::kAnna;
using fixture::kBob;

const RoomId kRoom = filled<RoomId>(1);
const Hash kWhat = filled<Hash>(2);

Bytes blake2b(const Bytes& message) {
  Bytes hash(32);
  crypto_generichash(hash.data(), hash.size(), message.data(), message.size(), nullptr, 0);
  return hash;
}

TEST(Hasher, HashesDomainSuiteAndPartsEachWithItsLengthInLittleEndian) {
  Bytes message = {6, 0, 0, 0, 0, 0, 0, 0, 'd', 'o', 'm', 'a', 'i', 'n'};
  const Bytes suite = {1, 0, 0, 0, 0, 0, 0, 0};
  const Bytes part = {2, 0, 0, 0, 0, 0, 0, 0, 'a', 'b'};
  const Bytes whole = {8, 7, 6, 5, 4, 3, 2, 1};
  for (const Bytes* each : {&suite, &part, &whole}) {
    message.insert(message.end(), each->begin(), each->end());
  }

  const Hash hash = Hasher("domain").add(view("ab")).add(0x0102030405060708).finish();

  EXPECT_EQ(to_bytes(hash.view()), blake2b(message));
}

TEST(Hasher, TellsListsOfPartsApartThatReadAlike) {
  const auto hash = [](std::string_view domain, std::vector<std::string_view> parts) {
    Hasher hasher(domain);
    for (const std::string_view part : parts) hasher.add(view(part));
    return hasher.finish();
  };

  EXPECT_NE(hash("d", {"ab", "c"}), hash("d", {"a", "bc"}));
  EXPECT_NE(hash("d", {"ab"}), hash("d", {"ab", ""}));
  EXPECT_NE(hash("d", {"ab"}), hash("e", {"ab"}));
}

TEST(Identity, SignsThePrefixThePurposeTheSuiteTheRoomAndTheHash) {
  Bytes message = to_bytes("p2pchat");
  message.push_back(4);
  message.push_back(1);
  message.resize(message.size() + 32, 1);
  message.resize(message.size() + 32, 2);

  const Signature signature = kAnna.sign(Purpose::batch, kRoom, kWhat);

  EXPECT_EQ(crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                        kAnna.id().bytes.data()),
            0);
}

TEST(Identity, ASignatureHoldsForNothingButWhatWasSigned) {
  const Signature signature = kAnna.sign(Purpose::beat, kRoom, kWhat);

  EXPECT_TRUE(verify(kAnna.id(), Purpose::beat, kRoom, kWhat, signature));
  EXPECT_FALSE(verify(kBob.id(), Purpose::beat, kRoom, kWhat, signature));
  EXPECT_FALSE(verify(kAnna.id(), Purpose::batch, kRoom, kWhat, signature));
  EXPECT_FALSE(verify(kAnna.id(), Purpose::beat, filled<RoomId>(3), kWhat, signature));
  EXPECT_FALSE(verify(kAnna.id(), Purpose::beat, kRoom, filled<Hash>(3), signature));
  EXPECT_FALSE(verify(kAnna.id(), Purpose::beat, kRoom, kWhat, Signature{}));
}

TEST(Identity, TheSameSeedMakesTheSameIdentity) {
  EXPECT_EQ(fixture::identity(9).id(), fixture::identity(9).id());
  EXPECT_NE(fixture::identity(9).id(), fixture::identity(8).id());
}

TEST(Identity, CurveKeysOfBothHalvesBelongTogether) {
  CurveKey computed;
  crypto_scalarmult_base(computed.bytes.data(), kAnna.curve_secret().bytes.data());

  EXPECT_EQ(kAnna.curve_public(), computed);
  EXPECT_EQ(curve_key(kAnna.id()), computed);
}

TEST(CurveKey, AnIdThatIsNoKeyHasNone) {
  EXPECT_FALSE(curve_key(PeerId{}));
  EXPECT_FALSE(curve_key(filled<PeerId>(0xff)));
  PeerId neutral;
  neutral.bytes[0] = 1;
  EXPECT_FALSE(curve_key(neutral));
}

TEST(PeerIdText, Has52CharactersAndReadsBack) {
  const std::string text = to_text(kAnna.id());

  EXPECT_EQ(text.size(), 52U);
  EXPECT_EQ(peer_id(text), kAnna.id());
  EXPECT_EQ(short_text(kAnna.id()), text.substr(0, 8));
}

TEST(PeerIdText, NothingElseReadsAsAnId) {
  const std::string text = to_text(kAnna.id());

  EXPECT_FALSE(peer_id(""));
  EXPECT_FALSE(peer_id(text.substr(1)));
  EXPECT_FALSE(peer_id(text + "a"));
  EXPECT_FALSE(peer_id(text.substr(0, 51) + "1"));
}

TEST(Fingerprint, IsEightGroupsOfFourCharacters) {
  const std::string text = fingerprint(kAnna.id());

  EXPECT_EQ(text.size(), 39U);
  for (std::size_t at = 4; at < text.size(); at += 5) EXPECT_EQ(text[at], ' ');
  EXPECT_NE(text, fingerprint(kBob.id()));
}

TEST(Seal, OpensOnlyUnderTheSameKeyCountAndTopic) {
  const auto key = filled<RoomKey>(1);
  const auto topic = filled<Topic>(2);
  const Bytes sealed = seal(key, {7}, topic, view("secret"));

  EXPECT_EQ(open(key, {7}, topic, sealed), to_bytes("secret"));
  EXPECT_FALSE(open(filled<RoomKey>(2), {7}, topic, sealed));
  EXPECT_FALSE(open(key, {8}, topic, sealed));
  EXPECT_FALSE(open(key, {7}, filled<Topic>(3), sealed));
}

TEST(Seal, NothingThatWasChangedOpens) {
  const auto key = filled<RoomKey>(1);
  const auto topic = filled<Topic>(2);
  const Bytes sealed = seal(key, {7}, topic, {});

  EXPECT_EQ(open(key, {7}, topic, sealed), Bytes());
  EXPECT_EQ(
      fixture::count_taken_mutants(
          sealed, [&](const Bytes& bytes) { return open(key, {7}, topic, bytes).has_value(); }),
      0U);
}

TEST(Seal, TheNonceIsTheCountInLittleEndianAndZeros) {
  const auto key = filled<RoomKey>(1);
  const auto topic = filled<Topic>(2);
  std::array<std::uint8_t, 24> nonce{0x02, 0x01};
  const Bytes plain = to_bytes("secret");
  Bytes expected(plain.size() + 16);
  crypto_aead_xchacha20poly1305_ietf_encrypt(expected.data(), nullptr, plain.data(), plain.size(),
                                             topic.bytes.data(), 16, nullptr, nonce.data(),
                                             key.bytes.data());

  EXPECT_EQ(seal(key, {0x0102}, topic, plain), expected);
}

}  // namespace
}  // namespace p2pchat
