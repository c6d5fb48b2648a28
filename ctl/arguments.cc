#include "ctl/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <system_error>

#include "ctl/help.h"
#include "ctl/words.h"

namespace p2pchat::ctl {

namespace {

namespace fs = std::filesystem;

using Shape = Query::Shape;

constexpr std::string_view kSystemSocket = "/run/p2pchatd/p2pchatd.sock";
constexpr std::string_view kUserSocket = "p2pchatd/p2pchatd.sock";  // Below a user's folders.

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

// Of a flag that was not given: "1" or "0" in the environment.
Outcome<bool> read_switch(const char* name) {
  const std::string value = environment(name);
  if (value.empty() || value == "0") return false;
  if (value == "1") return true;
  return usage(std::string(name) + " in the environment is 1 or 0");
}

// The verbs: the flags of each, and what they mean together.
class Parser {
 public:
  explicit Parser(WallTime now) : now_(now) {
    app_.name("chatctl");
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.footer(std::string(general_help()));
    app_.get_formatter()->label("SUBCOMMAND", "VERB");
    app_.set_version_flag("--version", "chatctl " P2PCHAT_VERSION);
    app_.add_option("--socket", words_.socket, "Path of the daemon's socket")->type_name("PATH");
    app_.add_flag("--json", words_.json, "One JSON object per line");
    app_.add_flag("-q,--quiet", words_.quiet, "No notes on stderr, only errors");
    app_.add_option("--timeout", words_.timeout,
                    "How long to wait for the daemon (default 10s); of pull, for messages; "
                    "of join --wait, for the members")
        ->type_name("D");
    add_people();
    add_rooms();
    add_room_ends();
    add_push();
    add_pull();
    add_readers();
    add_log();
    add_views();
  }

  Outcome<std::variant<Command, Printout>> read(std::vector<std::string> arguments);

 private:
  using Meaning = std::function<Outcome<Verb>()>;

  CLI::App& add(const std::string& name, const std::string& description, Meaning meaning) {
    CLI::App& verb = *app_.add_subcommand(name, description);
    verb.group("Verbs");
    verb.footer("Also: --socket PATH, --json, -q, --timeout D; see chatctl --help.\n\n" +
                std::string(verb_help(name)));
    verbs_.emplace_back(&verb, std::move(meaning));
    return verb;
  }
  // A required word that stands by itself.
  static CLI::Option& add_word(CLI::App& verb, const std::string& title, std::string& word,
                               const std::string& description) {
    return *verb.add_option(title, word, description)->required()->type_name("");
  }
  void add_query(const std::string& name, const std::string& description, Shape shape) {
    add(name, description, [name, shape] { return Verb(Query{name, {}, shape}); });
  }

  void add_people();
  void add_rooms();
  void add_room_ends();
  void add_push();
  void add_pull();
  void add_readers();
  void add_log();
  void add_views();

  std::string complaint(std::string text) const;

