// Text: whatever comes in, what goes out is clean UTF-8; ids and base32 have one spelling.
#include "proto/base32.h"
#include "proto/batch.h"
#include "proto/check.h"
#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

// The bytes that move a terminal: C0, DEL and, in UTF-8, C1.
bool holds_control(std::string_view text, bool keep_lines) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<std::uint8_t>(text[at]);
    if (keep_lines && (byte == '\n' || byte == '\t')) continue;
    if (byte < 0x20 || byte == 0x7f) return true;
    const bool is_c1 =
        byte == 0xc2 && at + 1 < text.size() && static_cast<std::uint8_t>(text[at + 1]) < 0xa0;
    if (is_c1) return true;
  }
  return false;
}

void check_cleaning(std::string_view text) {
  for (const bool keep_lines : {false, true}) {
    const std::string clean = cleaned(text, keep_lines);
    CHECK(is_utf8(clean));
    CHECK(!holds_control(clean, keep_lines));
    CHECK(cleaned(clean, keep_lines) == clean);
    CHECK(count_points(clean) == count_points(text));
  }
  const std::string repaired = as_utf8(text);
  CHECK(is_utf8(repaired));
  CHECK(is_utf8(text) == (repaired == text));
  CHECK(cleaned(repaired) == cleaned(text));
}

void check_names(std::string_view text) {
  if (is_plain_name(text)) {
    CHECK(is_claimable_name(text));
    CHECK(text.find_first_of(" :@~/") == std::string_view::npos);
  }
  if (!is_claimable_name(text)) return;
  CHECK(text.size() <= kNameBytesMax);
  CHECK(count_points(text) <= kNamePointsMax);
  CHECK(!holds_control(text, false));
}

void check_ids(std::string_view text) {
  const auto bytes = from_base32(text);
  CHECK(!bytes || (is_base32(text) && base32(*bytes) == text));
  const auto peer = peer_id(text);
  CHECK(!peer || to_text(*peer) == text);
  const auto message = parse_message_id(text);
  CHECK(!message || message_id(message->tag, message->number) == text);
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  const std::string_view text = text_view({data, size});
  check_cleaning(text);
  check_names(text);
  check_ids(text);
  CHECK(from_base32(base32({data, size})) == to_bytes(ByteView(data, size)));
  return 0;
}
