#include "tests/sim/consent/explorer.h"

#include <algorithm>
#include <memory>
#include <set>
#include <unordered_set>
#include <vector>

#include "daemon/core/consent/consent.h"
#include "proto/check.h"
#include "tests/sim/prng.h"
#include "tests/unit/samples.h"

namespace p2pchat::sim {
namespace {

constexpr std::size_t kHealingStepsMax = 60;
constexpr std::uint8_t kGuest = 200;
constexpr std::uint64_t kFoundingRound = 2;
constexpr Round kAllowed{1000};

struct Cast {
  Genesis genesis;
  std::vector<Seat> seats;  // Honest ones first.
  std::vector<Consent::Decision> founding;
  std::vector<Knock> knocks;
  Eviction eviction;
};

Knock knock_of(const Genesis& genesis, std::uint8_t who) {
  Knock knock;
  knock.room = genesis.room;
  knock.card = sample_card(who, "");
  knock.expires = {1'000'000};
  knock.sign(sample_identity(who));
  return knock;
}

Value after(const Roster& roster) {
  Value value;
  value.room = roster.room();
  value.height = roster.height() + 1;
  value.previous = roster.value();
  return value;
}

Roster found(Cast& cast, const Roster& roster, Value& value, Round round) {
  value.seal();
  Certificate certificate{value.room, value.id, round, {}};
  const std::vector<Seat> quorum = roster.quorum(value);
  for (const Seat& seat : quorum) {
    std::uint8_t who = 1;
    while (sample_peer(who) != seat.peer) ++who;
    Pledge pledge{value.room, seat, round, value.id, {}, {}};
    pledge.sign(sample_identity(who));
    certificate.entries.push_back({pledge.stamp, pledge.signature});
  }
  cast.founding.push_back({value, certificate});
  return roster.after(value);
}

// A room in which all of them sit.
Cast cast_of(const Setting& setting) {
  Cast cast;
  cast.genesis.creator = sample_peer(1);
  cast.genesis.name = "room";
  cast.genesis.size = setting.honest + setting.liars + setting.candidates;
  cast.genesis.sign(sample_identity(1));
  // One more comes and goes, so that nobody is new.
  Roster roster(cast.genesis);
  Value coming = after(roster);
  const std::size_t members = setting.honest + setting.liars;
  for (std::size_t i = 2; i <= members; ++i) {
    coming.knocks.push_back(knock_of(cast.genesis, static_cast<std::uint8_t>(i)));
  }
  coming.knocks.push_back(knock_of(cast.genesis, kGuest));
  roster = found(cast, roster, coming, {1});
  Value going = after(roster);
  Leave leave{roster.room(), *roster.seat_of(sample_peer(kGuest)), {}, {}};
  leave.sign(sample_identity(kGuest));
  going.leaves = {leave};
  roster = found(cast, roster, going, {kFoundingRound});
  for (std::size_t i = 1; i <= members; ++i) {
    cast.seats.push_back(*roster.seat_of(sample_peer(static_cast<std::uint8_t>(i))));
  }
  for (std::size_t i = 0; i < setting.candidates; ++i) {
    cast.knocks.push_back(knock_of(cast.genesis, static_cast<std::uint8_t>(100 + i)));
  }
  if (setting.liars > 0) cast.eviction = {cast.genesis.room, {cast.seats[setting.honest]}};
  return cast;
}

struct Said {
  std::size_t seat;
  Round round;
  ValueId value;

  auto operator<=>(const Said&) const = default;
};

// One member with what it has decided.
struct Member {
  Consent consent;
  std::vector<std::shared_ptr<const Value>> chain;
  std::vector<Certificate> certificates;  // Of the chain.
};

struct State {
  std::vector<Member> honest;
  std::set<Said> said;  // By honest members.
  std::map<ValueId, std::shared_ptr<const Value>> values;
  std::shared_ptr<const State> before;
  std::string how;  // It came to be from `before`.

