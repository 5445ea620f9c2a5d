# SPDX-License-Identifier: Apache-2.0
"""Copy, follow, SYNC JOB and VERIFY JOB on every supported server: what a user tries first."""
import contextlib

import pytest

from tests.e2e.compare import assert_equal, sync_and_assert_equal
from tests.e2e.writers import create_tables, writing

SHOP = [
    "CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(50) NOT NULL, credit DECIMAL(10,2))",
    "CREATE TABLE orders (id BIGINT PRIMARY KEY, customer_id INT NOT NULL, total DECIMAL(10,2), placed TIMESTAMP NULL)",
    "CREATE TABLE order_items (order_id BIGINT, line INT, product VARCHAR(40), PRIMARY KEY (order_id, line))",
    "INSERT INTO customers VALUES (1, 'Ada', 10.50), (2, 'Grace', NULL), (3, 'Edsger', -0.01)",
    "INSERT INTO orders VALUES (10, 1, 99.90, '2024-02-29 23:59:59'), (11, 2, 0, NULL)",
    "INSERT INTO order_items VALUES (10, 1, 'modem'), (10, 2, ''), (11, 1, NULL)",
]


@pytest.mark.smoke
def test_copies_follows_and_equals_on_every_server(any_source, freshet, make_database):
    database = make_database(any_source, *SHOP)
    freshet.create_job("shop", any_source, database)
    sync_and_assert_equal(any_source, database, freshet, "shop")
    any_source.script([
        "INSERT INTO customers VALUES (4, 'Barbara', 1)",
        "UPDATE orders SET total = total + 1",
        "UPDATE customers SET id = 40 WHERE id = 4",
        "DELETE FROM order_items WHERE line = 2",
    ], database)
    sync_and_assert_equal(any_source, database, freshet, "shop")
    joined = freshet.rows(f"SELECT c.name AS name, o.total AS total FROM {database}.orders o "
                          f"JOIN {database}.customers c ON c.id = o.customer_id WHERE o.id = 10")
    assert list(joined) == [{"name": "Ada", "total": "100.90"}]


@pytest.mark.smoke
def test_copy_while_writers_write_ends_equal(source, freshet, make_database):
    database = make_database(source)
    tables = ["a", "b", "c"]
    create_tables(source, database, tables, rows=30_000)
    with writing(source, database, tables) as writers:
        freshet.create_job("busy", source, database, snapshot_split_size=1000, snapshot_parallelism=3)
        for table in tables:
            freshet.wait_table("busy", table, "READY", 120)
    assert all(writer.transactions > 0 for writer in writers)
    sync_and_assert_equal(source, database, freshet, "busy")


def test_sync_makes_own_writes_readable(source, freshet, make_database):
    database = make_database(source, "CREATE TABLE t (id INT PRIMARY KEY, v INT)")
    freshet.create_job("sync", source, database)
    for number in range(50):
        source.execute(f"INSERT INTO t VALUES ({number}, {number * 7})", database=database)
        freshet.sync("sync")
        assert freshet.value(f"SELECT v FROM {database}.t WHERE id = {number}") == number * 7


def test_whole_transactions_become_visible_at_once(source, freshet, make_database):
    database = make_database(source, "CREATE TABLE a (id INT PRIMARY KEY)", "CREATE TABLE b (id INT PRIMARY KEY)")
    freshet.create_job("atomic", source, database)
    freshet.sync("atomic")
    connection = source.connect(database)
    with connection.cursor() as cursor, freshet.connect(database) as reader, reader.cursor() as query:
        for number in range(200):
            cursor.execute("BEGIN")
            cursor.execute(f"INSERT INTO a VALUES ({number})")
            cursor.execute(f"INSERT INTO b VALUES ({number})")
            cursor.execute("COMMIT")
            query.execute("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)")
            counts = query.fetchone()
            assert counts[0] == counts[1]
    connection.close()
    sync_and_assert_equal(source, database, freshet, "atomic")


