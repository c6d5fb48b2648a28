// Inbox: the read side of the store, for local readers.
//
// `pull` reads in the order of arrival, from a reader's place on; `log` reads
// in the one order (stamp, author, incarnation, number). Both stream: memory
// is bounded by what is asked for at once, whatever the history's size.
// Nothing is answered that its checksum does not cover: a damaged batch is
// left out, counted, and named by take_damages() so that it is fetched again.
//
// Effects: reads and writes SQLite. Single-threaded; owned by the loop.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/event.h"
#include "daemon/shell/store.h"

namespace p2pchat {

// One message as a reader gets it, before names are put in.
struct Entry {
  RoomId room;
  PeerId author;
  bool is_system = false;     // A notice of this daemon; no feed, not in `log`.
  std::string id;             // message_id(), or "n.<position>" for a notice.
  Number number;
  Stamp stamp;                // A notice's is made from the time it was written.
  WallTime received;
  Bytes body;
  bool is_late = false;       // Sorts before something that arrived earlier.
  std::int64_t position = 0;  // Of its row, in the order of arrival.
  std::int32_t index = 0;     // Of the post within its batch.
};

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

// A log under way. Opaque to all but the Inbox.
struct LogQuery {
  RoomId room;
  Stamp since;                              // Inclusive.
  Stamp until{~std::uint64_t{0}};           // Inclusive.
  std::size_t last = 0;                     // Only the last so many; 0 is all.
};

class LogStream;  // Reads on, in the one order; see inbox.cc.

class Inbox {
 public:
  explicit Inbox(Store& store);
  ~Inbox();

  // The places at which `reader` stands in `rooms`.
  Result<PullCursor> open_pull(const Reader& reader, const std::vector<RoomId>& rooms);
  // The next messages for `cursor` in the order of arrival, moving it. Opening posts
  // are never answered; posts of `self` only with `mine`.
  Result<std::vector<Entry>> pull(PullCursor& cursor, std::size_t at_most, const PeerId& self,
                                  bool mine);
  // Moves places forward, durably, in one commit; never backwards.
  Result<void> move(const Reader& reader, const PullCursor& places);
  // Where a message stands, for a manual ack; unknown ids are Fault::unknown.
  Result<std::pair<RoomId, ReaderPlace>> find(std::string_view message_id);
  // Stamp of a message, for `log --since ID`.
  Result<Stamp> stamp_of(std::string_view message_id);

  struct ReaderRow {
    Reader reader;
    RoomId room;
    ReaderPlace place;
    std::int64_t unread = 0;   // Rows (batches and notices) after it.
  };
  Result<std::vector<ReaderRow>> readers();

  Result<std::unique_ptr<LogStream>> open_log(const LogQuery& query);
  // The next messages; an empty answer is the end.
  Result<std::vector<Entry>> log(LogStream& stream, std::size_t at_most);

  // Damaged batches met since the last call.
  std::vector<event::BatchDamaged> take_damages();

 private:
  Store& store_;
  std::vector<event::BatchDamaged> damages_;
};

}  // namespace p2pchat
