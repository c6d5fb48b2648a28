#include "proto/control.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat::control {
namespace {

using fixture::fault_of;

Record one_of_each() {
  Record record;
  record.set("nothing", std::monostate()).set("flag", true).set("off", false);
  record.set("small", std::int64_t{-1}).set("large", std::numeric_limits<std::int64_t>::max());
  record.set("least", std::numeric_limits<std::int64_t>::min());
  record.set("text", std::string("Grüße")).set("bytes", Bytes{0xff, 0});
  record.set("empty", std::string()).set("list", std::vector<std::string>{"a", ""});
  return record;
}

Record carried(const Record& record) {
  const auto request = decode_request(encode(Request{1, "verb", record}));
  EXPECT_TRUE(request);
  return request ? request->values : Record();
}

TEST(Control, ARequestDecodesToWhatWasEncoded) {
  const auto request = decode_request(encode(Request{~std::uint64_t{0}, "push", one_of_each()}));

  ASSERT_TRUE(request);
  EXPECT_EQ(request->tag, ~std::uint64_t{0});
  EXPECT_EQ(request->verb, "push");
  EXPECT_EQ(request->values, one_of_each());
}

TEST(Control, AReplyDecodesToWhatWasEncoded) {
  const Reply made{7, true, ExitCode::timed_out, "time ended", one_of_each()};

  const auto reply = decode_reply(encode(made));

  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->tag, 7U);
  EXPECT_TRUE(reply->end);
  EXPECT_EQ(reply->code, ExitCode::timed_out);
  EXPECT_EQ(reply->error, "time ended");
  EXPECT_EQ(reply->row, one_of_each());
}

TEST(Control, TextThatIsNotUtf8ArrivesAsBytes) {
  const Record record = carried(Record().set("text", std::string("\xff")));

  EXPECT_EQ(record.bytes("text"), Bytes{0xff});
}

TEST(Control, WhereOnlyTextFitsBytesAreRepaired) {
  const auto reply = decode_reply(encode(Reply{1, true, ExitCode::failed, "no \xff", {}}));
  const Record record = carried(Record().set("list", std::vector<std::string>{"\xff"}));

  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->error, "no \xef\xbf\xbd");
  EXPECT_EQ(*record.find("list"), Value(std::vector<std::string>{"\xef\xbf\xbd"}));
}

TEST(Control, AnotherVersionIsRefusedByName) {
  Packer packer;
  const Bytes bytes = packer.array(2).integer(kVersion + 1).text("later").take();

  EXPECT_EQ(fault_of(decode_request(bytes)), Fault::refused);
  EXPECT_EQ(fault_of(decode_reply(bytes)), Fault::refused);

  Packer same_shape;
  same_shape.array(4).integer(kVersion + 1).integer(1).text("verb").array(0);
  EXPECT_EQ(fault_of(decode_request(same_shape.take())), Fault::refused);
}

TEST(Control, AMessageOverTheLimitIsRefusedAsSuch) {
  const Request request{1, "push", Record().set("body", Bytes(kControlBytesMax))};
  const Reply reply{1, false, ExitCode::done, "", request.values};

  EXPECT_EQ(fault_of(decode_request(encode(request))), Fault::limit);
  EXPECT_EQ(fault_of(decode_reply(encode(reply))), Fault::limit);
}

TEST(Control, WhatDoesNotDecodeIsMalformed) {
  const auto fault = [](Packer& packer) { return fault_of(decode_request(packer.take())); };

  EXPECT_EQ(fault(Packer().array(4).integer(1).integer(1).text("v").array(0)), std::nullopt);
  EXPECT_EQ(fault(Packer().array(5).integer(1).integer(1).text("v").array(0).nil()),
            Fault::malformed);
  EXPECT_EQ(fault(Packer().array(4).integer(1).integer(1).bytes(view("v")).array(0)),
            Fault::malformed);
  EXPECT_EQ(fault(Packer().array(4).integer(1).integer(1).text("v").array(1).array(1).text("k")),
            Fault::malformed);
  EXPECT_EQ(
      fault(Packer().array(4).integer(1).integer(1).text("v").array(1).array(2).text("k").map(0)),
      Fault::malformed);
  EXPECT_EQ(fault_of(decode_reply({})), Fault::malformed);
}

TEST(Control, AKeyStandsOnce) {
  Packer packer;
  packer.array(4).integer(1).integer(1).text("v").array(2);
  packer.array(2).text("k").nil().array(2).text("k").nil();

  EXPECT_EQ(fault_of(decode_request(packer.take())), Fault::malformed);
}

TEST(Control, ARequestCutAnywhereIsRefused) {
  const Bytes bytes = encode(Request{1, "push", one_of_each()});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_request(ByteView(bytes).first(size)));
  }
}

TEST(Record, SetReplacesOrAppends) {
  Record record;
  record.set("a", true).set("b", std::int64_t{1}).set("a", std::string("x"));

  ASSERT_EQ(record.fields().size(), 2U);
  EXPECT_EQ(record.fields()[0].first, "a");
  EXPECT_EQ(record.text("a"), "x");
}

TEST(Record, AValueOfAnotherTypeReadsAsTheFallback) {
  const Record record = one_of_each();

  EXPECT_EQ(record.text("flag", "none"), "none");
  EXPECT_EQ(record.integer("text", 5), 5);
  EXPECT_FALSE(record.flag("small"));
  EXPECT_TRUE(record.bytes("text").empty());
  EXPECT_EQ(record.text("absent", "none"), "none");
  EXPECT_FALSE(record.has("absent"));
  EXPECT_EQ(record.integer("small"), -1);
  EXPECT_TRUE(record.flag("flag"));
}

}  // namespace
}  // namespace p2pchat::control
