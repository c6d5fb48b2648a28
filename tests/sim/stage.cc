#include "tests/sim/stage.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <iostream>
#include <tuple>

#include "proto/pair.h"

namespace p2pchat::sim {
namespace {

// The longest that people wait for an answer.
constexpr Duration kPatience = 20s;

// The exit code of a request that was never answered.
constexpr auto kNoAnswer = ExitCode::interrupted;

}  // namespace

Stage::~Stage() {
  if (!world_.verdict().is_good()) ADD_FAILURE() << world_.verdict().failure();
  if (::testing::Test::HasFailure()) std::cerr << world_.trace().text();
}

Host& Stage::enter(const std::string& name, Accept accept) { return world_.add_host(name, accept); }

Outcome Stage::answer_to(RequestId request) {
  world_.run_until([&] { return world_.outcome(request).has_value(); }, kPatience);
  return world_.outcome(request).value_or(Outcome{kNoAnswer, "no answer came", {}});
}

Outcome Stage::meets(Host& who, const std::string& target) {
  return answer_to(world_.meet(who, target));
}

Outcome Stage::meets(Host& who, const Host& whom) {
  return meets(who, to_text(whom.id()) + "@" + to_text(whom.door()));
}

Outcome Stage::says(Host& who, const Host& to, const std::string& text) {
  return answer_to(world_.push(who, to, text));
}

Outcome Stage::says_to(Host& who, const Host& to, const std::string& name,
                       const std::string& text) {
  return answer_to(world_.push_to(who, to, name, text));
}

Outcome Stage::blocks(Host& who, const Host& whom, bool undo) {
  return answer_to(world_.block(who, to_text(whom.id()), undo));
}

Outcome Stage::names(Host& who, const std::string& whom, const std::string& name) {
  return answer_to(world_.alias(who, whom, name));
}

void Stage::befriend(Host& who, Host& whom) {
  EXPECT_EQ(meets(who, whom).code, ExitCode::done);
  EXPECT_TRUE(until([&] { return knows(who, whom) && knows(whom, who); }, kPatience));
  // Links, topics and the first beats have found their way by then.
  passes(5s);
}

void Stage::restarts(Host& who) {
  who.crash();
  who.start();
}

bool Stage::comes(const Host& reader, const std::string& text, Duration within) {
  return until([&] { return is_shown(reader, text); }, within);
}

bool Stage::is_shown(const Host& reader, const std::string& text) const {
  const auto shown = pull(reader);
  return std::find(shown.begin(), shown.end(), text) != shown.end();
}

std::vector<std::string> Stage::pull(const Host& reader) const {
  std::vector<std::string> texts;
  for (const Disk::Row& row : reader.disk().rows()) {
    if (!row.batch || row.is_damaged || row.batch->feed.author == reader.id()) continue;
    for (const Post& post : row.batch->posts) {
      if (post.kind == PostKind::chat && !post.pruned) texts.push_back(to_string(post.body));
    }
  }
  return texts;
}

std::vector<std::string> Stage::log(const Host& reader, const Host& with) const {
  const RoomId room = pair_room(reader.id(), with.id());
  std::map<std::tuple<Stamp, PeerId, Incarnation, Number>, std::string> sorted;
  for (const Disk::Row& row : reader.disk().rows()) {
    if (!row.batch || row.is_damaged || row.room != room) continue;
    if (row.batch->is_pruned()) continue;
    const FeedId& feed = row.batch->feed;
    const Host& author = feed.author == with.id() ? with : reader;
    for (std::size_t i = 0; i < row.batch->posts.size(); ++i) {
      const Post& post = row.batch->posts[i];
      if (post.kind != PostKind::chat) continue;
      sorted[{post.stamp, feed.author, feed.incarnation, {row.batch->first.value + i}}] =
          author.name() + ": " + to_string(post.body);
    }
  }
  std::vector<std::string> lines;
  lines.reserve(sorted.size());
  for (const auto& [place, line] : sorted) lines.push_back(line);
  return lines;
}

std::vector<std::string> Stage::notices(const Host& reader) const {
  std::vector<std::string> texts;
  for (const Disk::Row& row : reader.disk().rows()) {
    if (!row.batch) texts.push_back(row.notice);
  }
  return texts;
}

WallTime Stage::time_of(const Host& reader, const std::string& text) const {
  for (const Disk::Row& row : reader.disk().rows()) {
    if (!row.batch) continue;
    for (const Post& post : row.batch->posts) {
      if (to_string(post.body) == text) return post.stamp.wall();
    }
  }
  return {};
}

}  // namespace p2pchat::sim
