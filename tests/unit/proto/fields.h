// Fields: a message as the list of what stands in it, so that a test can break it field by field.
#pragma once

#include <vector>

#include "tests/unit/proto/fixtures.h"

namespace p2pchat::fixture {

// Each in its msgpack.
using Fields = std::vector<Bytes>;

inline Bytes array_of(const Fields& fields) {
  Bytes bytes = Packer().array(fields.size()).take();
  for (const Bytes& field : fields) bytes.insert(bytes.end(), field.begin(), field.end());
  return bytes;
}

inline Bytes integer(std::uint64_t value) { return Packer().integer(value).take(); }
inline Bytes text(std::string_view value) { return Packer().text(value).take(); }
inline Bytes bytes(ByteView value) { return Packer().bytes(value).take(); }
template <class Tag, std::size_t N>
Bytes bytes(const Fixed<Tag, N>& value) {
  return bytes(value.view());
}

// `fields` with one of them replaced.
inline Fields with(Fields fields, std::size_t place, Bytes field) {
  fields.at(place) = std::move(field);
  return fields;
}

// How many messages are not malformed, by `fault_of_fields`, of those that lack one field, have it
// twice, or have a map in its place.
template <class FaultOfFields>
std::size_t count_not_malformed(const Fields& fields, FaultOfFields fault_of_fields) {
  std::size_t count = 0;
  for (std::size_t place = 0; place < fields.size(); ++place) {
    const auto at = static_cast<std::ptrdiff_t>(place);
    Fields cut = fields;
    cut.erase(cut.begin() + at);
    Fields twice = fields;
    twice.insert(twice.begin() + at, fields[place]);
    const Fields other_kind = with(fields, place, Packer().map(0).take());
    for (const Fields& broken : {cut, twice, other_kind}) {
      count += fault_of_fields(broken) != Fault::malformed;
    }
  }
  return count;
}

}  // namespace p2pchat::fixture
