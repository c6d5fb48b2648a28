#include "ctl/ask.h"
#include "ctl/daemon_program.h"
#include "ctl/json.h"
#include "ctl/proof.h"
#include "ctl/time_text.h"
#include "ctl/verbs.h"
#include "proto/base32.h"
#include "proto/text.h"

namespace p2pchat::ctl {

namespace {

using control::Record;
using People = std::vector<ProvedPerson>;

// As many characters of a value's id as tell it from others.
constexpr std::size_t kShortId = 8;

std::string value_text(const ValueId& value) { return base32(value.view()); }

std::string history_text(History history) { return history == History::all ? "all" : "none"; }

// --- For people ---

std::string name_of(const ProvedPerson& person) {
  return person.name.empty() ? "id" : cleaned(person.name);
}

std::string line_of(const std::string& what, const ProvedPerson& person) {
  return "  " + what + "  " + name_of(person) + " " + to_text(person.id) + "\n";
}

std::string founding_text(const Genesis& genesis) {
  return "height 0: " + cleaned(genesis.name) + " was made\n  room         " +
         to_text(genesis.room) + "\n  creator      " + to_text(genesis.creator) +
         "\n  fingerprint  " + fingerprint(genesis.creator) + "\n  size         " +
         std::to_string(genesis.size) + "\n  history      " + history_text(genesis.history) + "\n";
}

std::string step_text(const ProvedStep& step) {
  std::string text = "height " + std::to_string(step.height) + ": " + local_text(step.time) +
                     ", value " + value_text(step.value).substr(0, kShortId) + "\n";
  for (const ProvedPerson& each : step.came) {
    text += line_of("came       ", each) + "  fingerprint  " + fingerprint(each.id) + "\n";
  }
  for (const ProvedPerson& each : step.evicted) text += line_of("evicted    ", each);
  for (const ProvedPerson& each : step.left) text += line_of("left       ", each);
  text += "  signed by  ";
  for (std::size_t i = 0; i < step.signers.size(); ++i) {
    text +=
        (i == 0 ? "  " : ", ") + name_of(step.signers[i]) + " " + short_text(step.signers[i].id);
  }
  return text + ", in round " + std::to_string(step.round.value) + "\n";
}

// --- For programs ---

Record founding_record(const Genesis& genesis) {
  Record row;
  row.set("height", std::int64_t{0}).set("room", to_text(genesis.room));
  row.set("name", genesis.name).set("creator", to_text(genesis.creator));
  row.set("fingerprint", fingerprint(genesis.creator));
  row.set("size", static_cast<std::int64_t>(genesis.size));
  return row.set("history", history_text(genesis.history));
}

std::vector<std::string> ids_of(const People& people) {
  std::vector<std::string> ids;
  for (const ProvedPerson& each : people) ids.push_back(to_text(each.id));
  return ids;
}

Record step_record(const ProvedStep& step) {
  std::vector<std::string> names;
  std::vector<std::string> fingerprints;
  for (const ProvedPerson& each : step.came) {
    names.push_back(each.name);
    fingerprints.push_back(fingerprint(each.id));
  }
  Record row;
  row.set("height", static_cast<std::int64_t>(step.height));
  row.set("value", value_text(step.value)).set("time", step.time.milliseconds);
  row.set("round", static_cast<std::int64_t>(step.round.value));
  row.set("came", ids_of(step.came)).set("came_names", names);
  row.set("came_fingerprints", fingerprints);
  row.set("evicted", ids_of(step.evicted)).set("left", ids_of(step.left));
  row.set("signed_by", ids_of(step.signers));
  return row.set("members", static_cast<std::int64_t>(step.members));
}

// --- Where it comes from ---

Outcome<std::vector<Object>> ask_daemon(const Command& command, const Prove& prove) {
  auto client = Client::open(command.socket);
  if (!client) return end_with(client.error());
  std::vector<Object> objects;
  const auto end =
      ask(**client,
          {"proof", Record().set("name", prove.room), command.timeout.value_or(kAnswerTimeout)},
          [&](const Record& row) -> Outcome<void> {
            const auto kind = proof_kind(row.text("kind"));
            if (!kind) return {};  // Of a later version.
            objects.push_back({*kind, row.bytes("data")});
            return {};
          });
  if (!end) return end_with(end.error());
  return objects;
}

Outcome<std::vector<Object>> read_objects(const Command& command, const Prove& prove,
                                          const Console& console) {
  auto objects = ask_daemon(command, prove);
  if (objects || objects.error().code != ExitCode::unreachable) return objects;
  console.note("the store is read instead: " + objects.error().text);
  return read_proof(prove.room, prove.state);
}

Failure unproved(const std::string& why) { return {ExitCode::failed, "not proved: " + why}; }

// Each height is printed once it is proved, so what stands there holds whatever comes after it.
Outcome<void> check(const std::vector<Object>& objects, const Command& command, const Prove& prove,
                    Console& console) {
  auto proof = Proof::begin(objects.empty() ? Object{Kind::value, {}} : objects.front());
  if (!proof) return end_with(unproved(proof.error().text));
  const Genesis& genesis = proof->genesis();
  if (peer_id(prove.room) && prove.room != to_text(genesis.room)) {
    return end_with(unproved("what came is of another room, " + to_text(genesis.room)));
  }
  console.add(command.is_json ? record_json(founding_record(genesis)) : founding_text(genesis));
  for (std::size_t at = 1; at < objects.size(); at += Proof::kObjectsOfAStep) {
    const auto step = proof->take(std::span(objects).subspan(at));
    if (!step) return end_with(unproved(step.error().text));
    console.add(command.is_json ? record_json(step_record(*step)) : step_text(*step));
  }
  const Roster& roster = proof->roster();
  if (!command.is_json) {
    console.add("proved: " + std::to_string(roster.height()) + " heights, " +
                std::to_string(roster.members().size()) + " members\n");
  }
  return {};
}

}  // namespace

Outcome<void> carry_out(const Command& command, const Prove& prove, Console& console) {
  const auto objects = read_objects(command, prove, console);
  if (!objects) return end_with(objects.error());
  if (!crypto_ready()) return end_with(ExitCode::failed, "libsodium cannot be used here");
  const auto checked = check(*objects, command, prove, console);
  const auto flushed = console.flush();
  return checked ? flushed : checked;
}

}  // namespace p2pchat::ctl
