#include "daemon/core/contacts.h"

#include <algorithm>

#include "proto/base32.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

constexpr std::size_t kPrefixCharsMin = 8;
constexpr std::size_t kMarkChars = 4;

}  // namespace

std::string typeable(std::string_view claimed) {
  std::string out;
  for (const char letter : cleaned(claimed)) {
    const bool is_mark = std::string_view(" \t\n:@~/").find(letter) != std::string_view::npos;
    out += is_mark ? '_' : letter;
  }
  while (!out.empty() && out.front() == '-') out.erase(0, 1);
  return out;
}

Contacts::Contacts(const std::vector<Contact>& stored) {
  for (const Contact& contact : stored) contacts_.emplace(contact.id, contact);
}

Contact* Contacts::find_or_add(const PeerId& peer, const Card* card) {
  const auto it = contacts_.find(peer);
  if (it != contacts_.end()) return &it->second;
  if (contacts_.size() >= kContactsMax) return nullptr;
  Contact contact;
  contact.id = peer;
  contact.name = listed_name(peer, card == nullptr ? "" : card->name);
  if (card != nullptr) contact.card = *card;
  return &contacts_.emplace(peer, std::move(contact)).first->second;
}

bool Contacts::update_card(Contact& contact, const Card& card) {
  CHECK(card.id == contact.id);
  if (contact.card && contact.card->counter >= card.counter) return false;
  // Once listed, a name stays: what my user has typed must not come to mean somebody else.
  const bool is_first = !contact.card;
  contact.card = card;
  if (is_first && !contact.is_aliased) contact.name = listed_name(contact.id, card.name);
  return true;
}

Result<void> Contacts::rename(Contact& contact, const std::string& name) {
  if (!is_plain_name(name)) {
    return fail(Fault::usage, "'" + cleaned(name) +
                                  "' cannot be a name: use up to 32 letters without spaces or "
                                  "any of : @ ~ /");
  }
  if (is_taken(name, contact.id)) {
    return fail(Fault::usage, "the name '" + name + "' is taken");
  }
  contact.name = name;
  contact.is_aliased = true;
  return {};
}

void Contacts::pin(Contact& contact, const Address& door) {
  for (auto& [id, other] : contacts_) {
    if (id != contact.id) std::erase(other.pins, door);
  }
  std::erase(contact.pins, door);
  contact.pins.insert(contact.pins.begin(), door);
  if (contact.pins.size() > kPinsMax) contact.pins.resize(kPinsMax);
}

void Contacts::forget(const PeerId& peer) { contacts_.erase(peer); }

const Contact* Contacts::find(const PeerId& peer) const {
  const auto it = contacts_.find(peer);
  return it == contacts_.end() ? nullptr : &it->second;
}

Contact* Contacts::find(const PeerId& peer) {
  const auto it = contacts_.find(peer);
  return it == contacts_.end() ? nullptr : &it->second;
}

Result<PeerId> Contacts::resolve(std::string_view who) const {
  constexpr std::string_view kPeerMark = "peer:";
  if (who.starts_with(kPeerMark)) who.remove_prefix(kPeerMark.size());
  const PeerId* found = nullptr;
  for (const auto& [id, contact] : contacts_) {
    if (contact.name == who) return id;
  }
  if (who.size() >= kPrefixCharsMin) {
    for (const auto& [id, contact] : contacts_) {
      if (!to_text(id).starts_with(who)) continue;
      if (found != nullptr) {
        return fail(Fault::unknown, "more than one id begins with '" + cleaned(who) + "'");
      }
      found = &id;
    }
  }
  if (found != nullptr) return *found;
  return fail(Fault::unknown, "nobody here is called '" + cleaned(who) +
                                  "'; meet first: chatctl chat --no-talk HOST:PORT");
}

const Contact* Contacts::pinned_at(const Address& door) const {
  for (const auto& [id, contact] : contacts_) {
    if (std::find(contact.pins.begin(), contact.pins.end(), door) != contact.pins.end()) {
      return &contact;
    }
  }
  return nullptr;
}

std::string Contacts::name_of(const PeerId& peer) const {
  const Contact* contact = find(peer);
  return contact == nullptr ? "~" + short_text(peer) : contact->name;
}

std::size_t Contacts::strangers() const {
  return static_cast<std::size_t>(std::count_if(contacts_.begin(), contacts_.end(),
                                                [](const auto& it) { return it.second.asks; }));
}

bool Contacts::is_taken(std::string_view name, const PeerId& by_other_than) const {
  if (reserved_.contains(name)) return true;
  return std::any_of(contacts_.begin(), contacts_.end(), [&](const auto& it) {
    const bool reads_like_its_id =
        name.size() >= kPrefixCharsMin && to_text(it.first).starts_with(name);
    return it.first != by_other_than && (it.second.name == name || reads_like_its_id);
  });
}

bool Contacts::is_free(std::string_view name) const { return !is_taken(name, PeerId{}); }

std::string Contacts::listed_name(const PeerId& peer, std::string_view claimed) const {
  if (is_plain_name(claimed) && !is_taken(claimed, peer)) return std::string(claimed);
  const std::string stem = typeable(claimed);
  const std::string id = to_text(peer);
  std::size_t chars = stem.empty() ? kPrefixCharsMin : kMarkChars;
  while (chars < id.size() && is_taken(stem + "~" + id.substr(0, chars), peer)) ++chars;
  return stem + "~" + id.substr(0, chars);
}

}  // namespace p2pchat
