// Card: what decodes keeps the promises of a card; what is made decodes.
#include "proto/card.h"
#include "proto/check.h"
#include "proto/limits.h"
#include "proto/text.h"
#include "tests/fuzz/source.h"

namespace p2pchat {
namespace {

void check_decoding(ByteView input) {
  const auto card = Card::decode(input);
  if (!card) return;
  CHECK(card->raw == to_bytes(input));
  CHECK(is_claimable_name(card->name));
  CHECK(card->places.size() <= kCardAddressesMax);
  for (const Place& place : card->places) CHECK(is_host(place.host));
  CHECK(curve_key(card->id));
}

void check_making(Source source) {
  const Counter counter{source.integer() >> 1U};
  const bool relay = source.boolean();
  std::string name = source.text();
  if (!is_claimable_name(name)) name.clear();
  std::vector<Place> places;
  while (!source.is_empty() && places.size() < 8) {
    const auto port = [&source] { return static_cast<std::uint16_t>(source.integer(2)); };
    Place place;
    place.door = port();
    place.link = port();
    place.pub = port();
    place.host = source.text();
    places.push_back(std::move(place));
  }

  const Card made = Card::make(fuzz_identity(), name, places, relay, counter);
  const auto card = Card::decode(made.raw);

  CHECK(made.raw.size() <= kCardBytesMax);
  CHECK(card && card->raw == made.raw && card->id == made.id && card->name == name);
  CHECK(card->places == made.places && card->relay == relay && card->counter == counter);
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  check_decoding({data, size});
  check_making(Source({data, size}));
  return 0;
}
