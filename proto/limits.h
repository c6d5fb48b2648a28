// Limits: every bound of the system, named once, with its unit and its reason.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/moment.h"

namespace p2pchat {

// --- Bytes on the wire ---------------------------------------------------
// Largest frame on any socket but the door; libzmq drops the peer beyond it.
inline constexpr std::size_t kFrameBytesMax = 64 * 1024;
// Largest encoded batch: fits a frame with room for what wraps it.
inline constexpr std::size_t kBatchBytesMax = 60 * 1024;
// Largest text of one post: two of them and their headers fit no batch, one always does.
inline constexpr std::size_t kBodyBytesMax = 32 * 1024;
// Posts under one signature; more gain little speed and cost latency of repair.
inline constexpr std::size_t kBatchPostsMax = 64;
// A card is read from strangers, so it is small.
inline constexpr std::size_t kCardBytesMax = 512;
inline constexpr std::size_t kCardAddressesMax = 4;
// One question and one answer at a door.
inline constexpr std::size_t kDoorBytesMax = 4 * 1024;
// A display name, in code points and in bytes (four each at most).
inline constexpr std::size_t kNamePointsMax = 32;
inline constexpr std::size_t kNameBytesMax = 128;
// A host name (RFC 1035) as it may stand in an address.
inline constexpr std::size_t kHostBytesMax = 253;
// msgpack: values in one message, and arrays within arrays.
inline constexpr std::size_t kPackTokensMax = 8 * 1024;
inline constexpr std::size_t kPackDepthMax = 8;
// Feed heads in one frame: 80 bytes each leaves room in a frame.
inline constexpr std::size_t kHeadsMax = 600;
// Changed heads named in one beat; more are asked for as pages.
inline constexpr std::size_t kBeatHeadsMax = 64;

// --- Rooms ---------------------------------------------------------------
inline constexpr std::size_t kMembersMax = 256;
// Batches beyond a gap wait in memory: by posts and by bytes, for each room.
inline constexpr std::size_t kHeldPostsMax = 4096;
inline constexpr std::size_t kHeldBytesMax = 64 * 1024 * 1024;
// Stored bytes of one room before it pauses (the default of `room_bytes`).
inline constexpr std::uint64_t kRoomBytesDefault = 1024ULL * 1024 * 1024;
// Retention. What is younger may not have come to its readers yet, and it is looked at hourly.
inline constexpr Duration kKeepAgeMin = 1h;
// Texts kept by size: a dozen of the largest batches at least, so that the newest always stay.
inline constexpr std::uint64_t kKeepBytesMin = 1024ULL * 1024;
// How often a room is pruned, and how soon after a start: by then members have said what they hold.
inline constexpr Duration kPruneInterval = 1h;
inline constexpr Duration kPruneDelay = 1min;
// Batches pruned in one turn, and looked at for it: some milliseconds, so that nothing stalls.
inline constexpr std::size_t kPruneBatchesMax = 256;
inline constexpr std::size_t kPruneLooksMax = 8192;
// Batches without texts that are looked for at once. Somebody who gives none for so long has its
// turn again after as long, and is left to others at the latest after the second; who was asked for
// all that is lacked is so again after the third.
inline constexpr std::size_t kTextlessMax = 256;
inline constexpr Duration kTextsPatience = 1min;
inline constexpr Duration kTextsPassMax = 10min;
inline constexpr Duration kTextsInterval = 24h;
// Feeds of one author in a room; a restart of an author that posts adds one.
inline constexpr std::size_t kFeedsMax = 64 * 1024;
// Feeds in which one member may be ahead of us; the rest is heard of later.
inline constexpr std::size_t kClaimsMax = 4096;
// Own pushes a second (the default of `rate`).
inline constexpr std::uint32_t kPushRateDefault = 1000;
// Pushes that wait for the rate to allow them.
inline constexpr std::size_t kPacedPushesMax = 2048;
// What one open want may ask for, and what all wants of a pair of peers sum to.
inline constexpr std::uint64_t kWantBytesMax = 1024 * 1024;
// New batches sent over a link to a member that does not hear us, until it reports.
inline constexpr std::uint64_t kPushAheadBytesMax = 1024 * 1024;

// --- Consent -------------------------------------------------------------
// Knocks and evictions in one value; what is agreed beyond them waits for the next one.
inline constexpr std::size_t kChangesMax = 16;
// Why somebody knocks, or votes as it does.
inline constexpr std::size_t kNoteBytesMax = 256;
// What a script calls a message by, so that it is posted once.
inline constexpr std::size_t kPushKeyBytesMax = 128;
// What one person signs: a genesis, knock, vote, leave or close.
inline constexpr std::size_t kConsentBytesMax = 2 * 1024;
inline constexpr std::size_t kValueBytesMax = 60 * 1024;
// A batch in a proof that its author lies: kBatchPostsMax posts without texts, or an opening that
// names kMembersMax readers. And the proof, which holds two.
inline constexpr std::size_t kForkBatchBytesMax = 4 * 1024;
inline constexpr std::size_t kForkBytesMax = 2 * kForkBatchBytesMax + 64;
// Rounds that a pledge may skip: a liar cannot use them up.
inline constexpr std::uint64_t kRoundLeapMax = 1000;
// Whoever was let go is told why for so long before the link is cut.
inline constexpr Duration kFarewellInterval = 5s;
// Such a leap is allowed once in this time, so that nobody is led up faster than others follow.
inline constexpr Duration kRoundLeapInterval = 1min;
// A round that comes to nothing in this time is given up for the next one.
inline constexpr Duration kRoundPatience = 2s;
// So long members wait until all who stay hold the same posts of who goes, who may be off for good.
inline constexpr Duration kGoerPatience = 15min;
// A standing policy follows the eviction of somebody who is silent after this time.
inline constexpr Duration kEvictionPatience = 7 * 24h;
// How often policies and expiry are looked at while something waits.
inline constexpr Duration kPolicyInterval = 1min;
// What all have said yes to in time is carried through for so long after a knock has expired.
inline constexpr Duration kKnockGrace = 1h;
// A knock is for so long, unless it is answered before.
inline constexpr Duration kKnockLifetime = 7 * 24h;

// --- Rendezvous ----------------------------------------------------------
// Objects of one answer: with what stands around them they fit a frame.
inline constexpr std::size_t kPageBytesMax = 60 * 1024;
// Objects, cards or names in one answer: their values stay below kPackTokensMax.
inline constexpr std::size_t kPageItemsMax = 1024;
// A standing: ids, a state and a count.
inline constexpr std::size_t kStandingBytesMax = 128;
// Cards kept at once, listed or not: 8 MiB of them.
inline constexpr std::size_t kCardsMax = 16 * 1024;
// How long a card is kept unless it is added again. Cards of hosts that are gone go with it.
inline constexpr Duration kCardLifetimeMax = 7 * 24h;
// Rooms kept at once, and those of one creator: names are few, and anybody may take one.
inline constexpr std::size_t kRendezvousRoomsMax = 4096;
inline constexpr std::size_t kRoomsPerCreatorMax = 16;
// Knocks that wait for votes in one room; its members are people who must answer them.
inline constexpr std::size_t kKnocksPerRoomMax = 32;
// One knock a minute and key.
inline constexpr Duration kKnockInterval = 1min;
// A knock is kept until it expires, and at most this long.
inline constexpr Duration kKnockLifetimeMax = 30 * 24h;
// An eviction is voted on for so long. A standing policy waits 7 days, and is to find it then.
inline constexpr Duration kEvictionLifetime = 30 * 24h;
// Values and evictions of one room that are not decided. Nobody has signed them, so whoever put
// most of them loses the oldest when there are more.
inline constexpr std::size_t kProposalsMax = 128;
inline constexpr std::size_t kProposalBytesMax = 1024 * 1024;
// Pledges of one seat: rounds of the values that may still be decided. The lowest goes first.
inline constexpr std::size_t kPledgesPerSeatMax = 16;
// Values and certificates of one room, kept for newcomers: thousands of small changes, hundreds in
// a room of 256.
inline constexpr std::size_t kChainBytesMax = 16 * 1024 * 1024;
// All that a rendezvous keeps: it is in its memory too.
inline constexpr std::size_t kRendezvousBytesMax = 256 * 1024 * 1024;
// How long it is kept that a room was closed, or that somebody was refused or went.
inline constexpr Duration kFarewellLifetime = 30 * 24h;
// Such notices of one room; the oldest goes first.
inline constexpr std::size_t kFarewellsPerRoomMax = 512;
// A room that no member has asked about for so long is dropped. It is noted once a day.
inline constexpr Duration kRoomLifetime = 180 * 24h;
inline constexpr Duration kRoomTouchInterval = 24h;
// A watch is answered by then, with nothing if there is nothing.
inline constexpr Duration kWatchTimeout = 30s;
// Watches held at once, and those of one peer: each is one connection's.
inline constexpr std::size_t kWatchesMax = 4096;
inline constexpr std::size_t kWatchesPerPeerMax = 2;

// A rendezvous that cannot be reached is asked again: at first, and at most this seldom.
inline constexpr Duration kAskBackoffMin = 1s;
inline constexpr Duration kAskBackoffMax = 1min;
// My own card is kept for so long, and brought again after half of it.
inline constexpr Duration kListingLifetime = 1h;

// --- Peers ---------------------------------------------------------------
inline constexpr std::size_t kContactsMax = 4096;
// Registrations that wait for their user's answer; the rest are dropped silently.
inline constexpr std::size_t kStrangersMax = 20;
// Own registrations that wait for the other side's answer.
inline constexpr std::size_t kWishesMax = 64;
// Addresses pinned to one contact: where its user has met it.
inline constexpr std::size_t kPinsMax = 8;
// Visits to doors under way at once.
inline constexpr std::size_t kVisitsMax = 32;
// Connections at our own door: open at once, and a minute from one address.
inline constexpr std::size_t kDoorOpenMax = 64;
inline constexpr std::size_t kDoorPerMinuteMax = 60;
inline constexpr std::size_t kDoorAddressesMax = 1024;

// --- Local programs ------------------------------------------------------
inline constexpr std::size_t kControlBytesMax = 64 * 1024;
inline constexpr std::size_t kReaderNameBytesMax = 64;
// What is searched for: a person's line, and each word in it is looked up.
inline constexpr std::size_t kSearchBytesMax = 1024;
inline constexpr std::size_t kSearchWordsMax = 32;
// Rows a daemon sends ahead of what a reader has confirmed to take.
inline constexpr std::uint32_t kPullCreditRows = 64;
inline constexpr std::size_t kControlStreamsMax = 256;

// --- Time ----------------------------------------------------------------
// A stamp this far ahead of our own clock does not move it.
inline constexpr Duration kClockAheadMax = 5min;
inline constexpr Duration kBeatInterval = 15s;
inline constexpr Duration kBeatDebounce = 200ms;
// A member is told all that we hold at most this often, however often it asks.
inline constexpr Duration kFullStateInterval = 1s;
// A publisher is heard as long as one of three beats gets through.
inline constexpr Duration kHearingTimeout = 3 * kBeatInterval + 5s;
inline constexpr Duration kKeyLifetime = 1h;
// A new key is handed over this long before its use; the old one opens as long after.
inline constexpr Duration kKeyOverlap = 30s;
// A want without progress is put to another member.
inline constexpr Duration kWantTimeout = 5s;
inline constexpr Duration kDoorTimeout = 3s;
inline constexpr Duration kHandshakeTimeout = 3s;
// A dial that has not become a registered link by then starts again.
inline constexpr Duration kDialTimeout = 10s;
inline constexpr Duration kDialBackoffMin = 250ms;
inline constexpr Duration kDialBackoffMax = 30s;
// A wish is repeated at the other's door: at first, and at most this seldom.
inline constexpr Duration kWishBackoffMin = 61s;
inline constexpr Duration kWishBackoffMax = 1h;
// A peer's misbehaviour is logged at most this often.
inline constexpr Duration kReportInterval = 1min;

}  // namespace p2pchat
