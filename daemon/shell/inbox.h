// Inbox: the read side of the store, for local readers.
//
// `pull` reads in the order of arrival, from a reader's place on; `log` reads
// in the one order (stamp, author, incarnation, number). Both stream: memory
// is bounded by what is asked for at once, whatever the history's size.
// Nothing is answered that its checksum does not cover: a damaged batch is
// left out, and the Store names it so that it is fetched again.
//
// Effects: reads and writes SQLite. Single-threaded; owned by the loop. The
// Store stays where it is as long as its Inbox lives.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/shell/entry.h"
#include "daemon/shell/log_stream.h"
#include "daemon/shell/search_index.h"
#include "daemon/shell/store.h"

namespace p2pchat {

// After which message a reader stands in one conversation.
struct ReaderPlace {
  std::int64_t position = 0;
  std::int32_t index = 0;

  auto operator<=>(const ReaderPlace&) const = default;
};

struct Reader {
  std::uint32_t uid = 0;
  std::string name;

  auto operator<=>(const Reader&) const = default;
};

// A pull under way: where it stands in each conversation it reads.
using PullCursor = std::map<RoomId, ReaderPlace>;

class Inbox {
 public:
  explicit Inbox(Store& store);
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  // The places at which `reader` stands in `rooms`.
  Result<PullCursor> open_pull(const Reader& reader, const std::vector<RoomId>& rooms);
  // The next messages for `cursor` in the order of arrival, moving it; none when there are no
  // more yet. Opening posts are never answered; posts of `self` only with `mine`. On failure
  // the cursor stays.
  Result<std::vector<Entry>> pull(PullCursor& cursor, std::size_t at_most, const PeerId& self,
                                  bool mine);
  // Moves places forward, durably, in one commit; never backwards.
  Result<void> move(const Reader& reader, const PullCursor& places);
  // Where a message stands, for a manual ack; unknown ids are Fault::unknown.
  Result<std::pair<RoomId, ReaderPlace>> find(std::string_view message_id);
  // Where a message of `room` stands in its log, for `log --since ID`; unknown ids, and those of
  // other rooms, are Fault::unknown.
  Result<LogPlace> place_of(const RoomId& room, std::string_view message_id);

  struct ReaderRow {
    Reader reader;
    RoomId room;
    ReaderPlace place;
    std::int64_t unread = 0;  // Rows (batches and notices) after it.
  };
  Result<std::vector<ReaderRow>> readers();

  // Fails with a sentence if nothing can be searched on this host.
  Result<void> can_search();
  // A log is what the room holds now; what arrives while it is read is not in it.
  Result<std::unique_ptr<LogStream>> open_log(const LogQuery& query);
  // The next messages. None is no end, unless the stream says so.
  Result<std::vector<Entry>> log(LogStream& stream, std::size_t at_most);

 private:
  struct Lane;

  Result<void> seek(Lane& lane, const PeerId& self, bool mine);
  // The row at `position`, checked; null if it is damaged, which is reported.
  Result<const OpenedRow*> row(std::int64_t position);

  Store& store_;
  SearchIndex index_;
  std::unique_ptr<OpenedRow> warm_;  // The row read last: the next call goes on in it.
};

}  // namespace p2pchat
