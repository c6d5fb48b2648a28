#include "tests/sim/consent/explorer.h"

#include <algorithm>
#include <memory>
#include <set>
#include <unordered_set>
#include <utility>
#include <vector>

#include "daemon/core/consent/consent.h"
#include "proto/check.h"
#include "tests/sim/consent/cast.h"
#include "tests/sim/prng.h"

namespace p2pchat::sim {
namespace {

constexpr std::size_t kHealingStepsMax = 60;
constexpr Round kAllowed{1000};

// A pledge, or the word that something is decided.
struct Said {
  std::size_t who;
  Round round;
  ValueId value;

  auto operator<=>(const Said&) const = default;
};

using Values = std::map<ValueId, std::shared_ptr<const Value>>;
using Chain = std::vector<std::shared_ptr<const Value>>;

// Somebody honest, with what it has decided.
struct Member {
  std::size_t who;
  Consent consent;
  Chain chain;
  std::vector<Certificate> certificates;  // Of the chain.
};

struct State {
  std::vector<Member> honest;  // The old ones, then the candidates.
  std::set<Said> pledges;      // Of them, as are
  std::set<Said> words;
  Values values;
  std::shared_ptr<const State> before;
  std::string how;  // It came to be from `before`.

  Hash digest() const {
    Hasher hasher("state");
    for (const Member& member : honest) hasher.add(member.consent.digest());
    for (const auto* said : {&pledges, &words}) {
      hasher.add(std::uint64_t{said->size()});
      for (const Said& each : *said) {
        hasher.add(std::uint64_t{each.who}).add(each.round.value).add(each.value);
      }
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

std::string short_text(const ValueId& id) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < 2; ++i) {
    out += kDigits[id.bytes[i] >> 4U];
    out += kDigits[id.bytes[i] & 15U];
  }
  return out;
}

std::string described(const Value& value) {
  return short_text(value.id) + " after " + short_text(value.previous) + " (" +
         std::to_string(value.knocks.size()) + " come, " + std::to_string(value.evictions.size()) +
         " evictions)";
}

class Search {
 public:
  explicit Search(const Setting& setting) : setting_(setting), cast_(setting) {}

  Explored run() {
    push(begin());
    while (!waiting_.empty() && (setting_.states_max == 0 || seen_.size() < setting_.states_max)) {
      // The newest, or any: a search that is cut off has then been deep as well as wide.
      const bool is_newest = prng_.below(4) != 0;
      if (!is_newest) std::swap(waiting_[prng_.below(waiting_.size())], waiting_.back());
      const auto state = waiting_.back();
      waiting_.pop_back();
      visit(state);
    }
    found_.states = seen_.size();
    found_.is_complete = waiting_.empty();
    return found_;
  }

 private:
  // --- How it begins ---

  State begin() {
    State state;
    for (std::size_t who = 0; who < cast_.size(); ++who) {
      if (cast_.is_liar(who)) continue;
      Member member{who, Consent(cast_.genesis, cast_.seats[who].peer), {}, {}};
      Consent& consent = member.consent;
      for (const auto& decision : cast_.founding) {
        if (!cast_.is_candidate(who)) {
          CHECK(consent.remember(decision));
          member.chain.push_back(std::make_shared<const Value>(decision.value));
          member.certificates.push_back(decision.certificate);
        } else {
          CHECK(consent.learn(decision.value) && consent.learn(decision.certificate));
        }
      }
      for (const Knock& knock : cast_.knocks) consent.learn(knock);
      if (setting_.evicts) consent.learn(cast_.eviction);
      vote_honestly(consent);
      for (std::size_t liar = 0; liar < cast_.size(); ++liar) {
        if (!cast_.is_liar(liar) || setting_.withholds_votes) continue;
        for (const Knock& knock : cast_.knocks) consent.learn(cast_.vote(liar, knock.id));
      }
      state.honest.push_back(std::move(member));
    }
    for (std::size_t i = 0; i < state.honest.size(); ++i) step(state, i, false);
    return state;
  }

  // Votes of the honest are everywhere, as soon as they can be known.
  void vote_honestly(Consent& consent) const {
    for (std::size_t who = 0; who < cast_.size(); ++who) {
      if (cast_.is_liar(who)) continue;
      for (const Knock& knock : cast_.knocks) {
        if (cast_.says_yes(who, knock)) consent.learn(cast_.vote(who, knock.id));
      }
      if (setting_.evicts) consent.learn(cast_.vote(who, cast_.eviction.id()));
    }
  }

