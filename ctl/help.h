// Help: what stands below the flags in `chatctl --help` and `chatctl VERB --help`.
//
// Pure; constants.
#pragma once

#include <string_view>

namespace p2pchat::ctl {

std::string_view general_help();
// Examples, and what its flags leave open; empty for no verb of ours.
std::string_view verb_help(std::string_view verb);

}  // namespace p2pchat::ctl
