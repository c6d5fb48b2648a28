// Pack: what reads as msgpack is written back as the same bytes; reading at random does no harm.
#include "proto/check.h"
#include "proto/limits.h"
#include "proto/pack.h"
#include "tests/fuzz/source.h"

namespace p2pchat {
namespace {

void copy(Unpacker& in, Packer& out) {
  switch (in.peek()) {
    case Unpacker::Kind::nil:
      CHECK(in.skip_nil());
      out.nil();
      return;
    case Unpacker::Kind::boolean: out.boolean(in.boolean()); return;
    case Unpacker::Kind::unsigned_integer: out.integer(in.integer(~std::uint64_t{0})); return;
    case Unpacker::Kind::negative_integer: out.signed_integer(in.signed_integer()); return;
    case Unpacker::Kind::text: out.text(in.text(kFrameBytesMax * 1024)); return;
    case Unpacker::Kind::bytes: out.bytes(in.bytes(kFrameBytesMax * 1024)); return;
    case Unpacker::Kind::array: {
      std::size_t left = in.array(kPackTokensMax);
      for (out.array(left); left > 0; --left) copy(in, out);
      return;
    }
    case Unpacker::Kind::map: {
      std::size_t left = in.map(kPackTokensMax);
      for (out.map(left); left > 0; --left) {
        copy(in, out);
        copy(in, out);
      }
      return;
    }
  }
}

// One wish of a reader that does not know what comes.
void read(Unpacker& in, std::uint64_t wish) {
  switch (wish % 10) {
    case 0: CHECK(in.array(7) <= 7); break;
    case 1: CHECK(in.map(7) <= 7); break;
    case 2: CHECK(in.integer(300) <= 300); break;
    case 3: in.signed_integer(); break;
    case 4: in.boolean(); break;
    case 5: CHECK(in.text(9).size() <= 9); break;
    case 6: CHECK(in.bytes(9).size() <= 9); break;
    case 7: in.fixed<Hash>(); break;
    case 8: in.skip_nil(); break;
    default: in.skip(); break;
  }
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  const ByteView input(data, size);
  Unpacker in(input);
  if (in.is_good()) {
    Packer out;
    copy(in, out);
    CHECK(in.is_done());
    CHECK(out.take() == to_bytes(input));
  }
  Source source(input);
  const ByteView wishes = source.bytes(8);
  Unpacker careless(input);
  Unpacker rest(input.subspan(wishes.size()));
  for (const std::uint8_t wish : wishes) {
    read(careless, wish);
    read(rest, wish);
  }
  return 0;
}