  // --- What happens ---

  // Lets somebody decide and pledge what it will.
  void step(State& state, std::size_t i, bool is_late) {
    for (;; is_late = false) {
      Member& member = state.honest[i];
      vote_honestly(member.consent);
      const Consent::Step step = member.consent.advance(is_late, kAllowed);
      for (const auto& decision : step.decided) take_in(state, member, decision);
      if (!step.decided.empty()) say_decided(state, member);
      if (!step.promise || step.promise->round.value > cast_.round() + setting_.rounds ||
          step.promise->value.height > cast_.height() + setting_.heights) {
        return;
      }
      const Value& value = step.promise->value;
      const Said said{member.who, step.promise->round, value.id};
      CHECK(step.promise->seat == cast_.seats[member.who]);
      CHECK(member.consent.remember(signed_pledge(said), value));
      state.values.try_emplace(value.id, std::make_shared<const Value>(value));
      state.pledges.insert(said);
    }
  }

  void take_in(const State& state, Member& member, const Consent::Decision& decision) {
    const Value& value = decision.value;
    const Chain before = member.chain;
    const auto known = state.values.find(value.id);
    auto pointer =
        known == state.values.end() ? std::make_shared<const Value>(value) : known->second;
    if (!member.chain.empty() && member.chain.back()->height == value.height) {
      member.chain.pop_back();
      member.certificates.pop_back();
    }
    member.chain.push_back(std::move(pointer));
    member.certificates.push_back(decision.certificate);
    if (!goes_on(member.chain, before)) rolled_back_ = true;
  }

  static void say_decided(State& state, const Member& member) {
    const auto word = member.consent.own_decided();
    if (word) state.words.insert({member.who, word->round, word->value});
  }

  bool hear(State& state, std::size_t i, const Said& said) {
    Consent& consent = state.honest[i].consent;
    bool news = consent.learn(*state.values.at(said.value));
    news |= consent.learn(signed_pledge(said));
    if (news) step(state, i, false);
    return news;
  }

  Decided word_of(const Said& said) const {
    return {cast_.genesis.room, cast_.seats[said.who], said.round, said.value, {}};
  }

  const Pledge& signed_pledge(const Said& said) {
    const auto [it, is_new] = signed_.try_emplace(said);
    if (is_new) {
      it->second = {cast_.genesis.room, cast_.seats[said.who], said.round, said.value, {}, {}};
      it->second.sign(cast_.identity(said.who));
    }
    return it->second;
  }

  // --- All that may happen next ---

  void visit(const std::shared_ptr<const State>& state) {
    for (std::size_t i = 0; i < state->honest.size(); ++i) {
      for (const Said& said : state->pledges) {
        if (said.who != state->honest[i].who) try_out(state, i, said, state->values);
      }
      const Values lies = lies_in(*state);
      for (std::size_t liar = cast_.honest; liar < cast_.old(); ++liar) {
        for (const auto& [id, value] : lies) {
          for (std::uint64_t round = 1; round <= setting_.rounds; ++round) {
            try_out(state, i, {liar, {cast_.round() + round}, id}, lies);
          }
        }
        if (setting_.withholds_votes) try_votes(state, i, liar);
      }
      if (setting_.are_new || cast_.is_candidate(state->honest[i].who)) try_words(state, i);
      if (setting_.has_certificates) try_certificates(state, i);
      State next = *state;
      step(next, i, true);
      next.how = name(state->honest[i].who) + ": time passes";
      follow(state, std::move(next));
    }
  }

  // What a liar may pledge: all that was proposed, and each candidate alone.
  Values lies_in(const State& state) const {
    Values values = state.values;
    // Honest members propose them all themselves.
    if (setting_.withholds_votes && !setting_.has_unwanted) return values;
    for (const Member& member : state.honest) {
      const Roster& roster = member.consent.roster();
      if (cast_.is_candidate(member.who) || roster.height() >= setting_.heights + cast_.height()) {
        continue;
      }
      for (const Knock& knock : cast_.knocks) {
        if (!roster.may_enter(knock)) continue;
        Value value = next_of(roster);
        value.knocks = {knock};
        value.seal();
        values.try_emplace(value.id, std::make_shared<const Value>(value));
      }
    }
    return values;
  }

