"""Runs clang-tidy over every source file of the programs, with the checks of .clang-tidy.

The tests are left out: there are more of them, each reads the whole of GoogleTest, and together
they would take longer than all the rest. The compiler's warnings and clang-format hold for them.

A file that was tidy is not read again until it, a header of the project that it includes, its
compile command or .clang-tidy changes: the build folder keeps one empty file per verdict, named by
the hash of all of these. Ninja knows the headers.
"""

import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import tree

FOLDERS = tuple(folder for folder in tree.FOLDERS if folder != "tests")

# Flags of GCC that clang does not know, and those that only cost time here.
DROPPED = ("-fsanitize", "-fno-sanitize", "-fcf-protection", "-Werror", "-g")


def commands(root, build):
    """Yields (file, object, arguments) of every compilation of a file in one of FOLDERS."""
    for entry in json.loads((build / "compile_commands.json").read_text()):
        file = Path(entry["file"])
        if not any(file.is_relative_to(root / folder) for folder in FOLDERS):
            continue
        words = shlex.split(entry["command"])
        start = next(i for i, word in enumerate(words) if word.startswith("-"))
        target = words[words.index("-o") + 1]
        skipped = {words.index("-o"), words.index("-o") + 1}
        kept = [
            word for i, word in enumerate(words)
            if i >= start and i not in skipped and not word.startswith(DROPPED)
            and word not in ("-c", entry["file"])
        ]
        yield file, target, kept


def headers(root, build):
    """For each object that Ninja has built, the files of the project that it was made from."""
    output = subprocess.run(
        ["ninja", "-C", str(build), "-t", "deps"], capture_output=True, text=True).stdout
    found = {}
    target = None
    for line in output.splitlines():
        if line and not line[0].isspace():
            target = line.split(":")[0] if line.endswith("(VALID)") else None
            continue
        if target and line:
            path = (build / line.strip()).resolve()
            if path.is_relative_to(root):
                found.setdefault(target, set()).add(path)
    return found


def verdict_name(root, file, arguments, dependencies):
    digest = hashlib.sha256(" ".join(arguments).encode())
    for path in sorted({file, root / ".clang-tidy", *dependencies}):
        digest.update(str(path).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def tidy(file, arguments):
    """What clang-tidy says about `file`; empty if nothing."""
    run = subprocess.run(
        ["clang-tidy-14", "--quiet", str(file), "--", *arguments, "-Wno-unknown-warning-option"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return "" if run.returncode == 0 else run.stdout or run.stderr or "clang-tidy died"


def check(root, build):
    root, build = Path(root).resolve(), Path(build).resolve()
    verdicts = build / "clang_tidy_verdicts"
    verdicts.mkdir(exist_ok=True)
    known = headers(root, build)
    waiting = {}
    names = set()
    compiled = list(commands(root, build))
    for file, target, arguments in compiled:
        name = None
        if target in known:
            name = verdict_name(root, file, arguments, known[target])
            names.add(name)
        if name is None or not (verdicts / name).exists():
            waiting[file] = (arguments, name)
    for stale in verdicts.iterdir():
        if stale.name not in names:
            stale.unlink()
    complaints = [] if compiled else [f"{build}: compiles nothing, so this check proves nothing"]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(tidy, file, waiting[file][0]): file for file in sorted(waiting)}
        for run in concurrent.futures.as_completed(runs):
            file = runs[run]
            if run.result():
                complaints.append(f"{file.relative_to(root)}:\n{run.result()}")
            elif waiting[file][1]:
                (verdicts / waiting[file][1]).touch()
    print(f"{len(waiting)} files read, {len(complaints)} with complaints")
    return sorted(complaints)


if __name__ == "__main__":
    tree.report(check(sys.argv[1], sys.argv[2]))
