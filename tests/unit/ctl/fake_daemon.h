// FakeDaemon: the daemon's side of the control protocol, as a test wants it.
//
// A thread of the test binds a ROUTER and answers each request with what the
// test's function says; it can also speak unasked and go away. Waiting is for
// facts, with a bound that only a failing test reaches.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>
#include <vector>
#include <zmq.hpp>

#include "proto/control.h"

namespace p2pchat::ctl {

// A folder that is gone with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "chatctl.XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::filesystem::path path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline control::Reply row_of(const control::Request& request, control::Record row) {
  return {request.tag, false, ExitCode::done, {}, std::move(row)};
}
inline control::Reply end_of(const control::Request& request, control::Record row = {}) {
  return {request.tag, true, ExitCode::done, {}, std::move(row)};
}
inline control::Reply refusal_to(const control::Request& request, ExitCode code,
                                 std::string error) {
  return {request.tag, true, code, std::move(error), {}};
}

class FakeDaemon {
 public:
  using Replies = std::vector<control::Reply>;
  using Answer = std::function<Replies(FakeDaemon&, const control::Request&)>;

  explicit FakeDaemon(Answer answer) : answer_(std::move(answer)), wake_(eventfd(0, 0)) {
    bind();
    thread_ = std::thread([this] { serve(); });
  }
  ~FakeDaemon() {
    command('e');
    thread_.join();
    close(wake_);
  }
  FakeDaemon(const FakeDaemon&) = delete;
  FakeDaemon& operator=(const FakeDaemon&) = delete;

  std::string socket() const { return folder_.path() / "p2pchatd.sock"; }

  // What came so far, of one verb.
  std::vector<control::Request> requests(const std::string& verb) const {
    const std::lock_guard lock(mutex_);
    std::vector<control::Request> found;
    for (const control::Request& request : requests_) {
      if (request.verb == verb) found.push_back(request);
    }
    return found;
  }
  // Waits until so many requests of `verb` have come.
  bool wait_for(const std::string& verb, std::size_t count) const {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, std::chrono::seconds(20), [&] {
      std::size_t found = 0;
      for (const control::Request& request : requests_) found += request.verb == verb ? 1 : 0;
      return found >= count;
    });
  }

  // --- To be called by the answering function ---
  // After its replies: goes away and comes back, or stays away.
  void restart() { after_ = 'r'; }
  void go_away() { after_ = 'g'; }

 private:
  void command(char what) {
    {
      const std::lock_guard lock(mutex_);
      command_ = what;
    }
    eventfd_write(wake_, 1);
  }
  void bind() {
    router_ = zmq::socket_t(context_, zmq::socket_type::router);
    router_.bind("ipc://" + socket());
  }

  void serve() {
    for (;;) {
      std::vector<zmq::pollitem_t> items{{nullptr, wake_, ZMQ_POLLIN, 0}};
      if (router_) items.push_back({router_.handle(), 0, ZMQ_POLLIN, 0});
      zmq::poll(items, std::chrono::milliseconds(-1));
      if (items[0].revents != 0) return;
      answer_one();
      if (after_ != 0) router_.close();
      if (after_ == 'r') bind();
      after_ = 0;
    }
  }

  void answer_one() {
    zmq::message_t route;
    zmq::message_t body;
    if (!router_.recv(route) || !router_.recv(body)) return;
    const auto request = control::decode_request({body.data<std::uint8_t>(), body.size()});
    ASSERT_TRUE(request) << request.error().text;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(*request);
    }
    for (const control::Reply& reply : answer_(*this, *request)) {
      zmq::message_t to(route.data(), route.size());
      const Bytes bytes = control::encode(reply);
      router_.send(to, zmq::send_flags::sndmore);
      router_.send(zmq::buffer(bytes), zmq::send_flags::none);
    }
    arrived_.notify_all();
  }

  TemporaryFolder folder_;
  Answer answer_;
  zmq::context_t context_;
  zmq::socket_t router_;
  int wake_;
  char command_ = 0;
  char after_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::vector<control::Request> requests_;
  std::thread thread_;
};

}  // namespace p2pchat::ctl
