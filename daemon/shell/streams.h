// Streams: the answers to local programs that are under way.
//
// What goes out to a caller is a stream: rows that are known already, a pull or
// a log; each ends once, with an exit code. Nothing is read ahead of the credit
// that its caller has given, and a pull holds nothing for a caller that does
// not read: it goes back to where its caller stands.
//
// Effects: reads the Inbox and sends. Single-threaded; owned by Control.
// Bounded: kControlStreamsMax streams, and kQueuedAnswersMax ends of requests.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/shell/control_socket.h"
#include "daemon/shell/inbox.h"
#include "daemon/shell/log_stream.h"
#include "daemon/shell/present.h"
#include "proto/control.h"
#include "proto/limits.h"

namespace p2pchat {

// Ends that wait because their callers do not read; beyond it they are dropped.
inline constexpr std::size_t kQueuedAnswersMax = 1024;

// What a pull was asked for.
struct PullWish {
  Reader reader;
  std::optional<RoomId> room;  // Nothing: all conversations, and those to come.
  bool follow = false;         // Stays open, and says when it is idle.
  bool peek = false;           // Neither ends another pull nor is ended by one.
  bool mine = false;
};

class Streams {
 public:
  using Send = std::function<Sent(const Caller&, const Bytes&)>;

  // `self`: whose posts are left out of a pull.
  Streams(Inbox& inbox, const PeerId& self, Send send);

  // Each begins to answer the request `tag` of `caller`.
  void end(const Caller& caller, std::uint64_t tag, ExitCode code, std::string error,
           control::Record row = {});
  // The code, error and row of `end` go out after the rows.
  void rows(const Caller& caller, std::uint64_t tag, std::vector<control::Record> rows,
            control::Reply end = {});
  // A pull ends those under the same name that read the same conversation.
  void pull(const Caller& caller, std::uint64_t tag, PullWish wish, const Node& node);
  void log(const Caller& caller, std::uint64_t tag, const LogQuery& query);

  // The caller takes so many rows more.
  void more(const Caller& caller, std::uint64_t tag, std::int64_t rows);
  // Something new is stored in these rooms.
  void wake(const std::set<RoomId>& rooms);
  // Sends what may be sent now. True if there is more that need not wait.
  bool feed(const Node& node);
  // All that is sent to this caller is void.
  void drop(const std::string& route);

  bool is_open(const Caller& caller, std::uint64_t tag) const;
  bool is_full() const { return streams_.size() >= kControlStreamsMax; }
  // Some caller did not take what was sent: feed() is to be called again soon.
  bool is_blocked() const;
  std::vector<Caller> callers() const;
  std::size_t size() const { return streams_.size(); }
  // Callers that were found to be gone since the last call.
  std::vector<std::string> take_gone() { return std::exchange(gone_, {}); }

 private:
  struct Rows {
    std::deque<control::Record> left;
    control::Reply end;
  };
  struct Pull {
    PullWish wish;
    PullCursor cursor;
    bool is_drained = false;  // Nothing more waits, until wake().
    bool is_starved = false;  // Something waits, until more().
    bool is_idle_told = false;
    bool is_narrow = false;  // There is a conversation that the cursor lacks.
  };
  struct Log {
    std::unique_ptr<LogStream> stream;
    std::deque<Entry> read;        // Read, and not sent yet.
    std::uint64_t busy_turns = 0;  // In which nothing was found.
  };
  struct Stream {
    Caller caller;
    std::uint64_t tag = 0;
    std::int64_t credit = kPullCreditRows;
    std::variant<Rows, Pull, Log> source;
    bool is_blocked = false;
  };
  // How a round of feeding left a stream.
  enum class Fed : std::uint8_t { waits, has_more, blocked, ended, gone };

  void open(const Caller& caller, std::uint64_t tag, std::variant<Rows, Pull, Log> source);
  void end_rivals(const PullWish& wish);
  Result<void> widen(Pull& pull, const Node& node);
  Fed feed_one(Stream& stream, const Node& node, Presenter& presenter);
  Fed feed_rows(Stream& stream, Rows& rows);
  Fed feed_pull(Stream& stream, Pull& pull, const Node& node, Presenter& presenter);
  Fed feed_log(Stream& stream, Log& log, Presenter& presenter);
  Fed be_busy(Stream& stream, Log& log);
  Fed be_idle(Stream& stream, Pull& pull);
  Fed finish(Stream& stream, ExitCode code, std::string error);
  Sent send_row(const Stream& stream, control::Record row);

  Inbox& inbox_;
  PeerId self_;
  Send send_;
  std::list<Stream> streams_;
  std::vector<std::string> gone_;
};

}  // namespace p2pchat
