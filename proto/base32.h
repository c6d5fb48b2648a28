// Base32: RFC 4648's alphabet in lower case, without padding.
#pragma once

#include <optional>
#include <string>

#include "proto/bytes.h"

namespace p2pchat {

std::string base32(ByteView bytes);
// Nothing for a foreign character, or for text that base32() would not write.
std::optional<Bytes> from_base32(std::string_view text);
// Every character is of the alphabet.
bool is_base32(std::string_view text);

}  // namespace p2pchat
