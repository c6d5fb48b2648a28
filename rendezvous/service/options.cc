#include "rendezvous/service/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

#include "proto/crypto.h"
#include "proto/rendezvous.h"
#include "proto/text.h"

namespace p2pchat::rendezvous {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSystemState = "/var/lib/p2pchat-rendezvous";
constexpr std::string_view kSystemConfig = "/etc/p2pchat/p2pchat-rendezvous.toml";
constexpr std::string_view kListenDefault = "127.0.0.1:7472";
constexpr std::string_view kStoreScheme = "sqlite:";

constexpr std::array kKeys{"state", "listen", "store", "log-level", "allow"};

// All words as they came, before they mean anything.
struct Words {
  std::string state, store, listen{kListenDefault}, log_level = "info";
  std::vector<std::string> allow;
};

tl::unexpected<Error> usage(std::string text) { return fail(Fault::usage, std::move(text)); }

// CLI11's TOML, with its silences broken: it takes the first of two equal keys, skips foreign
// sections, and lets a '#' within quotes begin a comment.
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
      if (!seen.insert(item.name).second || (item.inputs.size() != 1 && item.name != "allow")) {
        throw CLI::ConfigError(fmt::format("'{}' has more than one value", item.name));
      }
      for (const std::string& value : item.inputs) {
        if (value.empty() || is_quote(value.front()) || is_quote(value.back())) {
          throw CLI::ConfigError(fmt::format(
              "the quotes of '{}' do not match, or there is a # between them", item.name));
        }
      }
    }
    return all;
  }

 private:
  static bool is_quote(char letter) { return letter == '"' || letter == '\'' || letter == '`'; }
};

// "p2pchat-rendezvous: " is put before it by whoever prints it.
std::string sentence(const CLI::ParseError& error, const std::string& config) {
  const std::string name = error.get_name();
  std::string text = error.what();
  if (name == "ConfigError") return fmt::format("{}: {}", config, text);
  if (name == "FileError") return fmt::format("the config file {} cannot be read", config);
  std::replace(text.begin(), text.end(), '\n', ' ');
  return fmt::format("{}; see p2pchat-rendezvous --help", cleaned(text));
}

fs::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? fs::path() : fs::path(value);
}

// One of the XDG folders, or `below_home`; empty if there is neither.
fs::path xdg(const char* name, const char* below_home) {
  if (variable(name).is_absolute()) return variable(name);
  return variable("HOME").is_absolute() ? variable("HOME") / below_home : fs::path();
}

bool is_system(const std::string& state) { return geteuid() == 0 || state == kSystemState; }

fs::path default_state(const std::string& state) {
  if (is_system(state)) return kSystemState;
  const fs::path base = xdg("XDG_STATE_HOME", ".local/state");
  return base.empty() ? base : base / "p2pchat-rendezvous";
}

fs::path default_config(const std::string& state) {
  if (is_system(state)) return kSystemConfig;
  const fs::path base = xdg("XDG_CONFIG_HOME", ".config");
  return base.empty() ? base : base / "p2pchat" / "p2pchat-rendezvous.toml";
}

// Reads the arguments and the file that they name; a printout if they ask for no run.
Result<std::optional<Printout>> read_words(std::vector<std::string> arguments, Words& words,
                                           bool& has_config) {
  CLI::App app("p2pchat-rendezvous: where peers of p2pchat find each other.", "p2pchat-rendezvous");
  app.config_formatter(std::make_shared<StrictToml>());
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_version_flag("--version", "p2pchat-rendezvous " P2PCHAT_VERSION);
  const auto text = [&](const char* flag, std::string& into, const char* value, const char* what) {
    app.add_option(flag, into, what)->type_name(value)->take_last();
  };
  CLI::Option* config = app.set_config("--config", "", "Read this file first");
  config->type_name("FILE")->take_last();
  text("--state", words.state, "DIR", "Where identity, address and store are kept");
  text("--listen", words.listen, "HOST:PORT", "Where clients come to");
  text("--store", words.store, "sqlite:PATH", "Where what it knows is kept");
  text("--log-level", words.log_level, "LEVEL", "debug, info, warning or error");
  app.add_option("--allow", words.allow, "Serve these ids alone")->type_name("ID");
  const auto config_given = [&] { return config->count() > 0 ? config->results().back() : ""; };
  try {
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return Printout{app.help()};
  } catch (const CLI::CallForVersion& version) {
    return Printout{std::string(version.what()) + '\n'};
  } catch (const CLI::ParseError& error) {
    return usage(sentence(error, config_given()));
  }
  has_config = config->count() > 0;
  return std::nullopt;
}

bool is_ip(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

Result<Address> listen_address(const std::string& word) {
  auto address = parse_address(word, kPortDefault);
  if (!address) return usage(fmt::format("listen '{}': {}", cleaned(word), address.error().text));
  if (address->host == "localhost") address->host = "127.0.0.1";
  if (address->host != "*" && !is_ip(address->host)) {
    return usage(fmt::format("listen '{}': the host must be an IP address, or * for all of them",
                             cleaned(word)));
  }
  return address;
}

Result<fs::path> store_path(const std::string& word, const fs::path& state) {
  if (word.empty()) return state / "rendezvous.db";
  if (!word.starts_with(kStoreScheme) || word.size() == kStoreScheme.size()) {
    return usage(fmt::format("store '{}': must be sqlite:PATH", cleaned(word)));
  }
  return fs::path(word.substr(kStoreScheme.size()));
}

Result<LogLevel> log_level(const std::string& word) {
  if (word == "debug") return LogLevel::debug;
  if (word == "info") return LogLevel::info;
  if (word == "warning") return LogLevel::warning;
  if (word == "error") return LogLevel::error;
  return usage(
      fmt::format("log-level '{}': must be one of debug, info, warning, error", cleaned(word)));
}

Result<Options> understand(const Words& words) {
  Options options;
  options.state = words.state.empty() ? default_state("") : fs::path(words.state);
  if (options.state.empty())
    return usage("there is no HOME to keep the state in; give --state DIR");
  options.state = fs::absolute(options.state).lexically_normal();
  const auto listen = listen_address(words.listen);
  if (!listen) return tl::unexpected(listen.error());
  const auto store = store_path(words.store, options.state);
  if (!store) return tl::unexpected(store.error());
  const auto level = log_level(words.log_level);
  if (!level) return tl::unexpected(level.error());
  for (const std::string& word : words.allow) {
    const auto peer = peer_id(word);
    if (!peer || !curve_key(*peer)) {
      return usage(fmt::format("allow '{}': is not an id (52 characters)", cleaned(word)));
    }
    options.allow.insert(*peer);
  }
  options.listen = *listen;
  options.store = fs::absolute(*store).lexically_normal();
  options.log_level = *level;
  return options;
}

}  // namespace

Result<std::variant<Options, Printout>> read_options(std::vector<std::string> arguments) {
  Words words;
  bool has_config = false;
  auto printout = read_words(arguments, words, has_config);
  if (!printout) return tl::unexpected(printout.error());
  if (!*printout && !has_config) {
    // No file was named: the default one is, if it is there.
    const fs::path file = default_config(words.state);
    std::error_code ignored;
    if (!file.empty() && fs::exists(file, ignored)) {
      arguments.insert(arguments.begin(), "--config=" + file.native());
      words = {};
      printout = read_words(arguments, words, has_config);
      if (!printout) return tl::unexpected(printout.error());
    }
  }
  if (*printout) return **printout;
  auto options = understand(words);
  if (!options) return tl::unexpected(options.error());
  return *std::move(options);
}

}  // namespace p2pchat::rendezvous
