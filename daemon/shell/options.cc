#include "daemon/shell/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <set>
#include <unistd.h>

#include "proto/text.h"

namespace p2pchat {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnvironmentPrefix = "P2PCHATD_";
constexpr std::string_view kSystemState = "/var/lib/p2pchatd";
constexpr std::string_view kSystemSocket = "/run/p2pchatd/p2pchatd.sock";
constexpr std::string_view kSystemConfig = "/etc/p2pchat/p2pchatd.toml";
constexpr std::string_view kListenDefault = "127.0.0.1:7473";
// Link and PUB take the next two ports.
constexpr std::uint16_t kDoorPortMax = 65533;

// What may stand in the environment, in upper case with underscores, and in the file.
constexpr std::array kKeys{"state",  "socket", "name",       "listen", "advertise",
                           "accept", "rate",   "room-bytes", "relay",  "log-level"};

// All words as they came, before they mean anything.
struct Words {
  std::string config, state, socket, name, listen{kListenDefault}, advertise, accept;
  std::string rate = std::to_string(kPushRateDefault);
  std::string room_bytes = std::to_string(kRoomBytesDefault);
  std::string log_level = "info";
  bool relay = false;
  bool check_config = false;
};

tl::unexpected<Error> usage(std::string text) { return fail(Fault::usage, std::move(text)); }

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
      if (item.inputs.size() != 1 || !seen.insert(item.name).second) {
        throw CLI::ConfigError(fmt::format("'{}' has more than one value", item.name));
      }
      const std::string& value = item.inputs.front();
      if (!value.empty() && (is_quote(value.front()) || is_quote(value.back()))) {
        throw CLI::ConfigError(fmt::format(
            "the quotes of '{}' do not match, or there is a # between them", item.name));
      }
    }
    return all;
  }

 private:
  static bool is_quote(char letter) { return letter == '"' || letter == '\'' || letter == '`'; }
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

// Reads the arguments and the file that they name into `words`. Nothing if they ask for
// a run; otherwise what to print.
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
  text("--accept", words.accept, "WHO", "Who may register: anyone, ask, known or nobody");
  text("--rate", words.rate, "N", "Own pushes a second; 0 is no limit");
  text("--room-bytes", words.room_bytes, "N", "Stored bytes of a room before it pauses");
  app.add_flag("--relay", words.relay, "Offer to forward packets for others")->take_last();
  text("--log-level", words.log_level, "LEVEL", "debug, info, warning or error");
  app.add_flag("--check-config", words.check_config, "Print what would be used, and end")
      ->configurable(false);

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
    return usage(sentence(error, config_given()));
  }
  words.config = config_given();
  return std::nullopt;
}

// The environment as arguments, to stand before the real ones, where they lose against
// them and win against the file. An empty variable is as good as none.
Result<std::vector<std::string>> environment_arguments(const Surroundings& around) {
  std::vector<std::string> arguments;
  for (const auto& [name, value] : around.environment) {
    if (!name.starts_with(kEnvironmentPrefix)) continue;
    std::string key = name.substr(kEnvironmentPrefix.size());
    for (char& letter : key) {
      const bool is_upper = letter >= 'A' && letter <= 'Z';
      letter = letter == '_' ? '-' : static_cast<char>(is_upper ? letter - 'A' + 'a' : '?');
    }
    if (key != "config" && std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
      return usage(fmt::format("the environment's {} is no setting", cleaned(name)));
    }
    if (!value.empty()) arguments.push_back(fmt::format("--{}={}", key, value));
  }
  return arguments;
}

std::string variable(const Surroundings& around, const std::string& name) {
  const auto found = around.environment.find(name);
  return found == around.environment.end() ? std::string() : found->second;
}

// One of the XDG folders: `variable_name`'s, which must be absolute, or `below_home`.
std::optional<fs::path> xdg(const Surroundings& around, const char* variable_name,
                            const char* below_home) {
  const fs::path named = variable(around, variable_name);
  if (named.is_absolute()) return named;
  const fs::path home = variable(around, "HOME");
  if (below_home == nullptr || !home.is_absolute()) return std::nullopt;
  return home / below_home;
}

struct Folders {
  fs::path state, socket, config;  // Empty where nothing can be the default.
};

