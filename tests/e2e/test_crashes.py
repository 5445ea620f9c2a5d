# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment and a crash at every failpoint: after a restart the mirror goes on and ends equal to its source."""
import pathlib
import random
import re

import pymysql
import pytest

from tests.e2e.compare import assert_equal
from tests.e2e.writers import create_tables, writing
from tests.servers.freshet import FAILPOINT_EXIT_STATUS, Freshet
from tests.servers.process import ServerDied, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
KILL_ROUNDS = 20
PRODUCT_FOLDERS = ("base", "ddl", "cdc", "storage", "sql", "sync", "server")


def failpoints():
    """Every FAILPOINT("name") of the product's source."""
    names = set()
    for folder in PRODUCT_FOLDERS:
        for path in (ROOT / folder).rglob("*.cc"):
            names.update(re.findall(r'FAILPOINT\("([a-z0-9_.]+)"\)', path.read_text()))
    return sorted(names)


def test_there_are_failpoints_in_apply_copy_and_schema_changes():
    names = " ".join(failpoints())
    for part in ("storage.", "sync.copy", "sync.unit", "sync.schema"):
        assert part in names


def _settle(source, database, freshet, job):
    wait_until(lambda: freshet.sync(job, 30), 120, "SYNC JOB after a crash", poll_s=0.2)
    assert_equal(source, database, freshet)


# Failpoints that only a particular past reaches: what to arm in a round before them.
ROUND_BEFORE = {"storage.undo.before_write": "storage.piece.after_write=crash@2"}
# Rows that make one transaction larger than the limit above which it is applied in pieces.
ROWS_IN_PIECES, ROWS = 200_000, 20_000


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in failpoints() if not name.startswith("sync.object.")])  # test_insert_s3.py
@pytest.mark.parametrize("source_kind", ["mariadb", "postgres"])
def test_crash_at_failpoint_then_equal(request, make_database, source_kind, name):
    """The first, then a later pass of the failpoint kills the process during copy, row changes, DDL and a large transaction."""
    source = request.getfixturevalue(source_kind)
    database = make_database(source)
    create_tables(source, database, ["a", "b"], rows=3_000)
    freshet = Freshet()
    rows = ROWS_IN_PIECES if re.search(r"piece|undo", name) else ROWS
    rounds = [ROUND_BEFORE[name]] if name in ROUND_BEFORE else []
    rounds += [f"{name}=crash@1", f"{name}=crash@4"]
    crashed_there = False
    try:
        freshet.start()
        freshet.execute(f"CREATE DATABASE {database}")
        freshet.stop()
        for number, armed in enumerate(rounds):
            try:
                freshet.start(failpoints=armed)
                _exercise(source, database, freshet, number, rows)
            except (pymysql.err.MySQLError, ServerDied, RuntimeError, AssertionError, OSError):
                pass
            if freshet.process.running():
                freshet.stop()  # a failpoint of the way down may still be passed
            crashed = freshet.process.popen.returncode == FAILPOINT_EXIT_STATUS
            crashed_there = crashed_there or (crashed and armed.startswith(name))
        freshet.start()
        if freshet.job("crashing") is None:  # the crash came before the job was stored
            freshet.create_job("crashing", source, database, snapshot_split_size=300)
        _settle(source, database, freshet, "crashing")
        assert crashed_there, f"nothing passed failpoint {name}"
    finally:
        freshet.remove()


def _exercise(source, database, freshet, number, rows):
    for _ in range(2):
        freshet.execute(f"CREATE DATABASE catalog_{number}")
        freshet.execute(f"DROP DATABASE catalog_{number}")
    if freshet.job("crashing") is None:
        freshet.create_job("crashing", source, database, snapshot_split_size=300)
    source.script([
        f"INSERT INTO a VALUES ({(number + 1) * 100_000}, 1, 'x', 1)", "UPDATE b SET touched = touched + 1",
        f"ALTER TABLE a ADD COLUMN extra_{number} INT", f"UPDATE a SET extra_{number} = id WHERE id % 7 = 0",
        f"CREATE TABLE new_{number} (id INT PRIMARY KEY)", f"INSERT INTO new_{number} VALUES (1)",
        "DELETE FROM b WHERE id % 5 = 0", "TRUNCATE TABLE b", "INSERT INTO b VALUES (1, 1, 'after', 1)",
        f"DROP TABLE new_{number}",
    ], database)
    large = ",".join(f"({(number + 1) * 1_000_000 + i}, 1, '{'w' * 180}', 0)" for i in range(rows))
    source.execute(f"INSERT INTO b (id, amount, note, touched) VALUES {large}", database=database)
    freshet.sync("crashing", 30)
    source.execute(f"UPDATE b SET note = '{'v' * 180}', touched = 7", database=database)
    freshet.sync("crashing", 30)
    armed = freshet.failpoints
    freshet.stop()
    freshet.start(armed)
    freshet.sync("crashing", 30)


@pytest.mark.slow
def test_kill_minus_nine_under_load_twenty_rounds(source, freshet, make_database):
    database = make_database(source)
    tables = ["a", "b", "c"]
    create_tables(source, database, tables, rows=20_000)
    dice = random.Random(20)
    with writing(source, database, tables) as writers:
        freshet.create_job("killed", source, database, snapshot_split_size=200)
        for _ in range(KILL_ROUNDS):
            enough = writers[0].transactions + dice.randint(1, 120)
            wait_until(lambda: writers[0].transactions >= enough, 60, "writers to go on")
            freshet.restart()
    _settle(source, database, freshet, "killed")


def test_second_process_on_the_directory_is_refused(freshet):
    other = Freshet(data=freshet.data).launch()
    assert other.process.wait(30) == 1
    assert "in use" in other.log.read_text()
    assert freshet.value("SELECT 1") == 1
