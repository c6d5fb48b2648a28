#include "proto/object.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

Bytes packed(const Object& object) {
  Packer out;
  pack(out, object);
  return out.take();
}

// Nothing if the bytes do not decode.
std::optional<Object> unpacked(ByteView bytes) {
  Unpacker in(bytes);
  Object object = unpack_object(in);
  if (!in.is_done()) return std::nullopt;
  return object;
}

TEST(Object, OfAnyKindReadsAsItWasWritten) {
  for (auto kind = static_cast<int>(Kind::genesis); kind <= static_cast<int>(Kind::fork); ++kind) {
    const Object object{static_cast<Kind>(kind), to_bytes("signed elsewhere")};

    EXPECT_EQ(unpacked(packed(object)), object) << kind;
  }
}

TEST(Object, HasTheBytesThatTheProtocolDescribes) {
  EXPECT_EQ(packed({Kind::vote, {7, 8}}), (Bytes{0x92, 3, 0xc4, 2, 7, 8}));
}

TEST(Object, OfAnotherKindDoesNotDecode) {
  EXPECT_FALSE(unpacked(packed({static_cast<Kind>(0), {}})));
  EXPECT_FALSE(unpacked(packed({static_cast<Kind>(14), {}})));
}

TEST(Object, IsNotLargerThanAValue) {
  const Object largest{Kind::value, Bytes(kValueBytesMax)};
  const Object larger{Kind::value, Bytes(kValueBytesMax + 1)};

  EXPECT_EQ(unpacked(packed(largest)), largest);
  EXPECT_FALSE(unpacked(packed(larger)));
}

TEST(Object, MutantsAreRefusedOrReadAsWhatTheySay) {
  fixture::count_taken_mutants(packed({Kind::knock, to_bytes("knock")}), [](const Bytes& mutant) {
    const auto read = unpacked(mutant);
    EXPECT_TRUE(!read || packed(*read) == mutant);
    return read.has_value();
  });
}

}  // namespace
}  // namespace p2pchat
