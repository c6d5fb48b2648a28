// Garden: a rendezvous, some daemons that use it, and the room "garden" of the first.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "tests/functional/harness/daemon.h"
#include "tests/functional/harness/rendezvous.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::functional {

struct Garden : testing::Test {
  void SetUp() override {
    rendezvous.start();
    for (Daemon* each : {&anna, &ben, &cleo}) {
      each->setup().flags = {"--rendezvous", rendezvous.address()};
      each->start();
    }
    anna.tell(creation);
  }

  // Its knock has come to `member`.
  static bool sees_knock(const Daemon& member, const std::string& who) {
    const auto names = texts_of(member.tell({"votes", "--json"}), "name");
    return std::find(names.begin(), names.end(), who) != names.end();
  }
  static void await_knock(const Daemon& member, const std::string& who) {
    if (!wait_until([&] { return sees_knock(member, who); })) {
      throw Stuck(member.name() + " does not hear of " + who);
    }
  }
  static void say_yes(const Daemon& member, const std::string& who) {
    await_knock(member, who);
    member.tell({"vote", "garden", who, "yes"});
  }
  // The names of its members as `daemon` lists them; none if it is not in.
  static std::vector<std::string> members(const Daemon& daemon) {
    const Said said = daemon.ctl({"members", "garden", "--json"});
    if (said.code != 0) return {};
    std::vector<std::string> names = texts_of(said.out, "name");
    std::sort(names.begin(), names.end());
    return names;
  }
  static bool is_in(const Daemon& daemon, std::size_t size) {
    return members(daemon).size() == size;
  }
  static void await_members(const std::vector<const Daemon*>& daemons) {
    const bool all = wait_until([&] {
      return std::all_of(daemons.begin(), daemons.end(),
                         [&](const Daemon* each) { return is_in(*each, daemons.size()); });
    });
    if (!all) throw Stuck("they do not all list each other");
  }
  // Ben, and then Cleo.
  void let_in(const Daemon& who, const std::vector<const Daemon*>& members) {
    who.tell({"join", "garden"});
    for (const Daemon* each : members) say_yes(*each, who.name());
    std::vector<const Daemon*> all = members;
    all.push_back(&who);
    await_members(all);
  }
  void all_in() {
    let_in(ben, {&anna});
    let_in(cleo, {&anna, &ben});
  }
  // The messages of people in the room, as `daemon` logs them.
  static std::vector<std::string> talk(const Daemon& daemon) {
    std::vector<std::string> texts;
    for (const Json& line : json_lines(daemon.tell({"log", "garden", "--json"}))) {
      if (line.text("kind") == "chat") texts.push_back(line.text("text"));
    }
    return texts;
  }
  static bool has_heard(const Daemon& daemon, const std::string& text) {
    const auto texts = talk(daemon);
    return std::find(texts.begin(), texts.end(), text) != texts.end();
  }

  std::vector<std::string> creation{"create", "garden", "8"};
  TempFolder folder;
  Rendezvous rendezvous{folder.path()};
  Daemon anna{folder.path(), "anna"};
  Daemon ben{folder.path(), "ben"};
  Daemon cleo{folder.path(), "cleo"};
};

}  // namespace p2pchat::functional
