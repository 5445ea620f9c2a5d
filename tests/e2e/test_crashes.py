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


@pytest.mark.slow
@pytest.mark.parametrize("name", failpoints())
@pytest.mark.parametrize("source_kind", ["mariadb", "postgres"])
def test_crash_at_failpoint_then_equal(request, make_database, source_kind, name):
    """The first, then a later pass of the failpoint kills the process during copy, row changes, DDL and a large transaction."""
    source = request.getfixturevalue(source_kind)
    database = make_database(source)
    create_tables(source, database, ["a", "b"], rows=3_000)
    freshet = Freshet()
    crashes = 0
    try:
        freshet.start()
        freshet.execute(f"CREATE DATABASE {database}")
        freshet.stop()
        for due in (1, 4):
            try:
                freshet.start(failpoints=f"{name}=crash@{due}")
                _exercise(source, database, freshet, round_number=due)
            except (pymysql.err.MySQLError, ServerDied, RuntimeError, AssertionError, OSError):
                pass
            if freshet.process.running():
                freshet.stop()  # a failpoint of the way down may still be passed
            crashes += freshet.process.popen.returncode == FAILPOINT_EXIT_STATUS
        freshet.start()
        if freshet.job("crashing") is None:  # the crash came before the job was stored
            freshet.create_job("crashing", source, database, snapshot_split_size=300)
        _settle(source, database, freshet, "crashing")
        assert crashes > 0, f"nothing passed failpoint {name}"
    finally:
        freshet.remove()


def _exercise(source, database, freshet, round_number):
    if freshet.job("crashing") is None:
        freshet.create_job("crashing", source, database, snapshot_split_size=300)
    extra = f"extra_{round_number}"
    source.script([
        f"INSERT INTO a VALUES ({round_number * 100_000}, 1, 'x', 1)", "UPDATE b SET touched = touched + 1",
        f"ALTER TABLE a ADD COLUMN {extra} INT", f"UPDATE a SET {extra} = id WHERE id % 7 = 0",
        f"CREATE TABLE new_{round_number} (id INT PRIMARY KEY)", f"INSERT INTO new_{round_number} VALUES (1)",
        "DELETE FROM b WHERE id % 5 = 0", "TRUNCATE TABLE b", "INSERT INTO b VALUES (1, 1, 'after', 1)",
        f"DROP TABLE new_{round_number}",
    ], database)
    large = ",".join(f"({round_number * 1_000_000 + i}, 1, '{'w' * 180}', 0)" for i in range(100, 20_000))
    source.execute(f"INSERT INTO b (id, amount, note, touched) VALUES {large}", database=database)
    freshet.sync("crashing", 30)
    source.execute(f"UPDATE b SET note = '{'v' * 180}', touched = 7", database=database)
    freshet.sync("crashing", 30)
    freshet.stop()
    freshet.start(freshet.failpoints)
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
