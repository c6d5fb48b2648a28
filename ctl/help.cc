#include "ctl/help.h"

#include <algorithm>
#include <array>

namespace p2pchat::ctl {

namespace {

struct Page {
  std::string_view verb;
  std::string_view text;
};

constexpr std::array kPages = {
    Page{"id", R"(Examples:
  chatctl id
  chatctl id --json | jq -r .id)"},
    Page{"chat",
         R"(TARGET is ID@HOST:PORT, HOST[:PORT], or the name of a contact. Who is met for the first
time is shown and pinned; an identity that has changed is refused (exit 5).

Examples:
  chatctl chat backup.example.org
  chatctl chat alice
  chatctl chat --no-talk 192.0.2.7:7473     only meets; prints the contact's name)"},
    Page{"alias", R"(Examples:
  chatctl alias bob~k3zq bob-at-work)"},
    Page{"block", R"(Examples:
  chatctl block mallory
  chatctl block --undo mallory)"},
    Page{"verify",
         R"(Run it after you have compared the fingerprint over another channel, such as a call.

Examples:
  chatctl verify alice)"},
    Page{"push",
         R"(Prints the message's id once the message is stored. stdin is read for - and -l only.
A text that may begin with '-' goes behind --.

Examples:
  chatctl push ops "backup done"
  df -h | chatctl push ops -                all of stdin is one message
  tail -F app.log | chatctl push ops -l     one message a line; empty lines are left out
  chatctl push ops --file report.txt
  chatctl push ops -- "$text")"},
    Page{"pull",
         R"(Prints what READER has not had yet. Waits for more only with -f, --idle or --timeout.
FORMAT: %i id, %t time, %r received, %c conversation, %f from, %a author, %n number,
%k kind, %m message, %%; \n \t \0 \\. End it with \n.

Examples:
  chatctl pull                              all that is new, in all conversations
  chatctl pull ops -f --json | jq .text     goes on, over restarts of the daemon too
  chatctl pull ops -n 1 --timeout 10s       one message; exit 124 if none comes in 10 s
  chatctl pull ops --idle 2s                until nothing has come for 2 s
  chatctl pull ops --as backup --ack manual --json
  chatctl pull --format '%f: %m\n')"},
    Page{"ack", R"(Moves a reader past this message, as --ack auto does by itself.

Examples:
  chatctl ack k3zqabcdefghijkl.42 --as backup)"},
    Page{"readers", R"(Examples:
  chatctl readers
  chatctl readers --json | jq 'select(.unread > 0)')"},
    Page{"log", R"(The history in its one order; no reader's place moves.
TIME is RFC 3339 (2026-11-20T14:03:12Z), a local date or time (2026-11-20 14:03), how long
ago (2d), or a message's id.

Examples:
  chatctl log ops -n 20
  chatctl log ops --since 2d
  chatctl log ops --since 2026-11-20 --until '2026-11-20 12:00' --json)"},
    Page{"rooms", R"(Examples:
  chatctl rooms --json | jq -r .name)"},
    Page{"members", R"(Examples:
  chatctl members ops)"},
    Page{"peers", R"(Examples:
  chatctl peers
  chatctl peers --json)"},
    Page{"status", R"(Examples:
  chatctl status --json)"},
    Page{"doctor", R"(Prints what is wrong, in one line each; nothing when all is well.

Examples:
  chatctl doctor)"},
};

}  // namespace

std::string_view general_help() {
  return R"(The flags above may also stand behind the verb. Flags win over the environment:
CHATCTL_SOCKET, CHATCTL_JSON=1, CHATCTL_QUIET=1.

Examples:
  chatctl id
  chatctl chat alice.example.org
  chatctl push alice "hello"
  chatctl pull -f --json

Exit status: 0 done, 1 failed, 2 wrong usage, 3 no daemon, 4 nobody of that name,
5 identity changed, 6 waits for the other side, 8 nothing new (--fail-empty), 9 over a
limit, 124 time ended while waiting, 130 and 143 ended by a signal. See chatctl(1).)";
}

std::string_view verb_help(std::string_view verb) {
  const auto* const page = std::find_if(kPages.begin(), kPages.end(),
                                        [verb](const Page& each) { return each.verb == verb; });
  return page == kPages.end() ? std::string_view() : page->text;
}

}  // namespace p2pchat::ctl
