// SearchIndex: which posts hold which words, in a file of its own beside the store.
//
// It is derived: whoever searches brings it up to date first, a short turn at a
// time, so posting and receiving pay nothing for it. It knows a post by its
// place in the store alone and keeps no text, only the words (FTS5, contentless).
// What is shown always comes from the store, so an index that is behind, lost or
// of another store can leave out or cost time, but never say what nobody wrote.
// One that is damaged or does not belong to the store is thrown away and made
// again; so is one that holds words of what has been pruned since: FTS5 of SQLite
// 3.40 cannot take back a text that it does not hold.
//
// Effects: reads the store, writes its own file (WAL, synchronous=NORMAL; opened
// by the first search). Single-threaded; owned by Inbox. Bounded: a turn takes
// in kIndexBatchesMax batches, kIndexPostsMax posts or kIndexBytesMax bytes, and
// one batch beyond it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/shell/search_words.h"
#include "daemon/shell/store.h"
#include "daemon/shell/store/database.h"
#include "daemon/shell/store/row.h"

namespace p2pchat {

// Of a turn that indexes: some milliseconds. To check a batch costs more than to take in its posts.
inline constexpr std::size_t kIndexBatchesMax = 64;
inline constexpr std::size_t kIndexPostsMax = 512;
inline constexpr std::size_t kIndexBytesMax = 128 * 1024;

// A batch in the store: what a log reads before it opens it.
struct BatchHead {
  std::int64_t position = 0;
  Stamp first_stamp;
  Stamp last_stamp;
  std::int64_t shown = 0;                    // Posts that readers see.
  std::uint64_t wanted = ~std::uint64_t{0};  // Bit i: the post at index i.
};

class SearchIndex {
 public:
  // `store` outlives it.
  explicit SearchIndex(Store& store);

  // Fails with a sentence if this SQLite cannot search.
  static Result<void> check(Database& database);

  // Asks for posts with all of `words`; those without a letter or a digit are left out.
  // Fault::usage if none is left.
  Result<std::string> expression(const std::vector<SearchWord>& words);
  // Takes in more of the store. True once it holds all rows up to the position `newest`,
  // which is of a row.
  Result<bool> catch_up(std::int64_t newest);
  // Marks as wanted the posts of `heads`, none of them above `newest`, that are found. False if
  // it does not know all of them, or not any more: then it is to catch up, and to be asked again.
  Result<bool> find(const std::string& expression, std::int64_t newest,
                    std::vector<BatchHead>& heads);

 private:
  // Posts of the store that are to be taken in.
  struct Some {
    std::int64_t reached = 0;                           // The last row that was read,
    RowSum sum;                                         // and its checksum.
    std::vector<std::pair<std::int64_t, Bytes>> posts;  // By their rows in the index.
  };

  Result<void> open();
  // Takes the file as it is. False if it is not for this store.
  Result<bool> open_existing();
  Result<void> create();
  Result<bool> belongs_here();
  // How often the store has been pruned.
  Result<std::int64_t> prunings();
  Result<Some> read_some(std::int64_t newest);
  Result<void> write(const Some& some);
  Result<void> find_sorted(const std::string& expression, std::vector<BatchHead*>& heads);
  // Begins anew if the index is damaged; any other error stays.
  Result<void> mend(const Error& error);

  Store& store_;
  std::filesystem::path file_;
  std::optional<Database> database_;  // None until it is needed.
  std::int64_t reached_ = 0;          // Rows of the store up to here are in it.
  std::int64_t prunings_ = 0;         // Of the store, when it was made.
  int damages_ = 0;                   // Since this daemon began.
};

}  // namespace p2pchat
