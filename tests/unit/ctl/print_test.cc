#include "ctl/print.h"

#include <cstdlib>
#include <ctime>
#include <gtest/gtest.h>

namespace p2pchat::ctl {
namespace {

using control::Record;

constexpr Look kTerminal{true, false};
constexpr Look kPipe{false, false};

class Print : public testing::Test {
 protected:
  void SetUp() override {
    setenv("TZ", "UTC0", 1);
    tzset();
  }

  static Record message(const std::string& text) {
    return Record()
        .set("kind", "chat")
        .set("conversation", "ops")
        .set("from", "bob")
        .set("time", std::int64_t{1795183392123})
        .set("text", text);
  }
};

TEST_F(Print, AMessageIsALine) {
  EXPECT_EQ(message_text(message("hello"), kPipe), "2026-11-20 14:03:12 bob: hello\n");
}

TEST_F(Print, TheConversationIsNamedWhereSeveralAreRead) {
  EXPECT_EQ(message_text(message("hello"), {false, true}),
            "2026-11-20 14:03:12 [ops] bob: hello\n");
}

TEST_F(Print, ANoticeIsNobodysMessage) {
  EXPECT_EQ(message_text(message("bob is met").set("kind", "system"), kPipe),
            "2026-11-20 14:03:12 * bob is met\n");
}

TEST_F(Print, ATerminalGetsCleanedText) {
  EXPECT_EQ(message_text(message("\x1b[31mred\u202e"), kTerminal),
            "2026-11-20 14:03:12 bob: \ufffd[31mred\ufffd\n");
}

TEST_F(Print, APipeGetsTheTextAsItCame) {
  EXPECT_EQ(message_text(message("\x1b[31mred\nnext"), kPipe),
            "2026-11-20 14:03:12 bob: \x1b[31mred\nnext\n");
}

TEST_F(Print, FurtherLinesOnATerminalCannotPassForAMessage) {
  EXPECT_EQ(message_text(message("hi\n2026-11-20 14:03:13 eve: I agree"), kTerminal),
            "2026-11-20 14:03:12 bob: hi\n    2026-11-20 14:03:13 eve: I agree\n");
}

TEST_F(Print, NamesAreCleanedEverywhere) {
  EXPECT_EQ(message_text(message("hi").set("from", "b\nob"), kPipe),
            "2026-11-20 14:03:12 b\ufffdob: hi\n");
}

TEST_F(Print, BytesAreWrittenToAPipeAlone) {
  const Record row = Record().set("data", Bytes{0xff, 0x00});

  EXPECT_EQ(body_text(row, kPipe), std::string("\xff\0", 2));
  EXPECT_EQ(body_text(row, kTerminal), "(2 bytes that are no text)");
}

TEST_F(Print, PairsAreAligned) {
  const Record record = Record()
                            .set("id", "k3zq")
                            .set("last_time", std::int64_t{1795183392123})
                            .set("addresses", std::vector<std::string>{"a:1", "b:2"})
                            .set("open", true)
                            .set("note", "");

  EXPECT_EQ(pairs_text(record),
            "id         k3zq\n"
            "last time  2026-11-20 14:03:12\n"
            "addresses  a:1, b:2\n"
            "open       yes\n"
            "note       -\n");
}

TEST_F(Print, ATableHasTheColumnsOfAllItsRows) {
  const std::vector<Record> records{
      Record().set("name", "alice").set("linked", true),
      Record().set("name", "bob").set("linked", false).set("lag", std::int64_t{7})};

  EXPECT_EQ(table_text(records, true),
            "NAME   LINKED  LAG\n"
            "alice  yes     -\n"
            "bob    no      7\n");
  EXPECT_EQ(table_text(records, false),
            "alice  yes  -\n"
            "bob    no   7\n");
}

TEST_F(Print, AnEmptyTableIsNothing) { EXPECT_EQ(table_text({}, true), ""); }

TEST_F(Print, ATableCutsIdsToWhatPeopleSee) {
  EXPECT_EQ(table_text({Record().set("id", std::string(52, 'a'))}, false), "aaaaaaaa\n");
}

TEST_F(Print, ASentenceIsOneLine) {
  EXPECT_EQ(sentence_text(Record().set("problem", "the door\nis closed")),
            "the door\ufffdis closed\n");
  EXPECT_EQ(sentence_text(Record().set("peer", "bob").set("problem", "no link")), "bob: no link\n");
}

}  // namespace
}  // namespace p2pchat::ctl
