#include "daemon/shell/present.h"

#include <gmock/gmock.h>

#include "tests/unit/daemon/shell/local_fixture.h"

namespace p2pchat {
namespace {

class Present : public LocalFixture {
 protected:
  Present() {
    entry_.room = room(2);
    entry_.author = sample_peer(2);
    entry_.id = "abc.7";
    entry_.number = {7};
    entry_.stamp = Stamp::at({1000});
    entry_.received = {2000};
    entry_.body = to_bytes("hello");
  }

  Entry entry_;
};

TEST_F(Present, AMessageUnderMyNamesWithItsAuthorsTime) {
  const control::Record row = Presenter(*node_).present(entry_);

  EXPECT_EQ(row.text("id"), "abc.7");
  EXPECT_EQ(row.text("kind"), "chat");
  EXPECT_EQ(row.text("conversation"), "bob");
  EXPECT_EQ(row.text("author"), to_text(sample_peer(2)));
  EXPECT_EQ(row.text("from"), "bob");
  EXPECT_EQ(row.integer("seq"), 7);
  EXPECT_EQ(row.integer("time"), 1000);
  EXPECT_EQ(row.integer("received"), 2000);
  EXPECT_EQ(row.text("text"), "hello");
  EXPECT_FALSE(row.flag("late"));
  EXPECT_TRUE(row.has("final"));
}

TEST_F(Present, MyOwnMessageUnderMyOwnName) {
  entry_.author = sample_peer(1);

  EXPECT_EQ(Presenter(*node_).present(entry_).text("from"), "me");
}

TEST_F(Present, BytesThatAreNoTextAsData) {
  entry_.body = {0xff, 0x00};

  const control::Record row = Presenter(*node_).present(entry_);

  EXPECT_FALSE(row.has("text"));
  EXPECT_EQ(row.bytes("data"), (Bytes{0xff, 0x00}));
}

TEST_F(Present, ANoticeAsFinalWordOfTheSystem) {
  entry_.is_system = true;

  const control::Record row = Presenter(*node_).present(entry_);

  EXPECT_EQ(row.text("kind"), "system");
  EXPECT_TRUE(row.flag("final"));
}

TEST_F(Present, AForgottenConversationByTheBeginningOfItsId) {
  EXPECT_EQ(Presenter(*node_).conversation(sample_room(0)), "aaaaaaaa");
}

TEST(Place, ReadsBackAsItWasWritten) {
  const auto place = decode_place(encode_place(sample_room(5), {123, 45}));

  ASSERT_TRUE(place);
  EXPECT_EQ(place->first, sample_room(5));
  EXPECT_EQ(place->second, (ReaderPlace{123, 45}));
}

TEST(Place, IsNothingElse) {
  const std::string good = encode_place(sample_room(5), {1, 2});

  for (const std::string& bad :
       {std::string(), std::string("."), std::string(".."), std::string("aaaa.1.2"), good + "x",
        good + ".3", good.substr(0, good.size() - 1), "-" + good,
        good.substr(0, good.find('.')) + ".-1.2",
        good.substr(0, good.find('.')) + ".99999999999999999999.2"}) {
    EXPECT_FALSE(decode_place(bad)) << bad;
  }
}

}  // namespace
}  // namespace p2pchat