  Hash digest() const {
    Hasher hasher("state");
    for (const Member& member : honest) hasher.add(member.consent.digest());
    for (const Said& each : said) {
      hasher.add(std::uint64_t{each.seat}).add(each.round.value).add(each.value);
    }
    return hasher.finish();
  }
};

struct DigestHash {
  std::size_t operator()(const Hash& hash) const {
    std::size_t value = 0;
    std::copy_n(hash.bytes.begin(), sizeof value, reinterpret_cast<std::uint8_t*>(&value));
    return value;
  }
};

using Chain = std::vector<std::shared_ptr<const Value>>;

// `later` goes on from `earlier`.
bool goes_on(const Chain& later, const Chain& earlier) {
  if (later.size() < earlier.size()) return false;
  for (std::size_t i = 0; i < earlier.size(); ++i) {
    const bool is_last = i + 1 == earlier.size();
    if (later[i]->id == earlier[i]->id) continue;
    if (!is_last || !widens(*later[i], *earlier[i])) return false;
  }
  return true;
}

class Search {
 public:
  explicit Search(const Setting& setting) : setting_(setting), cast_(cast_of(setting)) {}

  Explored run() {
    push(begin());
    while (!waiting_.empty() && (setting_.states_max == 0 || seen_.size() < setting_.states_max)) {
      // Wherever: a search that is cut off has then been deep as well as wide.
      std::swap(waiting_[prng_.below(waiting_.size())], waiting_.back());
      const auto state = waiting_.back();
      waiting_.pop_back();
      visit(state);
    }
    found_.states = seen_.size();
    found_.is_complete = waiting_.empty();
    return found_;
  }

 private:
  State begin() {
    State state;
    for (std::size_t i = 0; i < setting_.honest; ++i) {
      Member member{Consent(cast_.genesis, cast_.seats[i].peer), {}, {}};
      for (const auto& decision : cast_.founding) CHECK(member.consent.remember(decision));
      for (const Knock& knock : cast_.knocks) member.consent.learn(knock);
      if (setting_.evicts) member.consent.learn(cast_.eviction);
      for (std::size_t voter = 0; voter < cast_.seats.size(); ++voter) {
        const bool lies = voter >= setting_.honest;
        if (lies && setting_.withholds_votes) continue;
        for (const Knock& knock : cast_.knocks) vote(member, voter, knock.id);
        if (!lies && setting_.evicts) vote(member, voter, cast_.eviction.id());
      }
      state.honest.push_back(std::move(member));
    }
    for (std::size_t i = 0; i < setting_.honest; ++i) step(state, i, false);
    return state;
  }

  bool vote(Member& member, std::size_t voter, const ChangeId& change) {
    return member.consent.learn(Vote{cast_.genesis.room, cast_.seats[voter], change, true, "", {}});
  }

  // Lets a member decide and pledge what it will.
  void step(State& state, std::size_t who, bool is_late) {
    for (;; is_late = false) {
      Member& member = state.honest[who];
      const Consent::Step step = member.consent.advance(is_late, kAllowed);
      for (const auto& decision : step.decided) take_in(state, member, decision);
      if (!step.promise || step.promise->round.value > kFoundingRound + setting_.rounds ||
          step.promise->value.height > setting_.heights + cast_.founding.size()) {
        return;
      }
      const Value& value = step.promise->value;
      CHECK(member.consent.remember(signed_pledge({who, step.promise->round, value.id}), value));
      state.values.try_emplace(value.id, std::make_shared<const Value>(value));
      state.said.insert({who, step.promise->round, value.id});
    }
  }

  void take_in(const State& state, Member& member, const Consent::Decision& decision) {
    const Value& value = decision.value;
    const Chain before = member.chain;
    const auto known = state.values.find(value.id);
    auto pointer =
        known == state.values.end() ? std::make_shared<const Value>(value) : known->second;
    const bool widens_last = !member.chain.empty() && member.chain.back()->height == value.height;
    if (widens_last) {
      member.chain.pop_back();
      member.certificates.pop_back();
    }
    member.chain.push_back(std::move(pointer));
    member.certificates.push_back(decision.certificate);
    if (!goes_on(member.chain, before)) rolled_back_ = true;
  }

  bool hear(State& state, std::size_t who, const Said& said) {
    Member& member = state.honest[who];
    bool news = member.consent.learn(*state.values.at(said.value));
    news |= member.consent.learn(signed_pledge(said));
    if (news) step(state, who, false);
    return news;
  }

