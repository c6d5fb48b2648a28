// Circle: some memberships of one room, with links between them all.
//
// Everybody's end of turn is run, and what it sends is delivered, until nobody
// says anything any more. Who is cut off hears and says nothing.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "daemon/core/membership/membership.h"
#include "tests/unit/proto/consent_fixtures.h"

namespace p2pchat::fixture {

class Circle {
 public:
  struct Seated {
    Identity identity;
    Membership membership;
    Clock clock{Stamp{}};
    Entropy entropy;
    Actions actions;  // All that it has ordered.
    std::vector<Membership::News> news;
  };

  // Anna has founded the room.
  explicit Circle(std::uint64_t size = 8) : genesis_(genesis(size)) {
    add(kAnna).membership.found();
    settle();
  }

  // As one who wishes to be in.
  Seated& add(const Identity& identity) {
    auto [it, is_new] = seats_.try_emplace(
        identity.id(), Seated{identity,
                              Membership(genesis_, "garden", identity.id()),
                              Clock{Stamp{}},
                              Entropy(filled<Seed>(static_cast<std::uint8_t>(seats_.size() + 1))),
                              {},
                              {}});
    return it->second;
  }
  Seated& at(const Identity& identity) { return seats_.at(identity.id()); }
  Membership& of(const Identity& identity) { return at(identity).membership; }
  const Genesis& room() const { return genesis_; }

  Turn turn_of(Seated& seated) {
    return {
        {now_, {kWall + now_.since_epoch.count()}}, seated.clock, seated.entropy, seated.identity};
  }
  Turn turn_of(const Identity& identity) { return turn_of(at(identity)); }
  void pass(Duration time) {
    now_ = now_ + time;
    settle();
  }
  void cut_off(const Identity& identity) { away_.insert(identity.id()); }
  // Links stand again, and both sides tell how far they are.
  void bring_back(const Identity& identity) {
    away_.erase(identity.id());
    pass(kFullStateInterval);
    greet(identity.id());
    settle();
  }
  void greet(const PeerId& peer) {
    for (auto& [other, seated] : seats_) {
      if (other == peer || away_.contains(other)) continue;
      if (seated.membership.is_kept()) {
        seats_.at(peer).membership.receive(other, seated.membership.roll());
      }
      seated.membership.receive(peer, seats_.at(peer).membership.roll());
    }
  }

  // A knock of `identity` at Anna's door.
  Knock knock_of(const Identity& identity, std::uint64_t after = 0) {
    Knock knock;
    knock.room = genesis_.room;
    knock.card = card_of(identity, "candidate");
    knock.note = "let me in";
    knock.expires = {kWall + 1'000'000'000};
    knock.after = after;
    knock.sign(identity);
    return knock;
  }
  // It knocks, and all who are in say yes.
  void admit(const Identity& identity) {
    const std::uint64_t after = of(kAnna).roster().gone_at(identity.id());
    add(identity);
    const Knock knock = knock_of(identity, after);
    of(identity).expect(knock.id);
    EXPECT_TRUE(of(kAnna).knocked(turn_of(kAnna), knock));
    settle();
    for (auto& [peer, seated] : seats_) {
      if (!seated.membership.is_in() || away_.contains(peer)) continue;
      EXPECT_TRUE(seated.membership.vote(turn_of(seated), identity.id(), true, ""));
    }
    settle();
    greet(identity.id());
    settle();
  }
  void settle(int turns = 50) {
    for (bool is_busy = true; is_busy && turns > 0; --turns) {
      is_busy = false;
      for (auto& [peer, seated] : seats_) is_busy |= end_turn(peer, seated);
    }
  }
  std::set<PeerId> members_of(const Identity& identity) {
    std::set<PeerId> members;
    for (const auto& [peer, seat] : of(identity).roster().members()) members.insert(peer);
    return members;
  }
  // What a store would give back.
  MembershipState stored(const Identity& identity) {
    MembershipState state;
    std::map<std::uint64_t, StoredDecision> decisions;
    std::map<Hash, Object> objects;
    for (const Action& action : at(identity).actions) {
      if (const auto* room = std::get_if<action::StoreRoom>(&action)) {
        state.room = room->room;
      } else if (const auto* decision = std::get_if<action::StoreDecision>(&action)) {
        decisions.erase(decisions.lower_bound(decision->value.height), decisions.end());
        decisions[decision->value.height] = {decision->value, decision->certificate};
      } else if (const auto* pledge = std::get_if<action::StorePledge>(&action)) {
        state.pledge = StoredPledge{pledge->pledge, pledge->value};
      } else if (const auto* object = std::get_if<action::StoreObject>(&action)) {
        objects[object->key] = object->object;
      } else if (const auto* drop = std::get_if<action::DropObject>(&action)) {
        objects.erase(drop->key);
      }
    }
    for (const auto& [height, decision] : decisions) state.decisions.push_back(decision);
    for (const auto& [key, object] : objects) state.objects.push_back(object);
    return state;
  }

  static constexpr std::int64_t kWall = 1'767'225'600'000;

 private:
  bool end_turn(const PeerId& peer, Seated& seated) {
    std::set<PeerId> linked;
    for (const auto& [other, each] : seats_) {
      if (other != peer && !away_.contains(other) && !away_.contains(peer)) linked.insert(other);
    }
    bool is_busy = false;
    for (Action& action : seated.membership.end_turn(turn_of(seated), linked, {})) {
      is_busy = true;
      const auto* send = std::get_if<action::SendLink>(&action);
      if (send != nullptr && linked.contains(send->peer)) {
        const auto message = link::decode(send->frame);
        Seated& reached = seats_.at(send->peer);
        if (const auto* objects = std::get_if<link::Objects>(&*message)) {
          for (const Object& object : objects->objects) {
            reached.membership.take(turn_of(reached), object, peer);
          }
        } else if (const auto* roll = std::get_if<link::Roll>(&*message)) {
          reached.membership.receive(peer, *roll);
        }
      }
      seated.actions.push_back(std::move(action));
    }
    for (Membership::News& news : seated.membership.take_news()) {
      seated.news.push_back(std::move(news));
    }
    return is_busy;
  }

  Genesis genesis_;
  TimePoint now_{1000s};
  std::map<PeerId, Seated> seats_;
  std::set<PeerId> away_;
};

}  // namespace p2pchat::fixture
