#include "daemon/shell/zap.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <sodium.h>

#include "daemon/shell/monitor.h"
#include "proto/base32.h"

namespace p2pchat {
namespace {

// Parts of a request (RFC 27): version, id, domain, address, routing id, mechanism, credentials.
constexpr std::size_t kVersion = 0;
constexpr std::size_t kRequestId = 1;
constexpr std::size_t kDomain = 2;
constexpr std::size_t kAddress = 3;
constexpr std::size_t kMechanism = 5;
constexpr std::size_t kCredentials = 6;
constexpr std::size_t kPartsMax = 8;

constexpr std::string_view kLetIn = "200";
constexpr std::string_view kNotYet = "300";
constexpr std::string_view kWrong = "400";

constexpr Duration kProofTimeout = 3s;

std::string_view text(const zmq::message_t& part) { return text_view(view(part)); }

// The uid in "localhost:UID:GID:PID", which libzmq makes of the kernel's word.
std::string uid_in(std::string_view address) {
  const std::size_t begin = address.find(':');
  if (begin == std::string_view::npos) return {};
  const std::string_view uid = address.substr(begin + 1, address.find(':', begin + 1) - begin - 1);
  const bool is_number = !uid.empty() && uid.find_first_not_of("0123456789") == uid.npos;
  return is_number ? std::string(uid) : std::string();
}

}  // namespace

Result<Zap> Zap::open(zmq::context_t& context) {
  try {
    zmq::socket_t socket(context, zmq::socket_type::rep);
    set_option(socket, ZMQ_LINGER, 0);
    socket.bind("inproc://zeromq.zap.01");
    return Zap(std::move(socket));
  } catch (const zmq::error_t& error) {
    return fail(Fault::machine, std::string("nobody can be authenticated: ") + error.what());
  }
}

void Zap::admit(const PeerId& peer) {
  const auto key = curve_key(peer);
  if (!key) return;
  // Two ids may share a CURVE key (the conversion loses a sign); the first one keeps it.
  if (!peers_.emplace(*key, peer).second) return;
  keys_.emplace(peer, *key);
  refusals_.erase(*key);
}

void Zap::expel(const PeerId& peer) {
  const auto it = keys_.find(peer);
  if (it == keys_.end()) return;
  peers_.erase(it->second);
  keys_.erase(it);
}

void Zap::answer() {
  Parts request;
  while (receive_parts(socket_, kPartsMax, request)) reply(request, judge(request));
}

Zap::Verdict Zap::judge(const Parts& request) {
  if (request.size() <= kMechanism || request.size() > kPartsMax) return {kWrong, {}};
  if (text(request[kVersion]) != "1.0") return {kWrong, {}};
  const std::string_view domain = text(request[kDomain]);
  const std::string_view mechanism = text(request[kMechanism]);
  if (domain == kPeersDomain && mechanism == "CURVE") return judge_peer(request);
  if (domain == kControlDomain && mechanism == "NULL") {
    std::string uid = uid_in(text(request[kAddress]));
    if (!uid.empty()) return {kLetIn, std::move(uid)};
  }
  return {kWrong, {}};
}

Zap::Verdict Zap::judge_peer(const Parts& request) {
  if (request.size() != kCredentials + 1) return {kWrong, {}};
  const auto key = CurveKey::from(view(request[kCredentials]));
  if (!key) return {kWrong, {}};
  const auto it = peers_.find(*key);
  if (it != peers_.end()) return {kLetIn, to_text(it->second)};
  count_refusal(*key, plain_host(std::string(text(request[kAddress]))));
  return {kNotYet, {}};
}

void Zap::count_refusal(const CurveKey& key, std::string host) {
  ++refused_;
  if (!refusals_.contains(key) && refusals_.size() >= kRefusalsMax) {
    refusals_.erase(std::min_element(
        refusals_.begin(), refusals_.end(),
        [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
  }
  Refusal& refusal = refusals_[key];
  refusal.host = std::move(host);
  refusal.last = refused_;
  ++refusal.count;
}

void Zap::reply(const Parts& request, const Verdict& verdict) {
  const std::string id = request.size() > kRequestId ? std::string(text(request[kRequestId])) : "";
  const std::array<std::string_view, 6> parts{"1.0", id, verdict.status, "", verdict.user, ""};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const int more = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
    // Whoever asked may be gone; then nobody waits for the answer.
    (void)zmq_send(socket_.handle(), parts[i].data(), parts[i].size(), ZMQ_DONTWAIT | more);
  }
}

std::vector<std::string> Zap::complaints() const {
  std::vector<std::string> sentences;
  for (const auto& [key, refusal] : refusals_) {
    sentences.push_back("the key " + base32(key.view()).substr(0, 8) + " was refused " +
                        std::to_string(refusal.count) + " times, last from " + refusal.host +
                        ": it belongs to no contact");
  }
  return sentences;
}

void Zap::forget_refusals() {
  refusals_.clear();
  refused_ = 0;
}

Result<void> prove_refusal(zmq::context_t& context, Zap& zap, zmq::socket_t& bound,
                           const std::string& endpoint, const CurveKey& server) {
  using Clock = std::chrono::steady_clock;
  auto monitor = Monitor::open(context, bound,
                               ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH);
  if (!monitor) return tl::unexpected(monitor.error());
  const bool is_pub = bound.get(zmq::sockopt::type) == ZMQ_PUB;
  auto stranger = open_socket(context, is_pub ? zmq::socket_type::sub : zmq::socket_type::dealer);
  if (!stranger) return tl::unexpected(stranger.error());
  Seed seed;
  randombytes_buf(seed.bytes.data(), seed.bytes.size());
  be_client(*stranger, Identity::from_seed(seed));
  expect_server(*stranger, server);
  if (zmq_connect(stranger->handle(), endpoint.c_str()) != 0) {
    return fail(Fault::machine, "our own address cannot be reached: " + endpoint);
  }
  const auto end = Clock::now() + kProofTimeout;
  while (Clock::now() < end) {
    std::array<zmq::pollitem_t, 2> items{zap.poll_item(), monitor->poll_item()};
    (void)zmq_poll(items.data(), static_cast<int>(items.size()), 100);
    zap.answer();
    const auto event = monitor->next();
    if (!event) continue;
    if (event->kind != ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) break;
    zap.forget_refusals();
    return {};
  }
  return fail(Fault::machine, "a stranger's key was not refused at " + endpoint);
}

}  // namespace p2pchat
