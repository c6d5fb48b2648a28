// Rendezvous: what a client says is refused, or means what it says and has one encoding.
#include "proto/check.h"
#include "proto/limits.h"
#include "proto/rendezvous.h"
#include "tests/fuzz/source.h"

namespace p2pchat {
namespace {

void check_request(ByteView input) {
  const auto request = rendezvous::decode_request(input);
  if (!request) return;
  CHECK(rendezvous::encode(*request) == to_bytes(input));
  const auto* add = std::get_if<rendezvous::Add>(&request->question);
  if (add != nullptr) CHECK(add->lifetime <= kCardLifetimeMax);
}

void check_answer(ByteView input, const rendezvous::Question& question) {
  const auto answer = rendezvous::decode_answer(input, question);
  if (answer) CHECK(rendezvous::encode(*answer) == to_bytes(input));
}

void check_standing(ByteView input) {
  const auto standing = Standing::decode(input);
  if (standing) CHECK(standing->encode() == to_bytes(input));
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  const ByteView input(data, size);
  fuzz_identity();
  check_request(input);
  for (const rendezvous::Question& question : std::initializer_list<rendezvous::Question>{
           rendezvous::Remove{}, rendezvous::List{}, rendezvous::Rooms{}, rendezvous::Describe{},
           rendezvous::Watch{}}) {
    check_answer(input, question);
  }
  check_standing(input);
  return 0;
}
