#include "tests/functional/harness/rendezvous.h"

#include <csignal>
#include <gtest/gtest.h>
#include <zmq.hpp>

namespace p2pchat::functional {

namespace fs = std::filesystem;
using rendezvous::Answer;
using rendezvous::Question;

Rendezvous::Rendezvous(const fs::path& folder, Words flags, const std::string& listen)
    : state_(folder / "rendezvous") {
  setup_.words = {RENDEZVOUS_PATH, "--state", state_.native(), "--listen", listen};
  setup_.words.insert(setup_.words.end(), flags.begin(), flags.end());
  setup_.environment["HOME"] = folder.native();
}

Rendezvous::~Rendezvous() {
  if (!process_) return;
  try {
    EXPECT_EQ(stop(), 0);
  } catch (const Stuck& failure) {
    ADD_FAILURE() << failure.what();
  }
}

void Rendezvous::start() {
  process_.reset();
  process_.emplace(setup_);
  const auto is_known = [&] {
    return !process_->is_running() || process_->out().find('\n') != std::string::npos;
  };
  const std::string ready = "ready ";
  if (!wait_until(is_known) || !process_->out().starts_with(ready)) {
    throw Stuck("the rendezvous does not start: " + process_->err());
  }
  address_ = lines_of(process_->out()).at(0).substr(ready.size());
}

int Rendezvous::stop() {
  process_->signal(SIGTERM);
  const int code = process_->wait();
  process_.reset();
  return code;
}

void Rendezvous::crash() {
  process_->crash();
  process_.reset();
}

Said Rendezvous::run_to_end(const Words& flags) const {
  Process::Setup setup = setup_;
  setup.words.insert(setup.words.end(), flags.begin(), flags.end());
  return run(setup);
}

struct Asker::Socket {
  zmq::context_t context;
  zmq::socket_t socket{context, zmq::socket_type::req};
  std::optional<PeerId> id;
  Question asked;
};

namespace {

void set_key(zmq::socket_t& socket, int option, ByteView key) {
  if (zmq_setsockopt(socket.handle(), option, key.data(), key.size()) != 0) throw Stuck("no key");
}

}  // namespace

Asker::Asker(const Rendezvous& rendezvous, const Identity& identity)
    : socket_(std::make_unique<Socket>()) {
  const std::string& address = rendezvous.address();
  const auto server = peer_id(address.substr(0, address.find('@')));
  if (!server) throw Stuck("no id in " + address);
  socket_->id = identity.id();
  socket_->socket.set(zmq::sockopt::linger, 0);
  set_key(socket_->socket, ZMQ_CURVE_SERVERKEY, curve_key(*server)->view());
  set_key(socket_->socket, ZMQ_CURVE_PUBLICKEY, identity.curve_public().view());
  set_key(socket_->socket, ZMQ_CURVE_SECRETKEY, identity.curve_secret().view());
  socket_->socket.connect("tcp://" + address.substr(address.find('@') + 1));
}

Asker::Asker(Asker&&) noexcept = default;
Asker::~Asker() = default;

void Asker::send(const Question& question) {
  socket_->asked = question;
  const Bytes request = rendezvous::encode(rendezvous::Request{socket_->id, question});
  socket_->socket.send(zmq::buffer(request.data(), request.size()), zmq::send_flags::none);
}

std::optional<Answer> Asker::receive(std::chrono::milliseconds bound) {
  socket_->socket.set(zmq::sockopt::rcvtimeo, static_cast<int>(bound.count()));
  zmq::message_t message;
  if (!socket_->socket.recv(message)) return std::nullopt;
  auto answer = rendezvous::decode_answer(
      {static_cast<const std::uint8_t*>(message.data()), message.size()}, socket_->asked);
  if (!answer) throw Stuck(answer.error().text);
  return *std::move(answer);
}

Answer Asker::ask(const Question& question) {
  send(question);
  auto answer = receive();
  if (!answer) throw Stuck("no answer");
  return *std::move(answer);
}

int Asker::code(const Question& question) { return code_of(ask(question)); }

rendezvous::Page Asker::watch(rendezvous::Cursor cursor) {
  const Answer answer = ask(rendezvous::Watch{cursor});
  const auto* page = std::get_if<rendezvous::Page>(&answer);
  if (page == nullptr) throw Stuck("no page: code " + std::to_string(code_of(answer)));
  return *page;
}

int code_of(const Answer& answer) {
  const auto* failure = std::get_if<rendezvous::Failure>(&answer);
  return failure == nullptr ? 0 : static_cast<int>(failure->code);
}

Identity test_identity(int number) {
  if (!crypto_ready()) throw Stuck("no libsodium");
  Seed seed;
  seed.bytes[0] = static_cast<std::uint8_t>(number);
  seed.bytes[1] = static_cast<std::uint8_t>(number >> 8);
  return Identity::from_seed(seed);
}

Genesis test_genesis(const Identity& creator, std::string name, std::uint64_t size) {
  Genesis genesis;
  genesis.creator = creator.id();
  genesis.name = std::move(name);
  genesis.size = size;
  genesis.sign(creator);
  return genesis;
}

Knock test_knock(const Identity& candidate, const RoomId& room) {
  Knock knock;
  knock.room = room;
  knock.card = Card::make(candidate, "candidate", {}, false, {1});
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  knock.expires = {std::chrono::duration_cast<Duration>(now + 1h).count()};
  knock.sign(candidate);
  return knock;
}

}  // namespace p2pchat::functional
