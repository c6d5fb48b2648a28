// Log: lines on stderr, for administrators.
//
// Every line is cleaned as it leaves, whatever stands in it. Under systemd's
// journal a line has a priority in front and no time of its own. What must not
// be in a line: texts of messages, keys, more than 8 characters of an id.
//
// Effects: sets spdlog's default logger, which all of the shell uses.
#pragma once

#include <cstdint>

namespace p2pchat {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

// To be called once, before the first line.
void open_log(LogLevel level);

}  // namespace p2pchat
