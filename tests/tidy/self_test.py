"""Breaks each rule once, in a small tree of its own, and sees the check that guards it complain."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import clang_tidy
import format as formatting
import includes
import packages
import sizes
import symbols

ROOT = Path(__file__).resolve().parents[2]


class Tidy(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def assert_complains(self, complaints, *words):
        self.assertEqual(1, len(complaints), complaints)
        for word in words:
            self.assertIn(word, complaints[0])


class Includes(Tidy):
    def refuses(self, path, header):
        self.write(path, f"#include {header}\n")
        self.assert_complains(includes.check(self.root), f"{path}:1: ")

    def accepts(self, path, header):
        self.write(path, f"#include {header}\n")
        self.assertEqual([], includes.check(self.root))

    def test_proto_knows_nobody_else(self):
        self.write("daemon/core/node.h", "")
        self.refuses("proto/a.cc", '"daemon/core/node.h"')

    def test_core_knows_proto(self):
        self.write("proto/batch.h", "")
        self.accepts("daemon/core/a.cc", '"proto/batch.h"')

    def test_core_does_not_know_the_shell(self):
        self.write("daemon/shell/store.h", "")
        self.refuses("daemon/core/a.cc", '"daemon/shell/store.h"')

    def test_shell_knows_the_core(self):
        self.write("daemon/core/node.h", "")
        self.accepts("daemon/shell/a.cc", '"daemon/core/node.h"')

    def test_ctl_does_not_know_the_daemon(self):
        self.write("daemon/core/node.h", "")
        self.refuses("ctl/a.cc", '"daemon/core/node.h"')

    def test_tests_know_all(self):
        self.write("daemon/core/node.h", "")
        self.accepts("tests/unit/a_test.cc", '"daemon/core/node.h"')

    def test_names_are_spelled_from_the_root(self):
        self.write("proto/batch.h", "")
        self.refuses("proto/a.cc", '"batch.h"')

    def test_no_socket_file_clock_or_chance_in_proto(self):
        for header in ("<zmq.hpp>", "<sys/socket.h>", "<fstream>", "<random>", "<thread>"):
            with self.subTest(header):
                self.refuses("proto/a.cc", header)

    def test_no_effect_and_no_unordered_container_in_core(self):
        for header in ("<zmq.hpp>", "<sqlite3.h>", "<mutex>", "<random>", "<unordered_map>",
                       "<unistd.h>", "<time.h>", "<spdlog/spdlog.h>", "<msgpack.hpp>"):
            with self.subTest(header):
                self.refuses("daemon/core/a.cc", header)

    def test_core_uses_the_deterministic_part_of_libsodium(self):
        self.accepts("daemon/core/a.cc", "<sodium.h>")
        self.write("daemon/core/a.cc", "auto a = randombytes_buf_deterministic(p, n, seed);\n")
        self.assertEqual([], includes.check(self.root))

        self.write("daemon/core/a.cc", "void f() { randombytes_buf(p, n); }\n")
        self.assert_complains(includes.check(self.root), "daemon/core/a.cc:1", "entropy")

    def test_core_asks_no_clock(self):
        self.write("daemon/core/a.cc", "// now() in a comment\nauto t = steady_clock::now();\n")
        self.assert_complains(includes.check(self.root), "daemon/core/a.cc:2", "time")

    def test_shell_uses_the_world(self):
        for header in ("<zmq.hpp>", "<sqlite3.h>", "<sys/stat.h>", "<unistd.h>", "<thread>"):
            with self.subTest(header):
                self.accepts("daemon/shell/a.cc", header)

    def test_ctl_uses_no_database(self):
        self.refuses("ctl/a.cc", "<sqlite3.h>")

    def test_zmq_stands_in_one_file_of_ctl(self):
        self.write("ctl/a.cc", "#include <zmq.hpp>\n")
        self.assertEqual([], includes.check(self.root))

        self.write("ctl/b.cc", "#include <zmq.h>\n")
        self.assert_complains(includes.check(self.root), "zmq", "ctl/a.cc ctl/b.cc")


class Sizes(Tidy):
    def function(self, lines, opening):
        return opening + "\n" + "  step();\n" * (lines - 2) + "}\n"

    def sized(self, text):
        return [(name, size) for _, name, size in sizes.functions(text)]

    def test_file(self):
        self.write("proto/a.cc", "int a;\n" * 400)
        self.write("tests/unit/a_test.cc", "int a;\n" * 600)
        self.assertEqual([], sizes.check(self.root))

        self.write("proto/a.cc", "int a;\n" * 401)
        self.assert_complains(sizes.check(self.root), "proto/a.cc", "401")

    def test_test_file(self):
        self.write("tests/unit/a_test.cc", "int a;\n" * 601)
        self.assert_complains(sizes.check(self.root), "a_test.cc", "601")

    def test_line(self):
        self.write("proto/a.cc", "// " + "ü" * 97 + "\n")
        self.assertEqual([], sizes.check(self.root))

        self.write("proto/a.cc", "\n// " + "x" * 98 + "\n")
        self.assert_complains(sizes.check(self.root), "proto/a.cc:2", "101")

    def test_function(self):
        self.write("proto/a.cc", "namespace p {\n\n" + self.function(60, "int f(int a) {") + "}\n")
        self.assertEqual([], sizes.check(self.root))

        self.write("proto/a.cc", "namespace p {\n\n" + self.function(61, "int f(int a) {") + "}\n")
        self.assert_complains(sizes.check(self.root), "proto/a.cc:3", "f: 61")

    def test_every_kind_of_function(self):
        for opening in (
            "TEST(Roster, Holds) {",
            "class A {\n public:\n  int f() const {",
            "struct A : B<int> {\n  bool operator==(const A& a) const {",
            "A::A(int a) : a_(a), b_{b}, c_{{1, 2}} {",
            "template <class T, int N = 3>\nResult<T> f(T a = {}) noexcept {",
            'extern "C" int f(const char* a) {',
            "auto f(int a) -> std::vector<int> {",
            "A& A::operator()(int a) && {",
            "const auto kF = [](int a) {",
            "int main() {",
        ):
            with self.subTest(opening):
                body = opening + "\n" + "  if (a) {\n    b();\n  }\n" * 20 + "}\n"
                self.assertEqual(1, len([s for _, s in self.sized(body) if s > 60]), body)

    def test_types_and_values_are_no_functions(self):
        for opening in ("struct A {", "enum class E : int {", "constexpr std::array<int, 9> kA = {",
                        "namespace p2pchat::core {", "namespace {", "class A final : public B {"):
            with self.subTest(opening):
                self.assertEqual([], self.sized(opening + "\n" + "  a,\n" * 70 + "};\n"))

    def test_words_do_not_count_as_braces(self):
        text = """int f() {\n  a("{");  // {\n  b('{'); /* { */\n  c(R"({)", 1'000);\n}\n"""
        text += "int g() {\n}\n"
        self.assertEqual([("f", 5), ("g", 2)], self.sized(text))


class Symbols(Tidy):
    def archive(self, text):
        source = self.write("a.cc", text)
        subprocess.run(["g++", "-O1", "-c", source, "-o", self.root / "a.o"], check=True)
        subprocess.run(["ar", "rc", self.root / "a.a", self.root / "a.o"], check=True)
        return str(self.root / "a.a")

    def test_clock_chance_and_effects(self):
        for call, kind in {
            "#include <chrono>\nauto f() { return std::chrono::steady_clock::now(); }": "clock",
            "#include <ctime>\nlong f() { return time(nullptr); }": "clock",
            "#include <random>\nunsigned f() { return std::random_device()(); }": "random",
            "#include <cstdlib>\nint f() { return rand(); }": "random",
            "#include <sodium.h>\nvoid f(char* p) { randombytes_buf(p, 1); }": "random",
            "#include <sys/socket.h>\nint f() { return socket(1, 1, 1); }": "socket",
            "#include <fcntl.h>\nint f() { return open(\"a\", 0); }": "file",
            "#include <fstream>\nbool f() { return std::ifstream(\"a\").good(); }": "file",
            "#include <cstdlib>\nchar* f() { return getenv(\"a\"); }": "environment",
            "#include <zmq.h>\nvoid* f() { return zmq_ctx_new(); }": "zmq",
            "#include <sqlite3.h>\nint f(sqlite3* a) { return sqlite3_close(a); }": "sqlite",
            "#include <iostream>\nvoid f() { std::cout << 1; }": "terminal",
        }.items():
            with self.subTest(call):
                complaints = symbols.check(self.archive(call))
                self.assertTrue(any(c.endswith(f": {kind}") for c in complaints), complaints)

    def test_pure_code(self):
        pure = """#include <sodium.h>
            #include <cstdio>
            #include <string>
            struct Room { void close(); void send(); void time(); };
            void f(Room& a, std::string& s, unsigned char* p) {
              a.close(); a.send(); a.time();
              s.append("a");
              randombytes_buf_deterministic(p, 1, p);
              crypto_generichash(p, 32, p, 1, nullptr, 0);
              std::fprintf(stderr, "%s", s.c_str());
            }"""
        self.assertEqual([], symbols.check(self.archive(pure)))

    def test_an_empty_archive_proves_nothing(self):
        self.assert_complains(symbols.check(self.archive("")), "proves nothing")


class Packages(Tidy):
    def tree(self, names, cmake):
        self.write("systemd/packages", "".join(f"{n}\n" for n in ("g++", "ninja-build", *names)))
        self.write("CMakeLists.txt", cmake)
        return packages.check(self.root)

    def test_a_library_needs_its_package(self):
        self.assertEqual([], self.tree(["libfmt-dev"], "find_package(fmt)\n"))
        self.assert_complains(self.tree([], "find_package(fmt)\n"), "libfmt-dev")

    def test_a_library_of_the_programs_is_not_test_only(self):
        self.assert_complains(
            self.tree(["libfmt-dev test-only"], "find_package(fmt)\n"), "test-only")

    def test_an_unknown_library(self):
        self.assert_complains(self.tree([], "find_package(marvel)\n"), "marvel")

    def test_an_idle_package(self):
        self.assert_complains(self.tree(["tcpdump"], ""), "tcpdump", "nothing uses it")

    def test_a_program_that_a_test_runs(self):
        self.write("tests/functional/a_test.cc", 'run("tcpdump -i lo");\n')
        self.assertEqual([], self.tree(["tcpdump test-only"], ""))
        self.assert_complains(self.tree([], ""), "tests/functional/a_test.cc", "tcpdump")


class Clang(Tidy):
    def test_format(self):
        shutil.copy(ROOT / ".clang-format", self.root)
        self.write("proto/a.cc", "int a;\n")
        self.assertEqual([], formatting.check(self.root))

        self.write("proto/b.cc", "int   b;\n")
        self.assert_complains(formatting.check(self.root), "proto/b.cc")

    def tidy(self, text):
        source = self.write("proto/a.cc", text)
        shutil.copy(ROOT / ".clang-tidy", self.root)
        build = self.root / "build"
        build.mkdir(exist_ok=True)
        (build / "compile_commands.json").write_text(
            f'[{{"directory": "{build}", "file": "{source}",'
            f' "command": "ccache g++ -std=c++20 -o a.o -c {source}"}}]')
        return clang_tidy.check(self.root, build)

    def test_clang_tidy(self):
        self.assertEqual([], self.tidy("int sum_of(int left) { return left; }\n"))
        self.assert_complains(self.tidy("int SumOf(int left) { return left; }\n"), "naming")
        self.assert_complains(self.tidy("typedef int Count;\n"), "use-using")
        self.assert_complains(self.tidy("int broken( { }\n"), "error")

    def test_clang_tidy_over_nothing_proves_nothing(self):
        self.write("build/compile_commands.json", "[]")
        self.assert_complains(clang_tidy.check(self.root, self.root / "build"), "proves nothing")


if __name__ == "__main__":
    unittest.main()
