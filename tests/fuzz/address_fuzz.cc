// Address: what parses is written so that it parses to the same.
#include "proto/address.h"
#include "proto/bytes.h"
#include "proto/check.h"
#include "proto/limits.h"
#include "proto/text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  const std::string_view text = text_view({data, size});
  is_local_only(text);
  if (is_host(text)) {
    CHECK(text.size() <= kHostBytesMax);
    CHECK(cleaned(text) == text);
    const auto alone = parse_address(text, kDoorPortDefault);
    CHECK(alone && alone->host == text && alone->port == kDoorPortDefault);
  }
  const auto address = parse_address(text, kDoorPortDefault);
  if (!address) {
    CHECK(!address.error().text.empty());
    return 0;
  }
  CHECK(address->host == "*" || is_host(address->host));
  const auto again = parse_address(to_text(*address), 0);
  CHECK(again && *again == *address);
  return 0;
}
