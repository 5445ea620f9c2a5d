# SPDX-License-Identifier: Apache-2.0
"""Table-level jobs over cdc_stream(..): a crash at every failpoint on their way, and kill -9 at any moment. Afterwards the target
holds what the SELECT yields on the source, and the ledger's windows follow on each other."""
import random

import pymysql
import pytest

from tests.e2e.insert_jobs import assert_ledger_whole, assert_target, create_stream_job, stream
from tests.e2e.test_crashes import ROUND_BEFORE, failpoints
from tests.e2e.writers import create_tables, writing
from tests.servers.freshet import FAILPOINT_EXIT_STATUS, Freshet
from tests.servers.process import ServerDied, wait_until

KILL_ROUNDS = 15
ROWS_IN_PIECES, ROWS = 150_000, 5_000
SELECT = "SELECT id, amount * 2, note FROM {0} WHERE id % 10 <> 3"
TARGET = "CREATE TABLE {0}.o (id BIGINT, doubled DECIMAL(16, 2), note VARCHAR(400), PRIMARY KEY (id))"
ELSEWHERE = ("sync.object.", "storage.undo.")  # jobs over s3(..); undo needs a round of its own in test_crashes


def on_the_way():
    return [name for name in failpoints() if name.startswith(("sync.", "storage.")) and not name.startswith(ELSEWHERE)]


def create(source, database, freshet):
    create_stream_job(freshet, "crashing", f"INSERT INTO {database}.o "
                      + SELECT.format(stream(source, database, "a", snapshot_split_size=300)))


def settle(source, database, freshet):
    wait_until(lambda: freshet.sync("crashing", 30), 120, "SYNC JOB after a crash", poll_s=0.2)
    assert_target(source, database, SELECT.format("a"), freshet, f"SELECT * FROM {database}.o")
    assert_ledger_whole(freshet, "crashing")


@pytest.mark.slow
@pytest.mark.parametrize("name", on_the_way())
@pytest.mark.parametrize("source_kind", ["mariadb", "postgres"])
def test_crash_at_failpoint_then_the_target_is_right(request, make_database, source_kind, name):
    source = request.getfixturevalue(source_kind)
    database = make_database(source)
    create_tables(source, database, ["a"], rows=3_000)
    freshet = Freshet()
    rows = ROWS_IN_PIECES if "piece" in name else ROWS
    rounds = [ROUND_BEFORE[name]] if name in ROUND_BEFORE else []
    crashed_there = False
    try:
        freshet.start()
        freshet.execute(f"CREATE DATABASE {database}")
        freshet.execute(TARGET.format(database))
        freshet.stop()
        for number, armed in enumerate(rounds + [f"{name}=crash@1", f"{name}=crash@4"]):
            try:
                freshet.start(failpoints=armed)
                exercise(source, database, freshet, number, rows)
            except (pymysql.err.MySQLError, ServerDied, RuntimeError, AssertionError, OSError):
                pass
            if freshet.process.running():
                freshet.stop()
            crashed = freshet.process.popen.returncode == FAILPOINT_EXIT_STATUS
            crashed_there = crashed_there or (crashed and armed.startswith(name))
        freshet.start()
        if freshet.job("crashing") is None:  # the crash came before the job was stored
            create(source, database, freshet)
        settle(source, database, freshet)
        assert crashed_there, f"nothing passed failpoint {name}"
    finally:
        freshet.remove()


def exercise(source, database, freshet, number, rows):
    for _ in range(2):
        freshet.execute(f"CREATE DATABASE catalog_{number}")
        freshet.execute(f"DROP DATABASE catalog_{number}")
    if freshet.job("crashing") is None:
        create(source, database, freshet)
    first = (number + 1) * 1_000_000
    large = ",".join(f"({first + i}, {i}, '{'w' * 180}', 0)" for i in range(rows))
    source.script([f"ALTER TABLE a ADD COLUMN extra_{number} INT", f"UPDATE a SET extra_{number} = id WHERE id % 7 = 0",
                   "UPDATE a SET amount = amount + 1 WHERE id % 5 = 0", f"DELETE FROM a WHERE id % 11 = {number}",
                   f"INSERT INTO a (id, amount, note, touched) VALUES {large}",
                   f"UPDATE a SET id = id + 5000000 WHERE id > {first} AND id % 4 = 0"], database)
    freshet.sync("crashing", 30)
    source.script(["TRUNCATE TABLE a", f"INSERT INTO a (id, amount, note, touched) VALUES (1, {number}, 'after', 1)"], database)
    freshet.sync("crashing", 30)
    armed = freshet.failpoints
    freshet.stop()
    freshet.start(armed)
    source.script(["INSERT INTO a (id, amount, note, touched) VALUES (2, 2, 'late', 1)", "UPDATE a SET amount = 7"], database)
    freshet.sync("crashing", 30)


@pytest.mark.slow
def test_kill_minus_nine_under_load(source, freshet, make_database):
    database = make_database(source)
    create_tables(source, database, ["a"], rows=10_000)
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(TARGET.format(database))
    dice = random.Random(15)
    with writing(source, database, ["a"]) as writers:
        create(source, database, freshet)
        for _ in range(KILL_ROUNDS):
            enough = writers[0].transactions + dice.randint(1, 80)
            wait_until(lambda: writers[0].transactions >= enough, 60, "writers to go on")
            freshet.restart()
    settle(source, database, freshet)