  void try_out(const std::shared_ptr<const State>& state, std::size_t i, const Said& said,
               const Values& values) {
    const Consent& consent = state->honest[i].consent;
    const auto known = consent.pledges();
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const Pledge& pledge) {
      return pledge.seat == cast_.seats[said.who] && pledge.round == said.round &&
             pledge.value == said.value;
    });
    if (is_known) return;
    State next = *state;
    next.values.try_emplace(said.value, values.at(said.value));
    if (!hear(next, i, said)) return;
    next.how = name(state->honest[i].who) + " hears: " + text(said);
    follow(state, std::move(next));
  }

  void try_votes(const std::shared_ptr<const State>& state, std::size_t i, std::size_t liar) {
    for (const Knock& knock : cast_.knocks) {
      State next = *state;
      if (!next.honest[i].consent.learn(cast_.vote(liar, knock.id))) continue;
      step(next, i, false);
      next.how = name(state->honest[i].who) + " hears a vote";
      follow(state, std::move(next));
    }
  }

  // What others say that they have decided; and liars whatever makes somebody decide, as often as
  // it takes.
  void try_words(const std::shared_ptr<const State>& state, std::size_t i) {
    const std::size_t who = state->honest[i].who;
    for (const Said& word : state->words) {
      State next = *state;
      if (word.who == who || !next.honest[i].consent.learn(word_of(word))) continue;
      step(next, i, false);
      next.how =
          name(who) + " hears that " + name(word.who) + " has decided " + short_text(word.value);
      follow(state, std::move(next));
    }
    const Member& member = state->honest[i];
    for (const auto& [id, value] : state->values) {
      State next = *state;
      for (std::size_t liar = cast_.honest; liar < cast_.old(); ++liar) {
        next.honest[i].consent.learn(word_of({liar, {member.chain.size() + 1}, id}));
      }
      step(next, i, false);
      if (next.honest[i].consent.roster().value() == member.consent.roster().value()) continue;
      next.how = name(who) + " hears that the liars have decided " + short_text(id);
      follow(state, std::move(next));
    }
  }

