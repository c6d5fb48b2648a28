#include "daemon/shell/net.h"

#include <algorithm>
#include <utility>

#include "proto/overload.h"

namespace p2pchat {
namespace {

// libzmq's sockets, inner ones included: three for each dial, visit and desk of the rendezvous.
constexpr int kSocketsMax = static_cast<int>(3 * (kContactsMax + kVisitsMax + 2) + 64);

Result<Address> beside(const Address& door, std::uint16_t distance) {
  if (door.port == 0) return door;
  if (door.port > 0xffff - distance) {
    return fail(Fault::usage, "port " + std::to_string(door.port) +
                                  " is too high: the next two ports are needed, too");
  }
  return Address{door.host, static_cast<std::uint16_t>(door.port + distance)};
}

Result<std::optional<Door>> open_door(zmq::context_t& context, const Address& listen,
                                      bool with_door) {
  if (!with_door) return std::nullopt;
  auto door = Door::open(context, listen);
  if (!door) return tl::unexpected(door.error());
  return std::move(*door);
}

void append(std::vector<std::string>& all, std::vector<std::string> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

std::int64_t signed_count(std::uint64_t count) { return static_cast<std::int64_t>(count); }

}  // namespace

Result<Net> Net::open(zmq::context_t& context, const Identity& identity, const Setup& setup) {
  const Address& listen = setup.listen;
  (void)zmq_ctx_set(context.handle(), ZMQ_MAX_SOCKETS, kSocketsMax);
  auto zap = Zap::open(context);
  if (!zap) return tl::unexpected(zap.error());
  const auto link_address = beside(listen, 1);
  const auto pub_address = beside(listen, 2);
  if (!pub_address) return tl::unexpected(pub_address.error());
  // First the port that people know, so that an error names it.
  auto door = open_door(context, listen, setup.with_door);
  if (!door) return tl::unexpected(door.error());
  auto links = AcceptedLinks::open(context, identity, *link_address);
  if (!links) return tl::unexpected(links.error());
  auto radio = Radio::open(context, identity, *pub_address);
  if (!radio) return tl::unexpected(radio.error());
  const CurveKey key = identity.curve_public();
  const auto proved =
      prove_refusal(context, *zap, links->socket(), links->endpoint(), key)
          .and_then([&] {
            return prove_refusal(context, *zap, radio->publisher(), radio->endpoint(), key);
          })
          .and_then([&] { return links->watch(context); });
  if (!proved) return tl::unexpected(proved.error());
  Net net(context, identity, setup.rendezvous, std::move(*zap), std::move(*links),
          std::move(*radio));
  net.door_ = std::move(*door);
  const std::uint16_t door_port = net.door_ ? net.door_->port() : std::uint16_t{0};
  net.place_ = {listen.host, door_port, net.accepted_.port(), net.radio_.port()};
  return net;
}

Net::Net(zmq::context_t& context, const Identity& identity,
         std::optional<rendezvous::Locator> rendezvous, Zap zap, AcceptedLinks accepted,
         Radio radio)
    : zap_(std::move(zap)),
      accepted_(std::move(accepted)),
      dialled_(context, identity),
      radio_(std::move(radio)),
      visits_(context),
      rendezvous_(context, identity, std::move(rendezvous)) {}

std::vector<zmq::pollitem_t> Net::poll_items() {
  std::vector<zmq::pollitem_t> items{zap_.poll_item()};
  accepted_.add_poll_items(items);
  dialled_.add_poll_items(items);
  radio_.add_poll_items(items);
  if (door_) items.push_back(door_->poll_item());
  visits_.add_poll_items(items);
  rendezvous_.add_poll_items(items);
  return items;
}

void Net::receive(Moment now, const Raise& raise) {
  zap_.answer();
  accepted_.receive(now.steady, zap_, raise);
  dialled_.receive(now.steady, raise);
  radio_.receive(now.steady, raise);
  if (door_) door_->receive(now.steady, raise);
  visits_.receive(now.steady, raise);
  rendezvous_.receive(now.steady, raise);
}

TimePoint Net::deadline() const {
  const TimePoint door = door_ ? door_->deadline() : TimePoint::never();
  return std::min({accepted_.deadline(), dialled_.deadline(), radio_.deadline(), door,
                   visits_.deadline(), rendezvous_.deadline()});
}

void Net::carry_out(Moment now, const Action& action) {
  const TimePoint at = now.steady;
  std::visit(
      Overload{
          [&](const action::Admit& order) { admit(order.peer); },
          [&](const action::Expel& order) { expel(order.peer); },
          [&](const action::Dial& order) { dialled_.dial(at, order.peer, order.host, order.port); },
          [&](const action::HangUp& order) { hang_up(order.peer, order.side); },
          [&](const action::Hear& order) { radio_.hear(at, order.peer, order.host, order.port); },
          [&](const action::Unhear& order) { radio_.unhear(order.peer); },
          [&](const action::Subscribe& order) { radio_.subscribe(order.topic); },
          [&](const action::Unsubscribe& order) { radio_.unsubscribe(order.topic); },
          [&](const action::Publish& order) { radio_.publish(order.frame); },
          [&](const action::SendLink& order) { send_link(order.peer, order.side, order.frame); },
          [&](const action::AnswerDoor& order) {
            if (door_) door_->answer(at, order.visit, order.answer);
          },
          [&](const action::VisitDoor& order) { visits_.begin(at, order); },
          [](const action::Give&) {},
          [&](const action::AskRendezvous& order) { rendezvous_.ask(at, order); },
          [](const action::Durable auto&) {},
          [](const action::FindKey&) {},
          [](const action::Compare&) {},
          [](const action::FindPruned&) {},
          [](const action::Answer&) {},
          [](const action::Report&) {},
      },
      action);
}

void Net::send_link(const PeerId& peer, LinkSide side, ByteView frame) {
  switch (side) {
    case LinkSide::dialled: dialled_.send(peer, frame); return;
    case LinkSide::accepted: accepted_.send(peer, frame); return;
  }
}

void Net::admit(const PeerId& peer) { zap_.admit(peer); }

void Net::expel(const PeerId& peer) {
  dialled_.expel(peer);
  if (!zap_.is_admitted(peer)) return;
  zap_.expel(peer);
  accepted_.expel(peer);
  radio_.ask_cut();
}

void Net::hang_up(const PeerId& peer, LinkSide side) {
  switch (side) {
    case LinkSide::dialled: dialled_.hang_up(peer); return;
    case LinkSide::accepted: accepted_.hang_up(peer); return;
  }
}

control::Record Net::counters() const {
  const Traffic& accepted = accepted_.traffic();
  const Traffic& dialled = dialled_.traffic();
  const Traffic& live = radio_.traffic();
  const Door::Counts door = door_ ? door_->counts() : Door::Counts{};
  const std::pair<const char*, std::uint64_t> counts[] = {
      {"links_accepted", accepted_.size()},
      {"links_dialled", dialled_.size()},
      {"link_frames_in", accepted.in + dialled.in},
      {"link_frames_out", accepted.out + dialled.out},
      {"link_bytes_out", accepted.bytes_out + dialled.bytes_out},
      {"link_frames_dropped", accepted.dropped + dialled.dropped},
      {"live_heard", radio_.heard()},
      {"live_frames_in", live.in},
      {"live_frames_out", live.out},
      {"live_bytes_out", live.bytes_out},
      {"live_frames_dropped", live.dropped},
      {"rubbish_frames", accepted.rubbish + dialled.rubbish + live.rubbish},
      {"refused_handshakes", zap_.refused()},
      {"door_asked", door.asked},
      {"door_answered", door.answered},
      {"door_turned_away", door.turned_away},
      {"door_rubbish", door.rubbish},
      {"door_timed_out", door.timed_out},
      {"visits_answered", visits_.answered()},
      {"visits_failed", visits_.failed()},
      {"rendezvous_answered", rendezvous_.answered()},
      {"rendezvous_failed", rendezvous_.failed()},
      {"rendezvous_unasked", rendezvous_.unasked()},
  };
  control::Record record;
  for (const auto& [name, count] : counts) record.set(name, signed_count(count));
  return record;
}

std::vector<std::string> Net::complaints() const {
  std::vector<std::string> all = zap_.complaints();
  append(all, accepted_.complaints());
  append(all, radio_.complaints());
  return all;
}

}  // namespace p2pchat
