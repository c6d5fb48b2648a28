#include "daemon/shell/options.h"

#include <fstream>
#include <gmock/gmock.h>

#include "tests/unit/samples.h"
#include "tests/unit/temp_folder.h"

namespace p2pchat {
namespace {

using ::testing::HasSubstr;

const std::string kAnna = to_text(sample_peer(1));
const std::string kBob = to_text(sample_peer(2));

class Options : public ::testing::Test {
 protected:
  Options() {
    around_.host_name = "alpha.example.org";
    around_.environment = {{"HOME", folder_.path().native()}, {"XDG_RUNTIME_DIR", "/run/user/7"}};
  }

  std::string config(const std::string& text) {
    const auto file = folder_ / "p2pchatd.toml";
    std::ofstream(file) << text;
    return file.native();
  }
  p2pchat::Options read(const std::vector<std::string>& arguments) {
    const auto told = read_options(arguments, around_);
    if (!told) {
      ADD_FAILURE() << told.error().text;
      return {};
    }
    return std::get<p2pchat::Options>(*told);
  }
  // The sentence of an error, which must be one of usage.
  std::string complaint(const std::vector<std::string>& arguments) {
    const auto told = read_options(arguments, around_);
    if (told) return "no complaint";
    EXPECT_EQ(told.error().fault, Fault::usage);
    EXPECT_THAT(told.error().text, ::testing::Not(HasSubstr("\n")));
    return told.error().text;
  }
  std::string printed(const std::vector<std::string>& arguments) {
    const auto told = read_options(arguments, around_);
    return told && std::holds_alternative<Printout>(*told) ? std::get<Printout>(*told).text : "";
  }

