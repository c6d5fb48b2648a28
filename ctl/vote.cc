#include <algorithm>
#include <optional>
#include <vector>

#include "ctl/ask.h"
#include "ctl/verbs.h"
#include "proto/crypto.h"

namespace p2pchat::ctl {

namespace {

// As many characters of an id as name it.
constexpr std::size_t kIdPrefix = 8;

struct Person {
  std::string id;
  std::string name;
  bool is_candidate = false;  // Else a member.

  bool operator==(const Person&) const = default;
};

// Whom a vote is about, to be shown to whoever votes.
struct Subject {
  std::vector<Person> people;
  std::string note;
};

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    const std::size_t begin = list.find_first_not_of(' ', at);
    parts.push_back(begin < comma ? list.substr(begin, comma - begin) : std::string());
    at = comma + 1;
  }
  return parts;
}

bool names(const std::string& word, const std::string& id, const std::string& name) {
  if (word.size() >= kIdPrefix && id.starts_with(word)) return true;
  return !word.empty() && (word == name || word == id);
}

bool is_in_room(const control::Record& row, std::string_view room) {
  if (room.starts_with("room:")) room.remove_prefix(5);
  return names(std::string(room), row.text("room"), row.text("room_name"));
}

// Those of a row of `votes`. Only the one name of a row with one id is a person's.
std::vector<Person> people_of(const control::Record& row) {
  std::vector<Person> people;
  const std::vector<std::string> ids = parts_of(row.text("id"));
  const std::vector<std::string> all_names = parts_of(row.text("name"));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    people.push_back({ids[i], all_names.size() == ids.size() ? all_names[i] : std::string(),
                      row.text("kind") == "knock"});
  }
  return people;
}

// Each word names one of them. Fails if a word fits none or several.
Outcome<std::vector<Person>> choose(const std::vector<Person>& people, const std::string& who,
                                    const std::string& from_where) {
  std::vector<Person> chosen;
  for (const std::string& word : parts_of(who)) {
    const auto fits = [&word](const Person& each) { return names(word, each.id, each.name); };
    const auto count = std::count_if(people.begin(), people.end(), fits);
    if (count == 0) return end_with(ExitCode::unknown, "nobody called " + word + " " + from_where);
    if (count > 1) {
      return end_with(ExitCode::unknown, word + " fits several; give more of the id");
    }
    chosen.push_back(*std::find_if(people.begin(), people.end(), fits));
  }
  return chosen;
}

// Who is to be evicted need not be voted on yet, but is a member.
Outcome<Subject> find_member(Client& client, const Command& command, const Vote& vote) {
  std::vector<Person> people;
  const auto end = ask(client,
                       {"members", control::Record().set("name", vote.room),
                        command.timeout.value_or(kAnswerTimeout)},
                       [&](const control::Record& row) -> Outcome<void> {
                         people.push_back({row.text("id"), row.text("name"), false});
                         return {};
                       });
  if (!end) return end_with(end.error());
  auto chosen = choose(people, vote.who, "is in " + vote.room + "; see chatctl members");
  if (!chosen) return end_with(chosen.error());
  return Subject{std::move(*chosen), {}};
}

Outcome<Subject> find_candidate(Client& client, const Command& command, const Vote& vote) {
  std::vector<Person> people;
  std::vector<control::Record> rows;
  const auto end = ask(client, {"votes", {}, command.timeout.value_or(kAnswerTimeout)},
                       [&](const control::Record& row) -> Outcome<void> {
                         if (!is_in_room(row, vote.room)) return {};
                         for (const Person& each : people_of(row)) {
                           const auto known = std::find(people.begin(), people.end(), each);
                           if (known == people.end()) people.push_back(each);
                         }
                         rows.push_back(row);
                         return {};
                       });
  if (!end) return end_with(end.error());
  auto chosen =
      choose(people, vote.who, "waits for a vote in " + vote.room + "; see chatctl votes");
  if (!chosen) return end_with(chosen.error());
  Subject subject{std::move(*chosen), {}};
  for (const control::Record& row : rows) {
    if (row.text("id") == subject.people.front().id) subject.note = row.text("note");
  }
  return subject;
}

std::vector<std::string> facts_about(const Subject& subject) {
  std::vector<std::string> facts;
  for (const Person& person : subject.people) {
    const auto peer = peer_id(person.id);
    const std::string name = person.name.empty() ? "somebody without a name" : person.name;
    facts.push_back(name + (person.is_candidate ? ", who asks to be let in" : ", a member"));
    facts.push_back("  id           " + person.id);
    if (peer) facts.push_back("  fingerprint  " + fingerprint(*peer));
  }
  if (!subject.note.empty()) facts.push_back("  note         " + subject.note);
  return facts;
}

std::string question_about(const Vote& vote) {
  if (vote.answer == "evict") return "evict from " + vote.room + ", which is final?";
  return "vote " + vote.answer + " in " + vote.room + ", which is final?";
}

// The ids of whom the vote is about, once they were shown and somebody said yes.
Outcome<std::string> confirm(const Command& command, const Vote& vote, const Console& console) {
  if (!crypto_ready()) return end_with(ExitCode::failed, "libsodium cannot be used here");
  auto client = Client::open(command.socket);
  if (!client) return end_with(client.error());
  const auto subject = vote.answer == "evict" ? find_member(**client, command, vote)
                                              : find_candidate(**client, command, vote);
  if (!subject) return end_with(subject.error());
  if (!console.confirm(facts_about(*subject), question_about(vote))) {
    return end_with(ExitCode::failed, "you did not say yes, so there is no vote");
  }
  std::string ids;
  for (const Person& person : subject->people) ids += (ids.empty() ? "" : ",") + person.id;
  return ids;
}

}  // namespace

Outcome<void> carry_out(const Command& command, const Vote& vote, Console& console) {
  std::string who = vote.who;
  if (!vote.is_sure && console.can_ask()) {
    auto ids = confirm(command, vote, console);
    if (!ids) return end_with(ids.error());
    who = std::move(*ids);  // What was shown is what is voted on.
  }
  control::Record values;
  values.set("room", vote.room).set("who", who).set("answer", vote.answer).set("note", vote.note);
  return carry_out(command, Query{"vote", std::move(values), Query::Shape::pairs, true}, console);
}

}  // namespace p2pchat::ctl
