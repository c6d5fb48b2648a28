#include "daemon/shell/lookup.h"

#include <arpa/inet.h>
#include <array>
#include <ctime>
#include <netdb.h>
#include <utility>

namespace p2pchat {

// What getaddrinfo_a works on, in another thread: it moves no more, and lives until the answer.
struct Lookup::Query {
  explicit Query(std::string host) : name(std::move(host)) {
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    request.ar_name = name.c_str();
    request.ar_request = &hints;
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() {
    if (request.ar_result != nullptr) freeaddrinfo(request.ar_result);
  }

  bool is_under_way() { return gai_error(&request) == EAI_INPROGRESS; }

  std::string name;
  addrinfo hints{};
  gaicb request{};
};

namespace {

// An address as everybody spells it; nothing if `host` is a name.
std::optional<std::string> canonical(const std::string& host) {
  std::array<std::uint8_t, sizeof(in6_addr)> raw{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::size_t zone = host.find('%');
  const std::string bare = host.substr(0, zone);
  const int family = host.find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (inet_pton(family, bare.c_str(), raw.data()) != 1) return std::nullopt;
  if (inet_ntop(family, raw.data(), text.data(), text.size()) == nullptr) return std::nullopt;
  return text.data() + (zone == std::string::npos ? std::string() : host.substr(zone));
}

Lookup::Hosts hosts_in(const addrinfo* found) {
  Lookup::Hosts hosts;
  std::array<char, NI_MAXHOST> text{};
  for (; found != nullptr && hosts.size() < kAddressesMax; found = found->ai_next) {
    const int rc = getnameinfo(found->ai_addr, found->ai_addrlen, text.data(), text.size(), nullptr,
                               0, NI_NUMERICHOST);
    if (rc == 0) hosts.emplace_back(text.data());
  }
  return hosts;
}

tl::unexpected<Error> unknown_name(const std::string& host, int why) {
  return fail(Fault::machine, "the name " + host + " is not known: " + gai_strerror(why));
}

}  // namespace

void Lookup::Abandon::operator()(Query* query) const {
  using Owner = std::unique_ptr<Query>;
  // What could not be cancelled is kept until its thread is done with it. Never destroyed:
  // such threads may outlive everything static.
  static auto& abandoned = *new std::vector<Owner>;
  std::erase_if(abandoned, [](const Owner& each) { return !each->is_under_way(); });
  Owner owner(query);
  if (query->is_under_way() && gai_cancel(&query->request) == EAI_NOTCANCELED) {
    abandoned.push_back(std::move(owner));
  }
}

Lookup::Lookup(const std::string& host) : host_(host) {
  if (auto address = canonical(host)) {
    known_ = Hosts{*std::move(address)};
    return;
  }
  query_.reset(new Query(host));
  gaicb* list = &query_->request;
  const int rc = getaddrinfo_a(GAI_NOWAIT, &list, 1, nullptr);
  if (rc == 0) return;
  query_.reset();
  known_ = unknown_name(host_, rc);
}

Lookup::Lookup(Lookup&&) noexcept = default;
Lookup& Lookup::operator=(Lookup&&) noexcept = default;
Lookup::~Lookup() = default;

std::optional<Result<Lookup::Hosts>> Lookup::answer() {
  if (!query_) return std::move(known_);
  if (query_->is_under_way()) return std::nullopt;
  const int error = gai_error(&query_->request);
  if (error != 0) return unknown_name(host_, error);
  Hosts hosts = hosts_in(query_->request.ar_result);
  if (hosts.empty()) return unknown_name(host_, EAI_NONAME);
  return hosts;
}

Result<Lookup::Hosts> look_up(const std::string& host) {
  Lookup lookup(host);
  for (;;) {
    if (auto answer = lookup.answer()) return *std::move(answer);
    const timespec wait{0, std::chrono::nanoseconds(kLookupInterval).count()};
    (void)nanosleep(&wait, nullptr);
  }
}

}  // namespace p2pchat
