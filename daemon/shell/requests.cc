#include "daemon/shell/requests.h"

#include <algorithm>
#include <array>
#include <pwd.h>

#include "proto/address.h"
#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

// Whoever waits longer waits for ever.
constexpr Duration kPatienceMax = 24h * 365;
// What is older has been kept all along.
constexpr Duration kAgeMax = 24h * 365 * 100;

// The first and the last place of a millisecond.
LogPlace begin_of(WallTime wall) { return {Stamp::at(wall), {}}; }
LogPlace end_of(WallTime wall) { return LogPlace::end_of(Stamp{Stamp::at(wall).value | 0xffffU}); }

// One end of a log: a time in milliseconds, or a message.
Result<void> read_bound(LogPlace& bound, const control::Record& values, const std::string& name,
                        const RoomId& room, Inbox& inbox, LogPlace (*of_time)(WallTime)) {
  if (values.has(name + "_ms")) {
    bound = of_time({values.integer(name + "_ms")});
  } else if (values.has(name + "_id")) {
    const auto place = inbox.place_of(room, values.text(name + "_id"));
    if (!place) return tl::unexpected(place.error());
    bound = *place;
  }
  return {};
}

Result<std::string> note_in(const control::Record& values) {
  std::string note = values.text("note");
  // What is not UTF-8 has come as bytes.
  if (note.size() <= kNoteBytesMax && values.bytes("note").empty()) return note;
  return fail(Fault::usage,
              "a note is a text of at most " + std::to_string(kNoteBytesMax) + " bytes");
}

// HOST or HOST:PORT of a door, or nothing.
Result<std::string> address_in(const control::Record& values, const std::string& key) {
  std::string text = values.text(key);
  if (text.empty()) return text;
  const auto address = parse_address(text, kDoorPortDefault);
  if (!address) return fail(Fault::usage, "'" + cleaned(text) + "': " + address.error().text);
  if (address->host == "*") return fail(Fault::usage, "* is no address to come to");
  return text;
}

std::string user_name(std::uint32_t uid) {
  std::array<char, 4096> buffer{};
  passwd facts{};
  passwd* found = nullptr;
  if (getpwuid_r(uid, &facts, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
    return found->pw_name;
  }
  return std::to_string(uid);
}

}  // namespace

Result<Event> push_requested(const control::Record& values, RequestId id) {
  Bytes body = values.has("data") ? values.bytes("data") : to_bytes(values.text("text"));
  const std::string key = values.text("key");
  if (key.size() > kPushKeyBytesMax || (values.has("key") && key.empty())) {
    return fail(Fault::usage,
                "a key is a text of 1 to " + std::to_string(kPushKeyBytesMax) + " bytes");
  }
  const auto readers = static_cast<std::uint64_t>(
      std::clamp<std::int64_t>(values.integer("readers"), 0, kMembersMax));
  return event::PushRequested{id, values.text("to"), std::move(body), values.flag("waits"), readers,
                              key};
}

Result<Event> await_requested(const control::Record& values, RequestId id) {
  event::AwaitRequested wish{id, values.text("id"), std::nullopt, std::nullopt};
  if (values.has("members")) {
    wish.members = static_cast<std::uint64_t>(
        std::clamp<std::int64_t>(values.integer("members"), 0, kMembersMax));
  }
  if (values.has("patience_ms")) {
    wish.patience =
        Duration(std::clamp<std::int64_t>(values.integer("patience_ms"), 0, kPatienceMax.count()));
  }
  return wish;
}

Result<Event> meet_requested(const control::Record& values, RequestId id) {
  return event::MeetRequested{id, values.text("target")};
}

Result<Event> alias_requested(const control::Record& values, RequestId id) {
  return event::AliasRequested{id, values.text("who"), values.text("name")};
}

Result<Event> block_requested(const control::Record& values, RequestId id) {
  return event::BlockRequested{id, values.text("who"), values.flag("undo")};
}

Result<Event> verify_requested(const control::Record& values, RequestId id) {
  return event::VerifyRequested{id, values.text("who")};
}

Result<Event> create_requested(const control::Record& values, RequestId id) {
  const std::int64_t size = values.integer("size");
  if (size <= 0) return fail(Fault::usage, "a room is for a number of members");
  const std::string history = values.text("history");
  if (!history.empty() && history != "none" && history != "all") {
    return fail(Fault::usage, "a room's history is for newcomers: none or all");
  }
  return event::CreateRequested{id, values.text("name"), static_cast<std::uint64_t>(size),
                                history == "all" ? History::all : History::none};
}

Result<Event> join_requested(const control::Record& values, RequestId id) {
  const auto note = note_in(values);
  if (!note) return tl::unexpected(note.error());
  auto via = address_in(values, "via");
  if (!via) return tl::unexpected(via.error());
  return event::JoinRequested{id, values.text("room"), *note, *via, values.flag("wait")};
}

Result<Event> vote_requested(const control::Record& values, RequestId id) {
  const auto note = note_in(values);
  if (!note) return tl::unexpected(note.error());
  event::VoteRequested vote{id, values.text("room"), values.text("who"), {}, *note};
  const std::string answer = values.text("answer");
  if (answer == "yes") {
    vote.ballot = event::Ballot::yes;
  } else if (answer == "evict") {
    vote.ballot = event::Ballot::evict;
  } else if (answer != "no") {
    return fail(Fault::usage, "a vote is yes, no or evict");
  }
  return vote;
}

