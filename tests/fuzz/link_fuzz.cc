// Link: a message that decodes has one encoding, and keeps its bounds.
#include "proto/check.h"
#include "proto/limits.h"
#include "proto/link.h"

namespace p2pchat {
namespace {

struct Bounds {
  void operator()(const link::Registration& message) const { CHECK(!message.card.raw.empty()); }
  void operator()(const link::Ack& message) const {
    CHECK(message.code != Code::registration && message.reason.size() <= kReasonBytesMax);
  }
  void operator()(const link::Handover&) const {}
  void operator()(const link::Posts& message) const {
    CHECK(message.batch.size() <= kBatchBytesMax);
  }
  void operator()(const link::Pulse&) const {}
  void operator()(const link::AskHeads&) const {}
  void operator()(const link::Heads& message) const { CHECK(message.heads.size() <= kHeadsMax); }
  void operator()(const link::Want& message) const {
    CHECK(message.first.value >= 1 && message.first <= message.last);
  }
  void operator()(const link::Give& message) const {
    for (const Bytes& batch : message.batches) CHECK(batch.size() <= kBatchBytesMax);
  }
  void operator()(const link::Roll&) const {}
  void operator()(const link::Objects& message) const {
    CHECK(message.objects.size() <= kPageItemsMax);
    for (const Object& object : message.objects) {
      CHECK(object.kind >= Kind::genesis && object.kind <= Kind::fork);
      CHECK(object.kind != Kind::card && object.kind != Kind::standing);
      CHECK(object.raw.size() <= kValueBytesMax);
    }
  }
};

}  // namespace
}  // namespace p2pchat

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace p2pchat;
  const ByteView input(data, size);
  const auto message = link::decode(input);
  if (!message) return 0;
  CHECK(size <= kFrameBytesMax);
  std::visit(Bounds{}, *message);
  CHECK(link::encode(*message) == to_bytes(input));
  return 0;
}
