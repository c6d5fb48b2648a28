#include "ctl/puller.h"

#include <utility>

#include "ctl/ask.h"
#include "proto/limits.h"

namespace p2pchat::ctl {

namespace {

// Places in one report: far below kControlBytesMax, whatever a token looks like.
constexpr std::size_t kReportPlacesMax = 256;
constexpr std::int64_t kGrantRows = kPullCreditRows / 2;

// A place begins with its room, which keeps its name when the conversation gets another one.
std::string room_of(const std::string& place) { return place.substr(0, place.find('.')); }

}  // namespace

void Puller::begin(Client& client) {
  report_tag_ = 0;
  stream_tag_ = 0;
  rows_to_grant_ = 0;
  // What is older than what was written since is of no more use.
  written_.merge(flying_);
  flying_.clear();
  if (written_.empty()) {
    open(client);
  } else {
    report(client);
  }
}

void Puller::open(Client& client) {
  control::Record values;
  if (!wish_.name.empty()) values.set("name", wish_.name);
  values.set("reader", wish_.reader).set("follow", wish_.follows).set("peek", wish_.peeks);
  values.set("mine", wish_.with_mine);
  stream_tag_ = client.send("pull", std::move(values));
}

void Puller::report(Client& client) {
  std::vector<std::string> places;
  while (!written_.empty() && places.size() < kReportPlacesMax) {
    auto node = written_.extract(written_.begin());
    places.push_back(node.mapped());
    flying_.insert(std::move(node));
  }
  report_tag_ = client.send(
      "took", control::Record().set("reader", wish_.reader).set("places", std::move(places)));
}

Outcome<Puller::Step> Puller::take(Client& client, const control::Reply& reply) {
  if (report_tag_ != 0 && reply.tag == report_tag_) {
    if (!reply.end) return Step::other;
    report_tag_ = 0;
    if (reply.code != ExitCode::done) return end_with(refusal_of(reply));
    flying_.clear();
    if (!written_.empty()) {
      report(client);
    } else if (stream_tag_ == 0) {
      open(client);
    }
    return Step::other;
  }
  if (stream_tag_ == 0 || reply.tag != stream_tag_) return Step::other;
  if (reply.end) {
    end_ = reply;
    return Step::ended;
  }
  if (reply.row.flag("idle")) return Step::caught_up;
  ++rows_to_grant_;
  return Step::row;
}

void Puller::add(const control::Record& row) {
  const std::string place = row.text("place");
  if (wish_.acknowledges && !place.empty()) added_[room_of(place)] = place;
}

void Puller::flushed(Client& client) {
  added_.merge(written_);
  written_ = std::exchange(added_, {});
  if (report_tag_ == 0 && !written_.empty()) report(client);
  if (rows_to_grant_ < kGrantRows) return;
  client.send("more", control::Record()
                          .set("stream", static_cast<std::int64_t>(stream_tag_))
                          .set("rows", rows_to_grant_));
  rows_to_grant_ = 0;
}

Outcome<void> Puller::settle(Client& client) {
  const Deadline until = Clock::now() + kAnswerTimeout;
  while (!written_.empty() || !flying_.empty()) {
    const auto reply = client.next();
    if (!reply) return end_with(reply.error());
    if (*reply) {
      const auto step = take(client, **reply);
      if (!step) return end_with(step.error());
    } else if (Clock::now() >= until) {
      return end_with(no_answer(client, kAnswerTimeout));
    } else {
      client.wait(until);
    }
  }
  return {};
}

}  // namespace p2pchat::ctl
