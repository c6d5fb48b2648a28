// Proof: what proves who is in a room, out of a store whose daemon need not run.
//
// Nothing is decided or believed here: whoever reads it checks it, from the
// genesis on. The store is opened for reading only, so a daemon may run on it
// meanwhile.
//
// Effects: reads the store, and writes to `out`. Bounded by the store.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string_view>

#include "proto/result.h"

namespace p2pchat {

// Of the room that is listed as `name` (also as "room:NAME"), or whose id begins with it, by 8
// characters at least. A line each, KIND BASE64: the genesis, then for each height the value and
// its certificate.
Result<void> print_proof(const std::filesystem::path& state, std::string_view name, std::FILE* out);

}  // namespace p2pchat
