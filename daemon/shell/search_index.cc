#include "daemon/shell/search_index.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

#include "daemon/shell/descriptor.h"
#include "daemon/shell/store/row.h"
#include "proto/limits.h"
#include "proto/text.h"

namespace p2pchat {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kVersion = 2;
// Rows of `words`: 64 for each position in the store.
constexpr std::int64_t kRowsPerBatch = 64;
static_assert(kBatchPostsMax == 64);
// One question to FTS5 covers so many batches at most, so that it is soon answered, and is put
// anew after so many posts that were not asked for.
constexpr std::int64_t kSpanBatches = 4096;
constexpr int kStraysMax = 64;
// A disk that damages it again and again.
constexpr int kDamagesMax = 3;

// `asked` tells which words of a search hold anything at all for FTS5.
constexpr const char* kSettings = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA journal_size_limit = 8388608;
PRAGMA cell_size_check = ON;
PRAGMA temp_store = MEMORY;
CREATE VIRTUAL TABLE temp.asked USING fts5(word, content = '', columnsize = 0,
  tokenize = 'unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE temp.asked_words USING fts5vocab('temp', 'asked', 'instance');
)sql";

// Nobody ranks what is found, so sizes of columns are not kept. Short beginnings are kept as if
// they were words: FTS5 would read all that begins so, of the whole index, for each question.
constexpr const char* kTables = R"sql(
BEGIN;
PRAGMA user_version = 2;
CREATE VIRTUAL TABLE words USING fts5(body, content = '', columnsize = 0,
  prefix = '1 2 3', tokenize = 'unicode61 remove_diacritics 2');
CREATE TABLE reached (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  position INTEGER NOT NULL,
  sum BLOB NOT NULL,
  prunings INTEGER NOT NULL
) STRICT;
INSERT INTO reached VALUES (1, 0, x'', 0);
COMMIT;
)sql";

Result<void> remove_index(const fs::path& file) {
  for (const char* ending : {"", "-wal", "-shm", "-journal"}) {
    const fs::path each = file.string() + ending;
    if (::unlink(each.c_str()) != 0 && errno != ENOENT) return fail_with_errno("remove", each);
  }
  return {};
}

// The checksum of the store's row at `position`; nothing if there is none.
Result<std::optional<RowSum>> sum_at(Database& store, std::int64_t position) {
  Query query(store, "SELECT sum FROM entries WHERE id = ?1");
  std::optional<RowSum> sum;
  if (query.bind(position).next()) sum = query.fixed<RowSum>(0);
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return sum;
}

}  // namespace

SearchIndex::SearchIndex(Store& store)
    : store_(store), file_(store.database().file().parent_path() / "search.db") {}

Result<void> SearchIndex::check(Database& database) {
  Query query(database,
              "SELECT count(*), sqlite_version() FROM pragma_module_list WHERE name = 'fts5'");
  if (query.next() && query.integer(0) == 0) {
    return fail(Fault::machine, "messages cannot be searched: SQLite " +
                                    std::string(query.text(1)) +
                                    " of this host was built without FTS5");
  }
  return query.end();
}

Result<void> SearchIndex::open() {
  if (database_) return {};
  if (auto can = check(store_.database()); !can) return can;
  std::error_code ignored;
  if (fs::exists(file_, ignored)) {
    const auto opened = open_existing();
    if (opened && *opened) return {};
    database_.reset();
  }
  return create();
}

Result<bool> SearchIndex::open_existing() {
  auto opened = Database::open(file_);
  if (!opened) return tl::unexpected(opened.error());
  database_.emplace(std::move(*opened));
  {
    Query version(*database_, "PRAGMA user_version");
    if (!version.next() || version.integer(0) != kVersion) return false;
  }
  if (auto set = database_->run(kSettings); !set) return tl::unexpected(set.error());
  {
    Query words(*database_, "SELECT count(*) FROM words WHERE words MATCH 'any' AND rowid < 0");
    if (auto whole = words.run(); !whole) return tl::unexpected(whole.error());
  }
  return belongs_here();
}

