// Time text: moments and durations as people and programs write them.
//
// Programs get RFC 3339 in UTC with milliseconds; people get local time. The
// clock is never read here: "2d ago" is told what now is.
// Pure, but for the host's time zone. O(n).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proto/moment.h"

namespace p2pchat::ctl {

// "2026-11-20T14:03:12.123Z". A year that needs more or less than four digits is cut to 9999 or 0.
std::string utc_text(WallTime time);
// "2026-11-20 14:03:12", in the time zone of this process.
std::string local_text(WallTime time);

// What a record holds under this key is a moment, in milliseconds.
bool is_time_key(std::string_view key);

// "500ms", "10s", "5m", "2h", "2d": a whole number and one unit, at most ten years.
std::optional<Duration> parse_duration(std::string_view text);
// RFC 3339 with any offset; or, in local time, a date, or a date and a time as local_text()
// writes it, with the seconds or without.
std::optional<WallTime> parse_time(std::string_view text);
// A time, or a duration before `now`.
std::optional<WallTime> parse_since(std::string_view text, WallTime now);

}  // namespace p2pchat::ctl
