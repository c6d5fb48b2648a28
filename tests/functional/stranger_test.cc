// Strangers: what somebody gets who has not been let in.
#include <array>
#include <gtest/gtest.h>
#include <optional>
#include <zmq.hpp>

#include "proto/crypto.h"
#include "proto/door.h"
#include "tests/functional/harness/pair.h"
#include "tests/functional/harness/tcp.h"

namespace p2pchat::functional {
namespace {

// Of any use to a stranger's handshake.
constexpr int kFailures = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                          ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                          ZMQ_EVENT_DISCONNECTED;

// ZmqStranger: a ZeroMQ client with a key that nobody knows, or with none at all.
class ZmqStranger {
 public:
  ZmqStranger(zmq::socket_type type, const std::string& endpoint,
              const std::optional<PeerId>& server)
      : socket_(context_, type), monitor_(context_, zmq::socket_type::pair) {
    socket_.set(zmq::sockopt::linger, 0);
    if (server) use_random_key(*server);
    if (type == zmq::socket_type::sub) socket_.set(zmq::sockopt::subscribe, "");
    if (zmq_socket_monitor(socket_.handle(), "inproc://monitor",
                           kFailures | ZMQ_EVENT_HANDSHAKE_SUCCEEDED) != 0) {
      throw Stuck("no monitor");
    }
    monitor_.connect("inproc://monitor");
    socket_.connect(endpoint);
  }

  // Waits until a handshake has come to its end, and answers whether that was a good one.
  bool is_let_in() {
    monitor_.set(zmq::sockopt::rcvtimeo,
                 static_cast<int>(std::chrono::milliseconds(kPatience).count()));
    zmq::message_t event;
    zmq::message_t address;
    if (!monitor_.recv(event) || !monitor_.recv(address)) throw Stuck("no handshake at all");
    std::uint16_t number = 0;
    std::memcpy(&number, event.data(), sizeof number);
    return number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
  }
  void send(const std::string& text) {
    (void)socket_.send(zmq::buffer(text), zmq::send_flags::dontwait);
  }
  bool has_received() {
    zmq::message_t message;
    return socket_.recv(message, zmq::recv_flags::dontwait).has_value();
  }

 private:
  void use_random_key(const PeerId& server) {
    std::array<char, 41> open{};
    std::array<char, 41> secret{};
    if (zmq_curve_keypair(open.data(), secret.data()) != 0) throw Stuck("no key");
    const auto key = curve_key(server);
    socket_.set(zmq::sockopt::curve_serverkey, to_string(key->view()));
    socket_.set(zmq::sockopt::curve_publickey, open.data());
    socket_.set(zmq::sockopt::curve_secretkey, secret.data());
  }

  zmq::context_t context_;
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
};

struct Stranger : Pair {
  void SetUp() override {
    Pair::SetUp();
    const Json self = anna.ask({"id"});
    id = *peer_id(self.text("id"));
    host = self.list("addresses").front();
    host.resize(host.rfind(':'));
    door = static_cast<int>(self.integer("door"));
    link = static_cast<int>(self.integer("link"));
    pub = static_cast<int>(self.integer("pub"));
  }
  std::string endpoint(int port) const { return "tcp://" + host + ":" + std::to_string(port); }
  // Puts one question to the door.
  door::Answer ask_door(ByteView question) const {
    const Tcp visit(host, door);
    visit.send(to_string(door::framed(question)));
    const std::string answer = visit.read_to_end();
    const auto message = door::unframed(to_bytes(answer));
    if (!message || !*message) throw Stuck("no answer of a door");
    const auto decoded = door::decode_answer(**message);
    if (!decoded) throw Stuck(decoded.error().text);
    return *decoded;
  }
  std::int64_t count(const std::string& counter) const {
    const Json status = anna.ask({"status"});
    return status.has(counter) ? status.integer(counter) : 0;
  }

