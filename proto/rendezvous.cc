#include "proto/rendezvous.h"

#include <array>

#include "proto/limits.h"
#include "proto/overload.h"
#include "proto/pack.h"

namespace p2pchat::rendezvous {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kVerbBytesMax = 16;
constexpr std::size_t kErrorBytesMax = 512;
constexpr std::uint64_t kCodeMax = 255;
constexpr std::uint64_t kLifetimeSecondsMax =
    std::chrono::duration_cast<std::chrono::seconds>(kCardLifetimeMax).count();

// The verbs that a person uses stand for the kind that they put.
struct Verb {
  std::string_view name;
  Kind kind;
};
constexpr std::array kPutVerbs{Verb{"create", Kind::genesis}, Verb{"join", Kind::knock},
                               Verb{"vote", Kind::vote}, Verb{"leave", Kind::leave},
                               Verb{"delete", Kind::close}};

tl::unexpected<Error> malformed(std::string_view what, std::uint64_t version) {
  if (version != 0 && version != kVersion) {
    return fail(Fault::refused, "client and rendezvous speak different versions: update both");
  }
  return fail(Fault::malformed, "the " + std::string(what) + " does not decode");
}

// Enters the array and reads the version; another one spoils the reader.
std::uint64_t read_version(Unpacker& in) {
  in.array(kPackTokensMax);
  const std::uint64_t version = in.integer();
  if (version != kVersion) in.spoil();
  return version;
}

// --- Questions ---

Packer begin(std::string_view verb, const std::optional<PeerId>& asker, std::size_t arguments) {
  Packer out;
  out.array(3 + arguments).integer(kVersion).text(verb);
  if (asker) {
    out.fixed(*asker);
  } else {
    out.nil();
  }
  return out;
}

Bytes packed_put(const std::optional<PeerId>& asker, const Object& object) {
  for (const Verb& verb : kPutVerbs) {
    if (verb.kind == object.kind) return begin(verb.name, asker, 1).bytes(object.raw).take();
  }
  Packer out = begin("put", asker, 2);
  return out.integer(static_cast<std::uint64_t>(object.kind)).bytes(object.raw).take();
}

Result<Question> read_add(Unpacker& in) {
  Add add;
  const ByteView raw = in.bytes(kCardBytesMax);
  add.lifetime = std::chrono::seconds(in.integer(kLifetimeSecondsMax));
  add.listed = in.boolean();
  if (!in.is_done()) return malformed("request", kVersion);
  auto card = Card::decode(raw);
  if (!card) return tl::unexpected(card.error());
  add.card = *std::move(card);
  return add;
}

Kind read_put_kind(Unpacker& in) {
  const auto kind = static_cast<Kind>(in.integer(static_cast<std::uint64_t>(Kind::certificate)));
  if (kind < Kind::eviction) in.spoil();
  return kind;
}

Result<Question> read_question(std::string_view verb, Unpacker& in) {
  if (verb == "add") return read_add(in);
  if (verb == "remove") return Remove{};
  if (verb == "list") return List{in.fixed<PeerId>()};
  if (verb == "rooms") return Rooms{std::string(in.text(kNameBytesMax))};
  if (verb == "room") return Describe{std::string(in.text(kNameBytesMax))};
  if (verb == "watch") return Watch{Cursor{in.integer()}};
  if (verb == "fetch") {
    const auto room = in.fixed<RoomId>();
    return Fetch{room, {in.integer()}};
  }
  if (verb == "put") {
    const Kind kind = read_put_kind(in);
    return Put{{kind, to_bytes(in.bytes(kValueBytesMax))}};
  }
  for (const Verb& each : kPutVerbs) {
    if (verb == each.name) return Put{{each.kind, to_bytes(in.bytes(kValueBytesMax))}};
  }
  return malformed("request", kVersion);
}

// --- Answers ---

Packer begin_done(std::size_t values) {
  Packer out;
  out.array(3 + values).integer(kVersion).integer(0).text("");
  return out;
}

Result<Answer> read_cards(Unpacker& in) {
  std::vector<ByteView> raws;
  for (std::size_t left = in.array(kPageItemsMax); left > 0 && in.is_good(); --left) {
    raws.push_back(in.bytes(kCardBytesMax));
  }
  Cards answer;
  answer.more = in.boolean();
  if (!in.is_done()) return malformed("answer", kVersion);
  for (const ByteView raw : raws) {
    auto card = Card::decode(raw);
    if (!card) return tl::unexpected(card.error());
    answer.cards.push_back(*std::move(card));
  }
  return answer;
}

Names read_names(Unpacker& in) {
  Names answer;
  for (std::size_t left = in.array(kPageItemsMax); left > 0 && in.is_good(); --left) {
    answer.names.emplace_back(in.text(kNameBytesMax));
  }
  answer.more = in.boolean();
  return answer;
}

Description read_description(Unpacker& in) {
  Description answer;
  answer.room = in.fixed<RoomId>();
  answer.creator = in.fixed<PeerId>();
  answer.size = in.integer(kMembersMax);
  answer.voted = in.integer(kMembersMax);
  answer.gone = in.integer();
  return answer;
}

Page read_page(Unpacker& in) {
  Page answer;
  answer.cursor = {in.integer()};
  for (std::size_t left = in.array(kPageItemsMax); left > 0 && in.is_good(); --left) {
    answer.objects.push_back(unpack_object(in));
    if (!is_for_rendezvous(answer.objects.back().kind)) in.spoil();
  }
  answer.more = in.boolean();
  return answer;
}

Result<Answer> whole(const Unpacker& in, Answer answer) {
  if (!in.is_done()) return malformed("answer", kVersion);
  return answer;
}

struct AnswerWriter {
  Bytes operator()(const Failure& failure) const {
    Packer out;
    out.array(3).integer(kVersion).integer(static_cast<std::uint64_t>(failure.code));
    return out.text(failure.text.substr(0, kErrorBytesMax)).take();
  }
  Bytes operator()(const Done& /*done*/) const { return begin_done(0).take(); }
  Bytes operator()(const Cards& answer) const {
    Packer out = begin_done(2);
    out.array(answer.cards.size());
    for (const Card& card : answer.cards) out.bytes(card.raw);
    return out.boolean(answer.more).take();
  }
  Bytes operator()(const Names& answer) const {
    Packer out = begin_done(2);
    out.array(answer.names.size());
    for (const std::string& name : answer.names) out.text(name);
    return out.boolean(answer.more).take();
  }
  Bytes operator()(const Description& answer) const {
    Packer out = begin_done(5);
    out.fixed(answer.room).fixed(answer.creator).integer(answer.size);
    return out.integer(answer.voted).integer(answer.gone).take();
  }
  Bytes operator()(const Page& answer) const {
    Packer out = begin_done(3);
    out.integer(answer.cursor.value).array(answer.objects.size());
    for (const Object& object : answer.objects) pack(out, object);
    return out.boolean(answer.more).take();
  }
};

}  // namespace

