// IdentityFile: the secret key of a daemon, in DIR/identity.
//
// One line of text: a word that names the format, and the 32-byte seed in
// base32. It is written once and never replaced, and it is read only if nobody
// else could have read or put it.
//
// Effects: files and, when there is none yet, fresh randomness. Called once at
// the start, by a daemon that holds its StateLock.
#pragma once

#include <filesystem>

#include "proto/crypto.h"

namespace p2pchat {

// The identity in `file`; makes one first if there is no such file. The file is 0600, and
// durable before this answers. Each error names the file and what to do.
Result<Identity> open_identity(const std::filesystem::path& file);

}  // namespace p2pchat
