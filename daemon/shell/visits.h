// Visits: our own questions at the doors of others.
//
// A visit is one connection, one question and one answer within kDoorTimeout in
// all, on each address of the host in turn until one is there. It ends in one
// DoorAnswered or one DoorFailed, whose words say what was the matter.
//
// Effects: one ZMQ_STREAM socket a visit. Single-threaded; owned by Net.
// Bounded: kVisitsMax visits of kDoorBytesMax bytes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/action.h"
#include "daemon/shell/lookup.h"
#include "daemon/shell/monitor.h"

namespace p2pchat {

class Visits {
 public:
  // `context` outlives it.
  explicit Visits(zmq::context_t& context) : context_(&context) {}

  void begin(TimePoint now, const action::VisitDoor& visit);

  // Takes in what waits, and ends what has had its time.
  void receive(TimePoint now, const Raise& raise);
  TimePoint deadline() const;
  void add_poll_items(std::vector<zmq::pollitem_t>& items);

  std::size_t size() const { return visits_.size(); }
  std::uint64_t answered() const { return answered_; }
  std::uint64_t failed() const { return failed_; }

 private:
  struct Visit {
    Address address;
    Bytes question;                // Framed.
    std::optional<Lookup> lookup;  // Under way.
    Lookup::Hosts hosts;           // Those that are not tried yet, the last one first.
    std::optional<Watched> wire;   // The connection, while there is one.
    bool has_asked = false;
    Bytes received;
    TimePoint end;
    std::optional<Bytes> answer;
    std::string failure;  // Empty while it goes on.
  };

  static void look(Visit& visit);
  void try_next(Visit& visit);
  Result<Watched> connect(const std::string& host, std::uint16_t port);
  static void read_frames(Visit& visit);
  static void read_monitor(Visit& visit);
  static void read_answer(Visit& visit, ByteView bytes);
  void step(TimePoint now, Visit& visit);

  zmq::context_t* context_;
  std::map<VisitId, Visit> visits_;
  std::vector<event::DoorFailed> refused_;  // Not begun; to be raised.
  TimePoint look_ = TimePoint::never();     // At lookups that are under way.
  std::uint64_t answered_ = 0;
  std::uint64_t failed_ = 0;
};

}  // namespace p2pchat
