#include "rendezvous/service/options.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/samples.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat::rendezvous {
namespace {

using ::testing::HasSubstr;

class RendezvousOptionsTest : public ::testing::Test {
 protected:
  // Always with a state and a file of its own.
  Result<std::variant<Options, Printout>> read(std::vector<std::string> arguments,
                                               const std::string& file = "") {
    const std::string config = (folder_ / "config.toml").native();
    std::ofstream(config) << file;
    arguments.insert(arguments.begin(), "--config=" + config);
    arguments.push_back("--state=" + (folder_ / "state").native());
    return read_options(std::move(arguments));
  }
  Options options(const std::vector<std::string>& arguments, const std::string& file = "") {
    const auto told = read(arguments, file);
    EXPECT_TRUE(told) << told.error().text;
    return std::get<Options>(*told);
  }
  std::string refusal(const std::vector<std::string>& arguments, const std::string& file = "") {
    const auto told = read(arguments, file);
    EXPECT_FALSE(told);
    if (told) return "";
    EXPECT_EQ(told.error().fault, Fault::usage);
    return told.error().text;
  }

  TempFolder folder_;
};

TEST_F(RendezvousOptionsTest, HaveDefaultsThatAreOpenToNobodyElse) {
  const Options told = options({});

  EXPECT_EQ(told.listen, (Address{"127.0.0.1", 7472}));
  EXPECT_EQ(told.store, folder_ / "state" / "rendezvous.db");
  EXPECT_TRUE(told.allow.empty());
}

TEST_F(RendezvousOptionsTest, OfTheCommandLineWinOverTheFile) {
  const Options told = options({"--listen", "*:1"}, "listen = \"*:2\"\nlog-level = \"error\"\n");

  EXPECT_EQ(told.listen, (Address{"*", 1}));
  EXPECT_EQ(told.log_level, LogLevel::error);
}

TEST_F(RendezvousOptionsTest, NameWhomItServes) {
  const std::string one = to_text(sample_peer(1));
  const std::string two = to_text(sample_peer(2));

  EXPECT_EQ(options({}, "allow = [\"" + one + "\", \"" + two + "\"]\n").allow.size(), 2U);
  EXPECT_EQ(options({}, "allow = \"" + one + "\"\n").allow, std::set<PeerId>{sample_peer(1)});
  EXPECT_THAT(refusal({}, "allow = [\"anna\"]\n"), HasSubstr("anna"));
}

TEST_F(RendezvousOptionsTest, NameAStoreByItsKind) {
  EXPECT_EQ(options({"--store", "sqlite:/x/y.db"}).store, "/x/y.db");
  EXPECT_THAT(refusal({"--store", "/x/y.db"}), HasSubstr("sqlite:PATH"));
  EXPECT_THAT(refusal({"--store", "sqlite:"}), HasSubstr("sqlite:PATH"));
}

TEST_F(RendezvousOptionsTest, ThatAreNotUnderstoodAreErrors) {
  EXPECT_THAT(refusal({"--lisen", "*:1"}), HasSubstr("--lisen"));
  EXPECT_THAT(refusal({"stray"}), HasSubstr("stray"));
  EXPECT_THAT(refusal({"--listen", "somewhere:1"}), HasSubstr("IP address"));
  EXPECT_THAT(refusal({"--log-level", "loud"}), HasSubstr("loud"));
  EXPECT_THAT(refusal({}, "lisen = \"*:1\"\n"), HasSubstr("lisen"));
  EXPECT_THAT(refusal({}, "listen = \"*:1\"\nlisten = \"*:2\"\n"), HasSubstr("more than one"));
  EXPECT_THAT(refusal({}, "[section]\nlisten = \"*:1\"\n"), HasSubstr("section"));
}

TEST_F(RendezvousOptionsTest, ForHelpAreAPrintout) {
  EXPECT_THAT(std::get<Printout>(*read({"--help"})).text, HasSubstr("--listen"));
  EXPECT_THAT(std::get<Printout>(*read({"--version"})).text, HasSubstr("p2pchat-rendezvous"));
}

}  // namespace
}  // namespace p2pchat::rendezvous