Result<Event> leave_requested(const control::Record& values, RequestId id) {
  return event::LeaveRequested{id, values.text("room")};
}

Result<Event> delete_requested(const control::Record& values, RequestId id) {
  return event::DeleteRequested{id, values.text("room")};
}

Result<Event> listing_requested(const control::Record& values, RequestId id) {
  auto address = address_in(values, "address");
  if (!address) return tl::unexpected(address.error());
  const bool undo = values.flag("rm");
  if (undo && !address->empty()) {
    return fail(Fault::usage, "not to be listed any more takes no address");
  }
  return event::ListingRequested{id, *address, undo};
}

Result<Event> list_requested(const control::Record&, RequestId id) {
  return event::ListRequested{id};
}

Result<Event> keep_requested(const control::Record& values, RequestId id) {
  event::KeepRequested wish{id, values.text("name"), std::nullopt};
  Retention retention;
  if (values.has("age_ms")) {
    retention.age =
        Duration(std::clamp<std::int64_t>(values.integer("age_ms"), 0, kAgeMax.count()));
  }
  if (values.has("bytes")) {
    retention.bytes =
        static_cast<std::uint64_t>(std::max<std::int64_t>(values.integer("bytes"), 0));
  }
  const bool is_all = values.flag("all");
  if (is_all && retention.is_on()) {
    return fail(Fault::usage, "all is kept, or what is not too old or too much");
  }
  if (retention.age && *retention.age < kKeepAgeMin) {
    return fail(Fault::usage,
                "at least the last hour is kept: what is younger may not have been read yet");
  }
  if (retention.bytes && *retention.bytes < kKeepBytesMin) {
    return fail(Fault::usage, "at least 1M is kept: in less, the newest messages have no room");
  }
  if (is_all || retention.is_on()) wish.retention = retention;
  return wish;
}

Result<Reader> reader_in(const control::Record& values, std::uint32_t uid) {
  Reader reader{uid, values.text("reader", "default")};
  if (reader.name.empty() || cleaned(reader.name) != reader.name) {
    return fail(Fault::usage, "a reader's name must be text without control characters");
  }
  if (reader.name.size() > kReaderNameBytesMax) {
    return fail(Fault::usage, "a reader's name may have " + std::to_string(kReaderNameBytesMax) +
                                  " bytes at most");
  }
  return reader;
}

Result<PullWish> pull_wish_in(const control::Record& values, std::uint32_t uid, const Node& node) {
  auto reader = reader_in(values, uid);
  if (!reader) return tl::unexpected(reader.error());
  PullWish wish;
  wish.reader = std::move(*reader);
  wish.follow = values.flag("follow");
  wish.peek = values.flag("peek");
  wish.mine = values.flag("mine");
  if (values.has("name")) {
    const auto conversation = node.resolve(values.text("name"));
    if (!conversation) return tl::unexpected(conversation.error());
    wish.room = conversation->room;
  }
  return wish;
}

Result<LogQuery> log_query_in(const control::Record& values, const Node& node, Inbox& inbox) {
  const auto conversation = node.resolve(values.text("name"));
  if (!conversation) return tl::unexpected(conversation.error());
  LogQuery query;
  query.room = conversation->room;
  const auto since = read_bound(query.since, values, "since", query.room, inbox, begin_of);
  if (!since) return tl::unexpected(since.error());
  const auto until = read_bound(query.until, values, "until", query.room, inbox, end_of);
  if (!until) return tl::unexpected(until.error());
  if (values.has("search")) {
    auto words = parse_search(values.text("search"));
    if (!words) return tl::unexpected(words.error());
    query.search = std::move(*words);
  }
  query.last = static_cast<std::size_t>(std::max<std::int64_t>(values.integer("last"), 0));
  return query;
}

Result<PullCursor> places_in(const control::Record& values) {
  const control::Value* value = values.find("places");
  const auto* texts = value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
  if (texts == nullptr) return fail(Fault::usage, "there are no places");
  PullCursor places;
  for (const std::string& text : *texts) {
    const auto place = decode_place(text);
    if (!place) return fail(Fault::usage, "'" + cleaned(text) + "' is no place");
    ReaderPlace& furthest = places[place->first];
    furthest = std::max(furthest, place->second);
  }
  return places;
}

Result<std::vector<control::Record>> reader_rows(const Node& node, Inbox& inbox) {
  const auto readers = inbox.readers();
  if (!readers) return tl::unexpected(readers.error());
  Presenter presenter(node);
  std::vector<control::Record> rows;
  for (const Inbox::ReaderRow& each : *readers) {
    control::Record& row = rows.emplace_back();
    row.set("reader", each.reader.name);
    row.set("user", user_name(each.reader.uid));
    row.set("conversation", presenter.conversation(each.room));
    row.set("unread", each.unread);
    row.set("place", encode_place(each.room, each.place));
  }
  return rows;
}

}  // namespace p2pchat
