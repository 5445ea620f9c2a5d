# SPDX-License-Identifier: Apache-2.0
"""ALTER JOB with another SELECT and no RESYNC: rows that the earlier SELECTs made go when their source rows change, and
conditions that do not say the same tomorrow as today."""
from tests.e2e.insert_jobs import create_stream_job, stream, sync_and_assert_target
from tests.servers.process import wait_until

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, kind VARCHAR(20), n INT)"
ROWS = "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'a', 3), (4, 'b', 4), (5, 'c', 5), (6, NULL, 6)"
TARGET = "CREATE TABLE {0}.o (id INT, kind VARCHAR(20), n INT, PRIMARY KEY (id))"
WIDE, NARROW = "SELECT id, kind, n FROM {0} WHERE n < 100", "SELECT id, kind, n FROM {0} WHERE n < 100 AND kind = 'a'"


def start(source, freshet, make_database, select=WIDE, job=None):
    database = make_database(source, TABLE, ROWS)
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(TARGET.format(database))
    create_stream_job(freshet, "altered", f"INSERT INTO {database}.o " + select.format(stream(source, database, "t")), job)
    freshet.sync("altered")
    return database


def alter(source, database, freshet, select):
    freshet.pause("altered")
    freshet.execute(f"ALTER JOB altered INSERT INTO {database}.o " + select.format(stream(source, database, "t")))
    freshet.resume("altered")


def ids(freshet, database):
    freshet.sync("altered")
    return [row[0] for row in freshet.execute(f"SELECT id FROM {database}.o ORDER BY id")]


def check(source, database, freshet, select):
    sync_and_assert_target(source, database, select.format("t"), freshet, f"SELECT * FROM {database}.o", "altered")


def test_rows_of_the_old_select_go_when_they_change(source, freshet, make_database):
    database = start(source, freshet, make_database)
    freshet.execute(f"INSERT INTO {database}.o VALUES (77, 'a user wrote this', 7)")
    alter(source, database, freshet, NARROW)
    assert ids(freshet, database) == [1, 2, 3, 4, 5, 6, 77]
    source.script(["DELETE FROM t WHERE id = 2", "UPDATE t SET n = 44 WHERE id = 4", "UPDATE t SET n = 33 WHERE id = 3",
                   "DELETE FROM t WHERE id = 1"], database)
    assert ids(freshet, database) == [3, 5, 6, 77]
    freshet.restart()
    source.script(["UPDATE t SET id = 50 WHERE id = 5", "UPDATE t SET kind = 'a' WHERE id = 6"], database)
    assert ids(freshet, database) == [3, 6, 77]
    assert freshet.execute(f"SELECT n FROM {database}.o WHERE id = 3") == ((33,),)


def test_truncate_empties_what_the_old_select_made(source, freshet, make_database):
    database = start(source, freshet, make_database)
    freshet.execute(f"INSERT INTO {database}.o VALUES (77, 'a user wrote this', 7)")
    alter(source, database, freshet, NARROW)
    source.script(["TRUNCATE TABLE t", "INSERT INTO t VALUES (8, 'a', 8), (9, 'b', 9)"], database)
    assert ids(freshet, database) == [8, 77]


def test_rows_of_several_old_selects_go(source, freshet, make_database):
    """Each of them let other rows through; one was not strict and loaded what the newest rejects."""
    lists = ["SELECT id, kind, n FROM {0} WHERE kind = 'a'", "SELECT id, kind, n FROM {0} WHERE kind = 'b'",
             "SELECT id, kind, n FROM {0} WHERE kind = 'c'"]
    database = start(source, freshet, make_database, lists[0])
    for number, select in enumerate(lists[1:]):
        alter(source, database, freshet, select)
        # What the newest SELECT lets through comes with its next change.
        source.script([f"UPDATE t SET n = n + 10 WHERE kind = '{'bc'[number]}'"], database)
        freshet.sync("altered")
    assert ids(freshet, database) == [1, 2, 3, 4, 5]
    source.script(["UPDATE t SET n = n + 1"], database)
    assert ids(freshet, database) == [5]
    check(source, database, freshet, lists[2])


def test_a_row_loaded_while_the_job_was_not_strict_goes(source, freshet, make_database):
    select = "SELECT id, kind, CAST(kind AS INT) FROM {0} WHERE n < 100"
    database = start(source, freshet, make_database, select,
                     {"session.enable_insert_strict": "false", "session.insert_max_filter_ratio": "1"})
    freshet.pause("altered")
    freshet.execute("ALTER JOB altered PROPERTIES ('session.enable_insert_strict' = 'true')")
    freshet.resume("altered")
    assert ids(freshet, database) == [1, 2, 3, 4, 5, 6]
    source.script(["DELETE FROM t WHERE id = 1", "UPDATE t SET n = 100 WHERE id = 2", "UPDATE t SET kind = '5' WHERE id = 5"], database)
    assert ids(freshet, database) == [3, 4, 5, 6]


