# SPDX-License-Identifier: Apache-2.0
"""Whose a row of the target is: rows that trade their keys, rows that pass from one job to another, rows that users wrote."""
from tests.e2e.insert_jobs import assert_target, create_stream_job, stream, sync_and_assert_target, transaction


def start(source, freshet, make_database, table, rows, target, select, job="owner"):
    database = make_database(source, table, rows)
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(target.format(database))
    create_stream_job(freshet, job, f"INSERT INTO {database}.o " + select.format(stream(source, database, "t")))
    freshet.sync(job)
    return database


def test_rows_shift_and_trade_their_keys_in_one_transaction(source, freshet, make_database):
    select = "SELECT list, pos, name FROM {0}"
    database = start(source, freshet, make_database,
                     "CREATE TABLE t (id INT PRIMARY KEY, list INT NOT NULL, pos INT NOT NULL, name VARCHAR(10))",
                     "INSERT INTO t VALUES (1, 5, 1, 'a'), (2, 5, 2, 'b'), (3, 5, 3, 'c'), (4, 6, 1, 'd')",
                     "CREATE TABLE {0}.o (list INT, pos INT, name VARCHAR(10), PRIMARY KEY (list, pos))", select)
    for change in (["UPDATE t SET pos = pos + 1 WHERE list = 5"], ["UPDATE t SET pos = pos - 1 WHERE list = 5"],
                   ["UPDATE t SET pos = 4 - pos WHERE list = 5"],
                   ["INSERT INTO t VALUES (9, 6, 1, 'e')", "UPDATE t SET pos = 2 WHERE id = 4"],
                   ["UPDATE t SET list = 7 WHERE id = 9", "UPDATE t SET pos = 1 WHERE id = 4", "UPDATE t SET list = 6, pos = 2 WHERE id = 9"]):
        transaction(source, database, change)
        sync_and_assert_target(source, database, select.format("t"), freshet, f"SELECT * FROM {database}.o", "owner")


def test_a_new_version_takes_the_key_before_the_old_one_leaves_it(source, freshet, make_database):
    select = "SELECT email, name FROM {0} WHERE live = 1"
    database = start(source, freshet, make_database,
                     "CREATE TABLE t (id INT PRIMARY KEY, email VARCHAR(20) NOT NULL, name VARCHAR(10), live INT)",
                     "INSERT INTO t VALUES (1, 'a@x', 'one', 1), (2, 'b@x', 'one', 1)",
                     "CREATE TABLE {0}.o (email VARCHAR(20), name VARCHAR(10), PRIMARY KEY (email))", select)
    transaction(source, database, ["INSERT INTO t VALUES (3, 'a@x', 'two', 1)", "UPDATE t SET live = 0 WHERE id = 1"])
    transaction(source, database, ["UPDATE t SET live = 0 WHERE id = 2", "INSERT INTO t VALUES (4, 'b@x', 'two', 1)"])
    sync_and_assert_target(source, database, select.format("t"), freshet, f"SELECT * FROM {database}.o", "owner")
    transaction(source, database, ["DELETE FROM t WHERE id = 1", "UPDATE t SET name = 'gone' WHERE id = 2", "DELETE FROM t WHERE id = 4"])
    sync_and_assert_target(source, database, select.format("t"), freshet, f"SELECT * FROM {database}.o", "owner")


def test_rows_pass_from_one_jobs_condition_to_anothers(source, freshet, make_database):
    select = "SELECT id, region, n FROM {0} WHERE region = '%s'"
    database = start(source, freshet, make_database, "CREATE TABLE t (id INT PRIMARY KEY, region VARCHAR(2), n INT)",
                     "INSERT INTO t VALUES " + ", ".join(f"({id}, '{'AB'[id % 2]}', 0)" for id in range(40)),
                     "CREATE TABLE {0}.o (id INT, region VARCHAR(2), n INT, PRIMARY KEY (id))", select % "A", "job_a")
    create_stream_job(freshet, "job_b", f"INSERT INTO {database}.o " + (select % "B").format(stream(source, database, "t")))
    freshet.sync("job_b")
    freshet.execute(f"INSERT INTO {database}.o VALUES (1000, 'u', 0)")
    # Both jobs know a row's last place before it passes on; which of them comes to the change first is left to chance.
    for number in range(1, 9):
        source.script([f"UPDATE t SET region = CASE region WHEN 'A' THEN 'B' ELSE 'A' END, n = {number}"], database)
        for job in ("job_a", "job_b"):
            freshet.sync(job)
    source.script(["DELETE FROM t WHERE id < 5", "UPDATE t SET region = 'C' WHERE id = 6"], database)
    freshet.sync("job_a")
    freshet.sync("job_b")
    freshet.execute(f"DELETE FROM {database}.o WHERE id = 1000")
    assert_target(source, database, "SELECT id, region, n FROM t WHERE region <> 'C'", freshet, f"SELECT * FROM {database}.o")


def test_what_users_wrote_stays_and_what_they_edited_goes_with_its_source_row(source, freshet, make_database):
    database = start(source, freshet, make_database, "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
                     "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 400)",
                     "CREATE TABLE {0}.o (id INT, n INT, PRIMARY KEY (id))", "SELECT id, n FROM {0} WHERE n < 100")
    freshet.execute(f"UPDATE {database}.o SET n = 77 WHERE id = 1")
    freshet.execute(f"INSERT INTO {database}.o VALUES (2, 77), (4, 77), (9, 77)")
    source.script(["DELETE FROM t WHERE id = 1", "DELETE FROM t WHERE id = 2", "DELETE FROM t WHERE id = 4", "UPDATE t SET n = 300 WHERE id = 3"],
                  database)
    freshet.sync("owner")
    assert freshet.execute(f"SELECT * FROM {database}.o ORDER BY id") == ((2, 77), (4, 77), (9, 77))
    source.script(["TRUNCATE TABLE t", "INSERT INTO t VALUES (2, 2), (5, 5)"], database)
    freshet.sync("owner")
    assert freshet.execute(f"SELECT * FROM {database}.o ORDER BY id") == ((2, 2), (4, 77), (5, 5), (9, 77))


def test_a_change_of_shape_and_a_truncate_in_one_go(source, freshet, make_database):
    database = start(source, freshet, make_database, "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
                     "INSERT INTO t VALUES (1, 1), (2, 2)", "CREATE TABLE {0}.o (id INT, n INT, PRIMARY KEY (id))", "SELECT id, n FROM {0}")
    change = ["ALTER TABLE t ADD COLUMN extra INT", "INSERT INTO t VALUES (3, 3, 3)", "TRUNCATE TABLE t", "INSERT INTO t VALUES (4, 4, 4)"]
    if hasattr(source, "major"):
        transaction(source, database, change)
    else:
        source.script(["INSERT INTO t VALUES " + ", ".join(f"({id}, {id})" for id in range(10, 5000)), *change], database)
    sync_and_assert_target(source, database, "SELECT id, n FROM t", freshet, f"SELECT * FROM {database}.o", "owner")
