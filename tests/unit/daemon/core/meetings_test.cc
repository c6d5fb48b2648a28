#include "daemon/core/meetings.h"

#include <gtest/gtest.h>

#include "proto/pair.h"
#include "tests/unit/daemon/core/turn_fixture.h"

namespace p2pchat {
namespace {

const std::string kDoor = "127.0.0.1:7473";

// One daemon, as far as its door goes.
struct Side {
  Side(std::uint8_t who, std::string name, Accept accept)
      : turn(who), card(sample_card(who, std::move(name))), meetings(accept) {}

  Meetings::Outcome meet(const std::string& target) {
    return meetings.meet(turn.at(0s), contacts, card, {RequestId{1}, target});
  }
  Meetings::Outcome hear(const Bytes& question) {
    return meetings.asked(turn.at(0s), contacts, card, {VisitId{9}, "127.0.0.1", question});
  }
  Meetings::Outcome hear_back(VisitId visit, const Bytes& answer) {
    return meetings.answered(turn.at(0s), contacts, card, {visit, answer});
  }

  TurnFixture turn;
  Card card;
  Contacts contacts{{}};
  Meetings meetings;
};

class MeetingsTest : public testing::Test {
 protected:
  // Carries visits of `from` to the door of `to` until none is under way. Answers what the
  // user of `from` is told.
  action::Answer carry(Side& from, Side& to, Meetings::Outcome outcome) {
    for (auto visits = only<action::VisitDoor>(outcome.actions); !visits.empty();
         visits = only<action::VisitDoor>(outcome.actions)) {
      host_ = to.hear(visits[0].question);
      const auto answers = only<action::AnswerDoor>(host_.actions);
      outcome = from.hear_back(visits[0].visit, answers.at(0).answer);
    }
    visitor_ = outcome;
    const auto told = only<action::Answer>(outcome.actions);
    return told.empty() ? action::Answer{} : told[0];
  }