def test_another_key_copies_again_by_itself(source, freshet, make_database):
    """Keys of both SELECTs overlap: 2 is the new key of row 1 and the old one of row 2."""
    database = start(source, freshet, make_database, "SELECT id, kind, n FROM {0}")
    freshet.execute(f"INSERT INTO {database}.o VALUES (7, 'a user wrote this', 7)")
    select = "SELECT id + 1, kind, n FROM {0} WHERE n < 6"
    freshet.pause("altered")
    freshet.execute(f"ALTER JOB altered INSERT INTO {database}.o " + select.format(stream(source, database, "t")))
    assert freshet.execute(f"SELECT id FROM {database}.o") == ((7,),)
    freshet.execute(f"DELETE FROM {database}.o WHERE id = 7")
    freshet.resume("altered")
    check(source, database, freshet, select)
    source.script(["UPDATE t SET n = n + 1 WHERE id < 4", "DELETE FROM t WHERE id = 2", "UPDATE t SET id = 20 WHERE id = 3"], database)
    check(source, database, freshet, select)


def test_resync_forgets_the_old_selects(source, freshet, make_database):
    database = start(source, freshet, make_database)
    alter(source, database, freshet, NARROW)
    freshet.sync("altered")
    freshet.execute("ALTER JOB altered RESYNC TABLE t")
    check(source, database, freshet, NARROW)
    freshet.restart()
    # A row that no SELECT of the job let through since then is somebody else's.
    freshet.execute(f"INSERT INTO {database}.o VALUES (2, 'a user wrote this', 7)")
    source.script(["DELETE FROM t WHERE id = 2"], database)
    assert ids(freshet, database) == [1, 2, 3]


def test_a_column_that_only_the_old_list_read_may_go(source, freshet, make_database):
    database = start(source, freshet, make_database, "SELECT id, kind, n FROM {0} WHERE kind = 'a'")
    alter(source, database, freshet, "SELECT id, 'x', 0 FROM {0} WHERE kind = 'a'")
    source.script(["ALTER TABLE t DROP COLUMN n", "DELETE FROM t WHERE id = 1", "UPDATE t SET kind = 'b' WHERE id = 3"], database)
    assert ids(freshet, database) == []


def test_a_new_condition_after_none_may_lose_the_old_lists_columns(source, freshet, make_database):
    database = start(source, freshet, make_database, "SELECT id, kind, n FROM {0}")
    alter(source, database, freshet, "SELECT id, kind, 0 FROM {0} WHERE kind = 'a'")
    source.script(["ALTER TABLE t DROP COLUMN n", "DELETE FROM t WHERE id = 2"], database)
    assert ids(freshet, database) == [1, 3, 4, 5, 6]
    freshet.restart()
    source.script(["UPDATE t SET kind = 'd' WHERE id = 5"], database)
    assert ids(freshet, database) == [1, 3, 4, 6]
    freshet.execute("ALTER JOB altered RESYNC TABLE t")
    check(source, database, freshet, "SELECT id, kind, 0 FROM {0} WHERE kind = 'a'")


def test_time_in_the_condition(source, freshet, make_database):
    """Rows that passed when they came do not any more when they change."""
    is_postgres = hasattr(source, "major")
    database = make_database(source, f"CREATE TABLE t (id INT PRIMARY KEY, until {'TIMESTAMPTZ' if is_postgres else 'TIMESTAMP NULL'}, n INT)")
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(f"CREATE TABLE {database}.o (id INT, n INT, PRIMARY KEY (id))")
    soon = "CURRENT_TIMESTAMP + INTERVAL '10' SECOND"
    source.script([f"INSERT INTO t VALUES (1, {soon}, 1), (2, {soon}, 1), (3, {soon}, 1), (4, {soon}, 1)"], database)
    create_stream_job(freshet, "altered", f"INSERT INTO {database}.o SELECT id, n FROM "
                      f"{stream(source, database, 't')} WHERE until > NOW()")
    assert ids(freshet, database) == [1, 2, 3, 4]
    wait_until(lambda: not source.execute("SELECT id FROM t WHERE until > CURRENT_TIMESTAMP - INTERVAL '2' SECOND", database=database), 30, "the rows' time to pass")
    source.script(["DELETE FROM t WHERE id = 1", "UPDATE t SET n = 2 WHERE id = 2", "UPDATE t SET id = 30 WHERE id = 3"], database)
    assert ids(freshet, database) == [4]
    source.script(["TRUNCATE TABLE t"], database)
    assert ids(freshet, database) == []
