// StoreFixture: a store in a folder of its own, and a second hand in its file.
#pragma once

#include <fstream>
#include <gtest/gtest.h>
#include <optional>
#include <sqlite3.h>
#include <string>
#include <vector>

#include "daemon/shell/store.h"
#include "tests/unit/samples.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat {

class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture() : file_(folder_ / "p2pchat.db") { reopen(); }

  void reopen() {
    store_.reset();
    auto opened = Store::open(file_);
    if (!opened) {
      ADD_FAILURE() << opened.error().text;
      std::abort();
    }
    store_.emplace(std::move(*opened));
  }

  // Stores batches in one commit; `received` counts up from 1,000.
  void store(const std::vector<Batch>& batches) {
    Actions actions;
    for (const Batch& batch : batches) actions.push_back(action::StoreBatch{batch, {received_++}});
    const auto done = store_->commit(actions);
    ASSERT_TRUE(done) << done.error().text;
  }
  void notice(const RoomId& room, const PeerId& peer, std::int64_t time, std::string text) {
    const Actions actions{action::StoreNotice{room, peer, {time}, std::move(text)}};
    ASSERT_TRUE(store_->commit(actions));
  }
  RoomState load_room() {
    const auto snapshot = store_->load();
    EXPECT_TRUE(snapshot && snapshot->rooms.size() == 1);
    return snapshot->rooms.at(0);
  }

  // Changes or asks the file behind the store's back. Answers the first value of the first row.
  std::string behind(const std::string& sql) { return behind(file_, sql); }
  static std::string behind(const std::filesystem::path& file, const std::string& sql) {
    sqlite3* connection = nullptr;
    sqlite3_open(file.c_str(), &connection);
    std::string answer;
    char* error = nullptr;
    sqlite3_exec(
        connection, sql.c_str(),
        [](void* out, int, char** values, char**) {
          if (values[0] != nullptr) *static_cast<std::string*>(out) = values[0];
          return 0;
        },
        &answer, &error);
    EXPECT_EQ(error, nullptr) << error;
    sqlite3_free(error);
    sqlite3_close(connection);
    return answer;
  }
  // Flips one byte in the middle of a stored batch.
  void damage(std::int64_t position) {
    behind(
        "UPDATE entries SET bytes = CAST(substr(bytes, 1, 150) || x'5a' || substr(bytes, 152)"
        " AS BLOB) WHERE id = " +
        std::to_string(position));
  }
  // Fills the first page of a table or an index of a closed store, or of one that has been
  // written back, with garbage.
  void destroy(const std::string& table) { destroy(file_, table); }
  static void destroy(const std::filesystem::path& file, const std::string& table) {
    const std::string page =
        behind(file, "SELECT rootpage FROM sqlite_schema WHERE name = '" + table + "'");
    std::fstream raw(file, std::ios::binary | std::ios::in | std::ios::out);
    raw.seekp((std::stol(page) - 1) * 4096);
    raw << std::string(4096, '\x5a');
    ASSERT_TRUE(raw.flush());
  }
  // The same under an open store, which then reads its file anew.
  void destroy_under_way(const std::string& table) {
    behind("PRAGMA wal_checkpoint(TRUNCATE)");
    destroy(table);
    behind("UPDATE self SET promised = promised + 1");
  }

  // The same to an index that is searched.
  void destroy_index() {
    const auto file = folder_ / "search.db";
    behind(file, "PRAGMA wal_checkpoint(TRUNCATE)");
    destroy(file, "words_data");
    behind(file, "UPDATE reached SET one = 1");
  }

  TempFolder folder_;
  std::filesystem::path file_;
  std::optional<Store> store_;
  std::int64_t received_ = 1000;
};

}  // namespace p2pchat