Folders default_folders(const Surroundings& around, const std::string& state) {
  if (around.is_root || state == kSystemState) return {kSystemState, kSystemSocket, kSystemConfig};
  Folders folders;
  if (const auto base = xdg(around, "XDG_STATE_HOME", ".local/state")) {
    folders.state = *base / "p2pchatd";
    folders.socket = folders.state / "p2pchatd.sock";
  }
  if (const auto base = xdg(around, "XDG_RUNTIME_DIR", nullptr)) {
    folders.socket = *base / "p2pchatd" / "p2pchatd.sock";
  }
  if (const auto base = xdg(around, "XDG_CONFIG_HOME", ".config")) {
    folders.config = *base / "p2pchat" / "p2pchatd.toml";
  }
  return folders;
}

fs::path whole_path(const fs::path& path) {
  std::error_code ignored;
  const fs::path whole = fs::absolute(path, ignored);
  return whole.empty() ? path : whole.lexically_normal();
}

Result<void> choose_folders(const Words& words, const Surroundings& around, Options& options) {
  const Folders defaults = default_folders(around, words.state);
  const fs::path state = words.state.empty() ? defaults.state : fs::path(words.state);
  const fs::path socket = words.socket.empty() ? defaults.socket : fs::path(words.socket);
  if (state.empty()) return usage("there is no HOME to keep the state in; give --state DIR");
  if (socket.empty()) return usage("there is no place for the socket; give --socket PATH");
  options.state = whole_path(state);
  options.socket = whole_path(socket);
  const std::size_t size = options.socket.native().size();
  if (size > kSocketPathBytesMax) {
    return usage(fmt::format("socket {}: the path has {} bytes, and a socket's may have {}",
                             options.socket.native(), size, kSocketPathBytesMax));
  }
  return {};
}

template <class Enum, std::size_t N>
using Choices = std::array<std::pair<std::string_view, Enum>, N>;

constexpr Choices<Accept, 4> kAccepts{{{"anyone", Accept::anyone},
                                       {"ask", Accept::ask},
                                       {"known", Accept::known},
                                       {"nobody", Accept::nobody}}};
constexpr Choices<LogLevel, 4> kLogLevels{{{"debug", LogLevel::debug},
                                           {"info", LogLevel::info},
                                           {"warning", LogLevel::warning},
                                           {"error", LogLevel::error}}};

template <class Enum, std::size_t N>
Result<Enum> choose(std::string_view key, std::string_view word, const Choices<Enum, N>& choices) {
  std::string all;
  for (const auto& [text, value] : choices) {
    if (text == word) return value;
    all += fmt::format("{}{}", all.empty() ? "" : ", ", text);
  }
  return usage(fmt::format("{} '{}': must be one of {}", key, cleaned(word), all));
}

template <class Enum, std::size_t N>
std::string_view word_of(Enum value, const Choices<Enum, N>& choices) {
  for (const auto& [text, choice] : choices) {
    if (choice == value) return text;
  }
  return {};
}

template <class Integer>
Result<Integer> number(std::string_view key, std::string_view word, Integer at_least) {
  Integer value{};
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || value < at_least) {
    return usage(fmt::format("{} '{}': must be a whole number of at least {}", key, cleaned(word),
                             at_least));
  }
  return value;
}

bool is_loopback(const std::string& host) {
  in6_addr address{};
  if (inet_pton(AF_INET, host.c_str(), &address) == 1) return host.starts_with("127.");
  return inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
}

