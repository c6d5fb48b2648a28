#include "rendezvous/service/store.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace p2pchat::rendezvous {
namespace {

namespace fs = std::filesystem;
using Sum = Fixed<struct SumTag, 16>;

constexpr int kBusyMilliseconds = 500;  // Waits for a person's sqlite3 on the same file.
constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

// "p2pr" in the header of the file.
constexpr std::string_view kApplication = "p2pr";
constexpr std::size_t kApplicationAt = 68;
constexpr std::size_t kVersionAt = 60;
constexpr const char* kTables = R"sql(
BEGIN;
PRAGMA application_id = 0x70327072;
PRAGMA user_version = 1;
CREATE TABLE records (
  key BLOB NOT NULL UNIQUE,
  value BLOB NOT NULL,
  sum BLOB NOT NULL
) STRICT;
COMMIT;
)sql";
constexpr const char* kSettings = R"sql(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA journal_size_limit = 67108864;
PRAGMA cell_size_check = ON;
)sql";

Sum sum_of(ByteView key, ByteView value) {
  return Hasher("p2pchat rendezvous record").add(key).add(value).finish<Sum>();
}

Error damage_of(const fs::path& file) {
  return {Fault::damaged, file.string() +
                              " is damaged, and nothing was changed; restore it, or move it away "
                              "and start again: members bring their rooms back"};
}

tl::unexpected<Error> cannot(std::string_view verb, const fs::path& file) {
  const char* reason = std::strerror(errno);
  return fail(Fault::machine, "cannot " + std::string(verb) + " " + file.string() + ": " + reason);
}

// Looks at the header without SQLite, which would change a file just by opening it.
Result<void> recognise(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return cannot("open", file);
  std::array<char, 100> header{};
  stream.read(header.data(), header.size());
  const std::string_view bytes(header.data(), header.size());
  const std::string_view magic("SQLite format 3\0", 16);
  if (!stream || !bytes.starts_with(magic)) return tl::unexpected(damage_of(file));
  if (bytes.substr(kApplicationAt, kApplication.size()) != kApplication) {
    return fail(Fault::machine, file.string() +
                                    " belongs to another program, and nothing was changed; name "
                                    "another file, or move it away");
  }
  if (bytes.substr(kVersionAt, 4) != std::string_view("\0\0\0\1", 4)) {
    return fail(Fault::machine, file.string() +
                                    " was written by a newer p2pchat-rendezvous, and nothing was "
                                    "changed; install that version again");
  }
  return {};
}

}  // namespace

struct Store::Connection {
  struct Closer {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Closer>;

  Result<void> open();
  Result<void> create();
  Result<void> run(const char* sql);
  Result<void> write(const Change& change);
  Statement prepare(const char* sql);
  Error error(int code) const;

  fs::path file;
  std::unique_ptr<sqlite3, Closer> sqlite;
  Statement put;
  Statement erase;
};

Error Store::Connection::error(int code) const {
  const std::string name = file.string();
  const int reason = sqlite ? sqlite3_system_errno(sqlite.get()) : 0;
  const bool is_full = (code & 0xFF) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE ||
                       ((code & 0xFF) == SQLITE_IOERR && (reason == ENOSPC || reason == EDQUOT));
  if (is_full) return {Fault::limit, "the disk is full: " + name};
  switch (code & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return damage_of(file);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Fault::machine, name + " is in use by another program; end that one first"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Fault::machine, "cannot write " + name + ": it, its folder or its disk is read-only"};
    default:
      return {Fault::machine, "cannot use " + name + ": " +
                                  (reason != 0 ? std::strerror(reason) : sqlite3_errstr(code))};
  }
}

Result<void> Store::Connection::open() {
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  sqlite.reset(raw);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return {};
}

