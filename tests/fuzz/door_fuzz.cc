// Door: what a stranger says is refused, or means what it says and has one encoding.
#include "proto/check.h"
#include "proto/door.h"
#include "proto/limits.h"
#include "proto/overload.h"
#include "proto/pair.h"

namespace p2pchat {
namespace {

void check_registration(const door::Registration& registration) {
  const PeerId& sender = registration.card.id;
  CHECK(verify_founding(sender, registration.to, registration.founding));
  if (!registration.reminder) return;
  CHECK(registration.reminder->card.id == registration.to);
  CHECK(verify_founding(registration.to, sender, registration.reminder->founding));
}

void check_question(ByteView input) {
  const auto question = door::decode_question(input);
  if (!question) return;
  const Bytes raw = to_bytes(input);
  std::visit(Overload{[&](const door::Who&) { CHECK(raw == door::encode_who()); },
                      [&](const door::Registration& each) { check_registration(each); },
                      [&](const door::Inquiry& each) {
                        CHECK(raw == door::encode(each) && each.name.size() <= kNameBytesMax);
                      },
                      [&](const door::Knocking& each) {
                        CHECK(raw == door::encode(each) && Knock::decode(each.knock.raw));
                      },
                      [&](const door::Invitation& each) {
                        CHECK(raw == door::encode(each) && Card::decode(each.card.raw));
                      }},
             *question);
}

void check_answer(ByteView input) {
  const auto answer = door::decode_answer(input);
  if (answer) CHECK(door::encode(*answer) == to_bytes(input));
}

void check_frame(ByteView input) {
  const auto message = door::unframed(input);
  if (!message || !*message) return;
  const Bytes frame = door::framed(**message);
  CHECK(frame.size() <= kDoorBytesMax && frame.size() <= input.size());
  CHECK(frame == to_bytes(input.first(frame.size())));
  check_question(**message);
  check_answer(**message);
}

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  check_question({data, size});
  check_answer({data, size});
  check_frame({data, size});
  return 0;
}
