#include "proto/pack.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

bool is_good(Bytes bytes) { return Unpacker(bytes).is_good(); }

Bytes nested_arrays(std::size_t depth) {
  Bytes bytes(depth, 0x91);
  bytes.push_back(0xc0);
  return bytes;
}

TEST(Pack, ReadsWhatItWrites) {
  const auto salt = fixture::filled<Salt>(3);
  Packer packer;
  packer.array(8).integer(300).signed_integer(-300).boolean(true).nil();
  packer.text("ä").bytes(Bytes{1, 2}).fixed(salt).map(1).text("k").integer(1);
  const Bytes bytes = packer.take();

  Unpacker in(bytes);

  EXPECT_TRUE(in.array_of(8));
  EXPECT_EQ(in.integer(), 300U);
  EXPECT_EQ(in.signed_integer(), -300);
  EXPECT_TRUE(in.boolean());
  EXPECT_TRUE(in.skip_nil());
  EXPECT_EQ(in.text(2), "ä");
  EXPECT_EQ(to_bytes(in.bytes(2)), (Bytes{1, 2}));
  EXPECT_EQ(in.fixed<Salt>(), salt);
  EXPECT_EQ(in.map(1), 1U);
  EXPECT_EQ(in.text(1), "k");
  EXPECT_EQ(in.integer(), 1U);
  EXPECT_TRUE(in.is_done());
}

TEST(Pack, ReadsEveryIntegerThatItWrites) {
  const std::int64_t least = std::numeric_limits<std::int64_t>::min();
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const std::uint64_t offset : {0U, 1U}) {
      const std::uint64_t value = (std::uint64_t{1} << shift) - offset;
      const Bytes bytes = Packer().integer(value).take();
      const std::int64_t negative =
          least / (std::int64_t{1} << (shift % 63)) + std::int64_t(offset);
      const Bytes below_zero = Packer().signed_integer(negative).take();

      EXPECT_EQ(Unpacker(bytes).integer(std::numeric_limits<std::uint64_t>::max()), value);
      EXPECT_EQ(Unpacker(below_zero).signed_integer(), negative);
    }
  }
}

TEST(Pack, ReadsTextsAndBytesOfEveryLengthClass) {
  for (const std::size_t size : {0U, 1U, 31U, 32U, 255U, 256U, 65535U, 65536U}) {
    const std::string text(size, 'x');
    const Bytes as_text = Packer().text(text).take();
    const Bytes as_bytes = Packer().bytes(view(text)).take();

    EXPECT_EQ(Unpacker(as_text).text(size), text);
    EXPECT_EQ(to_string(Unpacker(as_bytes).bytes(size)), text);
  }
}

TEST(Pack, ReadsArraysAndMapsOfEveryLengthClass) {
  for (const std::size_t size : {0U, 15U, 16U, 4000U}) {
    Packer array;
    Packer map;
    array.array(size);
    map.map(size);
    for (std::size_t i = 0; i < size; ++i) {
      array.nil();
      map.nil().nil();
    }
    const Bytes array_bytes = array.take();
    const Bytes map_bytes = map.take();

    EXPECT_EQ(Unpacker(array_bytes).array(size), size);
    EXPECT_EQ(Unpacker(map_bytes).map(size), size);
    EXPECT_TRUE(Unpacker(map_bytes).is_good());
  }
}

TEST(Pack, ACountThatTheInputCannotHoldIsRefusedBeforeAnythingIsAllocated) {
  EXPECT_FALSE(is_good({0xdd, 0xff, 0xff, 0xff, 0xff}));
  EXPECT_FALSE(is_good({0xdf, 0xff, 0xff, 0xff, 0xff}));
  EXPECT_FALSE(is_good({0xdb, 0xff, 0xff, 0xff, 0xff}));
  EXPECT_FALSE(is_good({0xc6, 0xff, 0xff, 0xff, 0xff}));
  EXPECT_FALSE(is_good({0xdc, 0x20, 0x01, 0xc0}));
  EXPECT_FALSE(is_good({0x82, 0xc0, 0xc0, 0xc0}));
}

TEST(Pack, MoreValuesThanTheLimitAreRefused) {
  Packer fits;
  Packer exceeds;
  fits.array(kPackTokensMax - 1);
  exceeds.array(kPackTokensMax);
  for (std::size_t i = 0; i + 1 < kPackTokensMax; ++i) fits.nil();
  for (std::size_t i = 0; i < kPackTokensMax; ++i) exceeds.nil();

  EXPECT_TRUE(is_good(fits.take()));
  EXPECT_FALSE(is_good(exceeds.take()));
}

TEST(Pack, ContainersThatEachFitTheLimitButNotTogetherAreRefused) {
  const std::size_t half = kPackTokensMax / 2;
  Packer packer;
  packer.array(half).array(half);
  for (std::size_t i = 0; i < 2 * half - 1; ++i) packer.nil();

  EXPECT_FALSE(is_good(packer.take()));
}

