#include "proto/standing.h"

#include "proto/limits.h"
#include "proto/pack.h"

namespace p2pchat {

Bytes Standing::encode() const {
  Packer out;
  out.array(4).fixed(room).fixed(admission).integer(static_cast<std::uint64_t>(state));
  return out.integer(voted).take();
}

Result<Standing> Standing::decode(ByteView raw) {
  Unpacker in(raw);
  Standing standing;
  in.array_of(4);
  standing.room = in.fixed<RoomId>();
  standing.admission = in.fixed<ChangeId>();
  standing.state = static_cast<State>(in.integer(static_cast<std::uint64_t>(State::closed)));
  standing.voted = in.integer(kMembersMax);
  if (!in.is_done()) return fail(Fault::malformed, "the standing does not decode");
  return standing;
}

}  // namespace p2pchat
