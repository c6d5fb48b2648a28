// Replay: runs a fuzz target over every file it is given.
//
// Wherever libFuzzer is not linked, this is the main function of a fuzz target, so that its corpus
// runs as a plain test in every build. Without a single input it fails: such a test proves nothing.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void replay(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  // The copy has no slack behind its end, so the sanitizer sees a read one byte too far.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  // The name stands on the output before the run, so a crash tells which input it was.
  std::printf("%s: %zu bytes\n", file.c_str(), input.size());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t inputs = 0;
  for (int i = 1; i < argc; ++i) {
    const std::filesystem::path path(argv[i]);
    if (!std::filesystem::is_directory(path)) {
      replay(path);
      ++inputs;
      continue;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (!entry.is_regular_file()) continue;
      replay(entry.path());
      ++inputs;
    }
  }
  if (inputs == 0) {
    std::fprintf(stderr, "no input: name files or folders to replay\n");
    return 1;
  }
  return 0;
}
