# SPDX-License-Identifier: Apache-2.0
"""Rules of the house that a plain text search can hold: folder graph, file size, names, words, sleeps, machine paths."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE_LINES_MAX = 400

# docs/architecture.md, "Folders": part -> parts whose headers it may include besides its own.
ALLOWED = {
    "base": set(),
    "ddl": {"base"},
    "cdc/change": {"base", "ddl"},
    "cdc/mysql": {"base", "ddl", "cdc/change"},
    "cdc/postgres": {"base", "ddl", "cdc/change"},
    "storage": {"base", "ddl", "cdc/change"},
    "sql": {"base", "ddl", "cdc/change", "storage"},
    "sync": {"base", "ddl", "cdc/change", "storage", "sql"},
    "server": {"base", "ddl", "cdc/change", "storage", "sql", "sync"},
}
# The composition root makes the concrete sources; nobody else names them.
MAY_NAME_SOURCES = {"server/main.cc", "server/connectors.cc"}
BANNED_NAMES = re.compile(r"(^|[_/.-])(utils?|common|helpers?|misc|manager)([_/.-]|$)")
TEXT_SUFFIXES = {".h", ".cc", ".py", ".sh", ".md", ".txt", ".json", ".yaml", ".yml", ".service", ".test", ".cmake", ""}


def tracked(*suffixes):
    """Files of the repository: known to git or new and not ignored."""
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\n")
    return [name for name in sorted(set(listed)) if name and (ROOT / name).is_file()
            and (not suffixes or pathlib.Path(name).suffix in suffixes)]


def product_sources():
    return [name for name in tracked(".h", ".cc") if not name.startswith(("tests/", "bench/"))]


def part_of(name):
    pieces = name.split("/")
    return "/".join(pieces[:2]) if pieces[0] == "cdc" else pieces[0]


def lines_of(name):
    return (ROOT / name).read_text(errors="replace").splitlines()


def offences(names, pattern, allowed=lambda name, line: False):
    return [f"{name}:{number}: {line.strip()}" for name in names for number, line in enumerate(lines_of(name), 1)
            if pattern.search(line) and not allowed(name, line)]


def test_includes_follow_the_folder_graph():
    include = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
    wrong = []
    for name in product_sources():
        part = part_of(name)
        for line in lines_of(name):
            found = include.match(line)
            if not found or "/" not in found.group(1):
                continue
            target = part_of(found.group(1))
            concrete = target in ("cdc/mysql", "cdc/postgres") and name in MAY_NAME_SOURCES
            if target in ALLOWED and target != part and target not in ALLOWED[part] and not concrete:
                wrong.append(f"{name} includes {found.group(1)}")
    assert not wrong, "\n".join(wrong)


def test_libraries_link_only_what_their_folder_may_include():
    wrong = []
    for part, allowed in ALLOWED.items():
        path = ROOT / part / "CMakeLists.txt"
        if not path.exists() or part == "server":
            continue
        names = {"freshet_" + name.split("/")[-1] for name in allowed | {part}}
        for linked in re.findall(r"\bfreshet_[a-z]+\b", path.read_text()):
            if linked not in names:
                wrong.append(f"{part}/CMakeLists.txt names {linked}")
    assert not wrong, "\n".join(wrong)


def test_every_product_folder_is_known():
    assert {part_of(name) for name in product_sources()} <= set(ALLOWED)


def test_files_are_one_idea_long():
    long = [f"{name}: {len(lines_of(name))} lines" for name in [*tracked(".h", ".cc", ".py", ".sh"), "dev"]
            if len(lines_of(name)) > FILE_LINES_MAX]
    assert not long, "\n".join(long)


def test_names_say_what_is_inside():
    assert [name for name in tracked() if BANNED_NAMES.search(name.lower())] == []


def test_sources_start_with_the_licence_tag():
    missing = [name for name in tracked(".h", ".cc") if (lines_of(name) or [""])[0] != "// SPDX-License-Identifier: Apache-2.0"]
    assert missing == []


def test_headers_are_guarded_once_and_say_what_they_are():
    wrong = []
    for name in product_sources():
        lines = lines_of(name)
        if name.endswith(".h") and ("#pragma once" not in lines or not lines[1].startswith("// ")):
            wrong.append(name)
    assert wrong == []


def test_no_words_of_unfinished_work():
    unfinished = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b")
    assert offences(tracked(*TEXT_SUFFIXES), unfinished) == []


def test_errors_travel_by_the_two_macros():
    """`if (!s.ok()) return s;` by hand is what TRY and ASSIGN_OR_RETURN are for."""
    by_hand = re.compile(r"if \(!(\w+)\.ok\(\)\) return \1(\.status\(\))?;")
    assert offences([name for name in product_sources() if not name.startswith("base/status")], by_hand) == []


def test_exceptions_do_not_cross_our_functions():
    assert offences(product_sources(), re.compile(r"^\s*throw\b|[;{]\s*throw\b")) == []


def test_only_base_reads_the_clock():
    clocks = re.compile(r"(system_clock|steady_clock|high_resolution_clock)::now\(|\bgettimeofday\(|[^\w.:]time\((NULL|nullptr|0)\)")
    assert offences([name for name in product_sources() if not name.startswith("base/")], clocks) == []


def test_nothing_sleeps():
    sleeps = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep|time\.sleep)\b|(?<![\w.])sleep\s*\(|\bsleep \d")
    own = "tests/tidy/test_tidy.py"
    assert offences([name for name in tracked(".h", ".cc", ".py", ".sh") if name != own], sleeps) == []


def test_no_paths_or_hosts_of_one_machine():
    places = re.compile(r"/(home|root|Users)/\w|/wor" + r"k/|https?://(deb|registry|proxy|files|static)\.[a-z]")
    assert offences([name for name in tracked() if pathlib.Path(name).suffix in TEXT_SUFFIXES], places) == []


def test_no_test_is_skipped():
    skips = re.compile(r"GTEST_SKIP|pytest\.skip|mark\.skip|mark\.xfail|DISABLED_")
    assert offences([name for name in tracked(".cc", ".py") if name.startswith("tests/") and not name.startswith("tests/tidy/")],
                    skips) == []


def test_this_file_finds_what_it_looks_for():
    """The graph test would pass on an empty repository; it must see real files."""
    assert len(product_sources()) > 20 and "base/status.h" in product_sources()
    assert BANNED_NAMES.search("base/string_util.h") and not BANNED_NAMES.search("base/utility_row.h")
