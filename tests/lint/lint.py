"""The rules of style and safety that a machine can check. Prints FILE:LINE and what is wrong.

- A co_await expression with a capture list or a brace in it: gcc 12 miscompiles it (double free).
- A file over 400 lines.
- clang-format has something to change.
- A unit with a setting newer than systemd 247, the oldest that the packages allow. Older versions ignore it.
- A unit that may dump core, which would hold its secrets (T12).
- gRPC, Beast, spdlog, CLI11 or nlohmann in a header: each source that includes it takes seconds longer.
"""
import concurrent.futures
import pathlib
import re
import subprocess
import sys

LONGEST = 400
CODE = (".cpp", ".hpp")
FORMATTED = (".cpp", ".hpp")
COUNTED = (".cpp", ".hpp", ".py", ".sh", ".proto", ".cmake", ".txt")

UNIT = re.compile(r"^systemd/.*\.service(\.in)?$")
HEAVY = re.compile(r'#include [<"](boost/beast/|spdlog/|CLI/|nlohmann/json\.hpp)')
# Settings of systemd.unit(5), systemd.exec(5) and others, with their first version.
TOO_NEW = {r"%d\b": 251, r"%[yY]\b": 251, r"(OnSuccess|Upholds)=": 249, r"(ExitType|LoadCredentialEncrypted|TriggerLimit\w+)=": 250,
           r"(ConditionCredential|OpenFile)=": 252, r"(ImportCredential|RestartSteps|RestartMaxDelaySec)=": 254}


def files_of_git():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                         capture_output=True, text=True, check=True).stdout
    return [name for name in out.splitlines() if pathlib.Path(name).is_file()]


def without_comments(text):
    """Comments and literals become blanks. Line breaks stay, so that line numbers do."""
    token = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
                       re.S)
    return token.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def awaited(text, start):
    """The operand of the co_await at `start`: to the end of its full expression."""
    depth = 0
    for place in range(start, len(text)):
        letter = text[place]
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
            if depth < 0:
                return text[start:place]
        elif letter == ";" and depth == 0:
            return text[start:place]
    return text[start:]


def check_await(text):
    for found in re.finditer(r"\bco_await\b", text):
        operand = awaited(text, found.end())
        capture = re.search(r"(?:^|[(,=&|?:]|&&|\|\|)\s*\[[^\]\[]*\]\s*(?:\(|\{|mutable)", operand)
        if "{" in operand or capture:
            line = text.count("\n", 0, found.start()) + 1
            yield line, "a brace or a lambda inside a co_await expression: make it a named local first"


def check_headers(lines):
    for number, line in enumerate(lines, 1):
        if HEAVY.match(line):
            yield number, "slow to compile in every source that includes it: include it in a .cpp file only"


def check_unit(lines):
    for number, line in enumerate(lines, 1):
        for pattern, version in TOO_NEW.items():
            if not line.startswith("#") and re.search(pattern, line):
                yield number, f"{pattern} came with systemd {version}; 247 must do"


def check_format(name):
    out = subprocess.run(["clang-format", "--dry-run", "--Werror", name], capture_output=True, text=True,
                         check=False)
    if out.returncode:
        place = re.search(r":(\d+):\d+: error", out.stderr)
        yield int(place.group(1)) if place else 1, "clang-format would change it: clang-format -i " + name


def check(name):
    found = []
    try:
        text = pathlib.Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return found
    lines = text.splitlines()
    program = text.startswith("#!")
    if len(lines) > LONGEST and (name.endswith(COUNTED) or program):
        found.append((LONGEST, f"{len(lines)} lines; {LONGEST} is the limit, about 300 the aim"))
    if UNIT.search(name) and "[Service]" in lines and "LimitCORE=0" not in lines:
        found.append((1, "LimitCORE=0 is missing: a core dump would hold its secrets"))
    if name.endswith(CODE):
        found += check_await(without_comments(text))
        if name.endswith(".hpp"):
            found += check_headers(lines)
    if name.startswith("systemd/"):
        found += check_unit(lines)
    if name.endswith(FORMATTED):
        found += check_format(name)
    return [f"{name}:{line}: {message}" for line, message in sorted(found)]


def main():
    names = [name for name in sys.argv[1:] or files_of_git() if pathlib.Path(name).is_file()]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        problems = [problem for some in pool.map(check, names) for problem in some]
    print("\n".join(problems) if problems else f"lint: {len(names)} files, nothing found")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
