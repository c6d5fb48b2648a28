// Database: one SQLite connection, its prepared statements and its errors.
//
// Whatever SQLite has to say becomes one sentence that names the file and the
// remedy. A Query borrows a prepared statement and gives it back when it ends,
// so no read transaction outlives the function that reads, and the write-ahead
// log can always be written back.
//
// Effects: reads and writes one file. Single-threaded; owned by Store. Bounded:
// one prepared statement for each SQL text in our code.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "proto/bytes.h"
#include "proto/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace p2pchat {

class Database {
 public:
  enum class Access : std::uint8_t { write, read };
  // Opens a file that exists. None of it is read yet.
  static Result<Database> open(const std::filesystem::path& file, Access access = Access::write);
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  ~Database();

  // Runs statements that take no values and answer no rows.
  Result<void> run(const char* sql);
  // Whether closing writes the write-ahead log back into the file. It does from the start.
  void set_write_back(bool write_back);

  bool is_in_transaction() const;
  std::int64_t last_position() const;  // The key of the row inserted last.
  const std::filesystem::path& file() const { return file_; }
  // "FILE is damaged", and what to do.
  Error damage() const;

 private:
  friend class Query;
  struct Closer {
    void operator()(sqlite3* connection) const;
  };
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  struct Prepared {
    std::unique_ptr<sqlite3_stmt, Finalizer> statement;
    bool is_lent = false;
  };

  Database() = default;
  Error error(int code) const;

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Closer> connection_;
  std::map<const char*, Prepared> prepared_;  // By the address of the SQL text.
};

// One run of one statement. Failure is sticky: a query that could not be
// prepared or stepped has no rows, and end() says why.
class Query {
 public:
  // `sql` is a literal; no other Query of the same literal exists.
  Query(Database& database, const char* sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // Each binds the next parameter. Bytes and text must outlive the query.
  Query& bind(std::int64_t value);
  Query& bind(ByteView value);
  Query& bind(std::string_view value);
  Query& bind_nothing();
  template <class Tag, std::size_t N>
  Query& bind(const Fixed<Tag, N>& value) {
    return bind(value.view());
  }

  // Steps; true if there is a row. Views of the row before are gone.
  bool next();
  // Steps to the end, for what answers no rows.
  Result<void> run();
  // An error if the last step failed, not if it found no row.
  Result<void> end() const;

  std::int64_t integer(int column) const;
  bool flag(int column) const { return integer(column) != 0; }
  ByteView bytes(int column) const;
  std::string_view text(int column) const;
  bool is_nothing(int column) const;
  // Nothing if the column does not have exactly the size of a T.
  template <class T>
  std::optional<T> fixed(int column) const {
    return T::from(bytes(column));
  }

 private:
  Query& bound(int code);

  Database& database_;
  Database::Prepared* prepared_ = nullptr;
  int parameter_ = 0;  // The number of those bound.
  int code_ = 0;       // What SQLite answered last.
};

// Writes all or nothing: what was not committed when it ends is rolled back.
// Reads see one state of the file, and SQLite takes its locks once for all of them.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Result<void> begin_reading();
  Result<void> begin_writing();  // Takes the right to write at once: nothing fails for it later.
  Result<void> commit();         // Durable when it answers.

 private:
  Database& database_;
};

}  // namespace p2pchat
