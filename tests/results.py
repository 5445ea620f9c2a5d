# SPDX-License-Identifier: Apache-2.0
"""Adds up JUnit files of ctest, pytest and the fuzz runner: one line per file, the failures by name, then the line
"N passed, N failed". Exit status 1 when anything failed or nothing ran."""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def read(path):
    """(passed, names of failed cases) of one JUnit file. A skipped case counts as failed: nothing here may be skipped."""
    passed, failed = 0, []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        bad = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        if bad or case.get("status") in ("fail", "notrun", "disabled"):
            failed.append(f"{case.get('classname', '')}.{case.get('name', '')} ({', '.join(bad) or case.get('status')})")
        else:
            passed += 1
    return passed, failed


def main(folder, failed_steps):
    total_passed, total_failed = 0, []
    reported = set()
    for path in sorted(pathlib.Path(folder).glob("*.xml")):
        passed, failed = read(path)
        print(f"{path.stem:>14}: {passed} passed, {len(failed)} failed")
        total_passed += passed
        total_failed += [f"{path.stem}: {name}" for name in failed]
        if failed:
            reported.add(path.stem.removeprefix("unit-"))
    # A step that failed without a failed case did not get as far as its tests, or its runner died.
    for step in failed_steps:
        if step not in reported and not (step == "unit" and "release" in reported):
            total_failed.append(f"{step}: the step itself failed")
    for name in total_failed:
        print(f"FAILED {name}")
    print(f"{total_passed} passed, {len(total_failed)} failed")
    return 1 if total_failed or total_passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