  WallTime now_;
  CLI::App app_{"Talk to the p2pchat daemon of this host."};
  Words words_;
  std::vector<std::pair<CLI::App*, Meaning>> verbs_;
  CLI::Option* text_ = nullptr;
  CLI::Option* name_ = nullptr;
};

void Parser::add_people() {
  add_query("id", "Who I am: id, fingerprint, addresses", Shape::pairs);
  CLI::App& chat =
      add("chat", "Meet a peer, and talk on this terminal", [this] { return chat_of(words_); });
  add_word(chat, "TARGET", words_.who, "ID@HOST:PORT, HOST[:PORT], or a contact");
  chat.add_flag("--no-talk", words_.no_talk, "Only meet; print the contact's name");
  chat.add_option("--as", words_.reader, "Whose place moves (default talk)")->type_name("READER");

  const std::string who_means = "A name, an id, or the beginning of one";
  CLI::App& alias = add("alias", "Give somebody a name of mine", [this] {
    const auto values = control::Record().set("who", words_.who).set("name", words_.name);
    return Verb(Query{"alias", values, Shape::pairs});
  });
  add_word(alias, "WHO", words_.who, who_means);
  add_word(alias, "NAME", words_.name, "The name to be used from now on");
  CLI::App& block = add("block", "Cut somebody off", [this] {
    const auto values = control::Record().set("who", words_.who).set("undo", words_.undo);
    return Verb(Query{"block", values, Shape::pairs});
  });
  add_word(block, "WHO", words_.who, who_means);
  block.add_flag("--undo", words_.undo, "Let them in again");
  CLI::App& verify = add("verify", "Note that I have compared a fingerprint", [this] {
    return Verb(Query{"verify", control::Record().set("who", words_.who), Shape::pairs});
  });
  add_word(verify, "WHO", words_.who, who_means);
}

void Parser::add_rooms() {
  CLI::App& add = this->add("add", "Have the rendezvous list me, for everybody who asks it",
                            [this] { return add_of(words_); });
  add.add_option("HOST[:PORT]", words_.address, "Where I am to be found, if not as my card says")
      ->type_name("");
  add.add_flag("--rm", words_.undo, "Not any more");
  this->add("list", "Whom the rendezvous lists", [] {
    return Verb(Query{"list", {}, Shape::table, true});
  });
  CLI::App& create = this->add("create", "Make a room", [this] { return create_of(words_); });
  add_word(create, "NAME", words_.name, "What the room is called");
  add_word(create, "SIZE", words_.size, "How many members it may have, me included: 2 to 256");
  create
      .add_option("--history", words_.history,
                  "What a newcomer may read of the time before it came: none (the default) or all")
      ->type_name("WHAT");
  CLI::App& join =
      this->add("join", "Ask to be let into a room", [this] { return join_of(words_); });
  add_word(join, "NAME", words_.name, "NAME, NAME@CREATOR or NAME@ROOMID");
  join.add_option("--note", words_.note, "Tell the members why")->type_name("TEXT");
  join.add_flag("--wait", words_.wait, "Until the members have answered; exit 10 if it is no");
  join.add_option("--via", words_.via, "Knock at a member's door, without any rendezvous")
      ->type_name("HOST:PORT");
  add_query("votes", "Who waits for my vote", Shape::blocks);
  CLI::App& vote = this->add("vote", "Say whether somebody may join, or is to go",
                             [this] { return vote_of(words_); });
  add_word(vote, "NAME", words_.name, "The room");
  add_word(vote, "WHO", words_.who, "A name, an id, or the beginning of one; see chatctl votes");
  add_word(vote, "ANSWER", words_.answer, "yes, no or evict; it is final");
  vote.add_option("--note", words_.note, "Tell the others why")->type_name("TEXT");
  vote.add_flag("--yes", words_.sure, "Ask me nothing");
}

void Parser::add_room_ends() {
  add_query("rooms", "The rooms that I am in", Shape::table);
  CLI::App& members = add("members", "Who is in a room", [this] { return members_of(words_); });
  add_word(members, "NAME", words_.name, "A room or a contact");
  members.add_flag("--proof", words_.proof, "Prove who let whom in, from what all have signed");
  members.add_option("--state", words_.state, "Of --proof: where p2pchatd keeps its state")
      ->type_name("DIR");
  CLI::App& keep = add("keep", "How much of a conversation is kept on this disk",
                       [this] { return keep_of(words_); });
  add_word(keep, "NAME", words_.name, "A room or a contact");
  keep.add_option("AMOUNT", words_.amounts,
                  "Messages no older than AGE (30d), in no more bytes than SIZE (500M), or all")
      ->expected(0, 2)
      ->type_name("[AGE] [SIZE] | all");
  CLI::App& leave = add("leave", "Go from a room", [this] { return farewell_of(words_, false); });
  CLI::App& closing = add("delete", "Close a room that I have made, for good and for all",
                          [this] { return farewell_of(words_, true); });
  for (CLI::App* verb : {&leave, &closing}) {
    add_word(*verb, "NAME", words_.name, "The room");
    verb->add_flag("--yes", words_.sure, "Ask me nothing");
  }
}

void Parser::add_push() {
  CLI::App& push = add("push", "Send a message", [this] {
    words_.has_text = text_->count() > 0;
    return push_of(words_);
  });
  add_word(push, "NAME", words_.name, "To whom: a room, a contact, or an id");
  text_ = push.add_option("TEXT", words_.text, "The message; - takes all of stdin")->type_name("");
  push.add_flag("-l,--lines", words_.lines, "Each line of stdin is a message");
  push.add_option("--file", words_.file, "All of a file is the message")->type_name("F");
  push.add_option("--key", words_.key,
                  "Push it once: the same again under this key only prints the same id")
      ->type_name("K");
  push.add_option("--wait", words_.until_when,
                  "Until the message is stored here (the default), delivered to so many members, "
                  "or to all; --timeout ends it with 6 or 7")
      ->type_name("stored|delivered[:N]|all");
}

void Parser::add_pull() {
  CLI::App& pull = add("pull", "Read what is new", [this] {
    words_.has_name = name_->count() > 0;
    return pull_of(words_);
  });
  name_ = pull.add_option("NAME", words_.name, "Only this room or contact")->type_name("");
  pull.add_flag("-f,--follow", words_.follow, "Go on with what comes");
  pull.add_option("-n,--count", words_.count, "End after so many messages")->type_name("N");
  pull.add_option("--as", words_.reader, "Whose place to go on from (default default)")
      ->type_name("READER");
  pull.add_flag("--peek", words_.peek, "Leave the place where it is");
  pull.add_option("--ack", words_.ack,
                  "auto: the place moves once a message is written; "
                  "manual: by chatctl ack")
      ->type_name("auto|manual");
  pull.add_flag("--mine", words_.mine, "My own messages too");
  pull.add_option("--idle", words_.idle, "Follow, and end when nothing came for so long")
      ->type_name("D");
  pull.add_option("--format", words_.format, "How a message is written")->type_name("FORMAT");
  pull.add_flag("--fail-empty", words_.fail_empty, "Exit 8 when nothing was new");
}

void Parser::add_readers() {
  CLI::App& ack = add("ack", "Note that a reader has had all up to a message",
                      [this] { return ack_of(words_); });
  add_word(ack, "ID", words_.who, "Of the newest message that was read");
  ack.add_option("--as", words_.reader, "Whose place (default default)")->type_name("READER");
  add_query("readers", "Where each reader stands", Shape::table);
}

void Parser::add_log() {
  CLI::App& log =
      add("log", "The history of a room or contact", [this] { return log_of(words_, now_); });
  add_word(log, "NAME", words_.name, "A room, a contact, or an id");
  log.add_option("--since", words_.since, "From this time or message on")->type_name("TIME");
  log.add_option("--until", words_.until, "Up to this time or message")->type_name("TIME");
  log.add_option("--search", words_.search, "Only messages with all of these words")
      ->type_name("WORDS");
  log.add_option("-n,--count", words_.count, "Only the newest so many")->type_name("N");
  log.add_option("--format", words_.format, "As of pull")->type_name("FORMAT");
}

void Parser::add_views() {
  add_query("peers", "Whom I know, and how they are reached", Shape::table);
  add_query("status", "Health and counters", Shape::pairs);
  add_query("doctor", "What is wrong, in one line each", Shape::sentences);
}

// Where p2pchatd puts its socket for an ordinary user, the better place first. Like there, only
// whole paths count.
std::vector<fs::path> user_folders() {
  fs::path state = environment("XDG_STATE_HOME");
  if (!state.is_absolute()) state = fs::path(environment("HOME")) / ".local/state";
  std::vector<fs::path> folders{environment("XDG_RUNTIME_DIR"), std::move(state)};
  std::erase_if(folders, [](const fs::path& folder) { return !folder.is_absolute(); });
  return folders;
}

std::string socket_path(const std::string& given) {
  if (!given.empty()) return given;
  const std::string from_environment = environment("CHATCTL_SOCKET");
  if (!from_environment.empty()) return from_environment;
  for (const fs::path& folder : user_folders()) {
    const fs::path path = folder / kUserSocket;
    std::error_code ignored;
    if (fs::exists(path, ignored)) return path;
  }
  return std::string(kSystemSocket);
}

// CLI11's sentence, which may have several lines, as one of ours.
std::string Parser::complaint(std::string text) const {
  const auto verbs = app_.get_subcommands();
  if (verbs.empty()) {
    const auto foreign = app_.remaining();
    text = foreign.empty() ? "a verb is missing" : "no such verb or flag: " + foreign.front();
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text + " (see chatctl " + (verbs.empty() ? "" : verbs.front()->get_name() + " ") +
         "--help)";
}

Outcome<std::variant<Command, Printout>> Parser::read(std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // As CLI11 wants them.
  try {
    app_.parse(std::move(arguments));
  } catch (const CLI::CallForVersion& version) {
    return Printout{std::string(version.what()) + "\n"};
  } catch (const CLI::Success&) {
    return Printout{app_.help()};
  } catch (const CLI::Error& error) {
    return usage(complaint(error.what()));
  }
  const auto verb = std::find_if(verbs_.begin(), verbs_.end(),
                                 [](const auto& each) { return each.first->parsed(); });
  auto meaning = verb->second();
  if (!meaning) return end_with(meaning.error());
  const auto timeout = read_duration("--timeout", words_.timeout);
  if (!timeout) return end_with(timeout.error());
  const auto json = read_switch("CHATCTL_JSON");
  if (!json) return end_with(json.error());
  const auto quiet = read_switch("CHATCTL_QUIET");
  if (!quiet) return end_with(quiet.error());
  // What was given on the command line wins: a format, too.
  const bool is_json = words_.json || (*json && words_.format.empty());
  return Command{socket_path(words_.socket), is_json, words_.quiet || *quiet, *timeout,
                 std::move(*meaning)};
}

}  // namespace

Outcome<std::variant<Command, Printout>> read_arguments(std::vector<std::string> arguments,
                                                        WallTime now) {
  return Parser(now).read(std::move(arguments));
}

}  // namespace p2pchat::ctl