  Side anna_{1, "anna", Accept::anyone};
  Side ben_{2, "ben", Accept::anyone};
  Meetings::Outcome visitor_;
  Meetings::Outcome host_;
};

TEST_F(MeetingsTest, AVisitEndsWithBothSignatures) {
  const auto told = carry(anna_, ben_, anna_.meet(kDoor));

  EXPECT_EQ(told.code, ExitCode::done);
  EXPECT_TRUE(told.row.flag("first"));
  EXPECT_EQ(told.row.text("fingerprint"), fingerprint(ben_.card.id));
  EXPECT_EQ(visitor_.met, ben_.card.id);
  EXPECT_EQ(host_.met, anna_.card.id);
  EXPECT_TRUE(anna_.contacts.find(ben_.card.id)->is_met());
  EXPECT_TRUE(ben_.contacts.find(anna_.card.id)->is_met());
}

TEST_F(MeetingsTest, ASecondVisitIsNoFirstUse) {
  carry(anna_, ben_, anna_.meet(kDoor));

  const auto told = carry(anna_, ben_, anna_.meet(kDoor));

  EXPECT_EQ(told.code, ExitCode::done);
  EXPECT_FALSE(told.row.flag("first"));
}

TEST_F(MeetingsTest, AnotherIdentityThanTheOneNamedIsRefused) {
  const auto told = carry(anna_, ben_, anna_.meet(to_text(sample_peer(3)) + "@" + kDoor));

  EXPECT_EQ(told.code, ExitCode::identity);
  EXPECT_EQ(anna_.contacts.find(ben_.card.id), nullptr);
}

TEST_F(MeetingsTest, AnotherIdentityAtAPinnedDoorIsRefused) {
  carry(anna_, ben_, anna_.meet(kDoor));
  Side mallory(3, "ben", Accept::anyone);

  const auto told = carry(anna_, mallory, anna_.meet(kDoor));

  EXPECT_EQ(told.code, ExitCode::identity);
  EXPECT_EQ(anna_.contacts.find(mallory.card.id), nullptr);
}

TEST_F(MeetingsTest, NamingTheNewIdentityMovesThePin) {
  carry(anna_, ben_, anna_.meet(kDoor));
  Side carol(3, "carol", Accept::anyone);

  const auto told = carry(anna_, carol, anna_.meet(to_text(carol.card.id) + "@" + kDoor));

  EXPECT_EQ(told.code, ExitCode::done);
  EXPECT_EQ(anna_.contacts.pinned_at({"127.0.0.1", 7473})->id, carol.card.id);
}

TEST_F(MeetingsTest, UnderAskTheUserDecidesAndTheMeetingCompletes) {
  Side ben(2, "ben", Accept::ask);

  const auto told = carry(anna_, ben, anna_.meet(kDoor));
  ASSERT_EQ(told.code, ExitCode::queued);
  EXPECT_EQ(only<action::StoreNotice>(host_.actions).size(), 1U);
  EXPECT_FALSE(ben.contacts.find(anna_.card.id)->is_met());

  const auto accepted = ben.meet("anna");
  EXPECT_EQ(accepted.met, anna_.card.id);
  carry(ben, anna_, accepted);

  EXPECT_TRUE(anna_.contacts.find(ben.card.id)->is_met());
}

TEST_F(MeetingsTest, AWishIsRepeatedAtTheDoor) {
  Side ben(2, "ben", Accept::ask);
  carry(anna_, ben, anna_.meet(kDoor));
  (void)ben.meet("anna");

  Meetings::Outcome repeat;
  repeat.actions = anna_.meetings.timer(anna_.turn.at(kWishBackoffMin), anna_.contacts, anna_.card);
  carry(anna_, ben, repeat);

  EXPECT_TRUE(anna_.contacts.find(ben.card.id)->is_met());
  EXPECT_EQ(anna_.meetings.deadline(), TimePoint::never());
}

TEST_F(MeetingsTest, StrangersThatWaitAreBounded) {
  Side ben(2, "ben", Accept::ask);
  std::size_t told_of = 0;
  for (std::size_t i = 0; i < kStrangersMax + 5; ++i) {
    const auto who = static_cast<std::uint8_t>(10 + i);
    Side stranger(who, "stranger", Accept::anyone);
    const auto told = carry(stranger, ben, stranger.meet(kDoor));
    EXPECT_EQ(told.code, ExitCode::queued);
    told_of += only<action::StoreNotice>(host_.actions).size();
  }

  EXPECT_EQ(told_of, kStrangersMax);
  EXPECT_EQ(ben.contacts.strangers(), kStrangersMax);
}

TEST_F(MeetingsTest, UnderNobodyAStrangerIsRefused) {
  Side ben(2, "ben", Accept::nobody);

  EXPECT_EQ(carry(anna_, ben, anna_.meet(kDoor)).code, ExitCode::failed);
  EXPECT_EQ(ben.contacts.find(anna_.card.id), nullptr);
}

TEST_F(MeetingsTest, UnderKnownWhoHasAnAliasIsLetIn) {
  Side ben(2, "ben", Accept::known);
  EXPECT_EQ(carry(anna_, ben, anna_.meet(kDoor)).code, ExitCode::failed);

  Contact* anna = ben.contacts.find_or_add(anna_.card.id, nullptr);
  ASSERT_TRUE(ben.contacts.rename(*anna, "ann"));

  EXPECT_EQ(carry(anna_, ben, anna_.meet(kDoor)).code, ExitCode::done);
}

TEST_F(MeetingsTest, WhoLostItsStateAcceptsItsOwnSignatureUnderAnyPolicy) {
  carry(anna_, ben_, anna_.meet(kDoor));
  Side emptied(2, "ben", Accept::nobody);

  Meetings::Outcome reminder;
  reminder.actions = anna_.meetings.remind(anna_.turn.at(0s), *anna_.contacts.find(ben_.card.id),
                                           anna_.card, Stamp{77});
  carry(anna_, emptied, reminder);

  EXPECT_TRUE(emptied.contacts.find(anna_.card.id)->is_met());
  EXPECT_EQ(host_.card_floor, ben_.card.counter);
  EXPECT_EQ(host_.stamp_floor, Stamp{77});
}

TEST_F(MeetingsTest, ABlockedPeerIsNotLetInAgain) {
  carry(anna_, ben_, anna_.meet(kDoor));
  ben_.contacts.find(anna_.card.id)->is_blocked = true;

  EXPECT_EQ(carry(anna_, ben_, anna_.meet(kDoor)).code, ExitCode::failed);
}

TEST_F(MeetingsTest, ARegistrationForSomebodyElseIsInvalid) {
  const door::Registration meant_for_carol{
      anna_.card, sample_peer(3), sign_founding(sample_identity(1), sample_peer(3)), {}};

  const auto outcome = ben_.hear(meant_for_carol.encode(sample_identity(1)));

  const auto answer = door::decode_answer(only<action::AnswerDoor>(outcome.actions).at(0).answer);
  EXPECT_EQ(std::get<door::Ack>(*answer).code, Code::invalid);
  EXPECT_FALSE(outcome.met);
}

TEST_F(MeetingsTest, BytesThatDoNotDecodeAreAnsweredAsInvalid) {
  const auto outcome = ben_.hear(to_bytes("GET / HTTP/1.1"));

  const auto answer = door::decode_answer(only<action::AnswerDoor>(outcome.actions).at(0).answer);
  EXPECT_EQ(std::get<door::Ack>(*answer).code, Code::invalid);
}

TEST_F(MeetingsTest, AnUnsignedSuccessIsNotBelieved) {
  auto visits = only<action::VisitDoor>(anna_.meet(kDoor).actions);
  const auto looked =
      anna_.hear_back(visits.at(0).visit, door::encode(door::Introduction{ben_.card}));
  visits = only<action::VisitDoor>(looked.actions);
  const door::Ack forged{Code::success, "", false, Signature{}, ben_.card};

  const auto outcome = anna_.hear_back(visits.at(0).visit, door::encode(forged));

  EXPECT_FALSE(outcome.met);
  EXPECT_EQ(only<action::Answer>(outcome.actions).at(0).code, ExitCode::identity);
}

TEST_F(MeetingsTest, AFailedVisitTellsWhoeverAskedWhy) {
  const auto visits = only<action::VisitDoor>(anna_.meet(kDoor).actions);

  const auto outcome = anna_.meetings.failed({visits.at(0).visit, "nobody listens there"});

  const auto told = only<action::Answer>(outcome.actions).at(0);
  EXPECT_EQ(told.code, ExitCode::failed);
  EXPECT_EQ(told.error, "nobody listens there");
}

}  // namespace
}  // namespace p2pchat
