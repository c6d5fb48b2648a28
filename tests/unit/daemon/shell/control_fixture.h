// ControlFixture: a control socket and all that answers behind it, turned by
// hand, and local programs that ask. Only the network is missing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "daemon/shell/control.h"
#include "daemon/shell/host.h"
#include "daemon/shell/zap.h"
#include "tests/unit/daemon/shell/local_fixture.h"

namespace p2pchat {

class ControlFixture : public LocalFixture {
 protected:
  ControlFixture()
      : zap_(Zap::open(context_).value()),
        socket_file_(folder_ / "run" / "s.sock"),
        control_(ControlSocket::open(context_, socket_file_).value(), *inbox_, sample_peer(1),
                 {[] { return control::Record().set("version", "x"); },
                  [] { return std::vector<std::string>{"the sky falls"}; }}),
        host_((keep(met(2, "bob")), Settings{}), sample_identity(1), *store_,
              {[this](Moment, const Action& action) {
                 if (const auto* answer = std::get_if<action::Answer>(&action)) {
                   control_.answer(*answer);
                 }
                 visits_ += std::holds_alternative<action::VisitDoor>(action) ? 1 : 0;
               },
               [this](const std::set<RoomId>& rooms) { control_.wake(rooms); },
               [this](const std::string& why) { control_.fail_pending(why); }}) {
    EXPECT_TRUE(host_.start(at_));
  }

  void keep(const Contact& contact) {
    const Actions actions{action::StoreContact{contact}};
    ASSERT_TRUE(store_->commit(actions));
  }

  zmq::socket_t program() {
    zmq::socket_t socket(context_, zmq::socket_type::dealer);
    socket.set(zmq::sockopt::linger, 0);
    socket.connect("ipc://" + socket_file_.native());
    return socket;
  }
  static void ask(zmq::socket_t& from, std::uint64_t tag, std::string verb,
                  control::Record values = {}) {
    const Bytes bytes = control::encode(control::Request{tag, std::move(verb), std::move(values)});
    ASSERT_GE(zmq_send(from.handle(), bytes.data(), bytes.size(), 0), 0);
  }

  void turn() {
    zap_.answer();
    control_.receive(at_, host_.node(), [this](const Event& event) {
      dropped_ += std::holds_alternative<event::RequestDropped>(event) ? 1 : 0;
      host_.raise(at_, event);
    });
    ASSERT_TRUE(host_.end_turn(at_));
    control_.feed(at_, host_.node());
  }
  // Turns until `fact` holds; false if it does not within some seconds.
  bool turn_until(const std::function<bool()>& fact) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!fact()) {
      if (std::chrono::steady_clock::now() > limit) return false;
      turn();
      zmq::pollitem_t items[] = {control_.poll_item(), zap_.poll_item()};
      zmq_poll(items, 2, 1);
    }
    return true;
  }
  // The next replies to `to`, up to an end or a row that says idle.
  std::vector<control::Reply> replies(zmq::socket_t& to) {
    std::vector<control::Reply> all;
    const bool is_whole = turn_until([&] {
      for (zmq::message_t part; to.recv(part, zmq::recv_flags::dontwait);) {
        all.push_back(control::decode_reply(view(part)).value());
        if (all.back().end || all.back().row.flag("idle")) return true;
      }
      return false;
    });
    EXPECT_TRUE(is_whole);
    return all;
  }
  control::Reply answer(zmq::socket_t& from, std::string verb, control::Record values = {}) {
    ask(from, 1, std::move(verb), std::move(values));
    const auto all = replies(from);
    return all.empty() ? control::Reply{} : all.back();
  }

  Moment at_{TimePoint{1h}, {1'700'000'000'000}};
  zmq::context_t context_;
  Zap zap_;
  std::filesystem::path socket_file_;
  Control control_;
  int visits_ = 0;
  int dropped_ = 0;
  Host host_;
};

}  // namespace p2pchat
