# SPDX-License-Identifier: Apache-2.0
"""Jobs over cdc_stream(..) that start without a copy: rows from before the start are in the target already, made by somebody else,
and change as the source says; and every place to start at."""
import contextlib
import json

import pymysql
import pytest

from tests.e2e.insert_jobs import (assert_ledger_whole, assert_target, create_stream_job, stream, sync_and_assert_target, texts, transaction,
                                   wait_paused)

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, code VARCHAR(20) NOT NULL, n INT, note TEXT)"
ROWS = "INSERT INTO t VALUES (1, 'a', 1, 'x'), (2, 'b', 2, 'x'), (3, 'c', 3, 'x'), (4, 'd', 4, 'x'), (5, 'e', 500, 'x')"
TARGET = "CREATE TABLE {0}.o (id INT, code VARCHAR(20), n INT, PRIMARY KEY (id))"
SELECT = "SELECT id, code, n FROM {0} WHERE n < 100"
WRITES = ["UPDATE t SET n = 200 WHERE id = 1", "DELETE FROM t WHERE id = 2", "UPDATE t SET id = 30 WHERE id = 3",
          "UPDATE t SET n = 44 WHERE id = 4", "UPDATE t SET n = 5 WHERE id = 5", "INSERT INTO t VALUES (6, 'f', 6, 'x')"]


def start(source, freshet, make_database, select=SELECT, target=TARGET, ddl=(), filled=True, **arguments):
    """A job from now on (`offset`: from there) into a target that holds what the SELECT yields now."""
    database = make_database(source, TABLE, ROWS, *ddl)
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(target.format(database))
    if filled:
        rows = source.execute(select.format("t"), database=database)
        freshet.execute(f"INSERT INTO {database}.o VALUES " + ", ".join("(" + ", ".join(repr(value) for value in row) + ")" for row in rows))
    arguments = {"offset": "latest"} | arguments
    create_stream_job(freshet, "late", f"INSERT INTO {database}.o " + select.format(stream(source, database, "t", **arguments)))
    return database


def check(source, database, freshet, select=SELECT):
    sync_and_assert_target(source, database, select.format("t"), freshet, f"SELECT * FROM {database}.o", "late")


@pytest.mark.parametrize("select", [SELECT, "SELECT id, code, n FROM {0}"])
def test_rows_from_before_the_start_change(source, freshet, make_database, select):
    database = start(source, freshet, make_database, select)
    for write in WRITES:
        source.script([write], database)
        check(source, database, freshet, select)
    assert_ledger_whole(freshet, "late")


def test_all_of_it_in_one_transaction(source, freshet, make_database):
    database = start(source, freshet, make_database)
    transaction(source, database, WRITES)
    check(source, database, freshet)


@pytest.mark.parametrize("write", ["UPDATE t SET n = 50 WHERE id = 1", "DELETE FROM t WHERE id = 1"])
def test_a_row_whose_old_target_key_is_not_known_pauses(source, freshet, make_database, write):
    """The target's key is made of a column that is no key of the source."""
    select = "SELECT code, n FROM {0} WHERE n < 100"
    database = start(source, freshet, make_database, select, "CREATE TABLE {0}.o (code VARCHAR(20), n INT, PRIMARY KEY (code))")
    source.script(["INSERT INTO t VALUES (6, 'f', 6, 'x')", "UPDATE t SET code = 'g' WHERE id = 6"], database)
    check(source, database, freshet, select)
    source.script([write], database)
    assert "RESYNC TABLE" in wait_paused(freshet, "late", "a row from before the job's start")
    recover(source, database, freshet, select)


