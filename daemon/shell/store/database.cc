#include "daemon/shell/store/database.h"

#include <cerrno>
#include <cstring>
#include <sqlite3.h>

#include "proto/check.h"

namespace p2pchat {

namespace {

constexpr int kBusyMilliseconds = 500;  // Waits for a person's sqlite3 on the same file.

}  // namespace

void Database::Closer::operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }

void Database::Finalizer::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Database::Database(Database&&) noexcept = default;

Database& Database::operator=(Database&& other) noexcept {
  prepared_.clear();  // Before the connection that they belong to.
  file_ = std::move(other.file_);
  connection_ = std::move(other.connection_);
  prepared_ = std::move(other.prepared_);
  return *this;
}

Database::~Database() = default;

Result<Database> Database::open(const std::filesystem::path& file, Access access) {
  Database database;
  database.file_ = file;
  sqlite3* connection = nullptr;
  // A connection is there even after a failure, to ask it for the reason.
  const int mode = access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const int code = sqlite3_open_v2(file.c_str(), &connection, mode | SQLITE_OPEN_NOMUTEX, nullptr);
  database.connection_.reset(connection);
  if (code != SQLITE_OK) return tl::unexpected(database.error(code));
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, kBusyMilliseconds);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<void> Database::run(const char* sql) {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(error(code));
  return {};
}

void Database::set_write_back(bool write_back) {
  sqlite3_db_config(connection_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, write_back ? 0 : 1,
                    nullptr);
}

bool Database::is_in_transaction() const { return sqlite3_get_autocommit(connection_.get()) == 0; }

std::int64_t Database::last_position() const {
  return sqlite3_last_insert_rowid(connection_.get());
}

Error Database::damage() const {
  return {Fault::damaged, file_.string() +
                              " is damaged, and nothing was changed; move it away and start again: "
                              "contacts and history come back from your peers"};
}

Error Database::error(int code) const {
  const std::string file = file_.string();
  const int reason = connection_ ? sqlite3_system_errno(connection_.get()) : 0;
  switch (code & 0xFF) {
    case SQLITE_FULL: return {Fault::machine, "the disk is full: " + file};
    case SQLITE_IOERR:
      if (reason == ENOSPC || reason == EDQUOT || code == SQLITE_IOERR_SHMSIZE) {
        return {Fault::machine, "the disk is full: " + file};
      }
      return {Fault::machine, "cannot read or write " + file + ": " +
                                  (reason != 0 ? std::strerror(reason) : sqlite3_errstr(code))};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return damage();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Fault::machine, file + " is in use by another program; end that one first"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Fault::machine, "cannot write " + file + ": it, its folder or its disk is read-only"};
    case SQLITE_CANTOPEN:
      return {Fault::machine, "cannot open " + file + " or a file beside it" +
                                  (reason != 0 ? std::string(": ") + std::strerror(reason) : "")};
    case SQLITE_NOMEM: return {Fault::machine, "out of memory while using " + file};
    default:
      return {Fault::machine, "cannot use " + file + ": " +
                                  (connection_ ? sqlite3_errmsg(connection_.get()) : "no SQLite")};
  }
}

Query::Query(Database& database, const char* sql) : database_(database) {
  auto& prepared = database.prepared_[sql];
  if (!prepared.statement) {
    sqlite3_stmt* statement = nullptr;
    code_ = sqlite3_prepare_v3(database.connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT,
                               &statement, nullptr);
    prepared.statement.reset(statement);
    if (code_ != SQLITE_OK) return;
  }
  CHECK(!prepared.is_lent);
  prepared.is_lent = true;
  prepared_ = &prepared;
}

Query::~Query() {
  if (prepared_ == nullptr) return;
  sqlite3_reset(prepared_->statement.get());
  sqlite3_clear_bindings(prepared_->statement.get());
  prepared_->is_lent = false;
}

Query& Query::bound(int code) {
  if (code_ == SQLITE_OK) code_ = code;
  return *this;
}

Query& Query::bind(std::int64_t value) {
  if (prepared_ == nullptr) return *this;
  return bound(sqlite3_bind_int64(prepared_->statement.get(), ++parameter_, value));
}

Query& Query::bind(ByteView value) {
  if (prepared_ == nullptr) return *this;
  // A null pointer would bind NULL, which is not the same as no bytes.
  if (value.empty()) {
    return bound(sqlite3_bind_zeroblob(prepared_->statement.get(), ++parameter_, 0));
  }
  return bound(sqlite3_bind_blob64(prepared_->statement.get(), ++parameter_, value.data(),
                                   value.size(), SQLITE_STATIC));
}

Query& Query::bind(std::string_view value) {
  if (prepared_ == nullptr) return *this;
  return bound(sqlite3_bind_text64(prepared_->statement.get(), ++parameter_,
                                   value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC,
                                   SQLITE_UTF8));
}

Query& Query::bind_nothing() {
  ++parameter_;  // Bindings are cleared after each use, so it is NULL already.
  return *this;
}

bool Query::next() {
  if (prepared_ == nullptr || (code_ != SQLITE_OK && code_ != SQLITE_ROW)) return false;
  code_ = sqlite3_step(prepared_->statement.get());
  return code_ == SQLITE_ROW;
}

Result<void> Query::run() {
  while (next()) {
  }
  return end();
}

Result<void> Query::end() const {
  if (code_ == SQLITE_OK || code_ == SQLITE_ROW || code_ == SQLITE_DONE) return {};
  return tl::unexpected(database_.error(code_));
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(prepared_->statement.get(), column);
}

ByteView Query::bytes(int column) const {
  // SQLite asks for this order: the pointer first, then the size.
  const auto* data =
      static_cast<const std::uint8_t*>(sqlite3_column_blob(prepared_->statement.get(), column));
  const int size = sqlite3_column_bytes(prepared_->statement.get(), column);
  if (data == nullptr) return {};
  return {data, static_cast<std::size_t>(size)};
}

std::string_view Query::text(int column) const { return text_view(bytes(column)); }

bool Query::is_nothing(int column) const {
  return sqlite3_column_type(prepared_->statement.get(), column) == SQLITE_NULL;
}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself.
  if (database_.is_in_transaction()) (void)Query(database_, "ROLLBACK").run();
}

Result<void> Transaction::begin_reading() { return Query(database_, "BEGIN").run(); }

Result<void> Transaction::begin_writing() { return Query(database_, "BEGIN IMMEDIATE").run(); }

Result<void> Transaction::commit() { return Query(database_, "COMMIT").run(); }

}  // namespace p2pchat
