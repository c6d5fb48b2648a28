"""Checks systemd/packages against what the build files, the scripts and the tests use."""

import re
import sys
from pathlib import Path

import tree

# What find_package() and pkg_check_modules() name, and the Debian packages it comes from.
LIBRARIES = {
    "CLI11": ["libcli11-dev"],
    "GTest": ["libgtest-dev", "libgmock-dev"],
    "PkgConfig": ["pkg-config"],
    "Python3": ["python3"],
    "SQLite3": ["libsqlite3-dev"],
    "cppzmq": ["cppzmq-dev", "libzmq3-dev"],
    "fmt": ["libfmt-dev"],
    "libsodium": ["libsodium-dev"],
    "libsystemd": ["libsystemd-dev"],
    "msgpack": ["libmsgpack-cxx-dev"],
    "spdlog": ["libspdlog-dev"],
    "tl-expected": ["libexpected-dev"],
}

# Programs that scripts, build files and functional tests run. What Debian marks as essential, and
# what the compiler brings (nm, readelf), is not listed.
PROGRAMS = {
    "ccache": ["ccache"],
    "clang++-14": ["clang-14", "libclang-rt-14-dev"],
    "clang-format-14": ["clang-format-14"],
    "clang-tidy-14": ["clang-tidy-14"],
    "cmake": ["cmake"],
    "ctest": ["cmake"],
    "curl": ["curl"],
    "from nacl": ["python3-nacl"],
    "gdb": ["gdb"],
    "import msgpack": ["python3-msgpack"],
    "import zmq": ["python3-zmq"],
    "ip netns": ["iproute2"],
    "iptables": ["iptables"],
    "jq": ["jq"],
    "man ": ["man-db"],
    "nft ": ["nftables"],
    "ninja": ["ninja-build"],
    "perl": ["perl"],
    "python3": ["python3"],
    "socat": ["socat"],
    "sqlite3 ": ["sqlite3"],
    "strace": ["strace"],
    "systemd-analyze": ["systemd"],
    "systemd-nspawn": ["systemd-container"],
    "tcpdump": ["tcpdump"],
    "valgrind": ["valgrind"],
}

# Needed without being named in any file.
ALWAYS = {"g++", "ninja-build"}

NAMED = re.compile(r"\b(?:find_package|pkg_check_modules)\s*\(\s*([\w-]+)")


def listed(root):
    """The packages on the list, each with whether only the tests need it."""
    lines = (Path(root) / "systemd/packages").read_text().splitlines()
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {entry[0]: "test-only" in entry[1:] for entry in words}


def uses(root):
    """Yields (file, what it names, packages) for every library and program in use."""
    root = Path(root)
    for path in tree.script_files(root):
        if path.parts[:2] == ("tests", "tidy") and path.suffix == ".py" and path.stem in (
                "packages", "self_test"):
            continue
        text = (root / path).read_text()
        for name in NAMED.findall(text) if path.name == "CMakeLists.txt" else []:
            yield path, name, LIBRARIES.get(name, [])
        yield from programs_in(path, text, r"^\s*(#|//).*$")
    for path in tree.cpp_files(root):
        if path.parts[:2] == ("tests", "functional"):
            strings = re.findall(r'"(?:\\.|[^"\\\n])*"', (root / path).read_text())
            yield from programs_in(path, "\n".join(strings), None)
    presets = root / "CMakePresets.json"
    if presets.is_file():
        yield from programs_in(Path(presets.name), presets.read_text(), None)


def programs_in(path, text, comment):
    if comment:
        text = re.sub(comment, "", text, flags=re.MULTILINE)
    for name, packages in PROGRAMS.items():
        if re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-])", text):
            yield path, name, packages


def check(root):
    packages = listed(root)
    complaints = []
    used = set(ALWAYS)
    for path, name, needed in uses(root):
        if not needed:
            complaints.append(f"{path}: {name}: tests/tidy/packages.py does not know its package")
        for package in needed:
            used.add(package)
            if package not in packages:
                complaints.append(f"{path}: {name}: {package} is not in systemd/packages")
            elif packages[package] and path.name == "CMakeLists.txt" and path.parts[0] != "tests":
                if name in LIBRARIES:
                    complaints.append(f"{path}: {name}: {package} is marked as test-only")
    for package in packages:
        if package not in used:
            complaints.append(f"systemd/packages: {package}: nothing uses it")
    return complaints


if __name__ == "__main__":
    tree.report(check(sys.argv[1]))
