// ContactRow: one Contact as a line of `contacts`.
//
// Effects: reads and writes SQLite. Single-threaded. Bounded by kContactsMax,
// which the core keeps.
#pragma once

#include <vector>

#include "daemon/core/contact.h"
#include "daemon/shell/store/database.h"

namespace p2pchat {

// Replaces what is stored of contact.id.
Result<void> write_contact(Database& database, const Contact& contact);
// All of them, sorted by id. One that does not read back is damage.
Result<std::vector<Contact>> read_contacts(Database& database);

}  // namespace p2pchat
