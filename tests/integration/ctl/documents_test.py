"""documents_test.py KAGENTCTL KAGENT-COORDINATOR FOLDER PAGE: the man page and completions of kagentctl in FOLDER, and the
man page of kagent-coordinator, have the commands and options that --help has, and no others."""
import pathlib
import re
import subprocess
import sys

kagentctl, coordinator, folder, page = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4])
trouble = []


def help_of(*command, program=kagentctl):
    return subprocess.run([program, *command, "--help"], check=True, text=True, stdout=subprocess.PIPE).stdout


def commands_in(text):
    section = text.partition("\nCommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  ([a-z][a-z-]*)", section, re.M)


def options_in(text):
    """The names of each option, as {"--output", "-o"}."""
    return [set(re.findall(r"--?[a-z][a-z-]*", line.split("  ")[0])) for line in re.findall(r"^  (-.*)", text, re.M)]


def long_names(options):
    return {name for names in options for name in names if name.startswith("--")}


def same(what, found, wanted):
    for name in sorted(wanted - found):
        trouble.append(f"{what} lacks {name}")
    for name in sorted(found - wanted):
        trouble.append(f"{what} has {name}, which --help lacks")


general = options_in(help_of())
helps = {}
for name in commands_in(help_of()):
    text = help_of(name)
    helps |= {f"{name} {sub}": help_of(name, sub) for sub in commands_in(text)} or {name: text}
options = {name: [names for names in options_in(text) if "--help" not in names] for name, text in helps.items()}
tops = {name.split()[0] for name in options}
if len(options) < 19:
    sys.exit("cannot read the commands of --help")


def check_man_page():
    text = (folder / "kagentctl.1").read_text().replace("\\-", "-")
    entries = {}
    for entry in text.partition(".SH COMMANDS")[2].partition(".SH PHASES")[0].split("\n.TP\n")[1:]:
        plain = re.sub(r"\\f[RIPB]|\"", "", entry)
        for name in options:
            if re.search(rf"(?<![\w-]){name}\b", plain.partition("\n")[0]):
                entries[name] = plain
    same("kagentctl.1", set(entries), set(options))
    for name, entry in entries.items():
        said = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", entry.partition("\n")[0]))
        for names in options[name]:
            if not names & said:
                trouble.append(f"kagentctl.1, {name}: lacks {' or '.join(sorted(names))}")
        for extra in said - set().union(*options[name]):
            trouble.append(f"kagentctl.1, {name}: {extra} is not one of its options")
    said = set(re.findall(r"--[a-z][a-z-]*", text.partition(".SH OPTIONS")[2].partition(".SH ENVIRONMENT")[0]))
    same("kagentctl.1, OPTIONS,", said - {"--issue-admin"}, long_names(general) - {"--help"})


def check_coordinator():
    text = page.read_text().replace("\\-", "-")
    heads = re.findall(r"^\.TP\n(.*)", text.partition(".SH OPTIONS")[2].partition(".SH SEVERAL")[0], re.M)
    said = {name for head in heads for name in re.findall(r"--[a-z][a-z-]*", head)}
    same("kagent-coordinator.8", said, long_names(options_in(help_of(program=coordinator))) - {"--help"})


def bash(*words):
    script = f'. "{folder}/kagentctl.bash"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kagentctl; echo "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", script, "bash", "kagentctl", *words], check=True, text=True, stdout=subprocess.PIPE)
    return set(done.stdout.split())


def check_bash():
    same("bash", {word for word in bash("") if not word.startswith("-")}, tops)
    for name in options:
        same(f"bash, {name},", {word for word in bash(*name.split(), "-") if word.startswith("--")},
             long_names(options[name]) | long_names(general))


def options_of_top(top):
    return set().union(*(long_names(options[name]) for name in options if name.split()[0] == top))


def check_zsh():
    text = (folder / "_kagentctl").read_text()
    same("zsh", set(re.findall(r"^    ['\"]([a-z-]+):", text, re.M)), tops)
    arms = {}
    for names, body in re.findall(r"^        ([a-z |-]+)\) (.*?);;$", text, re.M | re.S):
        arms |= {name: set(re.findall(r"--[a-z][a-z-]*(?=[\[,}])", body)) for name in names.split(" | ")}
    for top in tops:
        same(f"zsh, {top},", arms.get(top, set()), options_of_top(top))


def check_fish():
    text = (folder / "kagentctl.fish").read_text()
    same("fish", set(re.search(r"set -l commands (.*)", text)[1].split()), tops)
    same("fish, described,", set(re.findall(r"from \$commands\" -a (\S+)", text)), tops)
    for name in options:
        last = name.split()[-1]
        said = re.findall(rf"'__kagentctl_is {last}'.* -l (\S+)", text)
        same(f"fish, {name},", {f"--{option}" for option in said}, long_names(options[name]))


for check in check_man_page, check_coordinator, check_bash, check_zsh, check_fish:
    check()
print("\n".join(trouble))
sys.exit(bool(trouble))
