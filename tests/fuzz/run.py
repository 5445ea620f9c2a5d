# SPDX-License-Identifier: Apache-2.0
"""Runs every fuzz target for a short time over its seed corpus and writes one JUnit case per target.

    python3 -m tests.fuzz.run --build build/asan --seconds 10 --junit out.xml

A target fuzz_<name> reads its seeds from tests/fuzz/corpus/<name>. New inputs stay in the build folder; a crashing input is kept
there and its path printed.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

SOURCES = pathlib.Path(__file__).resolve().parent
MEMORY_MB_MAX = 2048     # of one target
INPUT_SECONDS_MAX = 10   # for one input; more is reported as a hang
GRACE_SECONDS = 60       # loading the corpus, leak check at the end


def targets(build):
    found = [path for path in pathlib.Path(build).rglob("fuzz_*") if path.is_file() and os.access(path, os.X_OK)
             and not path.suffix]
    return sorted(found, key=lambda path: path.name)


def run_target(target, seconds):
    """(passed, output)"""
    name = target.name.removeprefix("fuzz_")
    work = target.parent / "corpus" / name
    work.mkdir(parents=True, exist_ok=True)
    seeds = [str(path) for path in (SOURCES / "corpus" / name,) if path.is_dir()]
    command = [str(target), f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MB_MAX}", f"-timeout={INPUT_SECONDS_MAX}",
               "-print_final_stats=1", f"-artifact_prefix={target.parent}/crash-{name}-", str(work), *seeds]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds + GRACE_SECONDS)
    except subprocess.TimeoutExpired as expired:
        return False, f"did not end: {(expired.stdout or b'')[-2000:].decode(errors='replace')}"
    return done.returncode == 0, done.stdout.decode(errors="replace")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--junit", required=True)
    arguments = parser.parse_args()
    suite = ElementTree.Element("testsuite", name="fuzz")
    failed = 0
    found = targets(arguments.build)
    expected = {path.stem for path in SOURCES.glob("fuzz_*.cc")}
    for missing in sorted(expected - {target.name for target in found}):
        case = ElementTree.SubElement(suite, "testcase", classname="fuzz", name=missing)
        ElementTree.SubElement(case, "failure", message="was not built")
        print(f"{missing}: was not built")
        failed += 1
    for target in found:
        started = time.monotonic()
        passed, output = run_target(target, arguments.seconds)
        case = ElementTree.SubElement(suite, "testcase", classname="fuzz", name=target.name,
                                      time=f"{time.monotonic() - started:.1f}")
        runs = next((line.split()[-1] for line in output.splitlines() if "number_of_executed_units" in line), "?")
        print(f"{target.name}: {'passed' if passed else 'FAILED'}, {runs} inputs")
        if not passed:
            failed += 1
            print(output[-3000:])
            ElementTree.SubElement(case, "failure", message=output[-1000:])
    ElementTree.ElementTree(suite).write(arguments.junit)
    return 1 if failed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
