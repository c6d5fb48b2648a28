// Stage: a world for one named story, told in few words.
//
// The network is quick and loses nothing unless the story says so, and every
// checker watches; what they find fails the test when the stage is cleared.
// People wait for what they ask for: says() and meets() run the world until the
// answer is there. Owned by a test.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/world.h"

namespace p2pchat::sim {

class Stage {
 public:
  Stage() : world_(1) {}
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  Host& enter(const std::string& name, Accept accept = Accept::anyone);

  // --- What people do ---
  Outcome meets(Host& who, const std::string& target);
  Outcome meets(Host& who, const Host& whom);
  Outcome says(Host& who, const Host& to, const std::string& text);
  Outcome says_to(Host& who, const Host& to, const std::string& name, const std::string& text);
  Outcome blocks(Host& who, const Host& whom, bool undo = false);
  Outcome names(Host& who, const std::string& whom, const std::string& name);
  // The two meet, and their links stand on both sides.
  void befriend(Host& who, Host& whom);
  void leaves(Host& who) { who.crash(); }
  void returns(Host& who) { who.start(); }
  void restarts(Host& who);

  // --- What comes to pass ---
  void passes(Duration time) { world_.run_for(time); }
  // Whether the text is shown to the reader within the time.
  bool comes(const Host& reader, const std::string& text, Duration within = 5s);
  bool until(const std::function<bool()>& fact, Duration within) {
    return world_.run_until(fact, within);
  }

  // --- What one can see ---
  // In the order of arrival: what others have said.
  std::vector<std::string> pull(const Host& reader) const;
  // In the one order, "name: text", both members' posts.
  std::vector<std::string> log(const Host& reader, const Host& with) const;
  std::vector<std::string> notices(const Host& reader) const;
  // When a text was written, by the log of this reader.
  WallTime time_of(const Host& reader, const std::string& text) const;
  bool knows(const Host& who, const Host& whom) const {
    return world_.knows(who.index(), whom.index());
  }
  bool is_shown(const Host& reader, const std::string& text) const;

  World& world() { return world_; }
  const World& world() const { return world_; }
  Network& network() { return world_.network(); }

 private:
  Outcome answer_to(RequestId request);

  World world_;
};

}  // namespace p2pchat::sim
