// Rendezvous bench: the load of `tests/bench/figures rendezvous`.
//
//   rendezvous_bench serve BYTES             a bare ROUTER under CURVE: answers so many bytes
//   rendezvous_bench echo ADDRESS CLIENTS    asks that
//   rendezvous_bench list ADDRESS CLIENTS    asks a rendezvous for the listed cards
//   rendezvous_bench vote ADDRESS CLIENTS    votes, each time anew
//   rendezvous_bench cards ADDRESS COUNT     adds so many listed cards
//   rendezvous_bench rooms ADDRESS COUNT     makes so many rooms
//
// An address is ID@HOST:PORT. A client is one connection with one question under way. Prints
// "REQUESTS SECONDS BYTES": what was answered, in which time, and the size of the last answer.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "proto/check.h"
#include "proto/limits.h"
#include "proto/rendezvous.h"
#include "proto/roster.h"

namespace p2pchat::rendezvous {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMembers = 32;
constexpr std::size_t kVotingRooms = 8;
constexpr auto kLength = 3s;
constexpr long kPatience = 60'000;

Identity identity_of(std::uint64_t number) {
  Seed seed;
  for (std::size_t i = 0; i < 8; ++i) {
    seed.bytes.at(i) = static_cast<std::uint8_t>(number >> 8 * i);
  }
  return Identity::from_seed(seed);
}

void set_key(zmq::socket_t& socket, int option, const CurveKey& key) {
  CHECK(zmq_setsockopt(socket.handle(), option, key.bytes.data(), key.bytes.size()) == 0);
}

class Client {
 public:
  Client(zmq::context_t& context, const Locator& to, const Identity& identity)
      : identity_(identity), socket_(context, zmq::socket_type::dealer) {
    const int none = 0;
    CHECK(zmq_setsockopt(socket_.handle(), ZMQ_LINGER, &none, sizeof none) == 0);
    set_key(socket_, ZMQ_CURVE_SERVERKEY, *curve_key(to.id));
    set_key(socket_, ZMQ_CURVE_PUBLICKEY, identity_.curve_public());
    const auto secret = identity_.curve_secret();
    CHECK(zmq_setsockopt(socket_.handle(), ZMQ_CURVE_SECRETKEY, secret.view().data(), 32) == 0);
    socket_.connect("tcp://" + to_text(to.address));
  }

  const PeerId& id() const { return identity_.id(); }
  zmq::pollitem_t poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }
  void send(ByteView request) {
    zmq_send(socket_.handle(), "", 0, ZMQ_SNDMORE);
    zmq_send(socket_.handle(), request.data(), request.size(), 0);
  }
  // The size of the answer, if there is one by now.
  std::optional<std::size_t> receive() {
    zmq::message_t empty;
    if (!socket_.recv(empty, zmq::recv_flags::dontwait)) return std::nullopt;
    zmq::message_t answer;
    CHECK(socket_.recv(answer, zmq::recv_flags::none));
    const auto* bytes = static_cast<const std::uint8_t*>(answer.data());
    last_.assign(bytes, bytes + answer.size());
    return answer.size();
  }
  void ask(const Question& question) {
    send(encode({id(), question}));
    zmq::pollitem_t item = poll_item();
    CHECK(zmq_poll(&item, 1, kPatience) == 1 && receive());
    const auto answer = decode_answer(last_, question);
    const auto* failure = answer ? std::get_if<Failure>(&*answer) : nullptr;
    if (failure != nullptr) std::fprintf(stderr, "refused: %s\n", failure->text.c_str());
    CHECK(answer && failure == nullptr);
  }
  // Version 1, code 0.
  bool is_done() const { return last_.size() > 2 && last_[1] == 1 && last_[2] == 0; }

 private:
  Identity identity_;
  zmq::socket_t socket_;
  Bytes last_;
};

using Clients = std::vector<std::unique_ptr<Client>>;
// The next request of a client; nothing when there are no more.
using Next = std::function<std::optional<Bytes>(const Client&)>;

Clients connected(zmq::context_t& context, const Locator& to, std::size_t count) {
  Clients clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<Client>(context, to, identity_of(1 + i % kMembers)));
  }
  return clients;
}