  void try_certificates(const std::shared_ptr<const State>& state, std::size_t i) {
    for (const Member& other : state->honest) {
      for (const Certificate& certificate : other.consent.certificates()) {
        const auto value = state->values.find(certificate.value);
        if (&other == &state->honest[i] || value == state->values.end()) continue;
        State next = *state;
        next.honest[i].consent.learn(*value->second);
        if (!next.honest[i].consent.learn(certificate)) continue;
        step(next, i, false);
        next.how = name(state->honest[i].who) + " hears a certificate of " +
                   short_text(certificate.value) + " in round " +
                   std::to_string(certificate.round.value);
        follow(state, std::move(next));
      }
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

  // --- What must hold ---

  void check(const State& state) {
    if (std::exchange(rolled_back_, false)) count(found_.rollbacks, "a rollback", state);
    bool has_decided = false;
    bool has_admitted = false;
    for (const Member& a : state.honest) {
      has_decided |= !a.chain.empty() && a.chain.back()->id != cast_.founding.back().value.id;
      has_admitted |= cast_.is_candidate(a.who) && !a.chain.empty();
      for (const Member& b : state.honest) {
        const bool fits = goes_on(a.chain, b.chain) || goes_on(b.chain, a.chain);
        if (a.who < b.who && list_each_other(a, b) && !fits) count(found_.forks, "a fork", state);
      }
      if (has_intruder(a)) count(found_.intruders, "an intruder", state);
      if (is_phantom(state, a)) count(found_.phantoms, "a phantom", state);
    }
    found_.decided += has_decided ? 1 : 0;
    found_.admitted += has_admitted ? 1 : 0;
    if (setting_.heals && !heals(state)) count(found_.stuck, "stuck", state);
  }

  // Old members list each other whatever they have decided: nobody wants them to go.
  bool list_each_other(const Member& a, const Member& b) const {
    return a.consent.roster().holds(cast_.seats[b.who]) &&
           b.consent.roster().holds(cast_.seats[a.who]);
  }

  bool has_intruder(const Member& member) const {
    const std::size_t last = cast_.size() - 1;
    return cast_.is_unwanted(last) && member.consent.roster().holds(cast_.seats[last]);
  }

  // It has decided what lets it in, and no old member has.
  bool is_phantom(const State& state, const Member& member) const {
    if (!cast_.is_candidate(member.who)) return false;
    Chain admitting;
    bool is_in = false;
    for (const auto& value : member.chain) {
      if (is_in) break;
      admitting.push_back(value);
      is_in = std::any_of(value->knocks.begin(), value->knocks.end(), [&](const Knock& knock) {
        return knock.id == cast_.seats[member.who].admission;
      });
    }
    return is_in && std::none_of(state.honest.begin(), state.honest.end(), [&](const Member& old) {
             return !cast_.is_candidate(old.who) && goes_on(old.chain, admitting);
           });
  }

  // From here on the liars say nothing, and are voted out.
  bool heals(State state) {
    const Setting bounded = setting_;
    setting_.rounds = setting_.heights = kHealingStepsMax;
    setting_.evicts = cast_.liars > 0;
    for (Member& member : state.honest) {
      if (setting_.evicts) member.consent.learn(cast_.eviction);
      // Votes, too, are passed on.
      for (std::size_t liar = cast_.honest; liar < cast_.old(); ++liar) {
        for (const Knock& knock : cast_.knocks) {
          const bool is_known =
              std::any_of(state.honest.begin(), state.honest.end(), [&](const Member& other) {
                return other.consent.votes(knock.id).contains(cast_.seats[liar]);
              });
          if (is_known) member.consent.learn(cast_.vote(liar, knock.id));
        }
      }
    }
    bool is_healed = false;
    for (std::size_t round = 0; round < kHealingStepsMax && !is_healed; ++round) {
      for (std::size_t i = 0; i < state.honest.size(); ++i) exchange(state, i);
      for (std::size_t i = 0; i < state.honest.size(); ++i) step(state, i, true);
      is_healed = is_whole(state);
    }
    setting_ = bounded;
    if (!is_healed && found_.stuck == 0) last_ = state;
    return is_healed;
  }

  bool is_whole(const State& state) const {
    const Roster& roster = state.honest[0].consent.roster();
    return std::all_of(state.honest.begin(), state.honest.end(), [&](const Member& member) {
      if (cast_.is_candidate(member.who) && !roster.holds(cast_.seats[member.who])) return true;
      const Roster& own = member.consent.roster();
      return own.value() == roster.value() &&
             (cast_.liars == 0 || !own.holds(cast_.seats[cast_.honest]));
    });
  }

  // One hears all that was said by the honest, and what of the liars' any of them holds.
  void exchange(State& state, std::size_t i) {
    for (const Member& from : state.honest) {
      if (from.who == state.honest[i].who) continue;
      for (std::size_t at = 0; at < from.chain.size(); ++at) {
        state.honest[i].consent.learn(*from.chain[at]);
        state.honest[i].consent.learn(from.certificates[at]);
        step(state, i, false);
      }
      for (const Value& value : from.consent.values()) state.honest[i].consent.learn(value);
      for (const Certificate& each : from.consent.certificates()) {
        state.honest[i].consent.learn(each);
      }
      for (const Pledge& pledge : from.consent.pledges()) state.honest[i].consent.learn(pledge);
      for (const Said& word : state.words) {
        if (word.who == from.who) state.honest[i].consent.learn(word_of(word));
      }
    }
    step(state, i, false);
  }

  // --- What is told ---

  std::string name(std::size_t who) const {
    const std::size_t first = cast_.is_candidate(who) ? 'a' + who - cast_.old() : 'A' + who;
    return std::string(1, static_cast<char>(first));
  }
  std::string text(const Said& said) const {
    return name(said.who) + " pledges " + short_text(said.value) + " in round " +
           std::to_string(said.round.value);
  }

  void count(std::size_t& trouble, const std::string& what, const State& state) {
    ++trouble;
    std::string& story = found_.first_trouble;
    if (!story.empty()) return;
    std::vector<std::string> lines{state.how};
    for (auto each = state.before; each != nullptr; each = each->before) lines.push_back(each->how);
    story = what + ":";
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) story += "\n  " + *line;
    const State& shown = last_ ? *last_ : state;
    for (const Said& said : shown.pledges) story += "\n  " + text(said);
    for (const auto& [id, value] : shown.values) story += "\n  " + described(*value);
    for (const Member& member : shown.honest) {
      story += "\n  " + name(member.who) + " has decided";
      for (const auto& value : member.chain) story += " " + described(*value);
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
