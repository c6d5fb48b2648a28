// Schema: the tables of p2pchat.db, and how a file is recognised as one.
//
// A file is made whole under another name and then renamed, so one that exists
// is either ours from its first byte on, or it is foreign, newer or damaged;
// those are errors, and nothing about them is changed.
//
// Effects: files. Called once, by Store.
#pragma once

#include "daemon/shell/store/database.h"

namespace p2pchat {

// Opens `file`, or makes it first if there is none: 0600, WAL, synchronous=FULL.
Result<Database> open_database(const std::filesystem::path& file);
// Opens a file that exists, and never writes to it. A daemon may run on it.
Result<Database> open_database_to_read(const std::filesystem::path& file);

}  // namespace p2pchat