@pytest.mark.parametrize("kind", ["mariadb", "mysql9"])
@pytest.mark.parametrize("write", ["UPDATE t SET n = 50 WHERE id = 1", "UPDATE t SET id = 10 WHERE id = 1"])
def test_a_minimal_image_of_an_unknown_row_pauses(request, freshet, make_database, kind, write):
    server = request.getfixturevalue(kind)
    database = start(server, freshet, make_database)
    before = freshet.execute(f"SELECT * FROM {database}.o ORDER BY id")
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION binlog_row_image = MINIMAL")
        cursor.execute("DELETE FROM t WHERE id = 2")
        cursor.execute("INSERT INTO t VALUES (9, 'i', 9, 'x')")
        cursor.execute("UPDATE t SET n = 10 WHERE id = 9")
        freshet.sync("late")
        assert freshet.execute(f"SELECT * FROM {database}.o ORDER BY id") == (*[row for row in before if row[0] != 2], (9, "i", 10))
        before = freshet.execute(f"SELECT * FROM {database}.o ORDER BY id")
        cursor.execute(write)
    wait_paused(freshet, "late", "a row from before the job's start")
    assert freshet.execute(f"SELECT * FROM {database}.o ORDER BY id") == before
    recover(server, database, freshet)


@pytest.mark.parametrize("write", ["UPDATE t SET n = 50 WHERE id = 1", "UPDATE t SET id = 10 WHERE id = 1"])
def test_an_unchanged_toast_value_of_an_unknown_row_pauses(postgres, freshet, make_database, write):
    database = start(postgres, freshet, make_database, "SELECT id, note, n FROM {0} WHERE n < 100",
                     "CREATE TABLE {0}.o (id INT, note TEXT, n INT, PRIMARY KEY (id))",
                     ["ALTER TABLE t ALTER note SET STORAGE EXTERNAL", "UPDATE t SET note = repeat('toast', 2000)"])
    before = freshet.execute(f"SELECT * FROM {database}.o ORDER BY id")
    postgres.script(["DELETE FROM t WHERE id = 2"], database)
    freshet.sync("late")
    postgres.script([write], database)
    wait_paused(freshet, "late", "a row from before the job's start")
    assert freshet.execute(f"SELECT * FROM {database}.o ORDER BY id") == tuple(row for row in before if row[0] != 2)
    recover(postgres, database, freshet, "SELECT id, note, n FROM {0} WHERE n < 100")


def recover(source, database, freshet, select=SELECT):
    """As the reason says: RESYNC copies the table, whose rows are then this job's; those that somebody else made are for them."""
    freshet.execute(f"DELETE FROM {database}.o")
    freshet.execute("ALTER JOB late RESYNC TABLE t")
    freshet.resume("late")
    freshet.sync("late")
    source.script(["DELETE FROM t WHERE id = 3", "UPDATE t SET n = 200 WHERE id = 4"], database)
    check(source, database, freshet, select)


def offset_now(source, freshet, database):
    """The end of the source's log, all of it as a job shows it."""
    freshet.create_job("place", source, database, f"{database}_place", offset="latest")
    freshet.sync("place")
    offset = json.loads(freshet.job("place")["CurrentOffset"])
    freshet.drop("place")
    freshet.execute(f"DROP DATABASE {database}_place")
    return offset


def positions(source, offset):
    """All ways to write the place."""
    if hasattr(source, "major"):
        return [json.dumps({"lsn": offset["lsn"]})]
    found = [json.dumps({"file": offset["file"], "pos": str(offset["pos"])})]
    return found + ([json.dumps({"gtids": offset["gtids"]})] if offset.get("gtids") else [])


def test_every_position_to_start_at(source, freshet, make_database, database):
    make_database(source, TABLE, "INSERT INTO t VALUES (1, 'before', 1, 'x')")
    arguments = {}
    if hasattr(source, "major"):
        arguments |= {"slot_name": f"own_{database}", "publication_name": "own"}
        source.script(["CREATE PUBLICATION own FOR TABLE t WITH (publish_via_partition_root = true)"], database)
        source.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (arguments["slot_name"],), database=database)
    offset = offset_now(source, freshet, database)
    source.script(["INSERT INTO t VALUES (2, 'after', 2, 'x')", "UPDATE t SET n = 10 WHERE id = 1"], database)
    freshet.execute(f"CREATE DATABASE {database}")
    written = positions(source, offset)
    assert len(written) == (1 if hasattr(source, "major") else 2), offset
    for position in written:
        freshet.execute(f"DROP TABLE IF EXISTS {database}.o")
        freshet.execute(TARGET.format(database))
        create_stream_job(freshet, "late", f"INSERT INTO {database}.o "
                          + SELECT.format(stream(source, database, "t", offset=position, **arguments)))
        check(source, database, freshet)
        freshet.drop("late")