Result<Locator> parse_locator(std::string_view text) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return fail(Fault::usage, "must be ID@HOST:PORT");
  const auto id = peer_id(text.substr(0, at));
  if (!id || !curve_key(*id)) {
    return fail(Fault::usage, "what stands before '@' is not an id (52 characters)");
  }
  auto address = parse_address(text.substr(at + 1), kPortDefault);
  if (!address) return tl::unexpected(address.error());
  if (address->host == "*" || address->port == 0) {
    return fail(Fault::usage, "what stands behind '@' is no address to connect to");
  }
  return Locator{*id, *std::move(address)};
}

std::string to_text(const Locator& locator) {
  return to_text(locator.id) + "@" + to_text(locator.address);
}

Bytes encode(const Request& request) {
  const auto& asker = request.asker;
  return std::visit(
      Overload{
          [&](const Add& add) {
            const auto seconds =
                std::chrono::duration_cast<std::chrono::seconds>(add.lifetime).count();
            Packer out = begin("add", asker, 3);
            out.bytes(add.card.raw).integer(static_cast<std::uint64_t>(seconds));
            return out.boolean(add.listed).take();
          },
          [&](const Remove&) { return begin("remove", asker, 0).take(); },
          [&](const List& list) { return begin("list", asker, 1).fixed(list.after).take(); },
          [&](const Rooms& rooms) { return begin("rooms", asker, 1).text(rooms.after).take(); },
          [&](const Describe& room) { return begin("room", asker, 1).text(room.name).take(); },
          [&](const Put& put) { return packed_put(asker, put.object); },
          [&](const Fetch& fetch) {
            Packer out = begin("fetch", asker, 2);
            return out.fixed(fetch.room).integer(fetch.cursor.value).take();
          },
          [&](const Watch& watch) {
            return begin("watch", asker, 1).integer(watch.cursor.value).take();
          }},
      request.question);
}

Result<Request> decode_request(ByteView bytes) {
  Request request;
  Unpacker in(bytes);
  const std::uint64_t version = read_version(in);
  const std::string_view verb = in.text(kVerbBytesMax);
  if (!in.skip_nil()) request.asker = in.fixed<PeerId>();
  if (!in.is_good()) return malformed("request", version);
  auto question = read_question(verb, in);
  if (!question) return tl::unexpected(question.error());
  if (!in.is_done()) return malformed("request", version);
  request.question = *std::move(question);
  return request;
}

Bytes encode(const Answer& answer) { return std::visit(AnswerWriter{}, answer); }

Result<Answer> decode_answer(ByteView bytes, const Question& question) {
  Unpacker in(bytes);
  const std::uint64_t version = read_version(in);
  const auto code = static_cast<ExitCode>(in.integer(kCodeMax));
  const std::string text(in.text(kErrorBytesMax));
  if (!in.is_good()) return malformed("answer", version);
  if (code != ExitCode::done) return whole(in, Failure{code, text});
  if (!text.empty()) return malformed("answer", version);
  return std::visit(Overload{[&](const Add&) { return whole(in, Done{}); },
                             [&](const Remove&) { return whole(in, Done{}); },
                             [&](const List&) { return read_cards(in); },
                             [&](const Rooms&) {
                               Names names = read_names(in);
                               return whole(in, std::move(names));
                             },
                             [&](const Describe&) {
                               const Description description = read_description(in);
                               return whole(in, description);
                             },
                             [&](const Put&) { return whole(in, Done{}); },
                             [&](const Fetch&) {
                               Page page = read_page(in);
                               return whole(in, std::move(page));
                             },
                             [&](const Watch&) {
                               Page page = read_page(in);
                               return whole(in, std::move(page));
                             }},
                    question);
}

}  // namespace p2pchat::rendezvous
