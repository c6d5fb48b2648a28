#include "daemon/shell/proof.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/unit/daemon/shell/store_fixture.h"
#include "tests/unit/growing_room.h"

namespace p2pchat {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class StoredProof : public StoreFixture {
 protected:
  StoredProof() {
    room_.admit(fixture::kBob, "bob");
    RoomRecord record;
    record.genesis = room_.genesis();
    record.name = "garden";
    const GrowingRoom::Step& step = room_.steps()[0];
    const Actions actions{action::StoreRoom{record},
                          action::StoreDecision{step.value, step.certificate}};
    EXPECT_TRUE(store_->commit(actions));
  }

  // What is printed, or why nothing is.
  std::string print(std::string_view name) { return print(folder_.path(), name); }
  static std::string print(const std::filesystem::path& state, std::string_view name) {
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* out = open_memstream(&text, &size);
    const auto printed = print_proof(state, name, out);
    std::fclose(out);
    std::string all(text, size);
    std::free(text);
    EXPECT_EQ(all.empty(), !printed);
    if (printed) return all;
    return std::to_string(static_cast<int>(exit_code(printed.error().fault))) + " " +
           printed.error().text;
  }

  GrowingRoom room_;
};

TEST_F(StoredProof, IsALineForEachThingThatWasSigned) {
  const std::string text = print("garden");

  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
  EXPECT_THAT(text, StartsWith("genesis "));
  EXPECT_THAT(text, AllOf(HasSubstr("\nvalue "), HasSubstr("\ncertificate ")));
}

TEST_F(StoredProof, IsOfARoomByItsNameOrItsId) {
  const std::string text = print("garden");
  const std::string id = to_text(room_.genesis().room);

  EXPECT_EQ(print("room:garden"), text);
  EXPECT_EQ(print(id), text);
  EXPECT_EQ(print(id.substr(0, 8)), text);
}

TEST_F(StoredProof, IsOfNoOtherRoom) {
  EXPECT_EQ(print("attic"), "4 no room in this store is called 'attic'");
  EXPECT_EQ(print(to_text(room_.genesis().room).substr(0, 7)).substr(0, 2), "4 ");
  EXPECT_EQ(print("").substr(0, 2), "4 ");
}

TEST_F(StoredProof, NeedsAStore) {
  EXPECT_THAT(print(folder_ / "none", "garden"),
              AllOf(StartsWith("1 there is no store: "), HasSubstr("none/p2pchat.db")));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "none"));
}

TEST_F(StoredProof, IsReadFromAStoreThatNobodyUses) {
  const std::string text = print("garden");
  store_.reset();

  EXPECT_EQ(print("garden"), text);
}

TEST_F(StoredProof, LeavesTheStoreToTheOneThatWrites) {
  print("garden");

  EXPECT_TRUE(store_->commit(Actions{action::StoreSelf{{1}, {1}}}));
  store_.reset();
  print("garden");
  reopen();
  EXPECT_TRUE(store_->commit(Actions{action::StoreSelf{{2}, {2}}}));
}

TEST_F(StoredProof, ChangesNothing) {
  ASSERT_EQ(::chmod(file_.c_str(), 0640), 0);

  print("garden");

  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
}

TEST_F(StoredProof, SaysThatAStoreIsDamaged) {
  behind("UPDATE decisions SET value = zeroblob(100)");

  EXPECT_THAT(print("garden"), AllOf(StartsWith("1 "), HasSubstr("is damaged")));
}

}  // namespace
}  // namespace p2pchat
