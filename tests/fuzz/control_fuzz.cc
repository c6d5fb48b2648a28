// Control: a message that decodes has one encoding, and every value keeps its type.
#include "proto/check.h"
#include "proto/control.h"
#include "proto/limits.h"

namespace p2pchat {
namespace {

void check_record(const control::Record& record) {
  CHECK(record.fields().size() <= control::kFieldsMax);
  for (const auto& [key, value] : record.fields()) {
    CHECK(record.find(key) == &value);  // A key stands once.
    const auto* text = std::get_if<std::string>(&value);
    CHECK(text == nullptr || record.text(key) == *text);
    const auto* integer = std::get_if<std::int64_t>(&value);
    CHECK(integer == nullptr || record.integer(key) == *integer);
  }
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  const ByteView input(data, size);
  if (const auto request = control::decode_request(input)) {
    check_record(request->values);
    CHECK(control::encode(*request) == to_bytes(input));
  }
  if (const auto reply = control::decode_reply(input)) {
    check_record(reply->row);
    CHECK(control::encode(*reply) == to_bytes(input));
  }
  return 0;
}
