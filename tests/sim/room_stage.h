// RoomStage: a stage on which people make rooms; see stage.h.
//
// There is a rendezvous unless the story wants none, and a vote is cast only
// once its voter has heard of the knock. Owned by a test.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/stage.h"

namespace p2pchat::sim {

enum class Meeting : std::uint8_t { by_rendezvous, by_doors };

class RoomStage : public Stage {
 public:
  explicit RoomStage(Meeting meeting = Meeting::by_rendezvous);

  // --- What people do ---
  Outcome creates(Host& who, const std::string& room, std::uint64_t size = 16,
                  History history = History::none);
  // Asks to be let in, and does not wait for the end.
  Outcome joins(Host& who, const std::string& room);
  Outcome joins_via(Host& who, const std::string& room, const Host& door);
  // Asks, and is answered some time.
  RequestId asks_to_join(Host& who, const std::string& room);
  Outcome answer_to(RequestId request, Duration within = 20s);
  Outcome votes(Host& who, const std::string& room, const Host& whom, event::Ballot ballot);
  Outcome evicts(Host& who, const std::string& room, const std::vector<const Host*>& whom);
  Outcome leaves_room(Host& who, const std::string& room);
  Outcome deletes_room(Host& who, const std::string& room);
  Outcome keeps(Host& who, const std::string& room, const Retention& retention);
  Outcome says_in(Host& who, const std::string& room, const std::string& text);

  // All these have heard of the knock, and say yes.
  void agree(const std::vector<Host*>& members, const std::string& room, const Host& whom);
  // The newcomer knocks, all agree, and all know of it.
  void let_in(const std::vector<Host*>& members, const std::string& room, Host& newcomer);
  // Hosts with these names, in one room that the first has made.
  std::vector<Host*> found(const std::string& room, const std::vector<std::string>& names,
                           std::uint64_t size = 16, History history = History::none);
  // So many of them.
  std::vector<Host*> found(const std::string& room, std::size_t members, std::uint64_t size);

  // --- What one can see ---
  bool is_in(const Host& who, const std::string& room) const;
  // By what this host has decided, sorted.
  std::vector<std::string> members_of(const Host& who, const std::string& room) const;
  bool is_asked(const Host& who, const Host& candidate) const;
  // Whether all these list exactly each other within the time.
  bool is_settled(const std::vector<Host*>& members, const std::string& room,
                  Duration within = 60s);
  // Whether the text is shown to all but its author within the time.
  bool comes_to_all(const std::vector<Host*>& readers, const Host& author, const std::string& text,
                    Duration within = 30s);
  // So many of its posts in this room have lost their texts.
  std::size_t pruned(const Host& who, const std::string& room) const;
  // Whether all have said within the time what they hold, and all of it is final for all.
  bool is_all_final(const std::vector<Host*>& members, const std::string& room,
                    Duration within = 60s);
  bool has_notice(const Host& who, const std::string& part) const;
  RoomId id_of(const Host& who, const std::string& room) const;
  Manners& rendezvous() { return network().rendezvous().manners(); }
};

}  // namespace p2pchat::sim
