#include "tests/sim/room_stage.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace p2pchat::sim {
namespace {

// The longest that people wait for something to go round.
constexpr Duration kPatience = 60s;

}  // namespace

RoomStage::RoomStage(Meeting meeting) {
  if (meeting == Meeting::by_rendezvous) world().open_rendezvous();
}

Outcome RoomStage::answer_to(RequestId request, Duration within) {
  until([&] { return world().outcome(request).has_value(); }, within);
  return world().outcome(request).value_or(Outcome{ExitCode::interrupted, "no answer came", {}});
}

Outcome RoomStage::creates(Host& who, const std::string& room, std::uint64_t size,
                           History history) {
  return answer_to(world().create(who, room, size, history));
}

Outcome RoomStage::joins(Host& who, const std::string& room) {
  return answer_to(world().join(who, room));
}

Outcome RoomStage::joins_via(Host& who, const std::string& room, const Host& door) {
  return answer_to(world().join(who, room, to_text(door.door())));
}

RequestId RoomStage::asks_to_join(Host& who, const std::string& room) {
  return world().join(who, room, "", true);
}

Outcome RoomStage::votes(Host& who, const std::string& room, const Host& whom,
                         event::Ballot ballot) {
  return answer_to(world().vote(who, room, to_text(whom.id()), ballot));
}

Outcome RoomStage::evicts(Host& who, const std::string& room,
                          const std::vector<const Host*>& whom) {
  std::string ids;
  for (const Host* host : whom) ids += (ids.empty() ? "" : ",") + to_text(host->id());
  return answer_to(world().vote(who, room, ids, event::Ballot::evict));
}

Outcome RoomStage::leaves_room(Host& who, const std::string& room) {
  return answer_to(world().leave(who, room));
}

Outcome RoomStage::deletes_room(Host& who, const std::string& room) {
  return answer_to(world().remove(who, room));
}

Outcome RoomStage::keeps(Host& who, const std::string& room, const Retention& retention) {
  return answer_to(world().keep(who, room, retention));
}

Outcome RoomStage::says_in(Host& who, const std::string& room, const std::string& text) {
  const Disk::Membership* kept = who.disk().room_called(room);
  if (kept == nullptr) return {ExitCode::unknown, "no such room", {}};
  return answer_to(world().push_in(who, kept->record.genesis.room, text));
}

void RoomStage::agree(const std::vector<Host*>& members, const std::string& room,
                      const Host& whom) {
  for (Host* member : members) {
    EXPECT_TRUE(until([&] { return is_asked(*member, whom); }, kPatience))
        << member->name() << " is not asked about " << whom.name();
    EXPECT_EQ(votes(*member, room, whom, event::Ballot::yes).code, ExitCode::done);
  }
}

void RoomStage::let_in(const std::vector<Host*>& members, const std::string& room, Host& newcomer) {
  EXPECT_EQ(joins(newcomer, room).code, ExitCode::done);
  agree(members, room, newcomer);
  std::vector<Host*> all = members;
  all.push_back(&newcomer);
  EXPECT_TRUE(is_settled(all, room)) << newcomer.name() << " is not let in";
}

std::vector<Host*> RoomStage::found(const std::string& room, const std::vector<std::string>& names,
                                    std::uint64_t size, History history) {
  std::vector<Host*> members;
  for (const std::string& name : names) {
    Host& host = enter(name);
    if (members.empty()) {
      EXPECT_EQ(creates(host, room, size, history).code, ExitCode::done);
    } else {
      let_in(members, room, host);
    }
    members.push_back(&host);
  }
  return members;
}

std::vector<Host*> RoomStage::found(const std::string& room, std::size_t members,
                                    std::uint64_t size) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < members; ++i) names.push_back("h" + std::to_string(i));
  return found(room, names, size);
}

bool RoomStage::is_in(const Host& who, const std::string& room) const {
  const Disk::Membership* kept = who.disk().room_called(room);
  return kept != nullptr && !kept->record.is_gone && kept->roster().seat_of(who.id());
}

std::vector<std::string> RoomStage::members_of(const Host& who, const std::string& room) const {
  std::vector<std::string> names;
  const Disk::Membership* kept = who.disk().room_called(room);
  if (kept == nullptr) return names;
  for (const auto& [peer, admission] : kept->roster().members()) {
    names.push_back(world().name_of(peer));
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool RoomStage::is_asked(const Host& who, const Host& candidate) const {
  if (!who.is_up()) return false;
  const auto rows = who.node().vote_records();
  return std::any_of(rows.begin(), rows.end(), [&](const control::Record& row) {
    return row.text("kind") == "knock" && row.text("id") == to_text(candidate.id());
  });
}

bool RoomStage::is_settled(const std::vector<Host*>& members, const std::string& room,
                           Duration within) {
  std::vector<std::string> names;
  for (const Host* member : members) names.push_back(member->name());
  std::sort(names.begin(), names.end());
  return until(
      [&] {
        return std::all_of(members.begin(), members.end(), [&](const Host* member) {
          return is_in(*member, room) && members_of(*member, room) == names;
        });
      },
      within);
}

bool RoomStage::comes_to_all(const std::vector<Host*>& readers, const Host& author,
                             const std::string& text, Duration within) {
  return until(
      [&] {
        return std::all_of(readers.begin(), readers.end(), [&](const Host* reader) {
          return reader == &author || is_shown(*reader, text);
        });
      },
      within);
}

std::size_t RoomStage::pruned(const Host& who, const std::string& room) const {
  std::size_t posts = 0;
  for (const Disk::Row& row : who.disk().rows()) {
    const bool is_pruned = row.batch && row.room == id_of(who, room) && row.batch->is_pruned();
    if (is_pruned) posts += row.batch->posts.size();
  }
  return posts;
}

bool RoomStage::is_all_final(const std::vector<Host*>& members, const std::string& room,
                             Duration within) {
  const auto is_final_at = [&](const Host* host) {
    const RoomId id = id_of(*host, room);
    const Stamp settled = host->node().final_stamp(id);
    const auto& rows = host->disk().rows();
    const auto people = host->node().member_records(id);
    return std::all_of(rows.begin(), rows.end(),
                       [&](const Disk::Row& row) {
                         return !row.batch || row.batch->posts.back().stamp <= settled;
                       }) &&
           std::all_of(people.begin(), people.end(),
                       [](const control::Record& row) { return row.integer("behind") == 0; });
  };
  return until([&] { return std::all_of(members.begin(), members.end(), is_final_at); }, within);
}

bool RoomStage::has_notice(const Host& who, const std::string& part) const {
  const auto texts = notices(who);
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

RoomId RoomStage::id_of(const Host& who, const std::string& room) const {
  const Disk::Membership* kept = who.disk().room_called(room);
  return kept == nullptr ? RoomId{} : kept->record.genesis.room;
}

}  // namespace p2pchat::sim