  PeerId id;
  std::string host;
  int door = 0;
  int link = 0;
  int pub = 0;
};

TEST_F(Stranger, WhoAsksTheDoorGetsTheSignedCard) {
  const auto answer = ask_door(door::encode_who());

  const auto* introduction = std::get_if<door::Introduction>(&answer);
  ASSERT_NE(introduction, nullptr);
  EXPECT_EQ(introduction->card.id, id) << "its decoding verified the signature";
  EXPECT_EQ(introduction->card.name, "anna");
}

TEST_F(Stranger, WhoSpeaksNonsenseAtTheDoorIsToldSoAndCounted) {
  const auto before = count("ack_invalid_sent");

  const auto answer = ask_door(to_bytes("nonsense"));

  const auto* ack = std::get_if<door::Ack>(&answer);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->code, Code::invalid);
  EXPECT_EQ(count("ack_invalid_sent"), before + 1);
}

TEST_F(Stranger, WhoRegistersWithSomebodyElsesCardIsInvalid) {
  Seed seed;
  seed.bytes.fill(7);
  ASSERT_TRUE(crypto_ready());
  const Identity mallory = Identity::from_seed(seed);
  const Card card = Card::make(mallory, "ben", {{"127.0.0.1", 1, 2, 3}}, false, {1});
  door::Registration registration{card, id, {}, {}};

  const auto answer = ask_door(registration.encode(mallory));

  const auto* ack = std::get_if<door::Ack>(&answer);
  ASSERT_NE(ack, nullptr);
  EXPECT_EQ(ack->code, Code::invalid) << "the founding is not signed";
  EXPECT_FALSE(peer_of(anna, "ben~" + to_text(mallory.id()).substr(0, 4)).has_value());
}

TEST_F(Stranger, WithGarbageIsShownOutEverywhere) {
  const std::string garbage = std::string("\xff\xff\xff\xff") + std::string(8000, '\xff');
  for (const int port : {door, link, pub}) {
    for (const std::string& bytes : {garbage, std::string("GET / HTTP/1.1\r\n\r\n"),
                                     std::string("\0\0", 2), std::string(1, '\n')}) {
      const Tcp stranger(host, port);
      stranger.send(bytes);
      (void)stranger.read_to_end();
    }
  }
  deliver("still there");

  EXPECT_EQ(anna.ctl({"id"}).code, 0);
}

TEST_F(Stranger, WithManyConnectionsDoesNotDisturbWhoIsLetIn) {
  std::vector<Tcp> crowd;
  for (int i = 0; i < 200; ++i) {
    for (const int port : {door, link}) crowd.emplace_back(host, port, own_host(3));
  }

  deliver("through the crowd");
  for (const Tcp& each : crowd) (void)each.read_to_end();

  EXPECT_GT(count("door_turned_away"), 0);
  EXPECT_TRUE(std::holds_alternative<door::Introduction>(ask_door(door::encode_who())));
}

TEST_F(Stranger, WithAKeyOfItsOwnGetsNothing) {
  ZmqStranger dealer(zmq::socket_type::dealer, endpoint(link), id);
  ZmqStranger subscriber(zmq::socket_type::sub, endpoint(pub), id);
  dealer.send("let me in");

  const bool is_dealer_in = dealer.is_let_in();
  const bool is_subscriber_in = subscriber.is_let_in();
  ASSERT_TRUE(wait_until([&] {
    deliver("not for strangers");
    return ben.ask({"status"}).integer("live_frames_in") > 0;
  }));

  EXPECT_FALSE(is_dealer_in);
  EXPECT_FALSE(is_subscriber_in);
  EXPECT_FALSE(dealer.has_received());
  EXPECT_FALSE(subscriber.has_received()) << "what goes out to all goes to those let in";
  EXPECT_GE(count("refused_handshakes"), 2);
}

TEST_F(Stranger, WithoutAKeyGetsNothing) {
  ZmqStranger dealer(zmq::socket_type::dealer, endpoint(link), std::nullopt);
  ZmqStranger subscriber(zmq::socket_type::sub, endpoint(pub), std::nullopt);
  dealer.send("let me in");

  EXPECT_FALSE(dealer.is_let_in());
  EXPECT_FALSE(subscriber.is_let_in());
  deliver("not for strangers");
  EXPECT_FALSE(dealer.has_received());
  EXPECT_FALSE(subscriber.has_received());
}

}  // namespace
}  // namespace p2pchat::functional