def test_new_tables_are_picked_up_with_their_rows(source, freshet, make_database):
    database = make_database(source, "CREATE TABLE old (id INT PRIMARY KEY)")
    freshet.create_job("growing", source, database, exclude_tables="tmp_*")
    freshet.sync("growing")
    source.script(["CREATE TABLE fresh (id INT PRIMARY KEY, v VARCHAR(10))", "INSERT INTO fresh VALUES (1, 'a'), (2, NULL)",
                   "CREATE TABLE tmp_x (id INT PRIMARY KEY)"], database)
    freshet.wait_table("growing", "fresh", "READY", 60)
    sync_and_assert_equal(source, database, freshet, "growing", tables=["old", "fresh"])
    assert set(freshet.tables("growing")) == {"old", "fresh"}


def test_table_lists_take_names_globs_and_regular_expressions(source, freshet, make_database):
    tables = ["orders", "orders_2023", "orders_2024", "users", "audit_log"]
    database = make_database(source, *(f"CREATE TABLE {table} (id INT PRIMARY KEY)" for table in tables))
    freshet.create_job("some", source, database, include_tables="users, orders_*, /audit_[a-z]+/",
                       exclude_tables="orders_2023")
    freshet.sync("some")
    assert set(freshet.tables("some")) == {"users", "orders_2024", "audit_log"}


def test_renamed_target_and_excluded_columns(source, freshet, make_database):
    database = make_database(source, "CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(20), secret VARCHAR(20))",
                             "INSERT INTO people VALUES (1, 'Ada', 'x')")
    freshet.create_job("private", source, database, **{"table.people.target_table": "humans",
                                                      "table.people.exclude_columns": "secret"})
    freshet.sync("private")
    source.execute("INSERT INTO people VALUES (2, 'Grace', 'y')", database=database)
    freshet.sync("private")
    rows = freshet.rows(f"SELECT * FROM {database}.humans ORDER BY id")
    assert list(rows) == [{"id": "1", "name": "Ada"}, {"id": "2", "name": "Grace"}]


def test_verify_job_says_equal_per_table(source, freshet, make_database):
    database = make_database(source, *SHOP)
    freshet.create_job("verified", source, database)
    freshet.sync("verified")
    verdicts = freshet.rows("VERIFY JOB WHERE jobName = 'verified' TIMEOUT 60")
    assert len(verdicts) == 3
    for verdict in verdicts:
        lower = {key.lower(): value for key, value in verdict.items()}
        assert lower["equal"].lower() in ("1", "true", "yes"), verdict
    assert_equal(source, database, freshet)


def test_empty_tables_and_odd_names(source, freshet, make_database):
    quote = '"{}"' if hasattr(source, "major") else "`{}`"
    names = ["select", "with space", "Ünïcode", "dash-ed", "UPPER"]
    database = make_database(source, *(f"CREATE TABLE {quote.format(n)} (id INT PRIMARY KEY, {quote.format('from')} INT)"
                                       for n in names))
    freshet.create_job("odd", source, database)
    freshet.sync("odd")
    for number, name in enumerate(names):
        source.execute(f"INSERT INTO {quote.format(name)} VALUES ({number}, 1)", database=database)
    sync_and_assert_equal(source, database, freshet, "odd")


@pytest.mark.slow
def test_transaction_larger_than_the_memory_budget(source, freshet, make_database):
    database = make_database(source, "CREATE TABLE wide (id INT PRIMARY KEY, filler VARCHAR(1000))",
                             "CREATE TABLE after (id INT PRIMARY KEY)")
    freshet.create_job("large", source, database)
    freshet.sync("large")
    with contextlib.closing(source.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("BEGIN")
        for start in range(0, 200_000, 2000):
            values = ",".join(f"({number},'{'x' * 900}')" for number in range(start, start + 2000))
            cursor.execute(f"INSERT INTO wide VALUES {values}")
        cursor.execute("COMMIT")
    source.execute("INSERT INTO after VALUES (1)", database=database)
    sync_and_assert_equal(source, database, freshet, "large")
    assert freshet.peak_memory_bytes() < 640 << 20  # the default budget of 512 MiB and a quarter
