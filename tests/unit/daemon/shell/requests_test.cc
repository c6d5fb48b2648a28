#include "daemon/shell/requests.h"

#include <gmock/gmock.h>

#include "tests/unit/daemon/shell/local_fixture.h"

namespace p2pchat {
namespace {

using ::testing::HasSubstr;

class Request : public LocalFixture {
 protected:
  template <class Kind>
  static Kind event_of(Result<Event> (*wish)(const control::Record&, RequestId),
                       const control::Record& values) {
    return std::get<Kind>(wish(values, {7}).value());
  }
};

TEST_F(Request, ToPushIsAnEventWithTextOrBytes) {
  const auto text = event_of<event::PushRequested>(
      push_requested, control::Record().set("to", "bob").set("text", "hello"));
  EXPECT_EQ(text.request, RequestId{7});
  EXPECT_EQ(text.to, "bob");
  EXPECT_EQ(text.body, to_bytes("hello"));

  const auto data = event_of<event::PushRequested>(
      push_requested, control::Record().set("to", "bob").set("data", Bytes{0xff}));
  EXPECT_EQ(data.body, Bytes{0xff});
}

TEST_F(Request, OfEveryOtherWishIsAnEventToo) {
  const auto who = [] { return control::Record().set("who", "bob"); };

  EXPECT_EQ(
      event_of<event::MeetRequested>(meet_requested, control::Record().set("target", "h")).target,
      "h");
  EXPECT_EQ(event_of<event::AliasRequested>(alias_requested, who().set("name", "rob")).name, "rob");
  EXPECT_TRUE(event_of<event::BlockRequested>(block_requested, who().set("undo", true)).undo);
  EXPECT_EQ(event_of<event::VerifyRequested>(verify_requested, who()).who, "bob");
}

TEST_F(Request, ToKeepNamesAnAgeASizeOrAll) {
  const auto named = [] { return control::Record().set("name", "garden"); };
  const auto kept = [](const control::Record& values) {
    return event_of<event::KeepRequested>(keep_requested, values).retention;
  };

  EXPECT_FALSE(kept(named()));
  EXPECT_EQ(kept(named().set("all", true)), Retention{});
  EXPECT_EQ(kept(named().set("age_ms", kKeepAgeMin.count()).set("bytes", std::int64_t{1 << 20})),
            (Retention{.age = kKeepAgeMin, .bytes = 1 << 20}));
  for (const auto& bad :
       {named().set("age_ms", kKeepAgeMin.count() - 1),
        named().set("bytes", std::int64_t{(1 << 20) - 1}), named().set("bytes", std::int64_t{-1}),
        named().set("all", true).set("bytes", std::int64_t{1 << 20})}) {
    EXPECT_EQ(keep_requested(bad, {7}).error().fault, Fault::usage);
  }
}

TEST_F(Request, ToCreateNamesASize) {
  const auto values = [] {
    return control::Record().set("name", "garden").set("size", std::int64_t{8});
  };

  const auto open = event_of<event::CreateRequested>(create_requested, values());
  EXPECT_EQ(open.request, RequestId{7});
  EXPECT_EQ(open.name, "garden");
  EXPECT_EQ(open.size, 8U);
  for (const auto& bad :
       {values().set("size", std::int64_t{-1}), control::Record().set("name", "garden")}) {
    EXPECT_EQ(create_requested(bad, {7}).error().fault, Fault::usage);
  }
}

TEST_F(Request, ToJoinCarriesItsNoteItsDoorAndWhetherItWaits) {
  const auto bare =
      event_of<event::JoinRequested>(join_requested, control::Record().set("room", "garden@anna"));
  EXPECT_EQ(bare.request, RequestId{7});
  EXPECT_EQ(bare.room, "garden@anna");
  EXPECT_EQ(bare.note, "");
  EXPECT_EQ(bare.via, "");
  EXPECT_FALSE(bare.waits);

  const auto full = event_of<event::JoinRequested>(join_requested, control::Record()
                                                                       .set("room", "garden")
                                                                       .set("note", "it is me")
                                                                       .set("via", "host:7473")
                                                                       .set("wait", true));
  EXPECT_EQ(full.note, "it is me");
  EXPECT_EQ(full.via, "host:7473");
  EXPECT_TRUE(full.waits);
}

TEST_F(Request, WithANoteThatIsTooLongOrNoTextIsRefused) {
  const auto with = [](control::Value note) {
    return control::Record()
        .set("room", "garden")
        .set("who", "bob")
        .set("answer", "yes")
        .set("note", std::move(note));
  };

  EXPECT_TRUE(vote_requested(with(std::string(kNoteBytesMax, 'x')), {7}));
  for (const control::Value& bad :
       {control::Value(std::string(kNoteBytesMax + 1, 'x')), control::Value(Bytes{0xff})}) {
    EXPECT_EQ(vote_requested(with(bad), {7}).error().fault, Fault::usage);
    EXPECT_EQ(join_requested(with(bad), {7}).error().fault, Fault::usage);
  }
}

TEST_F(Request, WithAnAddressThatIsNoneIsRefused) {
  for (const char* bad : {"*", "host:0x", "a b"}) {
    EXPECT_EQ(join_requested(control::Record().set("via", bad), {7}).error().fault, Fault::usage);
    EXPECT_EQ(listing_requested(control::Record().set("address", bad), {7}).error().fault,
              Fault::usage);
  }
}

TEST_F(Request, ToVoteIsYesNoOrEvict) {
  const auto values = [](const char* answer) {
    return control::Record()
        .set("room", "garden")
        .set("who", "bob,carol")
        .set("answer", answer)
        .set("note", "why");
  };
  const auto ballot = [&](const char* answer) {
    return event_of<event::VoteRequested>(vote_requested, values(answer)).ballot;
  };

  EXPECT_EQ(ballot("yes"), event::Ballot::yes);
  EXPECT_EQ(ballot("no"), event::Ballot::no);
  EXPECT_EQ(ballot("evict"), event::Ballot::evict);
  const auto vote = event_of<event::VoteRequested>(vote_requested, values("evict"));
  EXPECT_EQ(vote.room, "garden");
  EXPECT_EQ(vote.who, "bob,carol");
  EXPECT_EQ(vote.note, "why");
  for (const char* bad : {"", "maybe"}) {
    EXPECT_EQ(vote_requested(values(bad), {7}).error().fault, Fault::usage);
  }
}

TEST_F(Request, ToGoOrToBeListedIsAnEventToo) {
  const auto room = control::Record().set("room", "garden");
  EXPECT_EQ(event_of<event::LeaveRequested>(leave_requested, room).room, "garden");
  EXPECT_EQ(event_of<event::DeleteRequested>(delete_requested, room).room, "garden");
  EXPECT_EQ(event_of<event::ListRequested>(list_requested, {}).request, RequestId{7});

  const auto listing = [](const control::Record& values) {
    return event_of<event::ListingRequested>(listing_requested, values);
  };
  EXPECT_EQ(listing({}).address, "");
  EXPECT_FALSE(listing({}).undo);
  EXPECT_EQ(listing(control::Record().set("address", "host")).address, "host");
  EXPECT_TRUE(listing(control::Record().set("rm", true)).undo);
  const auto both = control::Record().set("rm", true).set("address", "host");
  EXPECT_EQ(listing_requested(both, {7}).error().fault, Fault::usage);
}

TEST_F(Request, WithoutAReadersNameIsTheDefaultReaders) {
  EXPECT_EQ(reader_in({}, 5).value(), (Reader{5, "default"}));
}

TEST_F(Request, WithAReadersNameThatIsNoneIsRefused) {
  const auto named = [](std::string name) {
    return reader_in(control::Record().set("reader", std::move(name)), 5);
  };

  EXPECT_TRUE(named(std::string(kReaderNameBytesMax, 'x')));
  for (const std::string& bad :
       {std::string(), std::string("a\nb"), std::string(kReaderNameBytesMax + 1, 'x')}) {
    ASSERT_FALSE(named(bad));
    EXPECT_EQ(named(bad).error().fault, Fault::usage);
  }
}

TEST_F(Request, ToPullNamesAConversationOrMeansAll) {
  EXPECT_FALSE(pull_wish_in({}, 5, *node_)->room);
  EXPECT_EQ(pull_wish_in(control::Record().set("name", "bob"), 5, *node_)->room, room(2));

  const auto unknown = pull_wish_in(control::Record().set("name", "nobody"), 5, *node_);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(exit_code(unknown.error().fault), ExitCode::unknown);
}

TEST_F(Request, ToPullCarriesItsFlags) {
  const auto wish = pull_wish_in(
      control::Record().set("follow", true).set("peek", true).set("mine", true), 5, *node_);

  EXPECT_TRUE(wish->follow && wish->peek && wish->mine);
}

TEST_F(Request, ForALogBoundsItByTimeOrByMessage) {
  SampleFeed feed(2, room(2));
  store({feed.open(1), feed.say(Stamp::at({5000}).value, {"one"})});
  const auto query = log_query_in(control::Record()
                                      .set("name", "bob")
                                      .set("since_id", message_id(feed.tag(), {2}))
                                      .set("until_ms", std::int64_t{6000})
                                      .set("last", std::int64_t{3}),
                                  *node_, *inbox_);

  ASSERT_TRUE(query) << query.error().text;
  EXPECT_EQ(query->room, room(2));
  EXPECT_EQ(query->since, (LogPlace{Stamp::at({5000}), feed.id()}));
  EXPECT_EQ(query->until, LogPlace::end_of({Stamp::at({6001}).value - 1}));
  EXPECT_EQ(query->last, 3U);
}

TEST_F(Request, ForALogMaySearchIt) {
  const auto query = [&](control::Value typed) {
    return log_query_in(control::Record().set("name", "bob").set("search", std::move(typed)),
                        *node_, *inbox_);
  };
  std::string too_many;
  for (int i = 0; i < 1000; ++i) too_many += "w ";

  EXPECT_FALSE(log_query_in(control::Record().set("name", "bob"), *node_, *inbox_)->search);
  EXPECT_EQ(query(std::string("disk \"is full\"")).value().search,
            (std::vector<SearchWord>{{"disk"}, {"is full"}}));
  EXPECT_EQ(exit_code(query(too_many.substr(0, 1000)).error().fault), ExitCode::limit);
  EXPECT_EQ(exit_code(query(too_many).error().fault), ExitCode::limit);
}

TEST_F(Request, ForALogFromAMessageOfAnotherConversationIsRefused) {
  SampleFeed feed(3, room(3));
  store({feed.open(1), feed.say(10, {"to carol"})});
  const auto query = log_query_in(
      control::Record().set("name", "bob").set("until_id", message_id(feed.tag(), {2})), *node_,
      *inbox_);

  ASSERT_FALSE(query);
  EXPECT_EQ(exit_code(query.error().fault), ExitCode::unknown);
}

TEST_F(Request, ForALogOfAnUnknownMessageIsRefused) {
  const auto query = log_query_in(control::Record().set("name", "bob").set("since_id", "nonsense"),
                                  *node_, *inbox_);

  EXPECT_FALSE(query);
}

TEST_F(Request, ThatTookPlacesMeansTheFurthestOfEachRoom) {
  const auto places = places_in(control::Record().set(
      "places",
      std::vector<std::string>{encode_place(room(2), {5, 1}), encode_place(room(2), {4, 9}),
                               encode_place(room(3), {1, 0})}));

  EXPECT_EQ(places.value(), (PullCursor{{room(2), {5, 1}}, {room(3), {1, 0}}}));
}

TEST_F(Request, ThatTookNonsenseIsRefused) {
  EXPECT_FALSE(places_in({}));
  const auto bad = places_in(control::Record().set("places", std::vector<std::string>{"a\x1b[1m"}));
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().text, ::testing::Not(HasSubstr("\x1b")));
}

TEST_F(Request, ForTheReadersNamesConversationsAndUsers) {
  SampleFeed feed(2, room(2));
  store({feed.open(1), feed.say(10, {"one"}), feed.say(100, {"two"})});
  ASSERT_TRUE(inbox_->move({0, "r"}, {{room(2), {2, 0}}}));

  const auto rows = reader_rows(*node_, *inbox_);

  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1U);
  EXPECT_EQ(rows->at(0).text("reader"), "r");
  EXPECT_EQ(rows->at(0).text("user"), "root");
  EXPECT_EQ(rows->at(0).text("conversation"), "bob");
  EXPECT_EQ(rows->at(0).integer("unread"), 1);
}

}  // namespace
}  // namespace p2pchat