// Every client asks as soon as it has been answered. How many answers have come.
std::uint64_t run(Clients& clients, const Next& next, bool is_checked, std::size_t& size) {
  std::vector<zmq::pollitem_t> items;
  std::size_t waiting = 0;
  std::uint64_t answered = 0;
  const auto ask = [&](Client& client) {
    const auto request = next(client);
    if (request) client.send(*request);
    waiting += request.has_value();
  };
  for (auto& client : clients) {
    items.push_back(client->poll_item());
    ask(*client);
  }
  while (waiting > 0) {
    CHECK(zmq_poll(items.data(), static_cast<int>(items.size()), kPatience) > 0);
    for (std::size_t i = 0; i < clients.size(); ++i) {
      if ((items[i].revents & ZMQ_POLLIN) == 0) continue;
      const auto got = clients[i]->receive();
      if (!got) continue;
      CHECK(!is_checked || clients[i]->is_done());
      size = *got;
      ++answered;
      --waiting;
      ask(*clients[i]);
    }
  }
  return answered;
}

void measure(Clients& clients, const Bytes& first, const Next& next, bool is_checked = true) {
  std::size_t size = 0;
  // One question of each, so that all are connected.
  std::size_t asked = 0;
  const auto once = [&](const Client&) {
    return asked++ < clients.size() ? std::optional(first) : std::nullopt;
  };
  run(clients, once, is_checked, size);
  const auto began = Clock::now();
  const std::uint64_t answered = run(clients, next, is_checked, size);
  const std::chrono::duration<double> took = Clock::now() - began;
  std::printf("%llu %.3f %zu\n", static_cast<unsigned long long>(answered), took.count(), size);
}

Next for_a_while(Bytes request) {
  const auto end = Clock::now() + kLength;
  return [=](const Client&) { return Clock::now() < end ? std::optional(request) : std::nullopt; };
}

// --- A room that votes ---

Knock knock_of(const Identity& candidate, const RoomId& room) {
  Knock knock;
  knock.room = room;
  knock.card = Card::make(candidate, "candidate", {}, false, {1});
  const auto in_an_hour = std::chrono::system_clock::now().time_since_epoch() + 1h;
  knock.expires = {std::chrono::duration_cast<Duration>(in_an_hour).count()};
  knock.sign(candidate);
  return knock;
}

// Lets members number `from` up to `to` in.
Roster let_in(Client& creator, const Roster& roster, std::size_t from, std::size_t to) {
  Value value;
  value.room = roster.room();
  value.height = roster.height() + 1;
  value.previous = roster.value();
  for (; from < to; ++from) value.knocks.push_back(knock_of(identity_of(1 + from), value.room));
  value.seal();
  Certificate certificate{value.room, value.id, {1}, {}};
  for (const Seat& seat : roster.quorum(value)) {
    for (std::size_t member = 0; member < kMembers; ++member) {
      const Identity identity = identity_of(1 + member);
      if (identity.id() != seat.peer) continue;
      Pledge pledge{value.room, seat, {1}, value.id, {1}, {}};
      pledge.sign(identity);
      certificate.entries.push_back({pledge.stamp, pledge.signature});
    }
  }
  creator.ask(Put{{Kind::value, value.raw}});
  creator.ask(Put{{Kind::certificate, certificate.encode()}});
  return roster.after(value);
}

// Votes of every member on every knock of a new room.
void add_votes(Client& creator, std::uint64_t number, std::vector<Bytes>& votes) {
  Genesis genesis;
  genesis.creator = creator.id();
  genesis.name = "voting" + std::to_string(number);
  genesis.size = kMembersMax;
  genesis.sign(identity_of(1));
  creator.ask(Put{{Kind::genesis, genesis.raw}});
  Roster roster = let_in(creator, Roster(genesis), 1, 1 + kChangesMax);
  roster = let_in(creator, roster, 1 + kChangesMax, kMembers);
  for (std::size_t i = 0; i < kKnocksPerRoomMax; ++i) {
    const Knock knock = knock_of(identity_of(number << 16U | i), genesis.room);
    creator.ask(Put{{Kind::knock, knock.raw}});
    for (std::size_t member = 0; member < kMembers; ++member) {
      const Identity identity = identity_of(1 + member);
      Vote vote{genesis.room, *roster.seat_of(identity.id()), knock.id, true, "", {}};
      vote.sign(identity);
      votes.push_back(vote.raw);
    }
  }
}

