// The rooms half of Node.
#include "daemon/core/node.h"

namespace p2pchat {

Actions Node::on(const Turn&, const event::CreateRequested&) { return {}; }
Actions Node::on(const Turn&, const event::JoinRequested&) { return {}; }
Actions Node::on(const Turn&, const event::VoteRequested&) { return {}; }
Actions Node::on(const Turn&, const event::LeaveRequested&) { return {}; }
Actions Node::on(const Turn&, const event::DeleteRequested&) { return {}; }
Actions Node::on(const Turn&, const event::ListingRequested&) { return {}; }
Actions Node::on(const Turn&, const event::ListRequested&) { return {}; }
Actions Node::on(const Turn&, const event::RendezvousAnswered&) { return {}; }
Actions Node::on(const Turn&, const event::RendezvousFailed&) { return {}; }

Actions Node::receive(const Turn&, const event::LinkFrameReceived&, const link::Roll&) {
  return {};
}

Actions Node::receive(const Turn&, const event::LinkFrameReceived&, const link::Objects&) {
  return {};
}

}  // namespace p2pchat
