// Pair: two daemons that have met, for tests of what they tell each other.
#pragma once

#include <algorithm>
#include <gtest/gtest.h>
#include <string>

#include "tests/functional/harness/daemon.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::functional {

struct Pair : testing::Test {
  void SetUp() override {
    anna.start();
    ben.start();
    meet(anna, ben);
  }

  // Pushes `text` from Anna, and waits until Ben holds it. Answers its id.
  std::string deliver(const std::string& text) {
    std::string id = lines_of(anna.tell({"push", "ben", "--", text})).at(0);
    if (!wait_until([&] { return holds(ben, "anna", id); })) throw Stuck("not delivered: " + text);
    return id;
  }
  static bool holds(const Daemon& daemon, const std::string& name, const std::string& id) {
    const auto ids = texts_of(daemon.tell({"log", name, "--json"}), "id");
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  }

  TempFolder folder;
  Daemon anna{folder.path(), "anna"};
  Daemon ben{folder.path(), "ben"};
};

}  // namespace p2pchat::functional
