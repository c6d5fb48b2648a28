#include "proto/address.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "proto/limits.h"

namespace p2pchat {

namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";
constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

using Ip4 = std::array<std::uint8_t, 4>;
using Ip6 = std::array<std::uint16_t, 8>;

bool consists_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

template <class Integer>
std::optional<Integer> number_in(std::string_view text, int base) {
  Integer value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t at = 0;
  for (std::size_t next = text.find(separator); next != std::string_view::npos;
       next = text.find(separator, at)) {
    parts.push_back(text.substr(at, next - at));
    at = next + 1;
  }
  parts.push_back(text.substr(at));
  return parts;
}

std::optional<Ip4> ip4_in(std::string_view text) {
  const std::vector<std::string_view> parts = parts_of(text, '.');
  Ip4 address{};
  if (parts.size() != address.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    // Some resolvers read a leading zero as octal.
    const bool is_octal = parts[i].size() > 1 && parts[i].front() == '0';
    const auto value = number_in<std::uint8_t>(parts[i], 10);
    if (is_octal || !value) return std::nullopt;
    address[i] = *value;
  }
  return address;
}

// Groups of an IPv6 address without "::"; the last may be an IPv4 address.
std::optional<std::vector<std::uint16_t>> groups_in(std::string_view text) {
  std::vector<std::uint16_t> groups;
  if (text.empty()) return groups;
  const std::vector<std::string_view> parts = parts_of(text, ':');
  for (const std::string_view part : parts) {
    const bool is_last = part.data() == parts.back().data();
    if (const auto tail = is_last ? ip4_in(part) : std::nullopt) {
      groups.push_back(static_cast<std::uint16_t>((*tail)[0] << 8 | (*tail)[1]));
      groups.push_back(static_cast<std::uint16_t>((*tail)[2] << 8 | (*tail)[3]));
      continue;
    }
    const auto group = number_in<std::uint16_t>(part, 16);
    if (part.size() > 4 || !consists_of(part, kHexDigits) || !group) return std::nullopt;
    groups.push_back(*group);
  }
  return groups;
}

// A zone after '%' is let through and not looked at further.
std::optional<Ip6> ip6_in(std::string_view text) {
  const std::size_t percent = text.find('%');
  if (percent != std::string_view::npos) {
    const std::string_view zone = text.substr(percent + 1);
    if (zone.empty() || !consists_of(zone, kNameCharacters)) return std::nullopt;
    text = text.substr(0, percent);
  }
  const std::size_t gap = text.find("::");
  const bool has_gap = gap != std::string_view::npos;
  const auto front = groups_in(text.substr(0, gap));
  const auto back = groups_in(has_gap ? text.substr(gap + 2) : std::string_view());
  if (!front || !back) return std::nullopt;
  Ip6 address{};
  const std::size_t groups = front->size() + back->size();
  if (has_gap ? groups >= address.size() : groups != address.size()) return std::nullopt;
  // An IPv4 tail may stand at the very end only.
  if (has_gap && text.substr(0, gap).find('.') != std::string_view::npos) return std::nullopt;
  std::copy(front->begin(), front->end(), address.begin());
  std::copy_backward(back->begin(), back->end(), address.end());
  return address;
}

// What a resolver takes for an IPv4 address, in whatever spelling.
bool reads_like_number(std::string_view name) {
  std::vector<std::string_view> labels = parts_of(name, '.');
  if (labels.size() > 1 && labels.back().empty()) labels.pop_back();
  const std::string_view last = labels.back();
  const bool is_hex = last.size() >= 2 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X') &&
                      consists_of(last.substr(2), kHexDigits);
  return is_hex || consists_of(last, kDigits);
}

bool is_local_only(const Ip4& ip) {
  const bool is_loopback = ip[0] == 127;
  const bool is_link_local = ip[0] == 169 && ip[1] == 254;
  const bool is_unspecified = ip[0] == 0;
  return is_loopback || is_link_local || is_unspecified;
}

bool is_local_only(const Ip6& ip) {
  const bool is_embedded =
      std::all_of(ip.begin(), ip.begin() + 5, [](auto group) { return group == 0; });
  if (is_embedded && (ip[5] == 0 || ip[5] == 0xffff)) {
    // "::" and "::1" fall in here too: they read as 0.0.0.0/8.
    return is_local_only(
        Ip4{static_cast<std::uint8_t>(ip[6] >> 8), static_cast<std::uint8_t>(ip[6]),
            static_cast<std::uint8_t>(ip[7] >> 8), static_cast<std::uint8_t>(ip[7])});
  }
  return (ip[0] & 0xffc0U) == 0xfe80U;
}

tl::unexpected<Error> no_address(std::string_view text) {
  return fail(Fault::usage, "'" + std::string(text) +
                                "' is no address: write HOST:PORT, "
                                "[IPv6]:PORT or HOST");
}

}  // namespace

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > kHostBytesMax) return false;
  if (text.find(':') != std::string_view::npos) return ip6_in(text).has_value();
  if (reads_like_number(text)) return ip4_in(text).has_value();
  const bool has_empty_label = text.front() == '.' || text.find("..") != std::string_view::npos;
  return consists_of(text, kNameCharacters) && text.front() != '-' && !has_empty_label;
}

Result<Address> parse_address(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::optional<std::string_view> port;
  const bool is_bracketed = !text.empty() && text.front() == '[';
  if (is_bracketed) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return no_address(text);
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return no_address(text);
    if (!rest.empty()) port = rest.substr(1);
    if (host.find(':') == std::string_view::npos) return no_address(text);
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (host != "*" && !is_host(host)) return no_address(text);
  Address address{std::string(host), default_port};
  if (!port) return address;
  const auto number = number_in<std::uint16_t>(*port, 10);
  if (!number) return fail(Fault::usage, "'" + std::string(*port) + "' is no port: 0 to 65535");
  address.port = *number;
  return address;
}

std::string to_text(const Address& address) {
  const std::string port = ":" + std::to_string(address.port);
  if (address.host.find(':') != std::string::npos) return "[" + address.host + "]" + port;
  return address.host + port;
}

bool is_local_only(std::string_view host) {
  if (const auto ip = ip4_in(host)) return is_local_only(*ip);
  if (const auto ip = ip6_in(host)) return is_local_only(*ip);
  std::string name(host.substr(0, host.size() - (host.ends_with('.') ? 1 : 0)));
  std::transform(name.begin(), name.end(), name.begin(), [](char character) {
    return 'A' <= character && character <= 'Z' ? static_cast<char>(character - 'A' + 'a')
                                                : character;
  });
  return name == "localhost" || name.ends_with(".localhost");
}

}  // namespace p2pchat
