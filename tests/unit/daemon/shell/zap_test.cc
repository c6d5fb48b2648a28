#include "daemon/shell/zap.h"

#include <atomic>
#include <gmock/gmock.h>
#include <thread>

#include "tests/unit/daemon/shell/net_fixture.h"

namespace p2pchat {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct ZapVerdict {
  std::string status;
  std::string user;
};

// A Zap, and what libzmq would ask it.
class ZapTest : public testing::Test {
 protected:
  ZapVerdict ask(const std::string& domain, const std::string& mechanism, ByteView credentials,
                 const std::string& address = "::ffff:192.0.2.7") {
    const std::vector<std::string> request{
        "1.0", "id 1", domain, address, "", mechanism, to_string(credentials)};
    return ask(request);
  }
  ZapVerdict ask(const std::vector<std::string>& request) {
    zmq::socket_t asker(context_, zmq::socket_type::req);
    asker.connect("inproc://zeromq.zap.01");
    for (std::size_t i = 0; i < request.size(); ++i) {
      const int more = i + 1 < request.size() ? ZMQ_SNDMORE : 0;
      (void)zmq_send(asker.handle(), request[i].data(), request[i].size(), more);
    }
    std::array<zmq::pollitem_t, 1> item{zap_.poll_item()};
    EXPECT_EQ(zmq_poll(item.data(), 1, 5000), 1);
    zap_.answer();
    zmq::pollitem_t reply{asker.handle(), 0, ZMQ_POLLIN, 0};
    EXPECT_EQ(zmq_poll(&reply, 1, 5000), 1);
    Parts parts;
    EXPECT_TRUE(receive_parts(asker, 8, parts));
    if (parts.size() != 6) return {};
    EXPECT_EQ(parts[0].to_string(), "1.0");
    EXPECT_EQ(parts[1].to_string(), request[1]);
    return {parts[2].to_string(), parts[4].to_string()};
  }

