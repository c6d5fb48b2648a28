#include "daemon/shell/rendezvous_client.h"

#include "tests/unit/daemon/shell/net_fixture.h"

namespace p2pchat {
namespace {

using event::RendezvousAnswered;
using event::RendezvousFailed;
using testing::HasSubstr;

rendezvous::Locator locator(std::uint8_t server, std::uint16_t port, std::string host = kHost) {
  return {identity_of(server).id(), {std::move(host), port}};
}

// A rendezvous that a test speaks for, and a daemon that asks it.
class RendezvousClientTest : public testing::Test {
 protected:
  static constexpr std::uint8_t kServer = 9;

  void begin(std::optional<rendezvous::Locator> server) {
    alice_.emplace(1, Net::Setup{{kHost, 0}, std::move(server)});
  }
  void begin() { begin(locator(kServer, server_->port())); }
  void ask(std::string_view question, Desk desk = Desk::ask) {
    alice_->order(action::AskRendezvous{desk, to_bytes(question)});
  }
  // The next request, after its route and the empty part; it is kept as the one to be answered.
  std::string request() {
    if (!until({&*alice_}, [&] { return receive_parts(server_->socket, 3, parts_); })) return "";
    EXPECT_EQ(parts_.size(), 3U);
    EXPECT_EQ(parts_[1].size(), 0U);
    return parts_.back().to_string();
  }
  void send(const std::vector<std::string_view>& parts) {
    std::size_t left = parts.size();
    zmq_send(server_->socket.handle(), parts_[0].data(), parts_[0].size(), ZMQ_SNDMORE);
    for (const std::string_view part : parts) {
      zmq_send(server_->socket.handle(), part.data(), part.size(), --left > 0 ? ZMQ_SNDMORE : 0);
    }
  }
  void answer(std::string_view text) { send({"", text}); }
  // The last answer that the daemon has got, once there are `count`.
  std::string answered(std::size_t count = 1) {
    (void)until({&*alice_}, [&] { return alice_->count<RendezvousAnswered>() >= count; });
    const auto all = alice_->all<RendezvousAnswered>();
    return all.size() == count ? to_string(all.back().answer) : "nothing";
  }
  // The words of the one failure.
  std::string why() {
    (void)until({&*alice_}, [&] { return alice_->count<RendezvousFailed>() > 0; });
    const auto all = alice_->all<RendezvousFailed>();
    return all.size() == 1 ? all.front().why : "nothing";
  }
  void restart_server(std::uint16_t port) {
    server_.emplace(raw_, zmq::socket_type::router, identity_of(kServer), port);
  }

