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
    Page{"add",
         R"(Being listed tells everybody who asks the rendezvous that this host is there, and
where. Members of your rooms find you without it.

Examples:
  chatctl add                               at the addresses of my card
  chatctl add alice.example.org
  chatctl add --rm                          not listed any more)"},
    Page{"list",
         R"(Anybody may call itself anything: compare the fingerprint before you trust a name.

Examples:
  chatctl list
  chatctl list --json | jq -r .name)"},
    Page{"create",
         R"(Prints the room's id. You are its first member; nobody comes in without the yes of all
who are in it, and only you can delete it. Whoever comes reads what is said from then on; with
--history all also all that was said before. That is said to all, signed, and cannot be changed.

Examples:
  chatctl create garden 8
  chatctl create minutes 20 --history all)"},
    Page{"join",
         R"(Prints whose room it is, and returns: the daemon goes on asking, and pull tells the
answer. With --wait it ends when the answer is known: 0 you are in, 10 somebody said no or the
time ran out for it. --timeout limits the waiting (exit 124), not the wish.
NAME@CREATOR or NAME@ROOMID, an id or its beginning, says which room is meant.

Examples:
  chatctl join garden --note "Bob from the office"
  chatctl join garden@k3zqabcd --wait --timeout 1h
  chatctl join garden --via alice.example.org)"},
    Page{"votes", R"(Who wants to come in, and who is to go; what you answer with chatctl vote.

Examples:
  chatctl votes
  chatctl votes --json | jq 'select(.mine == "")')"},
    Page{"vote",
         R"(A vote is final. On a terminal the fingerprint is shown first, and you are asked; --yes
skips that. To evict takes the vote of all who stay, and they are more than half.

Examples:
  chatctl vote garden bob yes
  chatctl vote garden k3zqabcd no --note "I do not know you"
  chatctl vote garden mallory,eve evict     both, in one vote)"},
    Page{
        "keep",
        R"(Older messages lose their text on this disk, read or not, once all who may read them have
them; others keep theirs. AGE is in hours or days, SIZE in K, M or G. It begins at
once, and goes on hourly. Without AGE and SIZE, prints what holds now.

Examples:
  chatctl keep garden 30d
  chatctl keep garden 30d 500M
  chatctl keep garden all                   off again; what is gone stays gone
  chatctl keep garden)"},
    Page{"leave",
         R"(Your history of the room stays here. As long as rooms says leaving, keep the daemon
running: the others fetch what you said last. On a terminal you are asked; --yes skips that.

Examples:
  chatctl leave garden --yes)"},
    Page{"delete",
         R"(Nobody can post there any more; what was said stays with those who have it.
On a terminal you are asked; --yes skips that.

Examples:
  chatctl delete garden --yes)"},
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
WORDS must all occur, whatever their case and accents; "a phrase" as it stands there, and
begin* with any ending.

Examples:
  chatctl log ops -n 20
  chatctl log ops --since 2d
  chatctl log ops --since 2026-11-20 --until '2026-11-20 12:00' --json
  chatctl log ops --search 'disk full' -n 5
  chatctl log ops --search '"disk is full" host1*' --since 30d)"},
    Page{"rooms",
         R"(HAVE of KNOWN posts are here; while others come, RATE tells how many do a second.

Examples:
  chatctl rooms
  chatctl rooms --json | jq -r 'select(.have < .known) | .name')"},
    Page{"members",
         R"(With --proof, prints for each change who came or went and who signed it, all of it
checked here, from the room's founding on; the daemon is not trusted with it. Exit 1 and
the place if anything does not hold. Without a daemon the store itself is read.

Examples:
  chatctl members garden
  chatctl members garden --proof
  chatctl members garden --proof --state /var/lib/p2pchatd --json)"},
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
limit, 10 not let in, 124 time ended while waiting, 130 and 143 ended by a signal. See
chatctl(1).)";
}

std::string_view verb_help(std::string_view verb) {
  const auto* const page = std::find_if(kPages.begin(), kPages.end(),
                                        [verb](const Page& each) { return each.verb == verb; });
  return page == kPages.end() ? std::string_view() : page->text;
}

}  // namespace p2pchat::ctl
