# SPDX-License-Identifier: Apache-2.0
"""Rows that the log carries only in part: MINIMAL images, unchanged TOAST, key-only deletes, replica identities, partitions."""
import contextlib

import pytest

from tests.e2e.compare import sync_and_assert_equal

WIDE = "CREATE TABLE t (id INT PRIMARY KEY, a INT, b VARCHAR(20), c TEXT)"


@pytest.mark.parametrize("image", ["MINIMAL", "NOBLOB"])
@pytest.mark.parametrize("kind", ["mariadb", "mysql9"])
def test_partial_row_images_are_completed_from_the_stored_row(request, freshet, make_database, kind, image):
    server = request.getfixturevalue(kind)
    database = make_database(server, WIDE, "INSERT INTO t VALUES (1, 1, 'one', 'text one'), (2, 2, NULL, NULL)")
    freshet.create_job("partial", server, database)
    freshet.sync("partial")
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET SESSION binlog_row_image = {image}")
        for statement in ["UPDATE t SET a = 10 WHERE id = 1", "UPDATE t SET b = NULL WHERE id = 1",
                          "UPDATE t SET c = 'x' WHERE id = 2", "INSERT INTO t (id, a) VALUES (3, 3)",
                          "UPDATE t SET id = 30, a = 31 WHERE id = 3", "DELETE FROM t WHERE id = 2",
                          "INSERT INTO t (id) VALUES (2)"]:
            cursor.execute(statement)
        cursor.execute("BEGIN")
        cursor.execute("INSERT INTO t VALUES (7, 7, 'seven', 'long text')")
        cursor.execute("UPDATE t SET a = 8 WHERE id = 7")
        cursor.execute("UPDATE t SET id = 8 WHERE id = 7")
        cursor.execute("COMMIT")
    sync_and_assert_equal(server, database, freshet, "partial")


def test_minimal_image_updates_during_the_copy(mariadb, freshet, make_database):
    from tests.e2e.writers import create_tables
    database = make_database(mariadb)
    create_tables(mariadb, database, ["big"], rows=30_000)
    freshet.create_job("partial", mariadb, database, snapshot_split_size=300, snapshot_parallelism=3)
    with contextlib.closing(mariadb.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION binlog_row_image = MINIMAL")
        for round_number in range(60):
            cursor.execute(f"UPDATE big SET touched = {round_number} WHERE id % 60 = {round_number}")
    freshet.wait_table("partial", "big", "READY", 120)
    sync_and_assert_equal(mariadb, database, freshet, "partial")


def test_unchanged_toast_keeps_its_value(postgres, freshet, make_database):
    database = make_database(postgres, WIDE, "ALTER TABLE t ALTER c SET STORAGE EXTERNAL",
                             "INSERT INTO t VALUES (1, 1, 'one', repeat('toast', 20000)), (2, 2, 'two', NULL)")
    freshet.create_job("toast", postgres, database)
    freshet.sync("toast")
    postgres.script(["UPDATE t SET a = 10", "UPDATE t SET id = 100 WHERE id = 1",
                     "INSERT INTO t VALUES (3, 3, 'three', repeat('x', 100000))", "UPDATE t SET b = NULL WHERE id = 3",
                     "BEGIN; INSERT INTO t VALUES (4, 4, 'four', repeat('y', 50000)); UPDATE t SET a = 44 WHERE id = 4; "
                     "UPDATE t SET id = 5 WHERE id = 4; COMMIT"], database)
    sync_and_assert_equal(postgres, database, freshet, "toast")


def test_unchanged_toast_during_the_copy(postgres, freshet, make_database):
    database = make_database(postgres, WIDE, "ALTER TABLE t ALTER c SET STORAGE EXTERNAL",
                             "INSERT INTO t SELECT i, 0, 'b', repeat(i::text, 1000) FROM generate_series(1, 5000) i")
    freshet.create_job("toast", postgres, database, snapshot_split_size=100, snapshot_parallelism=3)
    for round_number in range(30):
        postgres.execute(f"UPDATE t SET a = {round_number} WHERE id % 30 = {round_number}", database=database)
    freshet.wait_table("toast", "t", "READY", 120)
    sync_and_assert_equal(postgres, database, freshet, "toast")


@pytest.mark.parametrize("identity", ["FULL", "DEFAULT", "USING INDEX t_unique"])
def test_every_replica_identity(postgres, freshet, make_database, identity):
    database = make_database(postgres, "CREATE TABLE t (id INT PRIMARY KEY, u INT NOT NULL, v TEXT)",
                             "CREATE UNIQUE INDEX t_unique ON t (u)", f"ALTER TABLE t REPLICA IDENTITY {identity}",
                             "INSERT INTO t SELECT i, i, repeat('v', 3000) FROM generate_series(1, 10) i")
    freshet.create_job("identity", postgres, database)
    freshet.sync("identity")
    postgres.script(["UPDATE t SET v = 'short' WHERE id < 4", "UPDATE t SET id = 40 WHERE id = 4", "UPDATE t SET u = 50 WHERE id = 5",
                     "DELETE FROM t WHERE id = 6", "UPDATE t SET id = 70, u = 71 WHERE id = 7"], database)
    sync_and_assert_equal(postgres, database, freshet, "identity")


def test_partitioned_table_through_its_root(postgres, freshet, make_database):
    database = make_database(
        postgres, "CREATE TABLE parts (id INT, region TEXT, v INT, PRIMARY KEY (id, region)) PARTITION BY LIST (region)",
        "CREATE TABLE parts_eu PARTITION OF parts FOR VALUES IN ('eu')", "CREATE TABLE parts_us PARTITION OF parts FOR VALUES IN ('us')",
        "INSERT INTO parts VALUES (1, 'eu', 1), (2, 'us', 2)")
    freshet.create_job("parts", postgres, database)
    freshet.sync("parts")
    postgres.script(["INSERT INTO parts VALUES (3, 'us', 3)", "UPDATE parts SET region = 'us' WHERE id = 1",
                     "DELETE FROM parts WHERE id = 2"], database)
    sync_and_assert_equal(postgres, database, freshet, "parts", tables=["parts"])
    assert set(freshet.tables("parts")) == {"parts"}


def test_unique_index_serves_as_key(source, freshet, make_database):
    database = make_database(source, "CREATE TABLE u (code VARCHAR(20) NOT NULL, v INT, UNIQUE (code))",
                             *(["ALTER TABLE u REPLICA IDENTITY USING INDEX u_code_key"] if hasattr(source, "major") else []),
                             "INSERT INTO u VALUES ('a', 1), ('b', 2)")
    freshet.create_job("unique", source, database)
    freshet.sync("unique")
    source.script(["UPDATE u SET v = 10 WHERE code = 'a'", "DELETE FROM u WHERE code = 'b'", "INSERT INTO u VALUES ('c', 3)"], database)
    sync_and_assert_equal(source, database, freshet, "unique")


def test_statement_based_rows_in_the_log_are_never_guessed(mariadb, freshet, make_database):
    database = make_database(mariadb, WIDE)
    freshet.create_job("statements", mariadb, database)
    freshet.sync("statements")
    with contextlib.closing(mariadb.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION binlog_format = STATEMENT")
        cursor.execute("INSERT INTO t VALUES (1, 1, 'by statement', NULL)")
    freshet.wait_table("statements", "t", "STOPPED")