TEST(Pack, DeeperNestingThanTheLimitIsRefused) {
  EXPECT_TRUE(is_good(nested_arrays(kPackDepthMax)));
  EXPECT_FALSE(is_good(nested_arrays(kPackDepthMax + 1)));
  EXPECT_FALSE(is_good(nested_arrays(100'000)));
  EXPECT_FALSE(is_good(Bytes(kPackDepthMax + 1, 0x81)));
}

TEST(Pack, ExtensionsAndFloatsAreRefused) {
  EXPECT_FALSE(is_good({0xca, 0, 0, 0, 0}));
  EXPECT_FALSE(is_good({0xcb, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(is_good({0xd4, 1, 0}));
  EXPECT_FALSE(is_good({0xc7, 1, 1, 0}));
  EXPECT_FALSE(is_good({0xc9, 0xff, 0xff, 0xff, 0xff, 1}));
  EXPECT_FALSE(is_good({0xc1}));
}

TEST(Pack, OnlyTheShortestEncodingOfAValueIsTaken) {
  EXPECT_FALSE(is_good({0xcc, 0x7f}));
  EXPECT_FALSE(is_good({0xcd, 0x00, 0xff}));
  EXPECT_FALSE(is_good({0xcf, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}));
  EXPECT_FALSE(is_good({0xd1, 0x01, 0x2c}));  // 300 in a signed format, as long as the right one.
  EXPECT_FALSE(is_good({0xd0, 0xff}));        // -1 in two bytes.
  EXPECT_FALSE(is_good({0xd9, 0x01, 'a'}));
  EXPECT_FALSE(is_good({0xc5, 0x00, 0x01, 'a'}));
  EXPECT_FALSE(is_good({0xdc, 0x00, 0x01, 0xc0}));
  EXPECT_FALSE(is_good({0xde, 0x00, 0x00}));
}

TEST(Pack, NothingAndMoreThanOneValueAreRefused) {
  EXPECT_FALSE(is_good({}));
  EXPECT_FALSE(is_good({0xc0, 0xc0}));
  EXPECT_FALSE(is_good({0x92, 0xc0}));
}

TEST(Pack, TextIsUtf8) {
  EXPECT_FALSE(is_good({0xa1, 0xff}));
  EXPECT_TRUE(is_good({0xc4, 1, 0xff}));

  const Bytes repaired = Packer().text("a\xff").take();

  EXPECT_EQ(Unpacker(repaired).text(10), "a\xef\xbf\xbd");
}

TEST(Pack, AValueOfAnotherKindSpoilsAllThatFollows) {
  const Bytes bytes = Packer().array(2).text("x").integer(1).take();
  Unpacker in(bytes);

  EXPECT_TRUE(in.array_of(2));
  EXPECT_EQ(in.integer(), 0U);
  EXPECT_FALSE(in.is_good());
  EXPECT_EQ(in.text(1), "");
  EXPECT_FALSE(in.is_done());
}

TEST(Pack, AValueOverTheReadersLimitSpoils) {
  const Bytes bytes = Packer().array(3).text("abc").bytes(Bytes(4)).integer(70000).take();
  const auto spoils = [&bytes](auto read) {
    Unpacker in(bytes);
    read(in);
    return !in.is_good();
  };

  EXPECT_TRUE(spoils([](Unpacker& in) { in.array(2); }));
  EXPECT_TRUE(spoils([](Unpacker& in) { in.array_of(4); }));
  EXPECT_TRUE(spoils([](Unpacker& in) { in.array(3), in.text(2); }));
  EXPECT_TRUE(spoils([](Unpacker& in) { in.array(3), in.skip(), in.bytes(3); }));
  EXPECT_TRUE(spoils([](Unpacker& in) { in.array(3), in.skip(), in.fixed<Hash>(); }));
  EXPECT_TRUE(spoils([](Unpacker& in) { in.array(3), in.skip(), in.skip(), in.integer(65535); }));
}

TEST(Pack, IntegersAboveTheSignedOnesAreTakenOnlyWhereAskedFor) {
  const Bytes bytes = Packer().integer(kPackIntegerMax + 1).take();

  Unpacker in(bytes);
  in.integer();
  EXPECT_FALSE(in.is_good());

  Unpacker wide(bytes);
  EXPECT_EQ(wide.integer(kPackIntegerMax + 1), kPackIntegerMax + 1);
}

TEST(Pack, SkipPassesOverAValueWithAllThatIsInside) {
  Packer packer;
  packer.array(2).map(2).text("a").array(2).nil().map(0).text("b").array(0).integer(7);
  const Bytes bytes = packer.take();
  Unpacker in(bytes);

  in.array_of(2);
  in.skip();

  EXPECT_EQ(in.integer(), 7U);
  EXPECT_TRUE(in.is_done());
  in.skip();
  EXPECT_FALSE(in.is_good());
}

TEST(Pack, PeekTellsTheKindAndReadsNothing) {
  const Bytes bytes = Packer().array(1).signed_integer(-1).take();
  Unpacker in(bytes);

  EXPECT_EQ(in.peek(), Unpacker::Kind::array);
  in.array_of(1);
  EXPECT_EQ(in.peek(), Unpacker::Kind::negative_integer);
  in.signed_integer();
  EXPECT_EQ(in.peek(), Unpacker::Kind::nil);
  EXPECT_FALSE(in.skip_nil());
  EXPECT_TRUE(in.is_done());
}

}  // namespace
}  // namespace p2pchat