void vote(zmq::context_t& context, const Locator& to, std::size_t count) {
  Clients clients = connected(context, to, count);
  std::vector<Bytes> votes;
  const std::uint64_t run = 1 + count * kVotingRooms;
  for (std::size_t i = 0; i < kVotingRooms; ++i) add_votes(*clients[0], run + i, votes);
  const Next next = [&](const Client& client) -> std::optional<Bytes> {
    if (votes.empty()) return std::nullopt;
    const Bytes request = encode({client.id(), Put{{Kind::vote, votes.back()}}});
    votes.pop_back();
    return request;
  };
  measure(clients, encode({std::nullopt, Rooms{}}), next);
}

// --- What is kept ---

void add_cards(zmq::context_t& context, const Locator& to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Identity identity = identity_of(1ULL << 40U | i);
    const std::vector<Place> places{{"host.example.org", 7473, 7474, 7475}};
    Client(context, to, identity)
        .ask(Add{Card::make(identity, "peer" + std::to_string(i), places, false, {1}), 1h, true});
  }
}

void make_rooms(zmq::context_t& context, const Locator& to, std::size_t count) {
  for (std::size_t i = 0; i < count; i += kRoomsPerCreatorMax) {
    const Identity identity = identity_of(1ULL << 41U | i);
    Client creator(context, to, identity);
    for (std::size_t j = i; j < std::min(i + kRoomsPerCreatorMax, count); ++j) {
      Genesis genesis;
      genesis.creator = identity.id();
      genesis.name = "room" + std::to_string(j);
      genesis.size = 8;
      genesis.sign(identity);
      creator.ask(Put{{Kind::genesis, genesis.raw}});
    }
  }
}

// --- The baseline ---

[[noreturn]] void serve(zmq::context_t& context, std::size_t size) {
  const Identity identity = identity_of(1ULL << 42U);
  zmq::socket_t router(context, zmq::socket_type::router);
  const int yes = 1;
  CHECK(zmq_setsockopt(router.handle(), ZMQ_CURVE_SERVER, &yes, sizeof yes) == 0);
  const auto secret = identity.curve_secret();
  CHECK(zmq_setsockopt(router.handle(), ZMQ_CURVE_SECRETKEY, secret.view().data(), 32) == 0);
  router.bind("tcp://127.0.0.1:*");
  const std::string where = router.get(zmq::sockopt::last_endpoint);
  std::printf("ready %s@%s\n", to_text(identity.id()).c_str(), where.substr(6).c_str());
  std::fflush(stdout);
  const std::string answer(size, 'x');
  for (;;) {
    zmq::message_t route;
    zmq::message_t rest;
    CHECK(router.recv(route, zmq::recv_flags::none));
    do {
      CHECK(router.recv(rest, zmq::recv_flags::none));
    } while (rest.more());
    router.send(route, zmq::send_flags::sndmore);
    router.send(zmq::message_t(), zmq::send_flags::sndmore);
    router.send(zmq::buffer(answer), zmq::send_flags::none);
  }
}

int main(const std::string& mode, const std::vector<std::string>& words) {
  zmq::context_t context;
  CHECK(crypto_ready());
  if (mode == "serve") serve(context, std::stoul(words.at(0)));
  const auto to = parse_locator(words.at(0));
  CHECK(to);
  const std::size_t count = std::stoul(words.at(1));
  if (mode == "cards") add_cards(context, *to, count);
  if (mode == "rooms") make_rooms(context, *to, count);
  if (mode == "vote") vote(context, *to, count);
  if (mode == "list" || mode == "echo") {
    Clients clients = connected(context, *to, count);
    const Bytes request = encode({std::nullopt, List{}});
    measure(clients, request, for_a_while(request), mode == "list");
  }
  return 0;
}

}  // namespace
}  // namespace p2pchat::rendezvous

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  return p2pchat::rendezvous::main(argv[1], {argv + 2, argv + argc});
}