bool is_ip(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// libzmq binds addresses, not names, so a name is not taken for one.
Result<Address> listen_address(const std::string& word) {
  auto address = parse_address(word, kDoorPortDefault);
  if (!address) return usage(fmt::format("listen '{}': {}", cleaned(word), address.error().text));
  if (address->host == "localhost") address->host = "127.0.0.1";
  if (address->host != "*" && !is_ip(address->host)) {
    return usage(fmt::format("listen '{}': the host must be an IP address, or * for all of them",
                             cleaned(word)));
  }
  if (address->port > kDoorPortMax) {
    return usage(fmt::format("listen '{}': the two ports after it are needed too, so {} at most",
                             cleaned(word), kDoorPortMax));
  }
  return address;
}

Result<std::optional<Address>> advertised(const std::string& word) {
  if (word.empty()) return std::nullopt;
  auto address = parse_address(word, 0);
  if (!address) {
    return usage(fmt::format("advertise '{}': {}", cleaned(word), address.error().text));
  }
  if (address->host == "*") {
    return usage("advertise: * is no address that others could come to");
  }
  if (address->port > kDoorPortMax) {
    return usage(fmt::format("advertise '{}': the two ports after it are needed too, so {} at most",
                             cleaned(word), kDoorPortMax));
  }
  return address;
}

Result<std::string> own_name(const std::string& word, const Surroundings& around) {
  if (!word.empty()) {
    if (is_claimable_name(word)) return word;
    return usage(fmt::format("name '{}': must be 1 to {} characters without control characters",
                             cleaned(word), kNamePointsMax));
  }
  std::string name = around.host_name.substr(0, around.host_name.find('.'));
  return !name.empty() && is_claimable_name(name) ? name : std::string("nameless");
}

Result<Options> understand(const Words& words, const Surroundings& around) {
  Options options;
  if (auto done = choose_folders(words, around, options); !done) {
    return tl::unexpected(done.error());
  }
  const auto name = own_name(words.name, around);
  if (!name) return tl::unexpected(name.error());
  const auto listen = listen_address(words.listen);
  if (!listen) return tl::unexpected(listen.error());
  const auto advertise = advertised(words.advertise);
  if (!advertise) return tl::unexpected(advertise.error());
  const std::string_view accept_default = is_loopback(listen->host) ? "anyone" : "ask";
  const auto accept =
      choose("accept", words.accept.empty() ? accept_default : words.accept, kAccepts);
  if (!accept) return tl::unexpected(accept.error());
  const auto rate = number<std::uint32_t>("rate", words.rate, 0);
  if (!rate) return tl::unexpected(rate.error());
  const auto room_bytes = number<std::uint64_t>("room-bytes", words.room_bytes, kFrameBytesMax);
  if (!room_bytes) return tl::unexpected(room_bytes.error());
  const auto log_level = choose("log-level", words.log_level, kLogLevels);
  if (!log_level) return tl::unexpected(log_level.error());

  options.name = *name;
  options.listen = *listen;
  options.advertise = *advertise;
  options.accept = *accept;
  options.rate = *rate;
  options.room_bytes = *room_bytes;
  options.is_relay = words.relay;
  options.log_level = *log_level;
  return options;
}

// As a config file that says the same.
Printout checked(const Words& words, const Options& options) {
  std::string advertise;
  if (options.advertise) {
    const std::string whole = to_text(*options.advertise);
    advertise =
        fmt::format("advertise = \"{}\"\n",
                    options.advertise->port != 0 ? whole : whole.substr(0, whole.rfind(':')));
  }
  return {fmt::format(
      "# {}\nstate = \"{}\"\nsocket = \"{}\"\nname = \"{}\"\nlisten = \"{}\"\n{}accept = \"{}\"\n"
      "rate = {}\nroom-bytes = {}\nrelay = {}\nlog-level = \"{}\"\n",
      words.config.empty() ? "No config file." : words.config, options.state.native(),
      options.socket.native(), options.name, to_text(options.listen), advertise,
      word_of(options.accept, kAccepts), options.rate, options.room_bytes, options.is_relay,
      word_of(options.log_level, kLogLevels))};
}

}  // namespace

Surroundings surroundings() {
  Surroundings around;
  around.is_root = geteuid() == 0;
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0) around.host_name = host.data();
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    around.environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return around;
}

Result<std::variant<Options, Printout>> read_options(const std::vector<std::string>& arguments,
                                                     const Surroundings& around) {
  auto all = environment_arguments(around);
  if (!all) return tl::unexpected(all.error());
  all->insert(all->end(), arguments.begin(), arguments.end());

  Words words;
  auto printout = read_words(*all, words);
  if (!printout) return tl::unexpected(printout.error());
  if (!*printout && words.config.empty()) {
    // No file was named: the default one is, if it is there, as the weakest of all arguments.
    const fs::path file = default_folders(around, words.state).config;
    std::error_code ignored;
    if (!file.empty() && fs::exists(file, ignored)) {
      all->insert(all->begin(), "--config=" + file.native());
      words = {};
      printout = read_words(*all, words);
      if (!printout) return tl::unexpected(printout.error());
    }
  }
  if (*printout) return **printout;

  auto options = understand(words, around);
  if (!options) return tl::unexpected(options.error());
  if (words.check_config) return checked(words, *options);
  return *options;
}

}  // namespace p2pchat
