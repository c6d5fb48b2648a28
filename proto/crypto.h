// Crypto: hashing and signing, each bound to one purpose.
//
// Every hash and every signature is over a domain tag and the suite byte, and
// every signature over the room id too (zero where there is none), so bytes
// that were signed for one purpose verify for no other.
//
// Deterministic: nothing here draws random numbers. libsodium does the work;
// crypto_ready() must have answered true once in the process.
#pragma once

#include <string>

#include "proto/ids.h"
#include "proto/result.h"

namespace p2pchat {

inline constexpr std::uint8_t kSuite = 1;  // Ed25519, X25519, BLAKE2b, XChaCha20-Poly1305.

// Initialises libsodium; to be called first in every program.
bool crypto_ready();

// BLAKE2b-256 over domain, suite and what is added, in order. Variable parts
// are added with their length, so two lists of parts never hash alike.
class Hasher {
 public:
  explicit Hasher(std::string_view domain);
  Hasher& add(ByteView part);
  Hasher& add(std::uint64_t whole);
  template <class Tag, std::size_t N>
  Hasher& add(const Fixed<Tag, N>& fixed) {
    return add(fixed.view());
  }
  template <class T = Hash>
  T finish() {
    T out;
    static_assert(T::kSize <= 32);
    const Hash hash = finish_hash();
    std::copy_n(hash.bytes.begin(), T::kSize, out.bytes.begin());
    return out;
  }

 private:
  Hash finish_hash();
  alignas(64) std::array<std::uint8_t, 384> state_;
};

// What a signature is for.
enum class Purpose : std::uint8_t {
  card = 1,
  registration = 2,
  founding = 3,
  batch = 4,
  beat = 5,
  genesis = 6,
  knock = 7,
  vote = 8,
  pledge = 9,
  leave = 10,
  close = 11,
  decided = 12,
  invitation = 13,
};

// A key pair. The secret half is wiped when it is destroyed.
class Identity {
 public:
  static Identity from_seed(const Seed& seed);
  Identity(const Identity&) = default;
  Identity& operator=(const Identity&) = default;
  Identity(Identity&&) = default;
  Identity& operator=(Identity&&) = default;
  ~Identity();

  const PeerId& id() const { return id_; }
  Signature sign(Purpose purpose, const RoomId& room, const Hash& what) const;
  // The same identity as CURVE knows it.
  CurveKey curve_public() const;
  Fixed<struct CurveSecretTag, 32> curve_secret() const;

 private:
  Identity() = default;
  PeerId id_;
  std::array<std::uint8_t, 64> secret_{};
};

bool verify(const PeerId& signer, Purpose purpose, const RoomId& room, const Hash& what,
            const Signature& signature);

// Nothing if `peer` is no point of the curve that could be a key.
std::optional<CurveKey> curve_key(const PeerId& peer);

// 52 lower-case base32 characters; 8 of them are what people see.
std::string to_text(const PeerId& peer);
std::string short_text(const PeerId& peer);
std::string to_text(const RoomId& room);
std::optional<PeerId> peer_id(std::string_view text);
// Eight groups of four characters, to be compared aloud.
std::string fingerprint(const PeerId& peer);

// XChaCha20-Poly1305 under a key that counts its nonces; `topic` is bound in.
Bytes seal(const RoomKey& key, Counter count, const Topic& topic, ByteView plain);
std::optional<Bytes> open(const RoomKey& key, Counter count, const Topic& topic, ByteView sealed);

}  // namespace p2pchat
