"""Checks that clang-format would change nothing."""

import subprocess
import sys
from pathlib import Path

import tree


def check(root):
    files = [str(Path(root) / path) for path in tree.cpp_files(root)]
    if not files:
        return [f"{root}: no C++ file"]
    run = subprocess.run(
        ["clang-format-14", "--dry-run", "-Werror", *files], capture_output=True, text=True)
    if run.returncode == 0:
        return []
    wrong = sorted({line.split(":")[0] for line in run.stderr.splitlines() if "error:" in line})
    return [f"{file}: clang-format-14 -i would change it" for file in wrong] or [run.stderr]


if __name__ == "__main__":
    tree.report(check(sys.argv[1]))
