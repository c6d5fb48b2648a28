"""Checks the sizes of STYLE.md part 7: file, function and line."""

import re
import sys
from pathlib import Path

import tree

FILE_LINES_MAX = 400
TEST_FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 60
LINE_CHARACTERS_MAX = 100


def check(root):
    root = Path(root)
    complaints = []
    for path in [*tree.cpp_files(root), *tree.script_files(root)]:
        text = (root / path).read_text()
        lines = text.splitlines()
        lines_max = TEST_FILE_LINES_MAX if path.parts[0] == "tests" else FILE_LINES_MAX
        if len(lines) > lines_max:
            complaints.append(f"{path}: {len(lines)} lines, at most {lines_max}")
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_CHARACTERS_MAX:
                complaints.append(
                    f"{path}:{number}: {len(line)} characters, at most {LINE_CHARACTERS_MAX}")
        if path.suffix in (".h", ".cc"):
            for line, name, size in functions(text):
                if size > FUNCTION_LINES_MAX:
                    complaints.append(
                        f"{path}:{line}: {name}: {size} lines, at most {FUNCTION_LINES_MAX}")
    return complaints


def functions(text):
    """Yields (first line, name, lines) of every function that stands in a namespace or a type.

    Reads braces, not C++: what stands before a brace says whether it opens a namespace, a type, a
    function or a list of values. A lambda counts as part of the function around it.
    """
    code = without_preprocessor(tree.without_words(text))
    line = 1
    head = ""  # What stands since the last statement or block ended.
    head_line = 1
    open_blocks = []  # Of namespaces and types, and of the function that is being read.
    depth = 0  # Of braces within a function or a list of values.
    for at, char in enumerate(code):
        if char == "\n":
            line += 1
        if depth:
            depth += {"{": 1, "}": -1}.get(char, 0)
            if depth == 0:
                kind, first, name = open_blocks.pop()
                if code[at + 1 :].lstrip()[:1] in (",", "{") or kind == "values":
                    continue  # A member's initial value, or a list: the same head goes on.
                yield first, name, line - first + 1
                head = ""
            continue
        if char == "{":
            kind = kind_of(head)
            open_blocks.append((kind, head_line, name_in(head)))
            if kind in ("function", "values"):
                depth = 1
            else:
                head = ""
        elif char == "}":
            if open_blocks:
                open_blocks.pop()
            head = ""
        elif char == ";" and head.count("(") == head.count(")"):
            head = ""
        else:
            if not head.strip() and not char.isspace():
                head_line = line
            head += char


def without_preprocessor(code):
    """`code` with directives and their continuation lines blanked out."""
    kept = []
    within = False
    for line in code.split("\n"):
        within = within or line.lstrip().startswith("#")
        kept.append("" if within else line)
        within = within and line.endswith("\\")
    return "\n".join(kept)


def kind_of(head):
    """What the brace after `head` opens: "namespace", "type", "function" or "values"."""
    head = re.sub(r"\boperator\s*(\(\)|[^\s\w(]+)", "operator", head).strip()
    head = re.sub(r"^(template\s*<[^{]*?>\s*)+(?=\w|\[)", "", head)
    if re.match(r'(inline\s+)?namespace\b|extern\b[^(]*$', head):
        return "namespace"
    outside = re.sub(r"\([^()]*\)", "", re.sub(r"\([^()]*\)", "", head))
    if "(" not in head and re.match(r"(\[\[\w+\]\]\s*)*(class|struct|union|enum)\b", head):
        return "type"
    if re.match(r"(class|struct)\s+(alignas\s*\([^)]*\)\s*)?\w", head) and "(" not in outside:
        if re.fullmatch(r"(class|struct)\s+(alignas\s*)?[\w:<>, ]+", outside.strip()):
            return "type"
    if "=" in outside and "[" not in outside:
        return "values"
    return "function" if "(" in head else "values"


def name_in(head):
    """The name of the function that `head` begins, or of the test that a macro names."""
    test = re.search(r"\b(TEST\w*\s*\([^)]*\))", head)
    if test:
        return " ".join(test.group(1).split())
    name = re.search(r"([\w:~]+)\s*\(", head)
    return name.group(1) if name else head.strip()[:40]


if __name__ == "__main__":
    tree.report(check(sys.argv[1]))
