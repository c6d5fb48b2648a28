"""The tree: what the checks of this folder look at, and how they report.

Every check is a function from the root of a tree to a list of complaints, each beginning with the
place it is about. An empty list means the tree is tidy. So the self test can hand it a bad tree.
"""

import re
import sys
from pathlib import Path

FOLDERS = ("proto", "daemon", "ctl", "rendezvous", "tests")


def cpp_files(root):
    """All C++ files below `root`, as paths relative to it, sorted."""
    return sorted(
        path.relative_to(root)
        for folder in FOLDERS
        for path in (Path(root) / folder).rglob("*")
        if path.suffix in (".h", ".cc") and path.is_file()
    )


def script_files(root):
    """All scripts and build files below `root`, as paths relative to it, sorted."""
    root = Path(root)
    found = [root / "CMakeLists.txt", *(root / ".ci").glob("*")]
    for folder in (*FOLDERS, "systemd"):
        found += [path for path in (root / folder).rglob("*") if is_script(path)]
    return sorted(path.relative_to(root) for path in found if path.is_file())


def is_script(path):
    if not path.is_file() or "corpus" in path.parts or "__pycache__" in path.parts:
        return False
    if path.suffix == ".py" or path.name == "CMakeLists.txt":
        return True
    with path.open("rb") as file:
        return file.read(2) == b"#!"


TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"|"""
    r"""(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL,
)


def without_words(text):
    """C++ `text` with comments, strings and characters blanked out; lines stay where they are."""

    def blank(match):
        return "".join("\n" if c == "\n" else " " for c in match.group())

    return TOKEN.sub(blank, text)


def report(complaints):
    """Prints the complaints and ends the program: 1 if there are any."""
    for complaint in complaints:
        print(complaint)
    sys.exit(1 if complaints else 0)