  const Pledge& signed_pledge(const Said& said) {
    const auto [it, is_new] = signed_.try_emplace(said);
    if (is_new) {
      it->second = {cast_.genesis.room, cast_.seats[said.seat], said.round, said.value, {}, {}};
      it->second.sign(sample_identity(static_cast<std::uint8_t>(said.seat + 1)));
    }
    return it->second;
  }

  void visit(const std::shared_ptr<const State>& state) {
    for (std::size_t who = 0; who < setting_.honest; ++who) {
      for (const Said& said : state->said) {
        if (said.seat != who) try_out(state, who, said);
      }
      for (std::size_t liar = setting_.honest; liar < cast_.seats.size(); ++liar) {
        for (const auto& [id, value] : lies(*state)) {
          for (std::uint64_t round = 1; round <= setting_.rounds; ++round) {
            try_lie(state, who, {liar, {kFoundingRound + round}, id}, value);
          }
        }
        if (setting_.withholds_votes) try_votes(state, who, liar);
      }
      State next = *state;
      step(next, who, true);
      next.how = name(who) + ": time passes";
      follow(state, std::move(next));
    }
  }

  // What a liar may pledge: all that was proposed, and each candidate alone.
  std::map<ValueId, std::shared_ptr<const Value>> lies(const State& state) {
    auto values = state.values;
    if (setting_.withholds_votes) return values;  // Honest members propose them all themselves.
    for (const Member& member : state.honest) {
      const Roster& roster = member.consent.roster();
      if (roster.height() >= setting_.heights + cast_.founding.size()) continue;
      for (const Knock& knock : cast_.knocks) {
        if (!roster.may_enter(knock)) continue;
        Value value;
        value.room = cast_.genesis.room;
        value.height = roster.height() + 1;
        value.previous = roster.value();
        value.knocks = {knock};
        value.seal();
        values.try_emplace(value.id, std::make_shared<const Value>(value));
      }
    }
    return values;
  }

  void try_out(const std::shared_ptr<const State>& state, std::size_t who, const Said& said) {
    State next = *state;
    if (!hear(next, who, said)) return;
    next.how = name(who) + " hears " + text(said);
    follow(state, std::move(next));
  }

  void try_lie(const std::shared_ptr<const State>& state, std::size_t who, const Said& said,
               const std::shared_ptr<const Value>& value) {
    State next = *state;
    next.values.try_emplace(said.value, value);
    if (!hear(next, who, said)) return;
    next.how = name(who) + " hears the liar: " + text(said);
    follow(state, std::move(next));
  }

  void try_votes(const std::shared_ptr<const State>& state, std::size_t who, std::size_t liar) {
    for (const Knock& knock : cast_.knocks) {
      State next = *state;
      if (!vote(next.honest[who], liar, knock.id)) continue;
      step(next, who, false);
      next.how = name(who) + " hears a vote";
      follow(state, std::move(next));
    }
  }

  void follow(const std::shared_ptr<const State>& from, State next) {
    next.before = from;
    push(std::move(next));
  }

  void push(State state) {
    if (!seen_.insert(state.digest()).second) return;
    const auto kept = std::make_shared<const State>(std::move(state));
    check(*kept);
    waiting_.push_back(kept);
  }

  void check(const State& state) {
    if (std::exchange(rolled_back_, false)) {
      ++found_.rollbacks;
      note("a rollback", state);
    }
    bool is_any = false;
    for (const Member& a : state.honest) {
      is_any |= !a.chain.empty();
      for (const Member& b : state.honest) {
        if (goes_on(a.chain, b.chain) || goes_on(b.chain, a.chain)) continue;
        ++found_.forks;
        note("a fork", state);
      }
    }
    found_.decided += is_any ? 1 : 0;
    if (setting_.heals && !heals(state)) {
      ++found_.stuck;
      note("stuck", state);
    }
  }