  zmq::context_t raw_;
  std::optional<RawServer> server_{std::in_place, raw_, zmq::socket_type::router,
                                   identity_of(kServer)};
  Parts parts_;
  std::optional<Peer> alice_;
};

TEST_F(RendezvousClientTest, AsksAsAReqSocketDoesAndRaisesTheAnswer) {
  begin();
  ask("question");

  EXPECT_EQ(request(), "question");
  answer("answer");
  EXPECT_EQ(answered(), "answer");
  EXPECT_EQ(alice_->all<RendezvousAnswered>().front().desk, Desk::ask);
  EXPECT_EQ(alice_->count<RendezvousFailed>(), 0U);
  EXPECT_EQ(alice_->counter("rendezvous_answered"), 1);
}

TEST_F(RendezvousClientTest, KeepsItsConnectionForTheNextQuestion) {
  begin();
  ask("one");
  (void)request();
  const std::string route = parts_.front().to_string();
  answer("first");
  ASSERT_EQ(answered(), "first");
  ask("two");

  EXPECT_EQ(request(), "two");
  EXPECT_EQ(parts_.front().to_string(), route);
  answer("second");
  EXPECT_EQ(answered(2), "second");
}

TEST_F(RendezvousClientTest, AsksAtBothDesksAtOnce) {
  begin();
  ask("watch", Desk::watch);
  ASSERT_EQ(request(), "watch");
  const Parts held = std::move(parts_);
  ask("question");
  ASSERT_EQ(request(), "question");
  answer("answer");
  ASSERT_EQ(answered(), "answer");
  EXPECT_EQ(alice_->all<RendezvousAnswered>().back().desk, Desk::ask);

  zmq_send(server_->socket.handle(), held[0].data(), held[0].size(), ZMQ_SNDMORE);
  zmq_send(server_->socket.handle(), "", 0, ZMQ_SNDMORE);
  zmq_send(server_->socket.handle(), "news", 4, 0);

  EXPECT_EQ(answered(2), "news");
  EXPECT_EQ(alice_->all<RendezvousAnswered>().back().desk, Desk::watch);
}

TEST_F(RendezvousClientTest, FailsAtOnceWithoutARendezvous) {
  begin(std::nullopt);
  ask("question");
  alice_->turn();

  EXPECT_THAT(why(), HasSubstr("no rendezvous is configured"));
}

TEST_F(RendezvousClientTest, SaysThatNobodyListens) {
  const std::uint16_t port = [] { return Tcp::listen().port(); }();
  begin(locator(kServer, port));
  ask("question");

  EXPECT_EQ(why(), "nobody listens at " + place_text(kHost, port));
}

TEST_F(RendezvousClientTest, FindsTheRendezvousByItsName) {
  begin(locator(kServer, server_->port(), "localhost"));
  ask("question");

  EXPECT_EQ(request(), "question");
}

TEST_F(RendezvousClientTest, SaysThatANameIsNotKnown) {
  begin(locator(kServer, 7472, "no..such..name"));
  ask("question");

  EXPECT_THAT(why(), HasSubstr("the name no..such..name is not known"));
}

TEST_F(RendezvousClientTest, SaysThatTheRendezvousHasAnotherKey) {
  begin(locator(kServer + 1, server_->port()));
  ask("question");

  EXPECT_EQ(why(), "the rendezvous at " + place_text(kHost, server_->port()) +
                       " has another key, or does not admit us yet");
}

TEST_F(RendezvousClientTest, SaysThatSomethingElseListens) {
  const Tcp other = Tcp::listen();
  begin(locator(kServer, other.port()));
  ask("question");
  const Tcp connection = other.accept();
  connection.send(view("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));

  EXPECT_THAT(why(), HasSubstr(place_text(kHost, other.port())));
}

TEST_F(RendezvousClientTest, GivesASilentRendezvousTenSecondsAndAWatchForty) {
  begin();
  ask("question");
  ask("watch", Desk::watch);
  (void)request();
  (void)request();

  alice_->ahead = kAskTimeout - 1s;
  alice_->turn();
  EXPECT_EQ(alice_->count<RendezvousFailed>(), 0U);
  alice_->ahead = kAskTimeout;
  EXPECT_EQ(why(), "no answer from the rendezvous at " + place_text(kHost, server_->port()) +
                       " within 10 s");
  alice_->ahead = kWatchTimeout + 10s;
  alice_->turn();
  ASSERT_EQ(alice_->count<RendezvousFailed>(), 2U);
  EXPECT_EQ(alice_->all<RendezvousFailed>().back().desk, Desk::watch);
}

TEST_F(RendezvousClientTest, TakesALateAnswerForNothing) {
  begin();
  ask("one");
  (void)request();
  const Parts late = std::move(parts_);
  alice_->ahead = kAskTimeout;
  ASSERT_THAT(why(), HasSubstr("no answer"));
  ask("two");
  ASSERT_EQ(request(), "two");

  zmq_send(server_->socket.handle(), late[0].data(), late[0].size(), ZMQ_SNDMORE);
  zmq_send(server_->socket.handle(), "", 0, ZMQ_SNDMORE);
  zmq_send(server_->socket.handle(), "late", 4, 0);
  answer("in time");

  EXPECT_EQ(answered(), "in time");
}

TEST_F(RendezvousClientTest, DropsWhatItHasNotAskedFor) {
  begin();
  ask("one");
  (void)request();
  answer("first");
  answer("and more");
  ASSERT_EQ(answered(), "first");
  ASSERT_TRUE(until({&*alice_}, [&] { return alice_->counter("rendezvous_unasked") == 1; }));
  ask("two");
  (void)request();
  answer("second");

  EXPECT_EQ(answered(2), "second");
}

TEST_F(RendezvousClientTest, RefusesAnAnswerOfOtherParts) {
  const std::vector<std::vector<std::string_view>> wrong{
      {"answer"}, {"no envelope", "answer"}, {"", "answer", "and more"}};
  for (const auto& parts : wrong) {
    begin();
    ask("question");
    (void)request();
    send(parts);

    EXPECT_EQ(why(), "what the rendezvous says is no answer");
  }
}

TEST_F(RendezvousClientTest, SaysThatTheConnectionWasLostAndConnectsAnew) {
  begin();
  ask("one");
  (void)request();
  const std::uint16_t port = server_->port();
  server_.reset();
  ASSERT_EQ(why(), "the connection was lost");
  restart_server(port);
  ask("two");

  ASSERT_EQ(request(), "two");
  answer("answer");
  EXPECT_EQ(answered(), "answer");
}

TEST_F(RendezvousClientTest, ConnectsAnewWhenTheServerHasDiedBetweenTwoQuestions) {
  begin();
  ask("one");
  (void)request();
  answer("first");
  ASSERT_EQ(answered(), "first");
  const std::uint16_t port = server_->port();
  // Two items of the one connection, behind those of ZAP, the accepted links and the radio.
  zmq::pollitem_t monitor = alice_->net->poll_items().back();
  server_.reset();
  ASSERT_EQ(zmq_poll(&monitor, 1, 5000), 1);
  restart_server(port);
  ask("two");

  ASSERT_EQ(request(), "two");
  answer("second");
  EXPECT_EQ(answered(2), "second");
  EXPECT_EQ(alice_->count<RendezvousFailed>(), 0U);
}

TEST_F(RendezvousClientTest, LetsANewQuestionTakeThePlaceOfAnOlderOne) {
  begin();
  ask("one");
  ASSERT_EQ(request(), "one");
  const Parts older = std::move(parts_);
  ask("two");
  ASSERT_EQ(request(), "two");
  zmq_send(server_->socket.handle(), older[0].data(), older[0].size(), ZMQ_SNDMORE);
  zmq_send(server_->socket.handle(), "", 0, ZMQ_SNDMORE);
  zmq_send(server_->socket.handle(), "to one", 6, 0);
  answer("to two");

  EXPECT_EQ(answered(), "to two");
  EXPECT_EQ(alice_->count<RendezvousFailed>(), 0U);
}

}  // namespace
}  // namespace p2pchat
