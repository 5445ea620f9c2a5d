# SPDX-License-Identifier: Apache-2.0
"""INSERT INTO t SELECT .. FROM cdc_stream(..): copy and follow through a SELECT. After every step the target holds what the same
SELECT yields on the source itself."""
import contextlib

import pytest

from tests.e2e.insert_jobs import (assert_ledger_whole, assert_target, create_stream_job, ledger, stream, sync_and_assert_target, transaction,
                                   wait_paused)

ORDERS = "CREATE TABLE orders (id INT PRIMARY KEY, customer INT NOT NULL, amount INT, status VARCHAR(20), note TEXT)"
ROWS = ("INSERT INTO orders VALUES (1, 10, 100, 'open', 'a'), (2, 20, 200, 'closed', 'b'), (3, 10, NULL, 'open', NULL), "
        "(4, 30, 400, 'void', 'd')")
TARGET = "CREATE TABLE {0}.o (order_id INT, doubled BIGINT, label VARCHAR(64), PRIMARY KEY (order_id))"
SELECT = "SELECT id, amount * 2, CONCAT(status, '-', customer) FROM {0} WHERE status <> 'void'"
WRITES = ["INSERT INTO orders VALUES (5, 40, 500, 'open', 'e'), (6, 40, 1, 'void', 'f')",
          "UPDATE orders SET amount = amount + 1 WHERE customer = 10", "UPDATE orders SET status = 'void' WHERE id = 2",
          "UPDATE orders SET status = 'open' WHERE id = 4", "UPDATE orders SET id = 30 WHERE id = 3",
          "DELETE FROM orders WHERE id = 1", "UPDATE orders SET note = 'only a column that is not read'",
          "INSERT INTO orders VALUES (1, 99, 9, 'again', 'g')"]


def prepare(freshet, database, target=TARGET):
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(target.format(database))


def start(source, database, freshet, job=None, select=SELECT, columns="", **arguments):
    create_stream_job(freshet, "into_o", f"INSERT INTO {database}.o {columns} "
                      + select.format(stream(source, database, "orders", **arguments)), job)


def check(source, database, freshet, select=SELECT):
    sync_and_assert_target(source, database, select.format("orders"), freshet, f"SELECT * FROM {database}.o", "into_o")


@pytest.mark.smoke
def test_copy_and_follow_through_a_select(source, freshet, make_database):
    database = make_database(source, ORDERS, ROWS)
    prepare(freshet, database)
    start(source, database, freshet)
    check(source, database, freshet)
    for write in WRITES:
        source.script([write], database)
        check(source, database, freshet)
    freshet.restart()
    check(source, database, freshet)
    assert_ledger_whole(freshet, "into_o")


def test_all_writes_in_one_transaction(source, freshet, make_database):
    database = make_database(source, ORDERS, ROWS)
    prepare(freshet, database)
    start(source, database, freshet)
    freshet.sync("into_o")
    transaction(source, database, WRITES)
    check(source, database, freshet)