  // From here on the liars say nothing, and are voted out.
  bool heals(State state) {
    const Setting bounded = setting_;
    setting_.rounds = setting_.heights = kHealingStepsMax;
    for (std::size_t who = 0; who < setting_.honest; ++who) {
      Member& member = state.honest[who];
      member.consent.learn(cast_.eviction);
      for (std::size_t i = 0; i < setting_.honest; ++i) vote(member, i, cast_.eviction.id());
      // Votes, too, are passed on.
      for (std::size_t i = setting_.honest; i < cast_.seats.size(); ++i) {
        for (const Knock& knock : cast_.knocks) {
          const bool is_known =
              std::any_of(state.honest.begin(), state.honest.end(), [&](const Member& other) {
                return other.consent.votes(knock.id).contains(cast_.seats[i]);
              });
          if (is_known) vote(member, i, knock.id);
        }
      }
    }
    bool is_healed = false;
    for (std::size_t round = 0; round < kHealingStepsMax && !is_healed; ++round) {
      exchange_all(state);
      for (std::size_t who = 0; who < setting_.honest; ++who) step(state, who, true);
      is_healed = std::all_of(state.honest.begin(), state.honest.end(), [&](const Member& member) {
        const Roster& roster = member.consent.roster();
        return roster.value() == state.honest[0].consent.roster().value() &&
               (setting_.liars == 0 || !roster.holds(cast_.seats[setting_.honest]));
      });
    }
    setting_ = bounded;
    if (!is_healed && found_.stuck == 0) last_ = state;
    return is_healed;
  }

  // Everybody hears all that was said by honest members, and what of the liars' any of them holds.
  void exchange_all(State& state) {
    for (std::size_t who = 0; who < setting_.honest; ++who) {
      for (std::size_t other = 0; other < setting_.honest; ++other) {
        if (other == who) continue;
        const Member& from = state.honest[other];
        for (std::size_t i = 0; i < from.chain.size(); ++i) {
          state.honest[who].consent.learn(*from.chain[i]);
          state.honest[who].consent.learn(from.certificates[i]);
          step(state, who, false);
        }
        for (const Pledge& pledge : from.consent.pledges()) {
          for (const Value& value : state.honest[other].consent.values()) {
            state.honest[who].consent.learn(value);
          }
          if (pledge.seat.peer != cast_.seats[who].peer) state.honest[who].consent.learn(pledge);
        }
      }
      step(state, who, false);
    }
  }

  static std::string name(std::size_t who) { return std::string(1, static_cast<char>('A' + who)); }
  std::string text(const Said& said) const {
    return name(said.seat) + " pledges " + to_hex(said.value).substr(0, 4) + " in round " +
           std::to_string(said.round.value);
  }
  static std::string to_hex(const ValueId& id) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const std::uint8_t byte : id.bytes) {
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 15U];
    }
    return out;
  }

  void note(const std::string& what, const State& state) {
    if (!found_.first_trouble.empty()) return;
    std::vector<std::string> story{state.how};
    for (auto each = state.before; each != nullptr; each = each->before) story.push_back(each->how);
    found_.first_trouble = what + ":";
    for (auto line = story.rbegin(); line != story.rend(); ++line) {
      found_.first_trouble += "\n  " + *line;
    }
    if (last_) {
      for (const Said& said : last_->said) found_.first_trouble += "\n  at last " + text(said);
      for (const auto& [id, value] : last_->values) {
        found_.first_trouble += "\n  " + to_hex(id).substr(0, 4) + " after " +
                                to_hex(value->previous).substr(0, 4) + ": " +
                                std::to_string(value->knocks.size()) + " come, " +
                                std::to_string(value->evictions.size()) + " go";
      }
    }
    for (std::size_t i = 0; i < state.honest.size(); ++i) {
      found_.first_trouble += "\n  " + name(i) + " has decided";
      for (const auto& value : state.honest[i].chain) {
        found_.first_trouble += " " + to_hex(value->id).substr(0, 4) + " (" +
                                std::to_string(value->knocks.size()) + " come, " +
                                std::to_string(value->evictions.size()) + " evictions)";
      }
    }
  }

  Setting setting_;
  Cast cast_;
  Explored found_;
  bool rolled_back_ = false;
  std::optional<State> last_;  // Of the first healing that failed.
  std::map<Said, Pledge> signed_;
  std::unordered_set<Hash, DigestHash> seen_;
  std::vector<std::shared_ptr<const State>> waiting_;
  Prng prng_{1};
};

}  // namespace

Explored explore(const Setting& setting) { return Search(setting).run(); }

}  // namespace p2pchat::sim
