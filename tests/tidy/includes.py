"""Checks the table of layers in STYLE.md part 2: who may include what."""

import re
import sys
from pathlib import Path

import tree

CRYPTO = r"sodium\.h|sodium/.*"
EXPECTED = r"tl/expected\.hpp"
ZMQ = r"zmq(_.*)?\.h(pp)?"
CLI = r"CLI/.*"
THREADS = (
    "atomic barrier condition_variable future latch mutex semaphore shared_mutex stop_token thread"
).split()
# What acts on the world, or holds what differs from run to run.
EFFECTS = THREADS + (
    "csignal ctime filesystem fstream iostream random syncstream execution".split()
)

# For each folder, the longest name that fits counts:
#   project   what may be included of the project
#   library   which headers with a suffix or a slash; `system` allows those of the C library too
#   refused   which standard headers may not be included
#   words     what else may not stand in the code, and why
#   once      headers that only one file of the folder may include
RULES = {
    "proto": dict(
        project=["proto/"],
        library=[CRYPTO, EXPECTED, r"msgpack\.hpp|msgpack/.*"],
        refused=EFFECTS,
    ),
    "daemon/core": dict(
        project=["proto/", "daemon/core/"],
        library=[CRYPTO, EXPECTED],
        refused=EFFECTS + ["unordered_map", "unordered_set", "cstdio"],
        words={
            r"\bnow\s*\(\s*\)": "time is passed in, not asked for",
            r"\brandombytes\w*(?<!_deterministic)\s*\(": "entropy is passed in, not drawn",
            r"\bthread_local\b": "one thread decides",
        },
    ),
    "daemon": dict(
        project=["proto/", "daemon/"],
        library=[
            CRYPTO, EXPECTED, ZMQ, CLI, r"sqlite3\.h", r"fmt/.*", r"spdlog/.*", r"systemd/.*",
        ],
        system=True,
        once={CLI: "CLI11"},
    ),
    "ctl": dict(
        project=["proto/", "ctl/"],
        library=[CRYPTO, EXPECTED, ZMQ, CLI],
        system=True,
        once={ZMQ: "zmq", CLI: "CLI11"},
    ),
    "rendezvous": dict(
        project=["proto/", "rendezvous/"],
        library=[CRYPTO, EXPECTED, ZMQ, CLI, r"sqlite3\.h", r"fmt/.*", r"spdlog/.*", r"systemd/.*"],
        system=True,
        once={ZMQ: "zmq", CLI: "CLI11", r"sqlite3\.h": "sqlite"},
    ),
    "tests": dict(
        project=[f"{folder}/" for folder in tree.FOLDERS],
        library=[r".*"],
        system=True,
    ),
}

SYSTEM = re.compile(r"(sys|netinet|arpa|net|linux)/\w+\.h|\w+\.h")
STANDARD = re.compile(r"[a-z_0-9]+")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path):
    """The name in RULES that governs `path`."""
    names = [name for name in RULES if path.as_posix().startswith(f"{name}/")]
    return max(names, key=len)


def complaint_about(root, path, quote, header):
    """What is wrong with one include, or None."""
    rule = RULES[folder_of(path)]
    if quote == '"':
        if not (root / header).is_file() or ".." in header:
            return "is not spelled from the root of the project"
        if not any(header.startswith(prefix) for prefix in rule["project"]):
            return f"{folder_of(path)}/ may not know it"
        return None
    if STANDARD.fullmatch(header):
        return "is refused in this folder" if header in rule.get("refused", []) else None
    if any(re.fullmatch(pattern, header) for pattern in rule["library"]):
        return None
    if rule.get("system") and SYSTEM.fullmatch(header) and not is_library(header):
        return None
    return f"{folder_of(path)}/ may not use it"


def is_library(header):
    """True for a header that looks like one of the C library, but is one of a library in RULES."""
    return any(re.fullmatch(p, header) for p in (CRYPTO, ZMQ, r"sqlite3\.h", r"gtest\.h"))


def check(root):
    root = Path(root)
    complaints = []
    users = {}
    for path in tree.cpp_files(root):
        text = (root / path).read_text()
        for match in INCLUDE.finditer(text):
            quote, header = match.groups()
            line = text.count("\n", 0, match.start(1)) + 1
            wrong = complaint_about(root, path, quote, header)
            if wrong:
                complaints.append(f"{path}:{line}: {quote}{header}: {wrong}")
            for pattern, name in RULES[folder_of(path)].get("once", {}).items():
                if quote == "<" and re.fullmatch(pattern, header):
                    users.setdefault((folder_of(path), name), set()).add(str(path))
        code = tree.without_words(text)
        for pattern, why in RULES[folder_of(path)].get("words", {}).items():
            for match in re.finditer(pattern, code):
                line = code.count("\n", 0, match.start()) + 1
                complaints.append(f"{path}:{line}: {match.group().strip()}: {why}")
    for (folder, name), files in sorted(users.items()):
        if len(files) > 1:
            complaints.append(f"{folder}/: {name} in more than one file: {' '.join(sorted(files))}")
    return complaints


if __name__ == "__main__":
    tree.report(check(sys.argv[1]))
