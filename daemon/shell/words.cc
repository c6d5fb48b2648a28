#include "daemon/shell/words.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <set>

#include "proto/text.h"

namespace p2pchat {
namespace {

constexpr std::string_view kEnvironmentPrefix = "P2PCHATD_";

// What may stand in the environment, in upper case with underscores, and in the file.
constexpr std::array kKeys{"state",     "socket", "name", "listen",     "advertise", "rendezvous",
                           "auto-vote", "accept", "rate", "room-bytes", "relay",     "log-level"};
// The one key that is a list.
constexpr std::string_view kListKey = "auto-vote";

// CLI11's TOML, with its silences broken: it takes the first of two equal keys, skips
// foreign sections' depth, and lets a '#' within quotes begin a comment.
class StrictToml : public CLI::ConfigTOML {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> all = CLI::ConfigTOML::from_config(input);
    std::set<std::string> seen;
    for (const CLI::ConfigItem& item : all) {
      if (!item.parents.empty()) {
        throw CLI::ConfigError(
            fmt::format("[{}] is a section, and there are none", item.parents.front()));
      }
      if (std::find(kKeys.begin(), kKeys.end(), item.name) == kKeys.end()) {
        throw CLI::ConfigError(fmt::format("'{}' is no key", cleaned(item.name)));
      }
      const bool has_one = item.inputs.size() == 1 || item.name == kListKey;
      if (!has_one || !seen.insert(item.name).second) {
        throw CLI::ConfigError(fmt::format("'{}' has more than one value", item.name));
      }
      if (std::any_of(item.inputs.begin(), item.inputs.end(), is_quoted)) {
        throw CLI::ConfigError(fmt::format(
            "the quotes of '{}' do not match, or there is a # between them", item.name));
      }
    }
    // To CLI11 an empty list is an option without its value.
    std::erase_if(all, [](const CLI::ConfigItem& item) { return item.inputs.empty(); });
    return all;
  }

 private:
  static bool is_quote(char letter) { return letter == '"' || letter == '\'' || letter == '`'; }
  // CLI11 has taken off the quotes that match.
  static bool is_quoted(const std::string& value) {
    return !value.empty() && (is_quote(value.front()) || is_quote(value.back()));
  }
};

// "p2pchatd: " is put before it by whoever prints it.
std::string sentence(const CLI::ParseError& error, const std::string& config) {
  const std::string name = error.get_name();
  std::string text = error.what();
  if (name == "ConfigError") return fmt::format("{}: {}", config, text);
  if (name == "FileError") return fmt::format("the config file {} cannot be read", config);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return fmt::format("{}; see p2pchatd --help", cleaned(text));
}

// Whether the flag `key` is among `arguments`.
bool names(const std::vector<std::string>& arguments, const std::string& key) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& each) {
    return each == "--" + key || each.starts_with("--" + key + "=");
  });
}

}  // namespace

Result<std::optional<Printout>> read_words(std::vector<std::string> arguments, Words& words) {
  CLI::App app("p2pchatd: the daemon of p2pchat. See p2pchatd(8).", "p2pchatd");
  app.config_formatter(std::make_shared<StrictToml>());
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_version_flag("--version", "p2pchatd " P2PCHAT_VERSION);
  const auto text = [&](const char* flag, std::string& into, const char* value, const char* what) {
    app.add_option(flag, into, what)->type_name(value)->take_last();
  };
  CLI::Option* config = app.set_config("--config", "", "Read this file first");
  config->type_name("FILE")->take_last();
  text("--state", words.state, "DIR", "Where identity and database are kept");
  text("--socket", words.socket, "PATH", "Where chatctl finds this daemon");
  text("--name", words.name, "NAME", "What to be called by others");
  text("--listen", words.listen, "HOST:PORT", "The door; link and PUB take the next two ports");
  text("--advertise", words.advertise, "HOST[:PORT]", "Where others reach the door");
  text("--rendezvous", words.rendezvous, "ID@HOST:PORT", "Where peers find each other");
  app.add_option("--auto-vote", words.auto_vote, "Vote yes at once when one of these ids knocks")
      ->type_name("ID")
      ->delimiter(',');
  text("--accept", words.accept, "WHO", "Who may register: anyone, ask, known or nobody");
  text("--rate", words.rate, "N", "Own pushes a second; 0 is no limit");
  text("--room-bytes", words.room_bytes, "N", "Stored bytes of a room before it pauses");
  app.add_flag("--relay", words.relay, "Offer to forward packets for others")->take_last();
  text("--log-level", words.log_level, "LEVEL", "debug, info, warning or error");
  app.add_flag("--check-config", words.check_config, "Print what would be used, and end")
      ->configurable(false);
  app.add_option("--proof", words.proof, "Print what proves who is in this room, and end")
      ->type_name("NAME")
      ->configurable(false)
      ->check([](const std::string& name) { return name.empty() ? "names no room" : ""; });

  const auto config_given = [&] {
    return config->count() > 0 ? config->results().back() : std::string();
  };
  try {
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return Printout{app.help()};
  } catch (const CLI::CallForVersion& version) {
    return Printout{std::string(version.what()) + '\n'};
  } catch (const CLI::ParseError& error) {
    return fail(Fault::usage, sentence(error, config_given()));
  }
  words.config = config_given();
  return std::nullopt;
}

Result<std::vector<std::string>> with_environment(const std::vector<std::string>& arguments,
                                                  const Surroundings& around) {
  std::vector<std::string> all;
  for (const auto& [name, value] : around.environment) {
    if (!name.starts_with(kEnvironmentPrefix)) continue;
    std::string key = name.substr(kEnvironmentPrefix.size());
    for (char& letter : key) {
      const bool is_upper = letter >= 'A' && letter <= 'Z';
      letter = letter == '_' ? '-' : static_cast<char>(is_upper ? letter - 'A' + 'a' : '?');
    }
    if (key != "config" && std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      return fail(Fault::usage, fmt::format("the environment's {} is no setting", cleaned(name)));
    }
    // An empty variable is as good as none. A list would not be replaced by a later one.
    if (value.empty() || (key == kListKey && names(arguments, key))) continue;
    all.push_back(fmt::format("--{}={}", key, value));
  }
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

}  // namespace p2pchat
