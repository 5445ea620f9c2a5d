# SPDX-License-Identifier: Apache-2.0
"""What is particular to Postgres' log: large transactions, tables created and dropped beside it, generated columns."""
import pytest

from tests.e2e.compare import assert_equal, sync_and_assert_equal
from tests.servers.process import wait_until

TABLES = ["CREATE TABLE t (id INT PRIMARY KEY, v TEXT)", "CREATE TABLE u (id INT PRIMARY KEY, v TEXT)",
          "INSERT INTO t VALUES (1, 'one')", "INSERT INTO u VALUES (1, 'one')"]
# Half a gigabyte of changes would spill with the server's default of 64 MB: here a few thousand rows do.
SMALL_DECODING_MEMORY = "logical_decoding_work_mem = '64kB'"
ROWS = 20_000


@pytest.fixture(params=["postgres14", "postgres15", "postgres18"])
def any_postgres(request):
    from tests.e2e.conftest import shared_server
    return shared_server(request.param)


def test_sync_waits_for_tables_created_and_dropped_just_before(any_postgres, freshet, make_database):
    database = make_database(any_postgres, *TABLES)
    freshet.create_job("beside", any_postgres, database)
    freshet.sync("beside")
    for number in range(3):
        any_postgres.script([f"CREATE TABLE new_{number} (id INT PRIMARY KEY, v TEXT)",
                             f"INSERT INTO new_{number} VALUES (1, 'a'), (2, 'b')"], database)
        sync_and_assert_equal(any_postgres, database, freshet, "beside")
    any_postgres.script(["DROP TABLE new_0", "DROP TABLE u", "CREATE TABLE u (id BIGINT PRIMARY KEY, other INT)",
                         "INSERT INTO u VALUES (7, 70)"], database)
    sync_and_assert_equal(any_postgres, database, freshet, "beside")
    assert {row[0] for row in freshet.execute("SHOW TABLES", database)} == {"t", "u", "new_1", "new_2"}


def test_a_new_table_that_cannot_be_mirrored_keeps_no_other_one_out(postgres, freshet, make_database):
    database = make_database(postgres, *TABLES)
    freshet.create_job("unfit", postgres, database)
    freshet.sync("unfit")
    postgres.script(["CREATE TABLE keyless (id INT)", "CREATE TABLE fit (id INT PRIMARY KEY)", "INSERT INTO fit VALUES (1)"], database)
    freshet.sync("unfit")
    assert_equal(postgres, database, freshet, tables=["t", "u", "fit"])
    assert "keyless" not in freshet.tables("unfit")
    postgres.script(["INSERT INTO keyless VALUES (5)", "ALTER TABLE keyless ADD PRIMARY KEY (id)"], database)
    sync_and_assert_equal(postgres, database, freshet, "unfit")


def test_a_table_taken_out_of_the_publication_is_stopped(postgres, freshet, make_database):
    database = make_database(postgres, *TABLES)
    freshet.create_job("unpublished", postgres, database)
    freshet.sync("unpublished")
    (publication,), = postgres.execute("SELECT pubname FROM pg_publication", database=database)
    postgres.script([f"ALTER PUBLICATION {publication} DROP TABLE u", "INSERT INTO u VALUES (2, 'unseen')"], database)
    freshet.sync("unpublished")
    stopped = freshet.tables("unpublished")["u"]
    assert stopped["state"] == "STOPPED" and "publication" in stopped["lasterror"]
    freshet.execute("ALTER JOB unpublished RESYNC TABLE u")
    sync_and_assert_equal(postgres, database, freshet, "unpublished")


