#include "daemon/shell/streams.h"

#include <algorithm>

namespace p2pchat {
namespace {

// Rows of one stream in one round, so that all callers come to their turn.
constexpr std::int64_t kRoundRows = 64;
// How often a search that finds nothing says that it goes on: some dozen turns are below a second.
constexpr std::uint64_t kBusyTurns = 32;
// Far more than anybody reads, and nothing that overflows.
constexpr std::int64_t kCreditMax = 1'000'000'000;

bool overlap(const PullWish& a, const PullWish& b) {
  return a.reader == b.reader && (!a.room || !b.room || a.room == b.room);
}

}  // namespace

Streams::Streams(Inbox& inbox, const PeerId& self, Send send)
    : inbox_(inbox), self_(self), send_(std::move(send)) {}

void Streams::open(const Caller& caller, std::uint64_t tag, std::variant<Rows, Pull, Log> source) {
  Stream& stream = streams_.emplace_back();
  stream.caller = caller;
  stream.tag = tag;
  stream.source = std::move(source);
}

void Streams::end(const Caller& caller, std::uint64_t tag, ExitCode code, std::string error,
                  control::Record row) {
  control::Reply reply{tag, true, code, std::move(error), std::move(row)};
  const Sent sent = send_(caller, control::encode(reply));
  if (sent == Sent::gone) gone_.push_back(caller.route);
  if (sent == Sent::full && streams_.size() < kControlStreamsMax + kQueuedAnswersMax) {
    open(caller, tag, Rows{{}, std::move(reply)});
  }
}

void Streams::rows(const Caller& caller, std::uint64_t tag, std::vector<control::Record> rows,
                   control::Reply end) {
  end.tag = tag;
  end.end = true;
  Rows source{{}, std::move(end)};
  std::move(rows.begin(), rows.end(), std::back_inserter(source.left));
  open(caller, tag, std::move(source));
}

void Streams::pull(const Caller& caller, std::uint64_t tag, PullWish wish, const Node& node) {
  Pull pull;
  pull.wish = std::move(wish);
  pull.is_narrow = true;
  if (auto widened = widen(pull, node); !widened) {
    end(caller, tag, exit_code(widened.error().fault), widened.error().text);
    return;
  }
  if (!pull.wish.peek) end_rivals(pull.wish);
  open(caller, tag, std::move(pull));
}

void Streams::log(const Caller& caller, std::uint64_t tag, const LogQuery& query) {
  auto stream = inbox_.open_log(query);
  if (!stream) {
    end(caller, tag, exit_code(stream.error().fault), stream.error().text);
    return;
  }
  open(caller, tag, Log{std::move(*stream), {}, 0});
}

void Streams::end_rivals(const PullWish& wish) {
  for (Stream& stream : streams_) {
    const Pull* pull = std::get_if<Pull>(&stream.source);
    if (pull == nullptr || pull->wish.peek || !overlap(pull->wish, wish)) continue;
    stream.source = Rows{{},
                         {stream.tag,
                          true,
                          ExitCode::failed,
                          "another reader took the name " + wish.reader.name,
                          {}}};
  }
}

// Takes in the conversations that the cursor lacks, each at its reader's place.
Result<void> Streams::widen(Pull& pull, const Node& node) {
  if (!pull.is_narrow) return {};
  std::vector<RoomId> rooms;
  if (pull.wish.room) {
    rooms.push_back(*pull.wish.room);
  } else {
    for (const Conversation& each : node.conversations()) {
      if (!pull.cursor.contains(each.room)) rooms.push_back(each.room);
    }
  }
  auto places = inbox_.open_pull(pull.wish.reader, rooms);
  if (!places) return tl::unexpected(places.error());
  pull.cursor.merge(*places);
  pull.is_narrow = false;
  return {};
}

void Streams::more(const Caller& caller, std::uint64_t tag, std::int64_t rows) {
  for (Stream& stream : streams_) {
    if (stream.tag != tag || stream.caller.route != caller.route) continue;
    stream.credit += std::clamp<std::int64_t>(rows, 0, kCreditMax - stream.credit);
    if (Pull* pull = std::get_if<Pull>(&stream.source)) pull->is_starved = false;
  }
}

void Streams::wake(const std::set<RoomId>& rooms) {
  for (Stream& stream : streams_) {
    Pull* pull = std::get_if<Pull>(&stream.source);
    if (pull == nullptr) continue;
    for (const RoomId& room : rooms) {
      const bool is_known = pull->cursor.contains(room);
      if (pull->wish.room && !is_known) continue;
      pull->is_drained = false;
      if (!is_known) pull->is_narrow = true;
    }
  }
}

bool Streams::feed(const Node& node) {
  Presenter presenter(node);
  bool has_more = false;
  for (auto stream = streams_.begin(); stream != streams_.end();) {
    const Fed fed = feed_one(*stream, node, presenter);
    stream->is_blocked = fed == Fed::blocked;
    has_more = has_more || fed == Fed::has_more;
    if (fed == Fed::gone) gone_.push_back(stream->caller.route);
    stream = fed == Fed::ended || fed == Fed::gone ? streams_.erase(stream) : std::next(stream);
  }
  return has_more;
}

Streams::Fed Streams::feed_one(Stream& stream, const Node& node, Presenter& presenter) {
  if (auto* rows = std::get_if<Rows>(&stream.source)) return feed_rows(stream, *rows);
  if (auto* pull = std::get_if<Pull>(&stream.source)) {
    return feed_pull(stream, *pull, node, presenter);
  }
  return feed_log(stream, std::get<Log>(stream.source), presenter);
}

Streams::Fed Streams::feed_rows(Stream& stream, Rows& rows) {
  while (!rows.left.empty()) {
    const Sent sent = send_row(stream, rows.left.front());
    if (sent != Sent::done) return sent == Sent::full ? Fed::blocked : Fed::gone;
    rows.left.pop_front();
  }
  const Sent sent = send_(stream.caller, control::encode(rows.end));
  if (sent == Sent::full) return Fed::blocked;
  return sent == Sent::done ? Fed::ended : Fed::gone;
}

Streams::Fed Streams::feed_pull(Stream& stream, Pull& pull, const Node& node,
                                Presenter& presenter) {
  if (pull.is_drained || pull.is_starved) return Fed::waits;
  if (auto widened = widen(pull, node); !widened) {
    return finish(stream, exit_code(widened.error().fault), widened.error().text);
  }
  // Without credit one message is looked for, to tell waiting from being done.
  const auto at_most = std::clamp<std::int64_t>(stream.credit, 1, kRoundRows);
  PullCursor sent = pull.cursor;
  const auto read =
      inbox_.pull(pull.cursor, static_cast<std::size_t>(at_most), self_, pull.wish.mine);
  if (!read) return finish(stream, exit_code(read.error().fault), read.error().text);
  if (read->empty()) return be_idle(stream, pull);
  for (const Entry& entry : *read) {
    if (stream.credit == 0) {
      pull.cursor = std::move(sent);
      pull.is_starved = true;
      return Fed::waits;
    }
    const ReaderPlace place{entry.position, entry.index};
    control::Record row = presenter.present(entry);
    row.set("place", encode_place(entry.room, place));
    const Sent result = send_row(stream, std::move(row));
    if (result != Sent::done) {
      pull.cursor = std::move(sent);
      return result == Sent::full ? Fed::blocked : Fed::gone;
    }
    sent[entry.room] = place;
    pull.is_idle_told = false;
    --stream.credit;
  }
  return Fed::has_more;
}

// All that waits has been sent.
Streams::Fed Streams::be_idle(Stream& stream, Pull& pull) {
  if (!pull.wish.follow) return finish(stream, ExitCode::done, {});
  if (!pull.is_idle_told) {
    const Sent sent = send_row(stream, control::Record().set("idle", true));
    if (sent != Sent::done) return sent == Sent::full ? Fed::blocked : Fed::gone;
  }
  pull.is_idle_told = true;
  pull.is_drained = true;
  return Fed::waits;
}

Streams::Fed Streams::feed_log(Stream& stream, Log& log, Presenter& presenter) {
  if (log.read.empty()) {
    const auto at_most = std::clamp<std::int64_t>(stream.credit, 1, kRoundRows);
    auto read = inbox_.log(*log.stream, static_cast<std::size_t>(at_most));
    if (!read) return finish(stream, exit_code(read.error().fault), read.error().text);
    if (read->empty()) {
      if (log.stream->is_at_end()) return finish(stream, ExitCode::done, {});
      return be_busy(stream, log);
    }
    std::move(read->begin(), read->end(), std::back_inserter(log.read));
  }
  while (!log.read.empty()) {
    if (stream.credit == 0) return Fed::waits;
    const Sent sent = send_row(stream, presenter.present(log.read.front()));
    if (sent != Sent::done) return sent == Sent::full ? Fed::blocked : Fed::gone;
    log.read.pop_front();
    --stream.credit;
  }
  return Fed::has_more;
}

// Nothing was found in this turn, and the caller is not to think that nobody answers.
Streams::Fed Streams::be_busy(Stream& stream, Log& log) {
  ++log.busy_turns;
  if (log.busy_turns % kBusyTurns != 0 || stream.credit == 0) return Fed::has_more;
  const Sent sent = send_row(stream, control::Record().set("busy", true));
  if (sent == Sent::gone) return Fed::gone;
  if (sent == Sent::done) --stream.credit;
  return Fed::has_more;
}

Streams::Fed Streams::finish(Stream& stream, ExitCode code, std::string error) {
  stream.source = Rows{{}, {stream.tag, true, code, std::move(error), {}}};
  return feed_rows(stream, std::get<Rows>(stream.source));
}

Sent Streams::send_row(const Stream& stream, control::Record row) {
  return send_(stream.caller, control::encode(control::Reply{
                                  stream.tag, false, ExitCode::done, {}, std::move(row)}));
}

void Streams::drop(const std::string& route) {
  std::erase_if(streams_, [&](const Stream& each) { return each.caller.route == route; });
}

bool Streams::is_open(const Caller& caller, std::uint64_t tag) const {
  return std::any_of(streams_.begin(), streams_.end(), [&](const Stream& each) {
    return each.tag == tag && each.caller.route == caller.route;
  });
}

bool Streams::is_blocked() const {
  return std::any_of(streams_.begin(), streams_.end(),
                     [](const Stream& each) { return each.is_blocked; });
}

std::vector<Caller> Streams::callers() const {
  std::vector<Caller> callers;
  for (const Stream& stream : streams_) callers.push_back(stream.caller);
  return callers;
}

}  // namespace p2pchat