  TempFolder folder_;
  Surroundings around_;
};

TEST_F(Options, WithoutAWordOpenNothingToTheWorld) {
  const auto options = read({});

  EXPECT_EQ(options.listen, (Address{"127.0.0.1", 7473}));
  EXPECT_EQ(options.accept, Accept::anyone);
  EXPECT_EQ(options.rate, kPushRateDefault);
  EXPECT_EQ(options.room_bytes, kRoomBytesDefault);
  EXPECT_FALSE(options.advertise);
  EXPECT_FALSE(options.rendezvous);
  EXPECT_TRUE(options.auto_vote.empty());
  EXPECT_FALSE(options.is_relay);
}

TEST_F(Options, OfAnOrdinaryUserLiveInTheFoldersOfXdg) {
  const auto options = read({});

  EXPECT_EQ(options.state, folder_.path() / ".local/state/p2pchatd");
  EXPECT_EQ(options.socket, "/run/user/7/p2pchatd/p2pchatd.sock");

  around_.environment["XDG_STATE_HOME"] = "/elsewhere";
  around_.environment.erase("XDG_RUNTIME_DIR");
  EXPECT_EQ(read({}).state, "/elsewhere/p2pchatd");
  EXPECT_EQ(read({}).socket, "/elsewhere/p2pchatd/p2pchatd.sock");
}

TEST_F(Options, OfRootAndOfTheSystemsStateLiveInTheSystemsFolders) {
  EXPECT_EQ(read({"--state", "/var/lib/p2pchatd"}).socket, "/run/p2pchatd/p2pchatd.sock");

  around_.is_root = true;
  EXPECT_EQ(read({}).state, "/var/lib/p2pchatd");
  EXPECT_EQ(read({}).socket, "/run/p2pchatd/p2pchatd.sock");
}

TEST_F(Options, OfFlagsBeatTheEnvironmentWhichBeatsTheFile) {
  const std::string file = config("name = \"of-file\"\nrate = 1\nroom-bytes = 70000\n");
  around_.environment["P2PCHATD_NAME"] = "of-environment";
  around_.environment["P2PCHATD_RATE"] = "2";

  const auto options = read({"--config", file, "--name", "of-flag"});

  EXPECT_EQ(options.name, "of-flag");
  EXPECT_EQ(options.rate, 2U);
  EXPECT_EQ(options.room_bytes, 70000U);
}

TEST_F(Options, ThatAreFlagsBeatTheFileEvenWhenTheySayNo) {
  const std::string file = config("relay = true\n");

  EXPECT_TRUE(read({"--config", file}).is_relay);
  EXPECT_FALSE(read({"--config", file, "--relay=false"}).is_relay);
  around_.environment["P2PCHATD_RELAY"] = "false";
  EXPECT_FALSE(read({"--config", file}).is_relay);
  EXPECT_TRUE(read({"--config", file, "--relay"}).is_relay);
}

TEST_F(Options, MayNameTheFileInTheEnvironment) {
  around_.environment["P2PCHATD_CONFIG"] = config("name = \"of-file\"\n");

  EXPECT_EQ(read({}).name, "of-file");
}

TEST_F(Options, ReadTheDefaultFileOnlyIfItIsThere) {
  EXPECT_EQ(read({}).name, "alpha");

  std::filesystem::create_directories(folder_.path() / ".config/p2pchat");
  std::ofstream(folder_.path() / ".config/p2pchat/p2pchatd.toml") << "name = \"of-file\"\n";
  EXPECT_EQ(read({}).name, "of-file");
}

TEST_F(Options, TakeEveryKeyFromTheFile) {
  const std::string file = config(
      "# a comment\nstate = \"/s\"\nsocket = \"/s/x.sock\"\nname = \"Ann Other\"\n"
      "listen = \"[::]:99\"\nadvertise = \"door.example.org\"\naccept = \"nobody\"\n"
      "rate = 0\nroom-bytes = 65536\nrelay = true\nlog-level = \"debug\"\n"
      "rendezvous = \"" +
      kAnna + "@host.example\"\nauto-vote = [\"" + kAnna + "\", '" + kBob + "']\n");

  const auto options = read({"--config", file});

  EXPECT_EQ(options.state, "/s");
  EXPECT_EQ(options.socket, "/s/x.sock");
  EXPECT_EQ(options.name, "Ann Other");
  EXPECT_EQ(options.listen, (Address{"::", 99}));
  EXPECT_EQ(options.advertise, (Address{"door.example.org", 0}));
  EXPECT_EQ(options.accept, Accept::nobody);
  EXPECT_EQ(options.rate, 0U);
  EXPECT_EQ(options.room_bytes, 65536U);
  EXPECT_TRUE(options.is_relay);
  EXPECT_EQ(options.log_level, LogLevel::debug);
  EXPECT_EQ(options.rendezvous,
            (rendezvous::Locator{sample_peer(1), {"host.example", rendezvous::kPortDefault}}));
  EXPECT_EQ(options.auto_vote, (std::set{sample_peer(1), sample_peer(2)}));
}

TEST_F(Options, RefuseAKeyThatIsNoneNamingKeyAndFile) {
  const std::string file = config("naem = \"x\"\n");

  EXPECT_EQ(complaint({"--config", file}), file + ": 'naem' is no key");
}

TEST_F(Options, RefuseSectionsTwinsListsAndBrokenQuotes) {
  EXPECT_THAT(complaint({"--config", config("[peers]\nname = 'x'\n")}), HasSubstr("[peers]"));
  EXPECT_THAT(complaint({"--config", config("rate = 1\nname = 'x'\nrate = 2\n")}),
              HasSubstr("'rate' has more than one value"));
  EXPECT_THAT(complaint({"--config", config("rate = 1\nrate = 2\n")}),
              HasSubstr("'rate' has more than one value"));
  EXPECT_THAT(complaint({"--config", config("rate = [1, 2]\n")}),
              HasSubstr("'rate' has more than one value"));
  EXPECT_THAT(complaint({"--config", config("name = \"a#b\"\n")}), HasSubstr("quotes"));
  EXPECT_THAT(complaint({"--config", config("hello world\n")}), HasSubstr("is no key"));
  EXPECT_THAT(complaint({"--config", config("config = 'x'\n")}), HasSubstr("is no key"));
}

TEST_F(Options, RefuseAFileThatCannotBeRead) {
  EXPECT_EQ(complaint({"--config", "/nowhere/x.toml"}),
            "the config file /nowhere/x.toml cannot be read");
}

TEST_F(Options, RefuseVariablesThatAreNoSettings) {
  around_.environment["P2PCHATD_NAEM"] = "";

  EXPECT_THAT(complaint({}), HasSubstr("P2PCHATD_NAEM"));
}

TEST_F(Options, TakeAnEmptyVariableForNone) {
  around_.environment["P2PCHATD_NAME"] = "";

  EXPECT_EQ(read({}).name, "alpha");
}

TEST_F(Options, RefuseForeignWords) {
  EXPECT_THAT(complaint({"--frobnicate"}), HasSubstr("--frobnicate"));
  EXPECT_THAT(complaint({"hello"}), HasSubstr("hello"));
  EXPECT_THAT(complaint({"--name"}), HasSubstr("--name"));
}

TEST_F(Options, RefuseValuesThatMeanNothing) {
  EXPECT_THAT(complaint({"--accept", "all"}), HasSubstr("anyone, ask, known, nobody"));
  EXPECT_THAT(complaint({"--log-level", "loud"}), HasSubstr("debug, info, warning, error"));
  EXPECT_THAT(complaint({"--rate", "-1"}), HasSubstr("rate '-1'"));
  EXPECT_THAT(complaint({"--rate", "9999999999"}), HasSubstr("whole number"));
  EXPECT_THAT(complaint({"--room-bytes", "1k"}), HasSubstr("room-bytes '1k'"));
  EXPECT_THAT(complaint({"--room-bytes", "1"}), HasSubstr("at least 65536"));
  EXPECT_THAT(complaint({"--name", "a\x1b[1mb"}), HasSubstr("name "));
}

TEST_F(Options, RefuseToListenWhereLibzmqOrTheOtherPortsCannot) {
  EXPECT_THAT(complaint({"--listen", "example.org:1"}), HasSubstr("IP address"));
  EXPECT_THAT(complaint({"--listen", "127.0.0.1:65534"}), HasSubstr("65533"));
  EXPECT_THAT(complaint({"--listen", "a b"}), HasSubstr("listen"));
  EXPECT_EQ(read({"--listen", "localhost:0"}).listen, (Address{"127.0.0.1", 0}));
  EXPECT_EQ(read({"--listen", "*"}).listen, (Address{"*", 7473}));
}

TEST_F(Options, RefuseToAdvertiseWhereNobodyCanCome) {
  EXPECT_THAT(complaint({"--advertise", "*:7473"}), HasSubstr("advertise"));
  EXPECT_THAT(complaint({"--advertise", "host:65534"}), HasSubstr("65533"));
}

TEST_F(Options, RefuseASocketPathThatTheKernelWould) {
  const std::string path = "/" + std::string(kSocketPathBytesMax, 'x');

  EXPECT_THAT(complaint({"--socket", path}), HasSubstr("has 108 bytes"));
  EXPECT_EQ(read({"--socket", path.substr(0, 107)}).socket, path.substr(0, 107));
}

TEST_F(Options, AskStrangersInOnlyWhenNobodyElseCanCome) {
  EXPECT_EQ(read({"--listen", "127.5.0.1:1"}).accept, Accept::anyone);
  EXPECT_EQ(read({"--listen", "[::1]:1"}).accept, Accept::anyone);
  EXPECT_EQ(read({"--listen", "*:1"}).accept, Accept::ask);
  EXPECT_EQ(read({"--listen", "10.0.0.1:1"}).accept, Accept::ask);
  EXPECT_EQ(read({"--listen", "169.254.0.1:1"}).accept, Accept::ask);
  EXPECT_EQ(read({"--listen", "*:1", "--accept", "known"}).accept, Accept::known);
}

TEST_F(Options, TakeARendezvousByItsIdAndAddress) {
  const auto rendezvous = [&](const std::string& word) {
    return read({"--rendezvous", word}).rendezvous.value_or(rendezvous::Locator{});
  };

  EXPECT_EQ(rendezvous(kAnna + "@10.0.0.1:99").id, sample_peer(1));
  EXPECT_EQ(rendezvous(kAnna + "@10.0.0.1:99").address, (Address{"10.0.0.1", 99}));
  EXPECT_EQ(rendezvous(kAnna + "@[2001:db8::1]").address, (Address{"2001:db8::1", 7472}));
  around_.environment["P2PCHATD_RENDEZVOUS"] = kBob + "@host";
  EXPECT_EQ(read({}).rendezvous->id, sample_peer(2));
}

TEST_F(Options, RefuseARendezvousThatCannotBeFoundOrProved) {
  const auto why = [&](const std::string& word) { return complaint({"--rendezvous", word}); };

  EXPECT_THAT(why("host.example:7472"), HasSubstr("must be ID@HOST:PORT"));
  EXPECT_THAT(why(kAnna), HasSubstr("must be ID@HOST:PORT"));
  EXPECT_THAT(why(kAnna.substr(1) + "@host"), HasSubstr("52 characters"));
  EXPECT_THAT(why("@host"), HasSubstr("52 characters"));
  EXPECT_THAT(why(std::string(52, 'a') + "@host"), HasSubstr("52 characters")) << "no key";
  EXPECT_THAT(why(kAnna + "@"), HasSubstr("rendezvous"));
  EXPECT_THAT(why(kAnna + "@*"), HasSubstr("no address to connect to"));
  EXPECT_THAT(why(kAnna + "@host:0"), HasSubstr("rendezvous"));
  EXPECT_THAT(why(kAnna + "@host:99999"), HasSubstr("is no port"));
}

TEST_F(Options, TakeAnyNumberOfIdsToVoteFor) {
  const std::set both{sample_peer(1), sample_peer(2)};
  const std::set bob{sample_peer(2)};

  EXPECT_EQ(read({"--auto-vote", kAnna, "--auto-vote", kBob, "--relay"}).auto_vote, both);
  EXPECT_EQ(read({"--auto-vote=" + kAnna + "," + kBob}).auto_vote, both);
  around_.environment["P2PCHATD_AUTO_VOTE"] = kAnna + "," + kBob;
  EXPECT_EQ(read({}).auto_vote, both);
  EXPECT_EQ(read({"--auto-vote", kBob}).auto_vote, bob) << "flags beat the environment";
  EXPECT_EQ(read({"--config", config("auto-vote = '" + kBob + "'\n")}).auto_vote, both);
  around_.environment.erase("P2PCHATD_AUTO_VOTE");
  EXPECT_EQ(read({"--config", config("auto-vote = '" + kBob + "'\n")}).auto_vote, bob);
  EXPECT_EQ(read({"--config", config("auto-vote = []\n")}).auto_vote, std::set<PeerId>{});
  EXPECT_THAT(complaint({"--config", config("name = []\n")}), HasSubstr("more than one value"));
  EXPECT_THAT(complaint({"--auto-vote", "anna"}), HasSubstr("auto-vote 'anna'"));
  EXPECT_THAT(complaint({"--config", config("auto-vote = ['x', 'y\"]\n")}), HasSubstr("quotes"));
}

TEST_F(Options, CallAHostWithoutAUsableNameNameless) {
  around_.host_name = "";

  EXPECT_EQ(read({}).name, "nameless");
}

TEST_F(Options, NeedAHomeOrAnAnswer) {
  around_.environment.clear();

  EXPECT_THAT(complaint({}), HasSubstr("--state"));
  EXPECT_THAT(complaint({"--state", "/s"}), HasSubstr("--socket"));
  EXPECT_EQ(read({"--state", "/s", "--socket", "/s/x"}).state, "/s");
}

TEST_F(Options, NameTheRoomWhoseProofIsPrintedInsteadOfRunning) {
  EXPECT_EQ(read({}).proof, "");
  EXPECT_EQ(read({"--proof=garden", "--state", "/s"}).proof, "garden");
  EXPECT_EQ(read({"--proof=garden", "--state", "/s"}).state, "/s");
  EXPECT_THAT(complaint({"--proof", ""}), HasSubstr("names no room"));
}

TEST_F(Options, PrintHelpAndVersionInsteadOfRunning) {
  EXPECT_THAT(printed({"--help"}), HasSubstr("--advertise"));
  EXPECT_THAT(printed({"--version"}), ::testing::StartsWith("p2pchatd "));
}

TEST_F(Options, ThatWereCheckedReadBackAsAFileThatSaysTheSame) {
  const std::string checked =
      printed({"--check-config", "--name", "Ann Other", "--rate", "5", "--advertise",
               "[2001:db8::1]", "--listen", "*:0", "--rendezvous", kAnna + "@[::1]", "--auto-vote",
               kAnna, "--auto-vote", kBob});

  const auto options = read({"--config", config(checked)});

  EXPECT_EQ(options.name, "Ann Other");
  EXPECT_EQ(options.rate, 5U);
  EXPECT_EQ(options.advertise, (Address{"2001:db8::1", 0}));
  EXPECT_EQ(options.listen, (Address{"*", 0}));
  EXPECT_EQ(options.rendezvous, (rendezvous::Locator{sample_peer(1), {"::1", 7472}}));
  EXPECT_EQ(options.auto_vote, (std::set{sample_peer(1), sample_peer(2)}));
  EXPECT_EQ(options.accept, Accept::ask);
}

TEST_F(Options, ThatAreWrongAreNotPrintedAsChecked) {
  EXPECT_THAT(complaint({"--check-config", "--rate", "x"}), HasSubstr("rate"));
}

}  // namespace
}  // namespace p2pchat