// Makes a file whole under another name and then renames it, so that one that is there is ours
// from its first byte on.
Result<void> Store::Connection::create() {
  const fs::path whole = file;
  for (const char* ending : {"-wal", "-shm"}) {
    // Of a file that was moved away: SQLite would take them for parts of the new one.
    const fs::path left = whole.string() + ending;
    if (::rename(left.c_str(), (left.string() + ".old").c_str()) != 0 && errno != ENOENT) {
      return cannot("move away", left);
    }
  }
  file = whole.string() + ".new";
  for (const char* ending : {"", "-journal"}) ::unlink((file.string() + ending).c_str());
  const int descriptor =
      ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, kOwnerOnly);
  if (descriptor < 0) return cannot("create", file);
  ::close(descriptor);
  if (auto opened = open(); !opened) return opened;
  if (auto made = run(kTables); !made) return made;
  sqlite.reset();
  if (::rename(file.c_str(), whole.c_str()) != 0) return cannot("create", whole);
  file = whole;
  const int folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_synced = folder >= 0 && ::fsync(folder) == 0;
  if (folder >= 0) ::close(folder);
  if (!is_synced) return cannot("sync", file.parent_path());
  return {};
}

Result<void> Store::Connection::run(const char* sql) {
  const int code = sqlite3_exec(sqlite.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return {};
}

Store::Connection::Statement Store::Connection::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(sqlite.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  return Statement(statement);
}

Result<void> Store::Connection::write(const Change& change) {
  const Bytes key = key_of(change.record);
  const Bytes value = change.is_erased ? Bytes() : value_of(change.record);
  const Sum sum = sum_of(key, value);
  sqlite3_stmt* statement = change.is_erased ? erase.get() : put.get();
  const auto bind = [&](int at, ByteView bytes) {
    sqlite3_bind_blob64(statement, at, bytes.data(), bytes.size(), SQLITE_STATIC);
  };
  bind(1, key);
  if (!change.is_erased) {
    bind(2, value);
    bind(3, sum.view());
  }
  const int code = sqlite3_step(statement);
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  if (code != SQLITE_DONE) return tl::unexpected(error(code));
  return {};
}

Store::Store(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const fs::path& file) {
  auto connection = std::make_unique<Connection>();
  connection->file = fs::absolute(file);
  struct stat status {};
  if (::stat(connection->file.c_str(), &status) != 0) {
    if (errno != ENOENT) return cannot("read", file);
    if (auto made = connection->create(); !made) return tl::unexpected(made.error());
  } else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    if (::chmod(connection->file.c_str(), kOwnerOnly) != 0) return cannot("protect", file);
  }
  if (auto known = recognise(connection->file); !known) return tl::unexpected(known.error());
  if (auto opened = connection->open(); !opened) return tl::unexpected(opened.error());
  if (auto set = connection->run(kSettings); !set) return tl::unexpected(set.error());
  connection->put = connection->prepare(
      "INSERT INTO records (key, value, sum) VALUES (?, ?, ?)"
      " ON CONFLICT (key) DO UPDATE SET value = excluded.value, sum = excluded.sum");
  connection->erase = connection->prepare("DELETE FROM records WHERE key = ?");
  if (!connection->put || !connection->erase) return tl::unexpected(damage_of(file));
  return Store(std::move(connection));
}

Result<std::vector<Record>> Store::load() {
  const auto all = connection_->prepare("SELECT key, value, sum FROM records");
  if (!all) return tl::unexpected(damage());
  const auto bytes = [&](int column) -> ByteView {
    const void* data = sqlite3_column_blob(all.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(all.get(), column));
    return {static_cast<const std::uint8_t*>(data), data == nullptr ? 0 : size};
  };
  std::vector<Record> records;
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(all.get())) == SQLITE_ROW) {
    const ByteView key = bytes(0);
    const ByteView value = bytes(1);
    auto record = decode_record(key, value);
    if (!record || Sum::from(bytes(2)) != sum_of(key, value)) return tl::unexpected(damage());
    records.push_back(*std::move(record));
  }
  if (code != SQLITE_DONE) return tl::unexpected(connection_->error(code));
  return records;
}

Result<void> Store::commit(const Changes& changes) {
  if (auto begun = connection_->run("BEGIN IMMEDIATE"); !begun) return begun;
  Result<void> written;
  for (const Change& change : changes) {
    written = connection_->write(change);
    if (!written) break;
  }
  if (written) written = connection_->run("COMMIT");
  // SQLite may have rolled back by itself.
  if (!written && sqlite3_get_autocommit(connection_->sqlite.get()) == 0) {
    (void)connection_->run("ROLLBACK");
  }
  return written;
}

Error Store::damage() const { return damage_of(connection_->file); }

}  // namespace p2pchat::rendezvous
