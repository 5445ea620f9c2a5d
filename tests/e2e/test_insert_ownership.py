# SPDX-License-Identifier: Apache-2.0
"""Whose a row of the target is: rows that trade their keys, rows that pass from one job to another, rows that users wrote."""
import pytest

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


REGIONS = "SELECT id, region, n FROM {0} WHERE region = '%s'"
PASS_ON = "UPDATE t SET region = CASE region WHEN 'A' THEN 'B' WHEN 'B' THEN 'A' ELSE region END, n = %d WHERE %s"


def start_regions(source, freshet, make_database, **arguments):
    """Two jobs into one table: job_a has the rows of region A, job_b those of B. No job wants region C."""
    database = make_database(source, "CREATE TABLE t (id INT PRIMARY KEY, region VARCHAR(2), n INT)")
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(f"CREATE TABLE {database}.o (id INT, region VARCHAR(2), n INT, PRIMARY KEY (id))")
    for job, region in (("job_a", "A"), ("job_b", "B")):
        select = (REGIONS % region).format(stream(source, database, "t", **arguments))
        create_stream_job(freshet, job, f"INSERT INTO {database}.o " + select)
        freshet.sync(job)
    source.script(["INSERT INTO t VALUES " + ", ".join(f"({id}, '{'AB'[id % 2]}', 0)" for id in range(40))], database)
    return database


def assert_regions(source, freshet, database):
    for job in ("job_a", "job_b"):
        freshet.sync(job)
    assert_target(source, database, "SELECT id, region, n FROM t WHERE region <> 'C'", freshet, f"SELECT * FROM {database}.o WHERE id < 1000")


def test_rows_pass_from_one_jobs_condition_to_anothers(source, freshet, make_database):
    database = start_regions(source, freshet, make_database)
    freshet.execute(f"INSERT INTO {database}.o VALUES (1000, 'u', 0)")
    for number in range(1, 9):
        source.script([PASS_ON % (number, "id >= 0"), PASS_ON % (number + 100, f"id % 3 = {number % 3}")], database)
    assert_regions(source, freshet, database)
    source.script(["DELETE FROM t WHERE id < 5", "UPDATE t SET region = 'C' WHERE id = 6"], database)
    assert_regions(source, freshet, database)
    assert freshet.execute(f"SELECT * FROM {database}.o WHERE id = 1000") == ((1000, "u", 0),)


@pytest.mark.parametrize("offset", ["initial", "latest"])
def test_rows_pass_between_two_jobs_of_which_one_lags(source, freshet, make_database, offset):
    database = start_regions(source, freshet, make_database, offset=offset)
    assert_regions(source, freshet, database)
    for number, (late, early) in enumerate([("job_a", "job_b"), ("job_b", "job_a")] * 2, 1):
        freshet.pause(late)
        source.script([PASS_ON % (number * 10, "id >= 0"),
                       PASS_ON % (number * 10 + 1, f"id % 2 = {number % 2}"),
                       f"UPDATE t SET region = 'C' WHERE id = {number}",
                       f"UPDATE t SET region = 'A' WHERE id = {number - 1}",
                       PASS_ON % (number * 10 + 2, "id < 30"),
                       f"INSERT INTO t VALUES ({100 + number}, 'A', 0), ({200 + number}, 'B', 0)",
                       f"DELETE FROM t WHERE id = {20 + number}",
                       PASS_ON % (number * 10 + 3, "id >= 20")], database)
        if number > 2:
            freshet.restart()
        freshet.sync(early)
        freshet.resume(late)
        assert_regions(source, freshet, database)
    source.script(["DELETE FROM t"], database)
    assert_regions(source, freshet, database)


def test_a_job_that_was_dropped_has_no_claim_and_one_made_again_its_own(source, freshet, make_database):
    first, second = "SELECT id, n FROM {0} WHERE n < 100", "SELECT id, n FROM {0} WHERE n >= 50"
    database = start(source, freshet, make_database, "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
                     "INSERT INTO t VALUES " + ", ".join(f"({id}, {id * 10})" for id in range(1, 20)),
                     "CREATE TABLE {0}.o (id INT, n INT, PRIMARY KEY (id))", first, "job_a")
    both = "SELECT id, n FROM t WHERE n < 100 OR n >= 50"
    insert = f"INSERT INTO {database}.o " + second.format(stream(source, database, "t"))
    create_stream_job(freshet, "job_b", insert)
    sync_and_assert_target(source, database, both, freshet, f"SELECT * FROM {database}.o", "job_b")
    # Both have the rows of ids 5 to 9; job_a's are above those of job_b, which then goes.
    freshet.pause("job_b")
    source.script(["UPDATE t SET n = n + 1 WHERE id BETWEEN 5 AND 9"], database)
    freshet.sync("job_a")
    freshet.drop("job_b")
    source.script(["DELETE FROM t WHERE id = 5", "DELETE FROM t WHERE id = 6"], database)
    sync_and_assert_target(source, database, both, freshet, f"SELECT * FROM {database}.o", "job_a")
    create_stream_job(freshet, "job_b", insert)
    freshet.sync("job_b")
    freshet.pause("job_a")
    source.script(["DELETE FROM t WHERE id = 7", "UPDATE t SET n = 300 WHERE id = 8", "UPDATE t SET n = 20 WHERE id = 9",
                   "UPDATE t SET n = 60 WHERE id = 12", "DELETE FROM t WHERE id = 13"], database)
    freshet.sync("job_b")
    freshet.resume("job_a")
    freshet.sync("job_a")
    assert_target(source, database, both, freshet, f"SELECT * FROM {database}.o")
    source.script(["DELETE FROM t"], database)
    for job in ("job_b", "job_a"):
        freshet.sync(job)
    assert freshet.execute(f"SELECT * FROM {database}.o") == ()


def test_the_other_jobs_rows_are_there_again_when_one_source_is_emptied(source, freshet, make_database):
    database = start(source, freshet, make_database, "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
                     "INSERT INTO t VALUES (1, 1), (2, 1), (3, 1)",
                     "CREATE TABLE {0}.o (id INT, n INT, PRIMARY KEY (id))", "SELECT id, n FROM {0}", "job_t")
    source.script(["CREATE TABLE u (id INT PRIMARY KEY, n INT)", "INSERT INTO u VALUES (2, 2), (3, 2), (4, 2)"], database)
    create_stream_job(freshet, "job_u", f"INSERT INTO {database}.o SELECT id, n FROM {stream(source, database, 'u')}")
    freshet.sync("job_u")

    def check(job, rows):
        freshet.sync(job)
        assert freshet.execute(f"SELECT * FROM {database}.o ORDER BY id") == rows

    check("job_t", ((1, 1), (2, 2), (3, 2), (4, 2)))
    source.script(["UPDATE t SET n = 5 WHERE id < 3"], database)
    check("job_t", ((1, 5), (2, 5), (3, 2), (4, 2)))
    source.script(["TRUNCATE TABLE u", "INSERT INTO u VALUES (1, 6)"], database)
    check("job_u", ((1, 6), (2, 5), (3, 1)))
    freshet.execute("ALTER JOB job_u RESYNC TABLE u")
    check("job_u", ((1, 6), (2, 5), (3, 1)))
    freshet.execute(f"UPDATE {database}.o SET n = 77 WHERE id = 1")
    source.script(["DELETE FROM u"], database)
    check("job_u", ((1, 5), (2, 5), (3, 1)))
    source.script(["TRUNCATE TABLE t"], database)
    check("job_t", ())


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