Result<void> SearchIndex::create() {
  // What stands there is damaged, or an index of another store: nobody else has a file here.
  if (auto removed = remove_index(file_); !removed) return removed;
  if (auto created = create_private(file_); !created) return tl::unexpected(created.error());
  auto opened = Database::open(file_);
  if (!opened) return tl::unexpected(opened.error());
  if (auto set = opened->run(kSettings); !set) return set;
  if (auto made = opened->run(kTables); !made) return made;
  const auto pruned = prunings();
  if (!pruned) return tl::unexpected(pruned.error());
  {
    Query query(*opened, "UPDATE reached SET prunings = ?1");
    if (auto noted = query.bind(*pruned).run(); !noted) return noted;
  }
  database_.emplace(std::move(*opened));
  reached_ = 0;
  prunings_ = *pruned;
  return {};
}

// A store that was put back from a copy may have given the same positions to other posts.
Result<bool> SearchIndex::belongs_here() {
  const auto pruned = prunings();
  if (!pruned) return tl::unexpected(pruned.error());
  Query query(*database_, "SELECT position, sum, prunings FROM reached");
  if (!query.next() || query.integer(2) != *pruned) return false;
  prunings_ = *pruned;
  reached_ = query.integer(0);
  const auto sum = query.fixed<RowSum>(1);
  if (reached_ == 0) return true;
  const auto stored = sum_at(store_.database(), reached_);
  if (!stored) return tl::unexpected(stored.error());
  return sum && *stored == *sum;
}

Result<std::int64_t> SearchIndex::prunings() {
  Query query(store_.database(), "SELECT prunings FROM self");
  const std::int64_t count = query.next() ? query.integer(0) : 0;
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return count;
}

Result<std::string> SearchIndex::expression(const std::vector<SearchWord>& words) {
  if (auto opened = open(); !opened) return tl::unexpected(opened.error());
  std::vector<SearchWord> heard;
  Transaction asking(*database_);
  if (auto begun = asking.begin_reading(); !begun) return tl::unexpected(begun.error());
  for (std::size_t i = 0; i < words.size(); ++i) {
    Query query(*database_, "INSERT INTO asked (rowid, word) VALUES (?1, ?2)");
    query.bind(static_cast<std::int64_t>(i)).bind(std::string_view(words[i].text));
    if (auto put = query.run(); !put) return tl::unexpected(put.error());
  }
  Query query(*database_, "SELECT DISTINCT doc FROM asked_words ORDER BY doc");
  while (query.next()) heard.push_back(words[static_cast<std::size_t>(query.integer(0))]);
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  if (heard.empty()) return fail(Fault::usage, "a search is for words: letters or digits");
  return search_expression(heard);  // What was asked is rolled back.
}

Result<bool> SearchIndex::catch_up(std::int64_t newest) {
  if (auto opened = open(); !opened) return tl::unexpected(opened.error());
  const auto pruned = prunings();
  if (!pruned) return tl::unexpected(pruned.error());
  if (*pruned != prunings_) {
    database_.reset();
    if (auto created = create(); !created) return tl::unexpected(created.error());
  }
  if (reached_ >= newest) return true;
  const auto some = read_some(newest);
  if (!some) return tl::unexpected(some.error());
  if (auto written = write(*some); !written) {
    if (auto mended = mend(written.error()); !mended) return tl::unexpected(mended.error());
    return false;
  }
  reached_ = some->reached;
  return reached_ >= newest;
}

