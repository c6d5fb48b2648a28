#include "daemon/shell/proof.h"

#include <cerrno>
#include <cstring>
#include <sodium.h>
#include <string>
#include <vector>

#include "daemon/shell/store/membership_row.h"
#include "daemon/shell/store/schema.h"
#include "proto/crypto.h"
#include "proto/text.h"

namespace p2pchat {

namespace {

constexpr std::string_view kRoomMark = "room:";
// Of an id, as everywhere.
constexpr std::size_t kPrefixCharsMin = 8;

std::string base64(ByteView bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // It ends in a zero.
  return text;
}

// A room that is listed under the name comes before those whose ids begin with it.
Result<const MembershipState*> find(const std::vector<MembershipState>& all,
                                    std::string_view name) {
  if (name.starts_with(kRoomMark)) name.remove_prefix(kRoomMark.size());
  const MembershipState* found = nullptr;
  for (const MembershipState& each : all) {
    if (each.room.name == name) return &each;
    const bool is_meant =
        name.size() >= kPrefixCharsMin && to_text(each.room.genesis.room).starts_with(name);
    if (!is_meant) continue;
    if (found != nullptr) {
      return fail(Fault::unknown, "'" + cleaned(name) + "' fits the ids of several rooms");
    }
    found = &each;
  }
  if (found != nullptr) return found;
  return fail(Fault::unknown, "no room in this store is called '" + cleaned(name) + "'");
}

}  // namespace

Result<void> print_proof(const std::filesystem::path& state, std::string_view name,
                         std::FILE* out) {
  auto database = open_database_to_read(state / "p2pchat.db");
  if (!database) return tl::unexpected(database.error());
  Transaction reading(*database);
  if (auto begun = reading.begin_reading(); !begun) return begun;
  const auto all = read_memberships(*database);
  if (!all) return tl::unexpected(all.error());
  const auto room = find(*all, name);
  if (!room) return tl::unexpected(room.error());

  const auto print = [out](const char* kind, ByteView raw) {
    std::fprintf(out, "%s %s\n", kind, base64(raw).c_str());
  };
  print("genesis", (*room)->room.genesis.raw);
  for (const StoredDecision& decision : (*room)->decisions) {
    print("value", decision.value.raw);
    print("certificate", decision.certificate.encode());
  }
  if (std::fflush(out) == 0 && std::ferror(out) == 0) return {};
  return fail(Fault::machine, std::string("cannot write the proof: ") + std::strerror(errno));
}

}  // namespace p2pchat
