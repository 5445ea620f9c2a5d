# SPDX-License-Identifier: Apache-2.0
"""DDL in the stream: followed changes keep mirror and source equal; one that cannot be followed stops its table only."""
import pytest

from tests.e2e.compare import assert_equal, sync_and_assert_equal
from tests.servers.process import wait_until

TABLES = ["CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), w INT)", "CREATE TABLE other (id INT PRIMARY KEY, v INT)",
          "INSERT INTO t VALUES (1, 'one', 1), (2, NULL, 2)", "INSERT INTO other VALUES (1, 1)"]


@pytest.mark.smoke
def test_add_and_drop_column_with_rows_before_and_after(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("columns", source, database)
    freshet.sync("columns")
    source.script([
        "INSERT INTO t VALUES (3, 'three', 3)",
        "ALTER TABLE t ADD COLUMN extra INT",
        "INSERT INTO t VALUES (4, 'four', 4, 44)",
        "UPDATE t SET extra = 11 WHERE id = 1",
        "ALTER TABLE t DROP COLUMN w",
        "INSERT INTO t VALUES (5, 'five', 55)",
    ], database)
    sync_and_assert_equal(source, database, freshet, "columns")
    source.script(["ALTER TABLE t ADD COLUMN w VARCHAR(5)", "UPDATE t SET w = 'new' WHERE id = 5"], database)
    sync_and_assert_equal(source, database, freshet, "columns")


def test_added_column_with_default_fills_old_rows(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("defaults", source, database)
    freshet.sync("defaults")
    source.script(["ALTER TABLE t ADD COLUMN state VARCHAR(10) NOT NULL DEFAULT 'new'", "UPDATE t SET state = 'x' WHERE id = 2",
                   "ALTER TABLE t ADD COLUMN price DECIMAL(8,2) DEFAULT 1.50", "INSERT INTO t (id) VALUES (9)"], database)
    wait_until(lambda: freshet.tables("defaults")["t"]["state"] == "READY", 60, "table to be ready again")
    sync_and_assert_equal(source, database, freshet, "defaults")


def test_mysql_positions_and_several_changes_in_one_statement(mariadb, freshet, make_database):
    database = make_database(mariadb, *TABLES)
    freshet.create_job("positions", mariadb, database)
    freshet.sync("positions")
    mariadb.script(["ALTER TABLE t ADD COLUMN a INT FIRST, ADD COLUMN b INT AFTER id, DROP COLUMN w, COMMENT 'c'",
                    "INSERT INTO t (id, a, b, v) VALUES (7, 70, 71, 'seven')", "ALTER TABLE t ADD INDEX (b)"], database)
    sync_and_assert_equal(mariadb, database, freshet, "positions")


def test_truncate_between_writes(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("emptied", source, database)
    freshet.sync("emptied")
    source.script(["INSERT INTO t VALUES (10, 'x', 1)", "TRUNCATE TABLE t", "INSERT INTO t VALUES (1, 'again', 1)"], database)
    sync_and_assert_equal(source, database, freshet, "emptied")
    assert freshet.value(f"SELECT count(*) FROM {database}.t") == 1


def test_dropped_and_created_again_with_another_shape(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("recreated", source, database)
    freshet.sync("recreated")
    source.script(["DROP TABLE t", "CREATE TABLE t (id BIGINT PRIMARY KEY, other_column VARCHAR(30))",
                   "INSERT INTO t VALUES (99, 'second life')"], database)
    sync_and_assert_equal(source, database, freshet, "recreated")


UNFOLLOWED = ["ALTER TABLE t RENAME COLUMN v TO renamed"]


@pytest.mark.parametrize("statement", UNFOLLOWED)
def test_unsupported_change_stops_that_table_only(source, freshet, make_database, statement):
    database = make_database(source, *TABLES)
    freshet.create_job("stopped", source, database)
    freshet.sync("stopped")
    source.script([statement, "INSERT INTO t VALUES (50, 'after', 5)", "INSERT INTO other VALUES (50, 5)"], database)
    stopped = freshet.wait_table("stopped", "t", "STOPPED")
    assert stopped["lasterror"]
    assert freshet.status("stopped") == "RUNNING"
    sync_and_assert_equal(source, database, freshet, "stopped", tables=["other"])
    freshet.execute("ALTER JOB stopped RESYNC TABLE t")
    freshet.wait_table("stopped", "t", "READY")
    sync_and_assert_equal(source, database, freshet, "stopped")


def test_schema_change_during_the_copy(source, freshet, make_database):
    from tests.e2e.writers import create_tables
    database = make_database(source)
    create_tables(source, database, ["big"], rows=40_000)
    freshet.create_job("moving", source, database, snapshot_split_size=500, snapshot_parallelism=2)
    wait_until(lambda: int(freshet.tables("moving")["big"]["rowscopied"]) > 0, 60, "the copy to begin")
    source.script(["ALTER TABLE big ADD COLUMN late INT", "UPDATE big SET late = id WHERE id % 10 = 0",
                   "ALTER TABLE big DROP COLUMN note", "INSERT INTO big VALUES (1000000, 1, 1, 1)"], database)
    freshet.wait_table("moving", "big", "READY", 120)
    sync_and_assert_equal(source, database, freshet, "moving")


def test_truncate_during_the_copy(source, freshet, make_database):
    from tests.e2e.writers import create_tables
    database = make_database(source)
    create_tables(source, database, ["big"], rows=40_000)
    freshet.create_job("cut", source, database, snapshot_split_size=500, snapshot_parallelism=2)
    wait_until(lambda: int(freshet.tables("cut")["big"]["rowscopied"]) > 0, 60, "the copy to begin")
    source.script(["TRUNCATE TABLE big", "INSERT INTO big VALUES (1, 2, 'only', 3)"], database)
    freshet.wait_table("cut", "big", "READY", 120)
    sync_and_assert_equal(source, database, freshet, "cut")


def test_ignored_changes_leave_the_target_alone(mariadb, freshet, make_database):
    database = make_database(mariadb, *TABLES)
    freshet.create_job("frozen", mariadb, database, schema_change_behavior="ignore")
    freshet.sync("frozen")
    mariadb.script(["DROP TABLE other", "INSERT INTO t VALUES (8, 'eight', 8)"], database)
    freshet.sync("frozen")
    assert freshet.value(f"SELECT count(*) FROM {database}.other") == 1
    assert_equal(mariadb, database, freshet, tables=["t"])


def test_changes_survive_a_restart(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("kept", source, database)
    freshet.sync("kept")
    freshet.kill()
    source.script(["ALTER TABLE t ADD COLUMN n1 INT", "INSERT INTO t VALUES (20, 'x', 1, 2)", "ALTER TABLE t DROP COLUMN v",
                   "INSERT INTO t VALUES (21, 1, 2)", "CREATE TABLE late (id INT PRIMARY KEY)", "INSERT INTO late VALUES (1)"],
                  database)
    freshet.start()
    sync_and_assert_equal(source, database, freshet, "kept")