@pytest.mark.parametrize("kind", ["mariadb", "mysql9"])
def test_earliest_reads_the_whole_log(request, freshet, make_database, kind):
    server = request.getfixturevalue(kind)
    database = make_database(server, TABLE)
    server.script(["FLUSH BINARY LOGS"])
    last = server.execute("SHOW BINARY LOGS")[-1][0]
    server.script([f"PURGE BINARY LOGS TO '{last}'"])
    server.script([ROWS, *WRITES[:3]], database)
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(TARGET.format(database))
    create_stream_job(freshet, "late", f"INSERT INTO {database}.o " + SELECT.format(stream(server, database, "t", offset="earliest")))
    check(server, database, freshet)
    server.script(WRITES[3:], database)
    check(server, database, freshet)


def test_a_paused_job_is_moved_to_a_position(source, freshet, make_database):
    """Back: what came since then is read again; forth: what is passed over is not loaded."""
    database = start(source, freshet, make_database, filled=False, offset="initial")
    check(source, database, freshet)
    back = offset_now(source, freshet, database)
    source.script(WRITES, database)
    check(source, database, freshet)
    freshet.pause("late")
    freshet.execute(f"DELETE FROM {database}.o")
    if hasattr(source, "major"):
        # A slot does not go back: the way forth is left.
        with pytest.raises(pymysql.err.MySQLError):
            freshet.execute(f"ALTER JOB late PROPERTIES ('offset' = '{positions(source, back)[0]}')")
    else:
        for position in positions(source, back):
            freshet.execute(f"ALTER JOB late PROPERTIES ('offset' = '{position}')")
            freshet.restart()
            freshet.resume("late")
            freshet.sync("late")
            # Row 3 is row 30 since then; rows that nothing happened to since then are not made again.
            assert texts(freshet.execute(f"SELECT id, n FROM {database}.o")) == texts([(4, 44), (5, 5), (6, 6), (30, 3)])
            freshet.pause("late")
            freshet.execute(f"DELETE FROM {database}.o")
    source.script(["INSERT INTO t VALUES (7, 'passed over', 7, 'x')"], database)
    forth = positions(source, offset_now(source, freshet, database))[0]
    source.script(["INSERT INTO t VALUES (8, 'wanted', 8, 'x')"], database)
    freshet.execute(f"ALTER JOB late PROPERTIES ('offset' = '{forth}')")
    freshet.restart()
    assert freshet.status("late") == "PAUSED"
    freshet.resume("late")
    freshet.sync("late")
    assert freshet.execute(f"SELECT id FROM {database}.o") == ((8,),)


def test_a_bad_login_found_after_a_restart_loses_nothing(source, freshet, make_database):
    database = start(source, freshet, make_database)
    source.script(WRITES[:2], database)
    check(source, database, freshet)
    freshet.pause("late")
    insert = f"ALTER JOB late INSERT INTO {database}.o " + SELECT
    freshet.execute(insert.format(stream(source, database, "t", offset="latest", password="wrong")))
    freshet.restart()
    source.script(WRITES[2:4], database)
    freshet.resume("late")
    wait_paused(freshet, "late", "")
    source.script(WRITES[4:], database)
    freshet.restart()
    assert freshet.status("late") == "PAUSED" and freshet.job("late")["ErrorMsg"]
    freshet.execute(insert.format(stream(source, database, "t", offset="latest")))
    freshet.resume("late")
    freshet.sync("late")
    assert_target(source, database, SELECT.format("t"), freshet, f"SELECT * FROM {database}.o")
