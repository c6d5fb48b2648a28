#include "ctl/json.h"

#include <gtest/gtest.h>

namespace p2pchat::ctl {
namespace {

using control::Record;

Record message() {
  return Record()
      .set("id", "k3zq.42")
      .set("kind", "chat")
      .set("conversation", "ops")
      .set("author", "k3zq")
      .set("from", "bob")
      .set("seq", std::int64_t{42})
      .set("time", std::int64_t{1795183392123})
      .set("received", std::int64_t{1795183392456})
      .set("text", "hello")
      .set("late", false)
      .set("final", true);
}

TEST(Json, AMessageHasThePromisedKeysInTheirOrder) {
  EXPECT_EQ(message_json(message()),
            R"({"v":1,"id":"k3zq.42","kind":"chat","conversation":"ops","author":"k3zq",)"
            R"("from":"bob","seq":42,"time":"2026-11-20T14:03:12.123Z",)"
            R"("received":"2026-11-20T14:03:12.456Z","text":"hello","late":false,"final":true})"
            "\n");
}

TEST(Json, AMessageHasNoOtherKeys) {
  const Record row = message().set("place", "token").set("extra", true);

  EXPECT_EQ(message_json(row), message_json(message()));
}

TEST(Json, WhatIsNotKnownOfAMessageIsNull) {
  const std::string line = message_json(Record().set("kind", "system").set("text", "hi"));

  EXPECT_NE(line.find(R"("id":null)"), std::string::npos);
  EXPECT_NE(line.find(R"("time":null)"), std::string::npos);
  EXPECT_NE(line.find(R"("late":false,"final":false})"), std::string::npos);
}

TEST(Json, BytesThatAreNoTextComeAsDataInBase64) {
  const Record row = Record().set("data", Bytes{0xff, 0x00, 0x41});

  const std::string line = message_json(row);

  EXPECT_NE(line.find(R"("data":"/wBB")"), std::string::npos);
  EXPECT_EQ(line.find(R"("text")"), std::string::npos);
}

TEST(Json, ARecordKeepsItsFieldsAndTheirOrder) {
  const Record record = Record()
                            .set("name", "bob")
                            .set("unread", std::int64_t{3})
                            .set("last_time", std::int64_t{0})
                            .set("linked", true)
                            .set("note", std::monostate())
                            .set("addresses", std::vector<std::string>{"a:1", "b:2"});

  EXPECT_EQ(record_json(record),
            R"({"v":1,"name":"bob","unread":3,"last_time":"1970-01-01T00:00:00.000Z",)"
            R"("linked":true,"note":null,"addresses":["a:1","b:2"]})"
            "\n");
}

TEST(Json, ControlCharactersAndQuotesAreEscaped) {
  EXPECT_EQ(json_string("a\"b\\c\nd\te\rf\x1b[31m\x7f" + std::string(1, '\0')),
            R"("a\"b\\c\nd\te\rf\u001b[31m\u007f\u0000")");
}

TEST(Json, WhatATerminalObeysOrNobodySeesIsEscaped) {
  EXPECT_EQ(json_string("\u009b31m"), R"("\u009b31m")");
  EXPECT_EQ(json_string("a\u202eb\u200b\ufeff"), R"("a\u202eb\u200b\ufeff")");
  EXPECT_EQ(json_string("\U000E0041"), R"("\udb40\udc41")");
}

TEST(Json, OtherTextStaysAsItIs) {
  EXPECT_EQ(json_string("naïve 日本 🙂 \ufffd"), "\"naïve 日本 🙂 \ufffd\"");
}

TEST(Json, TheLineIsUtf8WhateverCameIn) {
  EXPECT_EQ(json_string("a\xff\xc3"), "\"a\ufffd\ufffd\"");
}

TEST(Json, Base64IsPadded) {
  EXPECT_EQ(base64(view("")), "");
  EXPECT_EQ(base64(view("f")), "Zg==");
  EXPECT_EQ(base64(view("fo")), "Zm8=");
  EXPECT_EQ(base64(view("foo")), "Zm9v");
  EXPECT_EQ(base64(view("foobar")), "Zm9vYmFy");
}

}  // namespace
}  // namespace p2pchat::ctl
