// ControlSocket: where local programs reach the daemon: a ROUTER on ipc.
//
// Who may open it is the file system's word (mode 0660, in a folder of mode
// 0750); who it was, ZAP's: each message carries the caller's uid. A path at
// which somebody answers is never taken over.
//
// Effects: one socket file. Owned by Control. Bounded by high-water marks.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <zmq.hpp>

#include "daemon/shell/sockets.h"
#include "proto/bytes.h"
#include "proto/result.h"

namespace p2pchat {

// One connection of a local program.
struct Caller {
  std::string route;  // How the ROUTER names it.
  std::uint32_t uid = 0;
  int descriptor = -1;  // libzmq's, only to be looked at.
  ino_t inode = 0;      // Of the kernel's socket, which tells a reused descriptor apart.
};

class ControlSocket {
 public:
  // Requires that the ZAP handler of `context` runs, and that no other thread makes files.
  static Result<ControlSocket> open(zmq::context_t& context, const std::filesystem::path& path);
  ControlSocket(ControlSocket&& other) noexcept;
  ControlSocket& operator=(ControlSocket&&) = delete;
  // Removes the socket file, if it is still ours.
  ~ControlSocket();

  struct Received {
    Caller caller;
    Bytes message;  // Empty for what is no message of ours.
  };
  // The next message, if one waits.
  std::optional<Received> receive();

  // Full: the caller does not read. Gone: its connection has ended.
  Sent send(const Caller& caller, const Bytes& message);
  // True once the caller's connection is known to have ended.
  static bool is_gone(const Caller& caller);

  zmq::pollitem_t poll_item() { return {socket_.handle(), 0, ZMQ_POLLIN, 0}; }

 private:
  ControlSocket(zmq::socket_t socket, std::filesystem::path path, ino_t inode);

  zmq::socket_t socket_;
  std::filesystem::path path_;  // Empty once moved from.
  ino_t inode_;                 // Of the file that bind made.
};

}  // namespace p2pchat
