// LocalFixture: a daemon's read side without a network: a store, its inbox, and
// a Node that has met two peers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/node.h"
#include "daemon/shell/inbox.h"
#include "proto/control.h"
#include "tests/unit/daemon/shell/store_fixture.h"

namespace p2pchat {

class LocalFixture : public StoreFixture {
 protected:
  LocalFixture() {
    inbox_.emplace(*store_);
    Settings settings;
    settings.name = "me";
    settings.rate = 0;
    Snapshot snapshot;
    snapshot.contacts = {met(2, "bob"), met(3, "carol")};
    node_.emplace(settings, sample_identity(1), Seed{}, snapshot);
    (void)node_->start({});
  }

  static Contact met(std::uint8_t who, std::string name) {
    Contact contact;
    contact.id = sample_peer(who);
    contact.name = std::move(name);
    contact.is_aliased = true;
    contact.founding = sign_founding(sample_identity(who), sample_peer(1));
    return contact;
  }
  // The room of the peer and me.
  static RoomId room(std::uint8_t who) { return pair_room(sample_peer(1), sample_peer(who)); }

  static std::vector<std::string> texts(const std::vector<control::Reply>& replies) {
    std::vector<std::string> texts;
    for (const control::Reply& each : replies) {
      if (each.row.has("text")) texts.push_back(each.row.text("text"));
    }
    return texts;
  }

  std::optional<Inbox> inbox_;
  std::optional<Node> node_;
};

}  // namespace p2pchat
