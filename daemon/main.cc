// p2pchatd: reads what it is told, and runs the loop.
#include <cstdio>
#include <string>
#include <vector>

#include "daemon/shell/log.h"
#include "daemon/shell/loop.h"
#include "daemon/shell/options.h"
#include "daemon/shell/process.h"
#include "daemon/shell/proof.h"
#include "proto/crypto.h"
#include "proto/text.h"

namespace {

using namespace p2pchat;

int complain(const Error& error) {
  std::fprintf(stderr, "p2pchatd: %s\n", cleaned(error.text).c_str());
  const ExitCode code = error.fault == Fault::usage ? ExitCode::usage : ExitCode::failed;
  return static_cast<int>(code);
}

int show_proof(const Options& options) {
  const auto printed = print_proof(options.state, options.proof, stdout);
  if (printed) return 0;
  complain(printed.error());
  return static_cast<int>(exit_code(printed.error().fault));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  const std::vector<std::string> arguments(words.begin() + (words.empty() ? 0 : 1), words.end());
  const auto told = read_options(arguments, surroundings());
  if (!told) return complain(told.error());
  if (const auto* printout = std::get_if<Printout>(&*told)) {
    std::fputs(printout->text.c_str(), stdout);
    return 0;
  }
  const Options& options = std::get<Options>(*told);
  if (!crypto_ready()) return complain({Fault::machine, "libsodium cannot be used here"});
  if (!options.proof.empty()) return show_proof(options);
  open_log(options.log_level);
  harden_process();

  const auto loop = Loop::open(options);
  if (!loop) return complain(loop.error());
  const auto ended = (*loop)->run();
  return ended ? 0 : complain(ended.error());
}