  zmq::context_t context_;
  Zap zap_ = std::move(*Zap::open(context_));
};

const PeerId& alice() {
  static const PeerId kId = identity_of(1).id();
  return kId;
}
const CurveKey& alice_key() {
  static const CurveKey kKey = *curve_key(alice());
  return kKey;
}

TEST_F(ZapTest, TellsAStrangerToTryAgainLater) {
  EXPECT_EQ(ask("peers", "CURVE", alice_key().view()).status, "300");
}

TEST_F(ZapTest, WritesTheIdOfAnAdmittedPeerOnItsMessages) {
  zap_.admit(alice());

  const ZapVerdict verdict = ask("peers", "CURVE", alice_key().view());

  EXPECT_EQ(verdict.status, "200");
  EXPECT_EQ(peer_id(verdict.user), alice());
}

TEST_F(ZapTest, LetsNobodyInThatWasExpelled) {
  zap_.admit(alice());
  zap_.expel(alice());

  EXPECT_EQ(ask("peers", "CURVE", alice_key().view()).status, "300");
  EXPECT_FALSE(zap_.is_admitted(alice()));
}

TEST_F(ZapTest, LetsALocalUserInUnderItsUid) {
  const ZapVerdict verdict = ask("control", "NULL", {}, "localhost:1000:100:4711");

  EXPECT_EQ(verdict.status, "200");
  EXPECT_EQ(verdict.user, "1000");
}

TEST_F(ZapTest, RefusesWhatIsNoRequestOfOurs) {
  zap_.admit(alice());
  const Bytes key = to_bytes(alice_key().view());

  EXPECT_EQ(ask("", "CURVE", key).status, "400");
  EXPECT_EQ(ask("other", "CURVE", key).status, "400");
  EXPECT_EQ(ask("peers", "NULL", key).status, "400");
  EXPECT_EQ(ask("control", "CURVE", key).status, "400");
  EXPECT_EQ(ask("peers", "CURVE", ByteView(key).first(31)).status, "400");
  EXPECT_EQ(ask("control", "NULL", {}, "192.0.2.7").status, "400");
  EXPECT_EQ(ask("control", "NULL", {}, "localhost::100:4711").status, "400");
  EXPECT_EQ(ask({"1.0", "id"}).status, "400");
  EXPECT_EQ(ask({"2.0", "id", "peers", "", "", "CURVE", to_string(key)}).status, "400");
}

TEST_F(ZapTest, ComplainsOfARefusedKeyInWords) {
  ask("peers", "CURVE", alice_key().view());
  ask("peers", "CURVE", alice_key().view());

  EXPECT_EQ(zap_.refused(), 2U);
  EXPECT_THAT(zap_.complaints(),
              ElementsAre(AllOf(HasSubstr("refused 2 times"), HasSubstr("from 192.0.2.7"))));
}

TEST_F(ZapTest, ComplainsNoMoreOnceThePeerIsAdmitted) {
  ask("peers", "CURVE", alice_key().view());
  zap_.admit(alice());

  EXPECT_THAT(zap_.complaints(), IsEmpty());
}

TEST_F(ZapTest, RemembersABoundedNumberOfRefusedKeys) {
  for (std::uint8_t i = 0; i < kRefusalsMax + 10; ++i) {
    ask("peers", "CURVE", CurveKey{{i}}.view());
  }

  EXPECT_EQ(zap_.refused(), kRefusalsMax + 10);
  EXPECT_EQ(zap_.complaints().size(), kRefusalsMax);
}

TEST_F(ZapTest, KeepsAKeyForTheIdThatHadItFirst) {
  // The other point of the curve with the same X25519 key.
  PeerId mirrored = alice();
  mirrored.bytes.back() ^= 0x80U;
  ASSERT_EQ(curve_key(mirrored), alice_key());
  zap_.admit(alice());
  zap_.admit(mirrored);
  zap_.expel(mirrored);

  EXPECT_EQ(peer_id(ask("peers", "CURVE", alice_key().view()).user), alice());
}

TEST_F(ZapTest, SeesTheUidOfALocalProgramOnDebiansLibrary) {
  const std::string path = testing::TempDir() + "p2pchat_zap_test.sock";
  zmq::socket_t server(context_, zmq::socket_type::router);
  server.set(zmq::sockopt::zap_domain, std::string(kControlDomain));
  set_option(server, kZapEnforceDomain, 1);
  server.bind("ipc://" + path);
  zmq::socket_t client(context_, zmq::socket_type::dealer);
  set_option(client, ZMQ_LINGER, 0);
  client.connect("ipc://" + path);
  ASSERT_EQ(zmq_send(client.handle(), "hi", 2, 0), 2);

  Parts parts;
  for (int i = 0; i < 100 && !receive_parts(server, 2, parts); ++i) {
    std::array<zmq::pollitem_t, 2> items{zap_.poll_item(),
                                         zmq::pollitem_t{server.handle(), 0, ZMQ_POLLIN, 0}};
    (void)zmq_poll(items.data(), 2, 100);
    zap_.answer();
  }

  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(property(parts.back(), "User-Id"), std::to_string(getuid()));
  unlink(path.c_str());
}

TEST_F(ZapTest, ProvesThatAStrangerIsRefused) {
  auto socket = open_socket(context_, zmq::socket_type::router);
  be_server(*socket, identity_of(2));
  const auto listener = Listener::bind(*socket, {kHost, 0}, "test");

  const auto proved =
      prove_refusal(context_, zap_, *socket, listener->endpoint(), identity_of(2).curve_public());

  EXPECT_TRUE(proved) << proved.error().text;
  EXPECT_THAT(zap_.complaints(), IsEmpty());
}

TEST_F(ZapTest, ProvesNothingWhereSomebodyElseLetsEveryoneIn) {
  zmq::context_t other;
  auto socket = open_socket(other, zmq::socket_type::router);
  be_server(*socket, identity_of(2));
  zmq::socket_t friendly(other, zmq::socket_type::rep);
  friendly.bind("inproc://zeromq.zap.01");
  const auto listener = Listener::bind(*socket, {kHost, 0}, "test");
  std::atomic<bool> is_over = false;
  std::thread handler([&] {
    while (!is_over) {
      zmq::pollitem_t item{friendly.handle(), 0, ZMQ_POLLIN, 0};
      (void)zmq_poll(&item, 1, 10);
      Parts parts;
      if (!receive_parts(friendly, 8, parts)) continue;
      const std::vector<std::string> reply{"1.0", parts[1].to_string(), "200", "", "", ""};
      for (const std::string& part : reply) {
        const int more = &part != &reply.back() ? ZMQ_SNDMORE : 0;
        (void)zmq_send(friendly.handle(), part.data(), part.size(), more);
      }
    }
  });

  const auto proved =
      prove_refusal(other, zap_, *socket, listener->endpoint(), identity_of(2).curve_public());

  is_over = true;
  handler.join();
  ASSERT_FALSE(proved);
  EXPECT_THAT(proved.error().text, HasSubstr("a stranger's key was not refused"));
}

}  // namespace
}  // namespace p2pchat
