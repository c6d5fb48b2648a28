#include "daemon/shell/store/schema.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/shell/descriptor.h"

namespace p2pchat {

namespace {

namespace fs = std::filesystem;

// "p2pc" in the header of the file: PRAGMA application_id.
constexpr std::uint32_t kApplication = 0x70327063;
constexpr std::uint32_t kVersion = 3;

// Positions never repeat (AUTOINCREMENT), because readers stand on them. A tag
// is not unique: its owner can search for a second feed with the same one. In
// `entries`, what may be long stands last, so that the rest is read without it;
// a notice has no feed, and a batch that shows nothing and is no opening is
// pruned. A room's `pruned` are the bytes of those, `self` counts how often
// anything was.
constexpr const char* kTables = R"sql(
BEGIN;
PRAGMA application_id = 0x70327063;
PRAGMA user_version = 3;
CREATE TABLE self (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  card_counter INTEGER NOT NULL,
  promised INTEGER NOT NULL,
  listing TEXT,
  prunings INTEGER NOT NULL
) STRICT;
CREATE TABLE contacts (
  id BLOB PRIMARY KEY,
  name TEXT NOT NULL,
  is_aliased INTEGER NOT NULL,
  is_verified INTEGER NOT NULL,
  is_blocked INTEGER NOT NULL,
  is_near INTEGER NOT NULL,
  asks INTEGER NOT NULL,
  card BLOB,
  pins BLOB NOT NULL,
  founding BLOB,
  wish BLOB
) STRICT, WITHOUT ROWID;
CREATE TABLE rooms (
  id INTEGER PRIMARY KEY,
  room BLOB NOT NULL UNIQUE,
  bytes INTEGER NOT NULL,
  pruned INTEGER NOT NULL,
  high INTEGER NOT NULL,
  high_feed INTEGER,
  span INTEGER NOT NULL
) STRICT;
CREATE TABLE feeds (
  id INTEGER PRIMARY KEY,
  room INTEGER NOT NULL,
  author BLOB NOT NULL,
  incarnation BLOB NOT NULL,
  tag BLOB NOT NULL,
  have INTEGER NOT NULL,
  head BLOB NOT NULL,
  stamp INTEGER NOT NULL,
  opening BLOB NOT NULL,
  opened BLOB NOT NULL,
  UNIQUE (room, author, incarnation)
) STRICT;
CREATE INDEX feeds_by_tag ON feeds (tag);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  room INTEGER NOT NULL,
  feed INTEGER,
  first INTEGER NOT NULL,
  count INTEGER NOT NULL,
  shown INTEGER NOT NULL,
  first_stamp INTEGER NOT NULL,
  last_stamp INTEGER NOT NULL,
  high INTEGER NOT NULL,
  high_feed INTEGER,
  received INTEGER NOT NULL,
  sum BLOB NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (feed, first)
) STRICT;
CREATE INDEX entries_by_arrival ON entries (room, id, feed, count, shown, first, last_stamp);
CREATE INDEX entries_by_stamp ON entries (room, first_stamp, id, last_stamp, shown, feed)
  WHERE feed IS NOT NULL;
CREATE INDEX entries_pruned ON entries (room, last_stamp) WHERE shown = 0 AND first > 1;
CREATE TABLE places (
  uid INTEGER NOT NULL,
  reader TEXT NOT NULL,
  room INTEGER NOT NULL,
  position INTEGER NOT NULL,
  post INTEGER NOT NULL,
  PRIMARY KEY (uid, reader, room)
) STRICT, WITHOUT ROWID;
CREATE TABLE memberships (
  room BLOB PRIMARY KEY,
  genesis BLOB NOT NULL,
  name TEXT NOT NULL,
  forgotten BLOB,
  is_gone INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE decisions (
  room BLOB NOT NULL,
  height INTEGER NOT NULL,
  value BLOB NOT NULL,
  certificate BLOB NOT NULL,
  UNIQUE (room, height)
) STRICT;
CREATE TABLE pledges (
  room BLOB NOT NULL UNIQUE,
  pledge BLOB NOT NULL,
  value BLOB NOT NULL
) STRICT;
CREATE TABLE objects (
  room BLOB NOT NULL,
  key BLOB NOT NULL,
  kind INTEGER NOT NULL,
  bytes BLOB NOT NULL,
  UNIQUE (room, key)
) STRICT;
CREATE TABLE wishes (
  room BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  creator BLOB NOT NULL,
  knock BLOB NOT NULL,
  via TEXT NOT NULL,
  is_over INTEGER NOT NULL,
  hosts BLOB NOT NULL
) STRICT;
CREATE TABLE keys (
  room BLOB NOT NULL,
  key TEXT NOT NULL,
  text BLOB NOT NULL,
  author BLOB NOT NULL,
  incarnation BLOB NOT NULL,
  number INTEGER NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (room, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE retentions (
  room BLOB PRIMARY KEY,
  age INTEGER,
  bytes INTEGER,
  cut INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE probe (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  bytes BLOB NOT NULL
) STRICT;
INSERT INTO self VALUES (1, 0, 0, NULL, 0);
COMMIT;
)sql";

// The log is written back when it has 8,000 pages of 4 KiB: seldom enough to
// cost little, often enough to stay small. What is pruned is overwritten.
constexpr const char* kSettings = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA wal_autocheckpoint = 8000;
PRAGMA journal_size_limit = 67108864;
PRAGMA cell_size_check = ON;
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
)sql";

fs::path beside(const fs::path& file, const char* ending) { return file.string() + ending; }

// What a crash or a half move has left: never to be taken for parts of a new file, which
// SQLite would do. A log may hold what somebody still wants, so it is kept under another name.
Result<void> clear_way(const fs::path& file) {
  for (const char* ending : {"-wal", "-journal"}) {
    const auto left = beside(file, ending);
    const auto old = beside(left, ".old");
    if (::rename(left.c_str(), old.c_str()) != 0 && errno != ENOENT) {
      return fail_with_errno("move away", left);
    }
  }
  for (const char* ending : {"-shm", ".new", ".new-journal"}) {
    const auto left = beside(file, ending);
    if (::unlink(left.c_str()) != 0 && errno != ENOENT) return fail_with_errno("remove", left);
  }
  return {};
}

Result<void> create(const fs::path& file) {
  if (auto cleared = clear_way(file); !cleared) return cleared;
  const auto fresh = beside(file, ".new");
  if (auto created = create_private(fresh); !created) return tl::unexpected(created.error());
  {
    auto database = Database::open(fresh);
    if (!database) return tl::unexpected(database.error());
    if (auto made = database->run(kTables); !made) return made;
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) return fail_with_errno("create", file);
  return sync_folder_of(file);
}

std::uint32_t big_endian(ByteView bytes) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8U | byte;
  return value;
}

// Looks at the header without SQLite, which would change a file just by opening it. The
// descriptor is closed before SQLite comes: to close it later would drop SQLite's locks.
Result<void> recognise(const fs::path& file) {
  const Descriptor open(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!open.is_open()) return fail_with_errno("open", file);
  std::array<std::uint8_t, 100> header{};
  const ssize_t size = ::pread(open.number(), header.data(), header.size(), 0);
  if (size < 0) return fail_with_errno("read", file);
  const std::string_view magic("SQLite format 3\0", 16);
  if (size < static_cast<ssize_t>(header.size()) ||
      text_view(header).substr(0, magic.size()) != magic) {
    return fail(Fault::machine, file.string() +
                                    " is no database, or damaged beyond reading, and nothing was "
                                    "changed; move it away and start again: contacts and history "
                                    "come back from your peers");
  }
  const ByteView bytes(header);
  if (big_endian(bytes.subspan(68, 4)) != kApplication) {
    return fail(Fault::machine, file.string() +
                                    " belongs to another program, and nothing was "
                                    "changed; name another folder, or move it away");
  }
  const auto version = big_endian(bytes.subspan(60, 4));
  if (version > kVersion) {
    return fail(Fault::machine, file.string() + " was written by a newer p2pchatd (format " +
                                    std::to_string(version) + ", and this one knows " +
                                    std::to_string(kVersion) +
                                    "), and nothing was changed; install that version again");
  }
  if (version < kVersion) {
    return fail(Fault::machine, file.string() + " was written by an older p2pchatd (format " +
                                    std::to_string(version) +
                                    "), and nothing was changed; move it away and start again: "
                                    "contacts and history come back from your peers");
  }
  return {};
}

// Reads something of every table: a damaged or cut file shows here, before it is used.
Result<void> probe_tables(Database& database) {
  Query query(database,
              "SELECT (SELECT count(*) FROM self), (SELECT max(id) FROM contacts),"
              " (SELECT max(id) FROM rooms), (SELECT max(id) FROM feeds),"
              " (SELECT max(sum) FROM (SELECT sum FROM entries ORDER BY id DESC LIMIT 1)),"
              " (SELECT max(uid) FROM places), (SELECT max(room) FROM memberships),"
              " (SELECT max(rowid) FROM decisions), (SELECT max(rowid) FROM pledges),"
              " (SELECT max(rowid) FROM objects), (SELECT max(rowid) FROM wishes),"
              " (SELECT max(room) FROM retentions)");
  const bool is_whole = query.next() && query.integer(0) == 1;
  if (auto end = query.end(); !end) return end;
  if (!is_whole) return tl::unexpected(database.damage());
  return {};
}

// A file that somebody made readable for others is made private again.
Result<void> make_private(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return fail_with_errno("read", file);
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  if (::chmod(file.c_str(), S_IRUSR | S_IWUSR) != 0) return fail_with_errno("protect", file);
  return {};
}

}  // namespace

Result<Database> open_database(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) {
    if (errno != ENOENT) return fail_with_errno("read", file);
    if (auto created = create(file); !created) return tl::unexpected(created.error());
  }
  if (auto known = recognise(file); !known) return tl::unexpected(known.error());
  if (auto mine = make_private(file); !mine) return tl::unexpected(mine.error());

  auto database = Database::open(file);
  if (!database) return database;
  database->set_write_back(false);  // Should it turn out to be damaged.
  if (auto whole = probe_tables(*database); !whole) return tl::unexpected(whole.error());
  if (auto set = database->run(kSettings); !set) return tl::unexpected(set.error());
  database->set_write_back(true);
  return database;
}

Result<Database> open_database_to_read(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) {
    return fail(Fault::machine, "there is no store: " + file.string() + " does not exist");
  }
  if (auto known = recognise(file); !known) return tl::unexpected(known.error());
  auto database = Database::open(file, Database::Access::read);
  if (!database) return database;
  if (auto whole = probe_tables(*database); !whole) return tl::unexpected(whole.error());
  return database;
}

}  // namespace p2pchat