Result<SearchIndex::Some> SearchIndex::read_some(std::int64_t newest) {
  Transaction reading(store_.database());
  if (auto begun = reading.begin_reading(); !begun) return tl::unexpected(begun.error());
  Query query(store_.database(),
              "SELECT id, feed FROM entries WHERE id > ?1 AND id <= ?2 ORDER BY id");
  query.bind(reached_).bind(newest);
  Some some;
  std::size_t batches = 0;
  std::size_t bytes = 0;
  while (batches < kIndexBatchesMax && some.posts.size() < kIndexPostsMax &&
         bytes < kIndexBytesMax) {
    if (!query.next()) {
      some.reached = newest;
      break;
    }
    some.reached = query.integer(0);
    if (query.is_nothing(1)) continue;  // A notice.
    ++batches;
    auto row = open_row(store_.database(), some.reached);
    if (!row) return tl::unexpected(row.error());
    if (!*row) {
      if (auto told = store_.report_damage(some.reached); !told)
        return tl::unexpected(told.error());
      continue;
    }
    for (Entry& entry : (*row)->entries) {
      if (!is_utf8(text_view(entry.body))) continue;
      bytes += entry.body.size();
      some.posts.emplace_back(some.reached * kRowsPerBatch + entry.index, std::move(entry.body));
    }
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  const auto sum = sum_at(store_.database(), some.reached);
  if (!sum) return tl::unexpected(sum.error());
  some.sum = sum->value_or(RowSum{});
  return some;
}

Result<void> SearchIndex::write(const Some& some) {
  Transaction writing(*database_);
  if (auto begun = writing.begin_writing(); !begun) return begun;
  for (const auto& [row, body] : some.posts) {
    Query query(*database_, "INSERT INTO words (rowid, body) VALUES (?1, ?2)");
    if (auto put = query.bind(row).bind(text_view(body)).run(); !put) return put;
  }
  Query query(*database_, "UPDATE reached SET position = ?1, sum = ?2");
  if (auto moved = query.bind(some.reached).bind(some.sum).run(); !moved) {
    return moved;
  }
  return writing.commit();
}

Result<bool> SearchIndex::find(const std::string& expression, std::int64_t newest,
                               std::vector<BatchHead>& heads) {
  if (!database_ || reached_ < newest) return false;
  std::vector<BatchHead*> sorted;
  for (BatchHead& head : heads) {
    head.wanted = 0;
    sorted.push_back(&head);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const BatchHead* a, const BatchHead* b) { return a->position < b->position; });
  if (auto found = find_sorted(expression, sorted); !found) {
    if (auto mended = mend(found.error()); !mended) return tl::unexpected(mended.error());
    return false;
  }
  return true;
}

// Both run on side by side: to the next batch when the posts that are found are behind it, and
// to the batch with a new question when there are many posts before it.
Result<void> SearchIndex::find_sorted(const std::string& expression,
                                      std::vector<BatchHead*>& heads) {
  auto head = heads.begin();
  while (head != heads.end()) {
    const std::int64_t begin = (*head)->position;
    const std::int64_t end = std::min(begin + kSpanBatches, heads.back()->position + 1);
    Query query(*database_,
                "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid >= ?2 AND rowid < ?3"
                " ORDER BY rowid");
    query.bind(std::string_view(expression));
    query.bind(begin * kRowsPerBatch).bind(end * kRowsPerBatch);
    int strays = 0;
    while (strays < kStraysMax && query.next()) {
      const std::int64_t position = query.integer(0) / kRowsPerBatch;
      while (head != heads.end() && (*head)->position < position) ++head;
      if (head == heads.end()) return {};
      if ((*head)->position == position) {
        (*head)->wanted |= std::uint64_t{1} << (query.integer(0) % kRowsPerBatch);
      } else {
        ++strays;
      }
    }
    if (auto done = query.end(); !done) return done;
    if (strays == kStraysMax) continue;
    while (head != heads.end() && (*head)->position < end) ++head;
  }
  return {};
}

Result<void> SearchIndex::mend(const Error& error) {
  if (error.fault != Fault::damaged || ++damages_ > kDamagesMax) return tl::unexpected(error);
  database_.reset();
  return create();
}

}  // namespace p2pchat
