#include "ctl/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

namespace p2pchat::ctl {

namespace {

namespace chr = std::chrono;

constexpr Duration kDurationMax = 10 * 366 * 24h;
constexpr std::int64_t kYearMax = 9999;

struct Unit {
  std::string_view name;
  Duration length;
};
constexpr std::array kUnits = {Unit{"ms", 1ms}, Unit{"s", 1s}, Unit{"m", 1min}, Unit{"h", 1h},
                               Unit{"d", 24h}};

chr::sys_time<Duration> moment_of(WallTime time) {
  return chr::sys_time<Duration>(Duration(time.milliseconds));
}

// The first and the last moment whose year has four digits.
constexpr chr::sys_time<Duration> kFirst = chr::sys_days(chr::year(0) / 1 / 1);
constexpr chr::sys_time<Duration> kLast = chr::sys_days(chr::year(kYearMax) / 12 / 31) + 24h - 1ms;

// Reads from the front of a text; the first thing that does not fit spoils the rest.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    if (rest_.size() < count) return spoil();
    for (const char digit : rest_.substr(0, count)) {
      if (digit < '0' || digit > '9') return spoil();
      value = value * 10 + (digit - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // Reads one of `characters`, if it comes next.
  bool skip(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view characters) {
    if (!skip(characters)) spoil();
  }
  // Digits after a decimal point, as milliseconds; further digits are dropped.
  Duration fraction() {
    int milliseconds = 0;
    int digits_read = 0;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      if (digits_read++ < 3) milliseconds = milliseconds * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (digits_read == 0) spoil();
    for (; digits_read < 3; ++digits_read) milliseconds *= 10;
    return Duration(milliseconds);
  }

  bool is_good() const { return good_; }
  bool is_at_end() const { return rest_.empty(); }

 private:
  int spoil() {
    good_ = false;
    return 0;
  }

  std::string_view rest_;
  bool good_ = true;
};

struct CivilTime {
  chr::year_month_day date;
  Duration of_day{};
};

// Minutes east of UTC, from "Z" or "+hh:mm".
Duration read_offset(Reader& in) {
  if (in.skip("Zz")) return {};
  const bool is_west = in.skip("-");
  if (!is_west) in.expect("+");
  const int hours = in.digits(2);
  in.expect(":");
  const Duration offset = chr::hours(hours) + chr::minutes(in.digits(2));
  return is_west ? -offset : offset;
}

std::optional<WallTime> from_local(const CivilTime& civil) {
  const auto time = chr::hh_mm_ss<Duration>(civil.of_day);
  std::tm parts{};
  parts.tm_year = static_cast<int>(civil.date.year()) - 1900;
  parts.tm_mon = static_cast<int>(static_cast<unsigned>(civil.date.month())) - 1;
  parts.tm_mday = static_cast<int>(static_cast<unsigned>(civil.date.day()));
  parts.tm_hour = static_cast<int>(time.hours().count());
  parts.tm_min = static_cast<int>(time.minutes().count());
  parts.tm_sec = static_cast<int>(time.seconds().count());
  parts.tm_isdst = -1;
  const std::time_t seconds = std::mktime(&parts);
  if (seconds == std::time_t{-1}) return std::nullopt;
  return WallTime{std::int64_t{seconds} * 1000 + time.subseconds().count()};
}

chr::year_month_day read_date(Reader& in) {
  const chr::year year(in.digits(4));
  in.expect("-");
  const chr::month month(static_cast<unsigned>(in.digits(2)));
  in.expect("-");
  return {year, month, chr::day(static_cast<unsigned>(in.digits(2)))};
}

// Seconds may be left out, and a fraction of them added.
Duration read_time_of_day(Reader& in) {
  const int hours = in.digits(2);
  in.expect(":");
  const int minutes = in.digits(2);
  const bool has_seconds = in.skip(":");
  const int seconds = has_seconds ? in.digits(2) : 0;
  // A leap second is the last moment of its minute: no clock of ours knows it.
  Duration of_day = chr::hours(hours) + chr::minutes(minutes) + chr::seconds(std::min(seconds, 59));
  if (has_seconds && in.skip(".")) of_day += in.fraction();
  if (hours > 23 || minutes > 59 || seconds > 60) return -1ms;
  return of_day;
}

}  // namespace

std::string utc_text(WallTime time) {
  const auto moment = std::clamp(moment_of(time), kFirst, kLast);
  const auto day = chr::floor<chr::days>(moment);
  const chr::year_month_day date(day);
  const chr::hh_mm_ss<Duration> of_day(moment - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(of_day.hours().count()),
                static_cast<int>(of_day.minutes().count()),
                static_cast<int>(of_day.seconds().count()),
                static_cast<int>(of_day.subseconds().count()));
  return text.data();
}

std::string local_text(WallTime time) {
  const auto moment = std::clamp(moment_of(time), kFirst, kLast);
  const std::time_t seconds = chr::floor<chr::seconds>(moment).time_since_epoch().count();
  std::tm parts{};
  if (localtime_r(&seconds, &parts) == nullptr) return utc_text(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02d-%02d %02d:%02d:%02d", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text.data();
}

bool is_time_key(std::string_view key) {
  return key == "time" || key == "received" || key == "expires" || key == "since" ||
         key.ends_with("_time");
}

std::optional<Duration> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || count < 0) return std::nullopt;
  const std::string_view name(rest, static_cast<std::size_t>(end - rest));
  const auto* const unit = std::find_if(kUnits.begin(), kUnits.end(),
                                        [name](const Unit& each) { return each.name == name; });
  if (unit == kUnits.end() || count > kDurationMax / unit->length) return std::nullopt;
  return count * unit->length;
}

std::optional<WallTime> parse_time(std::string_view text) {
  Reader in(text);
  CivilTime civil{read_date(in), {}};
  const bool is_date_only = in.is_at_end();
  if (!is_date_only) {
    in.expect("Tt ");
    civil.of_day = read_time_of_day(in);
  }
  if (!in.is_good() || !civil.date.ok() || civil.of_day < 0ms) return std::nullopt;
  if (in.is_at_end()) return from_local(civil);
  const Duration offset = read_offset(in);
  if (!in.is_good() || !in.is_at_end() || offset > 24h || offset < -24h) return std::nullopt;
  const auto moment = chr::sys_days(civil.date) + civil.of_day - offset;
  return WallTime{moment.time_since_epoch().count()};
}

std::optional<WallTime> parse_since(std::string_view text, WallTime now) {
  const std::optional<Duration> ago = parse_duration(text);
  if (ago) return WallTime{now.milliseconds - ago->count()};
  return parse_time(text);
}

}  // namespace p2pchat::ctl
