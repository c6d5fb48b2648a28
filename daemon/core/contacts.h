// Contacts: who is known here, and by what name.
//
// A name is listed once; ids, and prefixes of them that fit only one, always
// work. What a peer claims to be called is a suggestion: only a plain name that
// nobody else has is listed as it is, all others carry the beginning of the id.
// Once listed it stays, whatever the peer calls itself later; a user may alias it.
//
// Pure; owned by Node. Bounded: kContactsMax, of whom kStrangersMax may wait
// for an answer. Every change is answered as the contact to be stored.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/contact.h"
#include "proto/check.h"
#include "proto/limits.h"

namespace p2pchat {

// What a claimed name becomes when it cannot be listed as it is: something that can be typed,
// without the marks that mean something to us.
std::string typeable(std::string_view claimed);

class Contacts {
 public:
  explicit Contacts(const std::vector<Contact>& stored);

  // The contact, made and named after `card` or its id if it is new. Nothing
  // when the table is full.
  Contact* find_or_add(const PeerId& peer, const Card* card);
  // Takes `card` over if it is newer than what is known. True if it is.
  bool update_card(Contact& contact, const Card& card);
  Result<void> rename(Contact& contact, const std::string& name);
  void pin(Contact& contact, const Address& door);
  void forget(const PeerId& peer);
  // A room is listed under it: no contact shall be.
  void reserve(const std::string& name) { reserved_.insert(name); }
  void release(const std::string& name) { reserved_.erase(name); }
  bool is_free(std::string_view name) const;

  const Contact* find(const PeerId& peer) const;
  Contact* find(const PeerId& peer);
  // By name, id, or a prefix of at least 8 characters that fits one; `peer:` may stand before it.
  Result<PeerId> resolve(std::string_view who) const;
  // Whoever my user has met at this door.
  const Contact* pinned_at(const Address& door) const;
  std::string name_of(const PeerId& peer) const;
  std::size_t strangers() const;
  const std::map<PeerId, Contact>& all() const { return contacts_; }

 private:
  bool is_taken(std::string_view name, const PeerId& by_other_than) const;
  std::string listed_name(const PeerId& peer, std::string_view claimed) const;

  std::map<PeerId, Contact> contacts_;
  std::set<std::string, std::less<>> reserved_;
};

}  // namespace p2pchat
