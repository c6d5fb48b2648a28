#include "daemon/shell/store/contact_row.h"

#include "proto/pack.h"

namespace p2pchat {

namespace {

// Far above what the core keeps: here they only bound what damage can do.
constexpr std::size_t kAddressesMax = 1024;
constexpr std::size_t kHostBytesMost = 1024;

void pack(Packer& packer, const Address& address) {
  packer.array(2).bytes(view(address.host)).integer(address.port);
}

Address unpack_address(Unpacker& unpacker) {
  unpacker.array_of(2);
  Address address;
  address.host = to_string(unpacker.bytes(kHostBytesMost));
  address.port = static_cast<std::uint16_t>(unpacker.integer(0xFFFF));
  return address;
}

Bytes packed(const std::vector<Address>& addresses) {
  Packer packer;
  packer.array(addresses.size());
  for (const Address& address : addresses) pack(packer, address);
  return packer.take();
}

std::optional<std::vector<Address>> unpacked(ByteView bytes) {
  Unpacker unpacker(bytes);
  std::vector<Address> addresses;
  for (std::size_t left = unpacker.array(kAddressesMax); left > 0 && unpacker.is_good(); --left) {
    addresses.push_back(unpack_address(unpacker));
  }
  if (!unpacker.is_done()) return std::nullopt;
  return addresses;
}

// Nothing if a column does not hold what write_contact() puts there.
std::optional<Contact> contact_of(const Query& query) {
  Contact contact;
  const auto id = query.fixed<PeerId>(0);
  const auto pins = unpacked(query.bytes(8));
  if (!id || !pins) return std::nullopt;
  contact.id = *id;
  contact.name = query.text(1);
  contact.is_aliased = query.flag(2);
  contact.is_verified = query.flag(3);
  contact.is_blocked = query.flag(4);
  contact.is_near = query.flag(5);
  contact.asks = query.flag(6);
  contact.pins = *pins;
  if (!query.is_nothing(7)) {
    auto card = Card::decode(query.bytes(7));
    if (!card || card->id != contact.id) return std::nullopt;
    contact.card = std::move(*card);
  }
  if (!query.is_nothing(9)) {
    contact.founding = query.fixed<Signature>(9);
    if (!contact.founding) return std::nullopt;
  }
  if (!query.is_nothing(10)) {
    Unpacker unpacker(query.bytes(10));
    contact.wish = unpack_address(unpacker);
    if (!unpacker.is_done()) return std::nullopt;
  }
  return contact;
}

}  // namespace

Result<void> write_contact(Database& database, const Contact& contact) {
  Query query(database,
              "INSERT OR REPLACE INTO contacts (id, name, is_aliased, is_verified, is_blocked,"
              " is_near, asks, card, pins, founding, wish)"
              " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
  query.bind(contact.id).bind(std::string_view(contact.name));
  query.bind(std::int64_t{contact.is_aliased}).bind(std::int64_t{contact.is_verified});
  query.bind(std::int64_t{contact.is_blocked}).bind(std::int64_t{contact.is_near});
  query.bind(std::int64_t{contact.asks});
  if (contact.card) {
    query.bind(ByteView(contact.card->raw));
  } else {
    query.bind_nothing();
  }
  const Bytes pins = packed(contact.pins);
  query.bind(ByteView(pins));
  if (contact.founding) {
    query.bind(*contact.founding);
  } else {
    query.bind_nothing();
  }
  Bytes wish;
  if (contact.wish) {
    Packer packer;
    pack(packer, *contact.wish);
    wish = packer.take();
    query.bind(ByteView(wish));
  } else {
    query.bind_nothing();
  }
  return query.run();
}

Result<std::vector<Contact>> read_contacts(Database& database) {
  Query query(database,
              "SELECT id, name, is_aliased, is_verified, is_blocked, is_near, asks, card, pins,"
              " founding, wish FROM contacts ORDER BY id");
  std::vector<Contact> contacts;
  while (query.next()) {
    auto contact = contact_of(query);
    if (!contact) return tl::unexpected(database.damage());
    contacts.push_back(std::move(*contact));
  }
  if (auto end = query.end(); !end) return tl::unexpected(end.error());
  return contacts;
}

}  // namespace p2pchat
