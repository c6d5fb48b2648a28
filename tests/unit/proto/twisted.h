// Twisted: a peer id that signs but is no key for a link.
#pragma once

#include <algorithm>
#include <sodium.h>

#include "proto/check.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat::fixture {

// Anna's key plus the point of order two: about half of its signatures verify.
inline PeerId twisted_id() {
  std::array<std::uint8_t, 32> order_two;
  order_two.fill(0xff);
  order_two.front() = 0xec;
  order_two.back() = 0x7f;
  PeerId twisted;
  CHECK(crypto_core_ed25519_add(twisted.bytes.data(), kAnna.id().bytes.data(), order_two.data()) ==
        0);
  return twisted;
}

// Ed25519 as RFC 8032 has it, by Anna's secret, but for the public key `id`.
inline Signature twisted_signature(const PeerId& id, std::uint8_t nonce, Purpose purpose,
                                   const RoomId& room, const Hash& what) {
  using Scalar = std::array<std::uint8_t, 32>;
  Bytes message = to_bytes("p2pchat");
  message.push_back(static_cast<std::uint8_t>(purpose));
  message.push_back(kSuite);
  message.insert(message.end(), room.bytes.begin(), room.bytes.end());
  message.insert(message.end(), what.bytes.begin(), what.bytes.end());

  std::array<std::uint8_t, 64> wide{};
  Scalar secret;
  crypto_hash_sha512(wide.data(), filled<Seed>(1).bytes.data(), 32);
  wide[0] &= 0xf8;
  wide[31] = static_cast<std::uint8_t>((wide[31] & 0x7fU) | 0x40U);
  std::fill(wide.begin() + 32, wide.end(), 0);
  crypto_core_ed25519_scalar_reduce(secret.data(), wide.data());

  const Scalar random = {nonce};
  Bytes hashed(32);
  crypto_scalarmult_ed25519_base_noclamp(hashed.data(), random.data());
  Signature signature;
  std::copy(hashed.begin(), hashed.end(), signature.bytes.begin());
  hashed.insert(hashed.end(), id.bytes.begin(), id.bytes.end());
  hashed.insert(hashed.end(), message.begin(), message.end());
  Scalar product;
  crypto_hash_sha512(wide.data(), hashed.data(), hashed.size());
  crypto_core_ed25519_scalar_reduce(product.data(), wide.data());
  crypto_core_ed25519_scalar_mul(product.data(), product.data(), secret.data());
  crypto_core_ed25519_scalar_add(signature.bytes.data() + 32, product.data(), random.data());
  return signature;
}

}  // namespace p2pchat::fixture
