#include "proto/rendezvous.h"

#include <gtest/gtest.h>

#include "proto/limits.h"
#include "tests/unit/proto/fixtures.h"

namespace p2pchat {
namespace {

using namespace rendezvous;
using fixture::fault_of;
using fixture::filled;
using fixture::kAnna;

Card anna() { return fixture::card_of(kAnna); }

std::vector<Request> every_request() {
  const Bytes raw = to_bytes("signed elsewhere");
  std::vector<Request> all{{kAnna.id(), Add{anna(), 1h, true}},
                           {kAnna.id(), Remove{}},
                           {std::nullopt, List{filled<PeerId>(3)}},
                           {std::nullopt, Rooms{"ops"}},
                           {std::nullopt, Describe{"ops"}},
                           {kAnna.id(), Fetch{filled<RoomId>(4), {17}}},
                           {kAnna.id(), Watch{{18}}}};
  for (auto kind = static_cast<int>(Kind::genesis); kind <= static_cast<int>(Kind::certificate);
       ++kind) {
    all.push_back({kAnna.id(), Put{{static_cast<Kind>(kind), raw}}});
  }
  return all;
}

std::vector<std::pair<Question, Answer>> every_answer() {
  return {{Remove{}, Failure{ExitCode::limit, "the room is full"}},
          {Remove{}, Done{}},
          {List{}, Cards{{anna()}, true}},
          {Rooms{}, Names{{"ops", "play"}, false}},
          {Describe{}, Description{filled<RoomId>(1), kAnna.id(), 5, 2, 7}},
          {Watch{}, Page{{99}, {{Kind::vote, to_bytes("v")}, {Kind::card, anna().raw}}, true}},
          {Fetch{}, Page{{99}, {}, false}}};
}

TEST(Rendezvous, ALocatorReadsAsItWasWritten) {
  const Locator locator{kAnna.id(), {"2001:db8::1", 99}};

  EXPECT_EQ(parse_locator(to_text(locator)).value_or(Locator{}), locator);
  EXPECT_EQ(parse_locator(to_text(kAnna.id()) + "@host").value_or(Locator{}).address,
            (Address{"host", kPortDefault}));
  EXPECT_EQ(fault_of(parse_locator("host:7472")), Fault::usage);
}

TEST(Rendezvous, RequestsReadAsTheyWereWritten) {
  for (const Request& request : every_request()) {
    const Bytes bytes = encode(request);

    const auto read = decode_request(bytes);

    ASSERT_TRUE(read) << request.question.index();
    EXPECT_EQ(read->asker, request.asker);
    EXPECT_EQ(read->question.index(), request.question.index());
    EXPECT_EQ(encode(*read), bytes);
  }
}

TEST(Rendezvous, AnswersReadAsTheyWereWritten) {
  for (const auto& [question, answer] : every_answer()) {
    const Bytes bytes = encode(answer);

    const auto read = decode_answer(bytes, question);

    ASSERT_TRUE(read) << answer.index();
    EXPECT_EQ(read->index(), answer.index());
    EXPECT_EQ(encode(*read), bytes);
  }
}

TEST(Rendezvous, MutantsOfARequestAreRefusedOrReadAsWhatTheySay) {
  for (const Request& request : every_request()) {
    fixture::count_taken_mutants(encode(request), [](const Bytes& mutant) {
      const auto read = decode_request(mutant);
      EXPECT_TRUE(!read || encode(*read) == mutant);
      return read.has_value();
    });
  }
}

TEST(Rendezvous, ARequestOfAnotherVersionIsToldApartFromNonsense) {
  const Bytes other = Packer().array(3).integer(2).text("remove").nil().take();
  const Bytes nonsense = to_bytes("nonsense");

  EXPECT_EQ(fault_of(decode_request(other)), Fault::refused);
  EXPECT_EQ(fault_of(decode_request(nonsense)), Fault::malformed);
}

TEST(Rendezvous, AVerbThatIsUnknownOrTakesAnotherKindIsRefused) {
  const auto put = [](Kind kind) {
    Packer out;
    out.array(5).integer(1).text("put").fixed(kAnna.id());
    return out.integer(static_cast<std::uint64_t>(kind)).bytes({}).take();
  };

  EXPECT_TRUE(decode_request(put(Kind::eviction)));
  EXPECT_TRUE(decode_request(put(Kind::certificate)));
  EXPECT_EQ(fault_of(decode_request(put(Kind::close))), Fault::malformed);
  EXPECT_EQ(fault_of(decode_request(put(Kind::card))), Fault::malformed);
  EXPECT_EQ(fault_of(decode_request(put(Kind::standing))), Fault::malformed);
  EXPECT_EQ(fault_of(decode_request(put(Kind::decided))), Fault::malformed);
  EXPECT_EQ(fault_of(decode_request(put(Kind::fork))), Fault::malformed);
  EXPECT_EQ(fault_of(decode_request(Packer().array(3).integer(1).text("evict").nil().take())),
            Fault::malformed);
}

TEST(Rendezvous, ACardThatDoesNotHoldIsRefused) {
  Add add{anna(), 1h, true};
  add.card.raw.back() ^= 1U;

  EXPECT_EQ(fault_of(decode_request(encode({kAnna.id(), add}))), Fault::forged);
}

TEST(Rendezvous, ADescriptionTellsAllThatACandidateMayKnow) {
  const Description written{filled<RoomId>(1), kAnna.id(), 5, 2, 7};

  const auto read = decode_answer(encode(written), Describe{});

  ASSERT_TRUE(read);
  const auto description = std::get<Description>(*read);
  EXPECT_EQ(description.room, written.room);
  EXPECT_EQ(description.creator, written.creator);
  EXPECT_EQ(description.size, written.size);
  EXPECT_EQ(description.voted, written.voted);
  EXPECT_EQ(description.gone, written.gone);
}

TEST(Rendezvous, APageHoldsWhatARendezvousTellsOnly) {
  const auto fault = [](Kind kind) {
    const Page page{{1}, {{Kind::genesis, {}}, {kind, {}}}, false};
    return fault_of(decode_answer(encode(page), Watch{}));
  };

  EXPECT_EQ(fault(Kind::card), std::nullopt);
  EXPECT_EQ(fault(Kind::standing), std::nullopt);
  EXPECT_EQ(fault(Kind::decided), Fault::malformed);
  EXPECT_EQ(fault(Kind::fork), Fault::malformed);
}

TEST(Rendezvous, TheLargestObjectFitsAFrame) {
  const Object largest{Kind::value, Bytes(kValueBytesMax)};

  EXPECT_LE(encode({kAnna.id(), Put{largest}}).size(), kFrameBytesMax);
  EXPECT_LE(encode(Page{{1ULL << 62U}, {largest}, true}).size(), kFrameBytesMax);
}

}  // namespace
}  // namespace p2pchat
