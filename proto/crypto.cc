#include "proto/crypto.h"

#include <sodium.h>
#include <string_view>

#include "proto/base32.h"
#include "proto/check.h"

namespace p2pchat {

namespace {

constexpr std::string_view kSignedPrefix = "p2pchat";
constexpr std::size_t kShownCharacters = 8;
constexpr std::size_t kFingerprintBytes = 20;
constexpr std::size_t kFingerprintGroup = 4;

static_assert(crypto_sign_PUBLICKEYBYTES == PeerId::kSize);
static_assert(crypto_sign_SECRETKEYBYTES == 64);
static_assert(crypto_sign_BYTES == Signature::kSize);
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == RoomKey::kSize);

std::array<std::uint8_t, 8> little_endian(std::uint64_t whole) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(whole & 0xffU);
    whole >>= 8U;
  }
  return bytes;
}

// What Ed25519 signs: fixed places, so nothing can be read in two ways.
Bytes signed_message(Purpose purpose, const RoomId& room, const Hash& what) {
  Bytes message = to_bytes(kSignedPrefix);
  message.push_back(static_cast<std::uint8_t>(purpose));
  message.push_back(kSuite);
  message.insert(message.end(), room.bytes.begin(), room.bytes.end());
  message.insert(message.end(), what.bytes.begin(), what.bytes.end());
  return message;
}

using Nonce = std::array<std::uint8_t, crypto_aead_xchacha20poly1305_ietf_NPUBBYTES>;

Nonce nonce_of(Counter count) {
  Nonce nonce{};
  const auto bytes = little_endian(count.value);
  std::copy(bytes.begin(), bytes.end(), nonce.begin());
  return nonce;
}

crypto_generichash_state* hash_state(std::array<std::uint8_t, 384>& bytes) {
  static_assert(sizeof(crypto_generichash_state) <= 384);
  static_assert(alignof(crypto_generichash_state) <= 64);
  return reinterpret_cast<crypto_generichash_state*>(bytes.data());
}

}  // namespace

bool crypto_ready() { return sodium_init() >= 0; }

Hasher::Hasher(std::string_view domain) {
  CHECK(crypto_generichash_init(hash_state(state_), nullptr, 0, Hash::kSize) == 0);
  add(view(domain));
  add(kSuite);
}

Hasher& Hasher::add(ByteView part) {
  add(static_cast<std::uint64_t>(part.size()));
  CHECK(crypto_generichash_update(hash_state(state_), part.data(), part.size()) == 0);
  return *this;
}

Hasher& Hasher::add(std::uint64_t whole) {
  const auto bytes = little_endian(whole);
  CHECK(crypto_generichash_update(hash_state(state_), bytes.data(), bytes.size()) == 0);
  return *this;
}

Hash Hasher::finish_hash() {
  Hash hash;
  CHECK(crypto_generichash_final(hash_state(state_), hash.bytes.data(), Hash::kSize) == 0);
  return hash;
}

Identity Identity::from_seed(const Seed& seed) {
  Identity identity;
  CHECK(crypto_sign_seed_keypair(identity.id_.bytes.data(), identity.secret_.data(),
                                 seed.bytes.data()) == 0);
  return identity;
}

Identity::~Identity() { sodium_memzero(secret_.data(), secret_.size()); }

Signature Identity::sign(Purpose purpose, const RoomId& room, const Hash& what) const {
  const Bytes message = signed_message(purpose, room, what);
  Signature signature;
  CHECK(crypto_sign_detached(signature.bytes.data(), nullptr, message.data(), message.size(),
                             secret_.data()) == 0);
  return signature;
}

CurveKey Identity::curve_public() const {
  const std::optional<CurveKey> key = curve_key(id_);
  CHECK(key.has_value());
  return *key;
}

Fixed<struct CurveSecretTag, 32> Identity::curve_secret() const {
  Fixed<struct CurveSecretTag, 32> secret;
  CHECK(crypto_sign_ed25519_sk_to_curve25519(secret.bytes.data(), secret_.data()) == 0);
  return secret;
}

bool verify(const PeerId& signer, Purpose purpose, const RoomId& room, const Hash& what,
            const Signature& signature) {
  const Bytes message = signed_message(purpose, room, what);
  return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(),
                                     signer.bytes.data()) == 0;
}

std::optional<CurveKey> curve_key(const PeerId& peer) {
  CurveKey key;
  if (crypto_sign_ed25519_pk_to_curve25519(key.bytes.data(), peer.bytes.data()) != 0) {
    return std::nullopt;
  }
  return key;
}

std::string to_text(const PeerId& peer) { return base32(peer.view()); }

std::string short_text(const PeerId& peer) { return to_text(peer).substr(0, kShownCharacters); }

std::string to_text(const RoomId& room) { return base32(room.view()); }

std::optional<PeerId> peer_id(std::string_view text) {
  const std::optional<Bytes> bytes = from_base32(text);
  return bytes ? PeerId::from(*bytes) : std::nullopt;
}

std::string fingerprint(const PeerId& peer) {
  const Hash hash = Hasher("p2pchat fingerprint").add(peer).finish();
  const std::string characters = base32(hash.view().first(kFingerprintBytes));
  std::string text;
  for (std::size_t at = 0; at < characters.size(); at += kFingerprintGroup) {
    if (at > 0) text += ' ';
    text += characters.substr(at, kFingerprintGroup);
  }
  return text;
}

Bytes seal(const RoomKey& key, Counter count, const Topic& topic, ByteView plain) {
  Bytes sealed(plain.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
  const Nonce nonce = nonce_of(count);
  CHECK(crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data(), nullptr, plain.data(),
                                                   plain.size(), topic.bytes.data(), Topic::kSize,
                                                   nullptr, nonce.data(), key.bytes.data()) == 0);
  return sealed;
}

std::optional<Bytes> open(const RoomKey& key, Counter count, const Topic& topic, ByteView sealed) {
  if (sealed.size() < crypto_aead_xchacha20poly1305_ietf_ABYTES) return std::nullopt;
  Bytes plain(sealed.size() - crypto_aead_xchacha20poly1305_ietf_ABYTES);
  const Nonce nonce = nonce_of(count);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain.data(), nullptr, nullptr, sealed.data(),
                                                 sealed.size(), topic.bytes.data(), Topic::kSize,
                                                 nonce.data(), key.bytes.data()) != 0) {
    return std::nullopt;
  }
  return plain;
}

}  // namespace p2pchat
