#include "daemon/shell/options.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <fmt/format.h>
#include <unistd.h>

#include "daemon/shell/words.h"
#include "proto/crypto.h"
#include "proto/text.h"

namespace p2pchat {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSystemState = "/var/lib/p2pchatd";
constexpr std::string_view kSystemSocket = "/run/p2pchatd/p2pchatd.sock";
constexpr std::string_view kSystemConfig = "/etc/p2pchat/p2pchatd.toml";
// Link and PUB take the next two ports.
constexpr std::uint16_t kDoorPortMax = 65533;

tl::unexpected<Error> usage(std::string text) { return fail(Fault::usage, std::move(text)); }

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

Result<std::optional<rendezvous::Locator>> rendezvous_of(const std::string& word) {
  if (word.empty()) return std::nullopt;
  auto locator = rendezvous::parse_locator(word);
  if (locator) return *std::move(locator);
  return usage(fmt::format("rendezvous '{}': {}", cleaned(word), locator.error().text));
}

Result<std::set<PeerId>> voted_for(const std::vector<std::string>& words) {
  std::set<PeerId> peers;
  for (const std::string& word : words) {
    const auto peer = peer_id(word);
    if (!peer || !curve_key(*peer)) {
      return usage(fmt::format("auto-vote '{}': is not an id (52 characters)", cleaned(word)));
    }
    peers.insert(*peer);
  }
  return peers;
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
  const auto rendezvous = rendezvous_of(words.rendezvous);
  if (!rendezvous) return tl::unexpected(rendezvous.error());
  const auto auto_vote = voted_for(words.auto_vote);
  if (!auto_vote) return tl::unexpected(auto_vote.error());
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
  options.rendezvous = *rendezvous;
  options.auto_vote = *auto_vote;
  options.accept = *accept;
  options.rate = *rate;
  options.room_bytes = *room_bytes;
  options.is_relay = words.relay;
  options.log_level = *log_level;
  options.proof = words.proof;
  return options;
}

std::string rendezvous_lines(const Options& options) {
  std::string lines;
  if (options.rendezvous) {
    lines = fmt::format("rendezvous = \"{}\"\n", to_text(*options.rendezvous));
  }
  std::string ids;
  for (const PeerId& peer : options.auto_vote) {
    ids += fmt::format("{}\"{}\"", ids.empty() ? "" : ", ", to_text(peer));
  }
  if (!ids.empty()) lines += fmt::format("auto-vote = [{}]\n", ids);
  return lines;
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
      "# {}\nstate = \"{}\"\nsocket = \"{}\"\nname = \"{}\"\nlisten = \"{}\"\n{}{}accept = \"{}\"\n"
      "rate = {}\nroom-bytes = {}\nrelay = {}\nlog-level = \"{}\"\n",
      words.config.empty() ? "No config file." : words.config, options.state.native(),
      options.socket.native(), options.name, to_text(options.listen), advertise,
      rendezvous_lines(options), word_of(options.accept, kAccepts), options.rate,
      options.room_bytes, options.is_relay, word_of(options.log_level, kLogLevels))};
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
  auto all = with_environment(arguments, around);
  if (!all) return tl::unexpected(all.error());

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