def _write_large_transactions(source, database):
    """Two large transactions side by side, with rolled back savepoints, a schema change, and one that is rolled back."""
    first, second, third = (source.connect(database, autocommit=False) for _ in range(3))
    try:
        a, b, c = first.cursor(), second.cursor(), third.cursor()
        for part in range(4):
            start = 10 + part * ROWS
            a.execute(f"INSERT INTO t SELECT i, 'first ' || i FROM generate_series({start}, {start + ROWS - 1}) i")
            b.execute(f"INSERT INTO u SELECT i, 'second ' || i FROM generate_series({start}, {start + ROWS - 1}) i")
            c.execute(f"INSERT INTO t SELECT -i, 'never' FROM generate_series({start}, {start + ROWS - 1}) i")
            for cursor, table in ((a, "t"), (b, "u")):
                cursor.execute("SAVEPOINT s")
                cursor.execute(f"UPDATE {table} SET v = 'rolled back' WHERE id % 3 = 0")
                cursor.execute("ROLLBACK TO SAVEPOINT s")
                cursor.execute(f"UPDATE {table} SET v = v || ' kept' WHERE id % 5 = 0 AND id >= {start}")
        b.execute("ALTER TABLE u ADD COLUMN w INT DEFAULT 3")
        b.execute("UPDATE u SET w = id WHERE id % 2 = 0")
        a.execute("DELETE FROM t WHERE id % 7 = 0")
        second.commit()
        a.execute("UPDATE t SET v = 'last' WHERE id % 11 = 0")
        first.commit()
        third.rollback()
    finally:
        for connection in (first, second, third):
            connection.close()


def test_large_transactions_side_by_side(any_postgres, freshet, make_database):
    database = make_database(any_postgres, *TABLES)
    any_postgres.execute(f'ALTER ROLE mirror IN DATABASE "{database}" SET {SMALL_DECODING_MEMORY}')
    freshet.create_job("large", any_postgres, database)
    freshet.sync("large")
    _write_large_transactions(any_postgres, database)
    sync_and_assert_equal(any_postgres, database, freshet, "large")


@pytest.mark.slow
def test_kills_in_the_middle_of_large_transactions(any_postgres, freshet, make_database):
    database = make_database(any_postgres, *TABLES)
    any_postgres.execute(f'ALTER ROLE mirror IN DATABASE "{database}" SET {SMALL_DECODING_MEMORY}')
    freshet.create_job("large", any_postgres, database)
    freshet.sync("large")
    freshet.kill()
    _write_large_transactions(any_postgres, database)
    before = freshet_reads = 0
    for _ in range(4):
        freshet.start()
        freshet_reads = wait_until(lambda: _sent_bytes(any_postgres, database), 60, "the log to be sent")
        before = max(before, freshet_reads)
        freshet.kill()
    freshet.start()
    assert before > 0
    sync_and_assert_equal(any_postgres, database, freshet, "large")


def _sent_bytes(source, database):
    return source.execute("SELECT count(*) FROM pg_stat_replication r JOIN pg_replication_slots s ON s.active_pid = r.pid "
                          "WHERE s.database = %s AND r.sent_lsn > s.confirmed_flush_lsn", (database,))[0][0]


GENERATED = ["CREATE TABLE g (id INT PRIMARY KEY, a INT, doubled INT GENERATED ALWAYS AS (a * 2) STORED)",
             "INSERT INTO g VALUES (1, 10)"]


def test_stored_generated_columns_are_the_same_by_copy_and_by_log_from_18_on(freshet, make_database):
    from tests.e2e.conftest import shared_server
    source = shared_server("postgres18")
    database = make_database(source, *GENERATED, "CREATE TABLE v (id INT PRIMARY KEY, a INT, w INT GENERATED ALWAYS AS (a + 1) VIRTUAL)",
                             "INSERT INTO v VALUES (1, 1)")
    freshet.create_job("generated", source, database)
    sync_and_assert_equal(source, database, freshet, "generated", tables=["g"])
    source.script(["INSERT INTO g VALUES (2, 20)", "UPDATE g SET a = 11 WHERE id = 1", "INSERT INTO v VALUES (2, 2)",
                   "ALTER TABLE g ADD COLUMN tripled INT GENERATED ALWAYS AS (a * 3) STORED", "INSERT INTO g VALUES (3, 30)"], database)
    sync_and_assert_equal(source, database, freshet, "generated", tables=["g"])
    assert_equal(source, database, freshet, tables=["v"], without=["w"])
    tables = freshet.tables("generated")
    assert tables["g"]["excludedcolumns"] == "" and tables["v"]["excludedcolumns"] == "w"


def test_generated_columns_are_left_out_and_named_below_18(postgres, freshet, make_database):
    database = make_database(postgres, *GENERATED)
    freshet.create_job("generated", postgres, database)
    freshet.sync("generated")
    postgres.script(["INSERT INTO g VALUES (2, 20)", "UPDATE g SET a = 11 WHERE id = 1"], database)
    freshet.sync("generated")
    assert_equal(postgres, database, freshet, without=["doubled"])
    assert freshet.tables("generated")["g"]["excludedcolumns"] == "doubled"
