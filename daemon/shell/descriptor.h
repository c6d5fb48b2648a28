// Descriptor: an open file, closed when its owner goes; and the few things that
// are done to files by more than one of us.
//
// Effects: the file system. Single-threaded; one owner.
#pragma once

#include <filesystem>
#include <utility>

#include "proto/result.h"

namespace p2pchat {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_ = -1;
};

// A new, empty file that only we can read, whatever the umask; one that is there is an error.
Result<Descriptor> create_private(const std::filesystem::path& file);
// Writes all of `text` to where the file stands.
Result<void> write_all(const Descriptor& open, std::string_view text,
                       const std::filesystem::path& file);
// Makes the names in the folder of `file` durable.
Result<void> sync_folder_of(const std::filesystem::path& file);
// "cannot VERB FILE: reason", the reason being errno's.
tl::unexpected<Error> fail_with_errno(std::string_view verb, const std::filesystem::path& file);

}  // namespace p2pchat
