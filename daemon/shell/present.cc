#include "daemon/shell/present.h"

#include <charconv>
#include <fmt/format.h>

#include "proto/base32.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

constexpr std::size_t kShortIdCharacters = 8;

template <class Integer>
std::optional<Integer> whole(std::string_view text) {
  Integer value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < 0) return std::nullopt;
  return value;
}

}  // namespace

control::Record Presenter::present(const Entry& entry) {
  control::Record row;
  row.set("id", entry.id);
  row.set("kind", std::string(entry.is_system ? "system" : "chat"));
  row.set("conversation", conversation(entry.room));
  row.set("author", to_text(entry.author));
  row.set("from", node_.name_of(entry.author));
  row.set("seq", static_cast<std::int64_t>(entry.number.value));
  row.set("time", entry.stamp.wall().milliseconds);
  row.set("received", entry.received.milliseconds);
  if (is_utf8(text_view(entry.body))) {
    row.set("text", to_string(entry.body));
  } else {
    row.set("data", entry.body);
  }
  row.set("late", entry.is_late);
  // A notice is nobody's post: nothing can come to sort before it.
  row.set("final", entry.is_system || entry.stamp <= node_.final_stamp(entry.room));
  return row;
}

const std::string& Presenter::conversation(const RoomId& room) {
  if (!is_filled_) {
    for (Conversation& each : node_.conversations()) names_[each.room] = std::move(each.name);
    is_filled_ = true;
  }
  std::string& name = names_[room];
  if (name.empty()) name = base32(room.view()).substr(0, kShortIdCharacters);
  return name;
}

std::string encode_place(const RoomId& room, const ReaderPlace& place) {
  return fmt::format("{}.{}.{}", base32(room.view()), place.position, place.index);
}

std::optional<std::pair<RoomId, ReaderPlace>> decode_place(std::string_view text) {
  const std::size_t first = text.find('.');
  const std::size_t second = text.rfind('.');
  if (first == std::string_view::npos || first == second) return std::nullopt;
  const auto bytes = from_base32(text.substr(0, first));
  const auto room = bytes ? RoomId::from(*bytes) : std::nullopt;
  const auto position = whole<std::int64_t>(text.substr(first + 1, second - first - 1));
  const auto index = whole<std::int32_t>(text.substr(second + 1));
  if (!room || !position || !index) return std::nullopt;
  return std::pair{*room, ReaderPlace{*position, *index}};
}

}  // namespace p2pchat