@pytest.mark.parametrize("kind", ["mariadb", "mysql9"])
def test_minimal_images_need_no_opt_in(request, freshet, make_database, kind):
    server = request.getfixturevalue(kind)
    database = make_database(server, ORDERS, ROWS)
    prepare(freshet, database)
    start(server, database, freshet)
    freshet.sync("into_o")
    with contextlib.closing(server.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SET SESSION binlog_row_image = MINIMAL")
        for write in WRITES:
            cursor.execute(write)
    check(server, database, freshet)


def test_key_from_a_column_that_is_no_key_of_the_source(source, freshet, make_database):
    """The target's key changes with an ordinary column: the old row must go, although the log of Postgres does not say it."""
    database = make_database(source, "CREATE TABLE orders (id INT PRIMARY KEY, code VARCHAR(20) NOT NULL, v INT)",
                             "INSERT INTO orders VALUES (1, 'a', 1), (2, 'b', 2)")
    prepare(freshet, database, "CREATE TABLE {0}.o (code VARCHAR(20), v INT, PRIMARY KEY (code))")
    select = "SELECT code, v FROM {0}"
    start(source, database, freshet, select=select)
    check(source, database, freshet, select)
    source.script(["UPDATE orders SET code = 'c' WHERE id = 1", "DELETE FROM orders WHERE id = 2",
                   "INSERT INTO orders VALUES (3, 'b', 3)", "UPDATE orders SET v = 33 WHERE id = 3"], database)
    check(source, database, freshet, select)


def test_unchanged_toast_is_mapped(postgres, freshet, make_database):
    database = make_database(postgres, ORDERS, "ALTER TABLE orders ALTER note SET STORAGE EXTERNAL",
                             "INSERT INTO orders VALUES (1, 1, 1, 'open', repeat('toast', 20000))")
    prepare(freshet, database, "CREATE TABLE {0}.o (id INT, amount INT, size INT, PRIMARY KEY (id))")
    select = "SELECT id, amount, length(note) FROM {0}"
    start(postgres, database, freshet, select=select)
    postgres.script(["UPDATE orders SET amount = 2", "UPDATE orders SET id = 7, amount = 3"], database)
    check(postgres, database, freshet, select)


def test_lookup_of_a_mirrored_table(source, freshet, make_database):
    database = make_database(source, ORDERS, ROWS, "CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(20))",
                             "INSERT INTO customers VALUES (10, 'ten'), (20, 'twenty'), (40, 'forty')")
    freshet.create_job("mirror", source, database, include_tables="customers")
    freshet.sync("mirror")
    freshet.execute(f"CREATE DATABASE {database}_t")
    freshet.execute(f"CREATE TABLE {database}_t.o (id INT, name VARCHAR(20), PRIMARY KEY (id))")
    create_stream_job(freshet, "into_o", f"INSERT INTO {database}_t.o SELECT o.id, c.name FROM "
                      f"{stream(source, database, 'orders')} o LEFT JOIN {database}.customers c ON c.id = o.customer")
    select = "SELECT o.id, c.name FROM orders o LEFT JOIN customers c ON c.id = o.customer"
    sync_and_assert_target(source, database, select, freshet, f"SELECT * FROM {database}_t.o", "into_o")
    source.script(WRITES, database)
    sync_and_assert_target(source, database, select, freshet, f"SELECT * FROM {database}_t.o", "into_o")


def test_ddl_on_unused_columns_is_harmless(source, freshet, make_database):
    database = make_database(source, ORDERS, ROWS)
    prepare(freshet, database)
    start(source, database, freshet)
    source.script(["ALTER TABLE orders ADD COLUMN extra INT", "INSERT INTO orders VALUES (7, 1, 1, 'open', 'x', 5)",
                   "ALTER TABLE orders DROP COLUMN note", "UPDATE orders SET extra = 6, amount = 77 WHERE id = 7"], database)
    check(source, database, freshet)


@pytest.mark.parametrize("change, select", [
    ("ALTER TABLE orders DROP COLUMN amount", "SELECT id, customer * 2, CONCAT(status, '-', customer) FROM {0}"),
    ("ALTER TABLE orders RENAME COLUMN amount TO total", "SELECT id, total * 2, CONCAT(status, '-', customer) FROM {0}")])
def test_ddl_on_a_used_column_pauses_until_the_select_is_altered(source, freshet, make_database, change, select):
    database = make_database(source, ORDERS, ROWS)
    prepare(freshet, database)
    start(source, database, freshet, select="SELECT id, amount * 2, CONCAT(status, '-', customer) FROM {0}")
    freshet.sync("into_o")
    source.script(["UPDATE orders SET amount = 1", change, "UPDATE orders SET status = 'late'"], database)
    assert "amount" in wait_paused(freshet, "into_o", "amount")
    freshet.execute(f"ALTER JOB into_o INSERT INTO {database}.o " + select.format(stream(source, database, "orders")))
    freshet.resume("into_o")
    freshet.sync("into_o")
    freshet.execute("ALTER JOB into_o RESYNC TABLE orders")
    check(source, database, freshet, select)


def test_truncate_empties_the_target_of_this_jobs_rows_only(source, freshet, make_database):
    database = make_database(source, ORDERS, ROWS)
    prepare(freshet, database)
    start(source, database, freshet)
    freshet.sync("into_o")
    freshet.execute(f"INSERT INTO {database}.o VALUES (-1, 0, 'a user wrote this')")
    source.script(["TRUNCATE TABLE orders", "INSERT INTO orders VALUES (9, 9, 9, 'new', 'n')"], database)
    freshet.sync("into_o")
    freshet.execute(f"DELETE FROM {database}.o WHERE order_id = -1")
    check(source, database, freshet)


def test_dropped_source_table_pauses_and_the_target_stays(source, freshet, make_database):
    database = make_database(source, ORDERS, ROWS)
    prepare(freshet, database)
    start(source, database, freshet)
    check(source, database, freshet)
    before = freshet.execute(f"SELECT * FROM {database}.o ORDER BY 1")
    source.script(["DROP TABLE orders"], database)
    wait_paused(freshet, "into_o", "dropped")
    assert freshet.execute(f"SELECT * FROM {database}.o ORDER BY 1") == before


def test_snapshot_job_is_finished_and_does_not_follow(source, freshet, make_database):
    database = make_database(source, ORDERS, ROWS)
    prepare(freshet, database)
    start(source, database, freshet, offset="snapshot", snapshot_split_size=2)
    freshet.wait_status("into_o", "FINISHED")
    assert_target(source, database, SELECT.format("orders"), freshet, f"SELECT * FROM {database}.o")
    before = freshet.value(f"SELECT COUNT(*) FROM {database}.o")
    source.script(["INSERT INTO orders VALUES (8, 8, 8, 'late', 'l')"], database)
    freshet.restart()
    assert freshet.status("into_o") == "FINISHED"
    assert freshet.value(f"SELECT COUNT(*) FROM {database}.o") == before


def test_altered_select_that_needs_a_new_column_copies_again_by_itself(source, freshet, make_database):
    database = make_database(source, ORDERS, ROWS)
    prepare(freshet, database)
    start(source, database, freshet)
    freshet.sync("into_o")
    freshet.pause("into_o")
    select = "SELECT id, amount * 2, note FROM {0} WHERE status <> 'void'"
    freshet.execute(f"ALTER JOB into_o INSERT INTO {database}.o " + select.format(stream(source, database, "orders")))
    source.script(WRITES, database)
    freshet.resume("into_o")
    check(source, database, freshet, select)


def test_execute_sql_shows_no_secret(source, freshet, make_database):
    database = make_database(source, ORDERS, ROWS)
    prepare(freshet, database)
    start(source, database, freshet)
    freshet.sync("into_o")
    shown = freshet.job("into_o")["ExecuteSql"]
    assert shown.upper().startswith("INSERT INTO") and "cdc_stream" in shown
    from tests.servers.mariadb import MIRROR_PASSWORD
    assert MIRROR_PASSWORD not in shown and MIRROR_PASSWORD not in freshet.log.read_text()
    tasks = ledger(freshet, "into_o")
    assert sum(task["RowsRead"] for task in tasks) >= 4 and sum(task["RowsFiltered"] for task in tasks) >= 1
