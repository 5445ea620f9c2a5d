# SPDX-License-Identifier: Apache-2.0
"""XA transactions of MySQL and MariaDB: rows of a prepared one are seen after its XA COMMIT, never before, never lost."""
import contextlib

import pytest

from tests.e2e.compare import sync_and_assert_equal
from tests.servers.mariadb import MariaDb
from tests.servers.mysql import Mysql

TABLES = ["CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))", "INSERT INTO t VALUES (1, 'one'), (2, 'two')",
          "CREATE TABLE other (id INT PRIMARY KEY)"]
CHANGES = ["INSERT INTO t VALUES (3, 'xa')", "UPDATE t SET v = 'xa' WHERE id = 1", "DELETE FROM t WHERE id = 2"]


@pytest.fixture(params=["mariadb", "mysql9"])
def server(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def xa(database):
    """xa(server, name, statements...) runs them in a branch of that name and prepares it; the connection stays open."""
    with contextlib.ExitStack() as opened:
        def prepare(server, name, *statements, end="PREPARE"):
            connection = server.connect(database)
            opened.callback(lambda: connection.open and connection.close())
            with connection.cursor() as cursor:
                cursor.execute(f"XA START '{database}-{name}', 'branch'")
                for statement in statements:
                    cursor.execute(statement)
                cursor.execute(f"XA END '{database}-{name}', 'branch'")
                cursor.execute(end_sql(database, name, end))
            return connection

        yield prepare


def end_sql(database, name, verb):
    one_phase = " ONE PHASE" if verb == "COMMIT ONE PHASE" else ""
    return f"XA {verb.removesuffix(' ONE PHASE')} '{database}-{name}', 'branch'{one_phase}"


def finish(connection, database, name, verb):
    with connection.cursor() as cursor:
        cursor.execute(end_sql(database, name, verb))


def mirrored(freshet, database):
    return sorted(freshet.execute(f"SELECT id, v FROM `{database}`.t"))


BEFORE = [(1, "one"), (2, "two")]
AFTER = [(1, "xa"), (3, "xa")]


def test_prepared_rows_are_seen_after_the_commit_only(server, freshet, make_database, xa):
    database = make_database(server, *TABLES)
    freshet.create_job("branches", server, database)
    freshet.sync("branches")
    connection = xa(server, "a", *CHANGES)
    server.execute("INSERT INTO other VALUES (1)", database=database)
    freshet.sync("branches")  # an undecided transaction holds nobody back
    assert mirrored(freshet, database) == BEFORE
    assert freshet.value(f"SELECT count(*) FROM `{database}`.other") == 1
    finish(connection, database, "a", "COMMIT")
    sync_and_assert_equal(server, database, freshet, "branches")
    assert mirrored(freshet, database) == AFTER


@pytest.mark.parametrize("end", ["ROLLBACK", "COMMIT ONE PHASE"])
def test_rollback_and_one_phase_commit(server, freshet, make_database, xa, end):
    database = make_database(server, *TABLES)
    freshet.create_job("branches", server, database)
    freshet.sync("branches")
    if end == "ROLLBACK":
        finish(xa(server, "a", *CHANGES), database, "a", end)
    else:
        xa(server, "a", *CHANGES, end=end)
    server.execute("INSERT INTO other VALUES (1)", database=database)
    sync_and_assert_equal(server, database, freshet, "branches")
    assert mirrored(freshet, database) == (BEFORE if end == "ROLLBACK" else AFTER)
    assert freshet.tables("branches")["t"]["state"] == "READY"


def test_restart_between_prepare_and_commit(server, freshet, make_database, xa):
    database = make_database(server, *TABLES)
    freshet.create_job("branches", server, database)
    freshet.sync("branches")
    kept = xa(server, "kept", *CHANGES)
    dropped = xa(server, "dropped", "INSERT INTO t VALUES (100, 'never')")
    server.script([f"INSERT INTO other VALUES ({number})" for number in range(100)], database)
    server.execute("FLUSH BINARY LOGS")
    server.script(["ALTER TABLE other ADD COLUMN w INT", "DELETE FROM other WHERE id < 50", "INSERT INTO other VALUES (7, 7)"], database)
    freshet.sync("branches")
    freshet.restart()
    freshet.sync("branches")
    assert mirrored(freshet, database) == BEFORE
    freshet.restart()  # the place to read from again outlives a second restart that saw no prepare
    finish(dropped, database, "dropped", "ROLLBACK")
    finish(kept, database, "kept", "COMMIT")
    server.execute("INSERT INTO other VALUES (8, 8)", database=database)
    sync_and_assert_equal(server, database, freshet, "branches")
    assert mirrored(freshet, database) == AFTER
    finish(xa(server, "late", "INSERT INTO t VALUES (4, 'late')"), database, "late", "COMMIT")
    sync_and_assert_equal(server, database, freshet, "branches")


def test_commit_of_what_was_prepared_before_the_job_copies_the_tables_again(server, freshet, make_database, xa):
    database = make_database(server, *TABLES)
    connection = xa(server, "early", *CHANGES)
    freshet.create_job("branches", server, database)
    freshet.sync("branches")
    assert mirrored(freshet, database) == BEFORE
    finish(connection, database, "early", "COMMIT")
    sync_and_assert_equal(server, database, freshet, "branches")
    assert mirrored(freshet, database) == AFTER


def test_branches_without_changes_say_nothing_about_the_tables(server, freshet, make_database, xa):
    database = make_database(server, *TABLES)
    freshet.create_job("branches", server, database)
    freshet.sync("branches")
    chunks = freshet.tables("branches")["t"]["rowscopied"]
    xa(server, "empty", "SELECT * FROM t", end="COMMIT ONE PHASE")
    finish(xa(server, "nothing", "UPDATE t SET v = 'x' WHERE id = 77"), database, "nothing", "COMMIT")
    server.execute("INSERT INTO t VALUES (5, 'five')", database=database)
    sync_and_assert_equal(server, database, freshet, "branches")
    assert freshet.tables("branches")["t"]["rowscopied"] == chunks


@pytest.mark.parametrize("make_server, options", [
    (Mysql, {"gtid-mode": "OFF", "enforce-gtid-consistency": "OFF"}), (Mysql, {"binlog-transaction-compression": "ON"}),
    (MariaDb, {"log-bin-compress": "ON", "log-bin-compress-min-len": "10"})], ids=["no-gtids", "compressed-mysql", "compressed-mariadb"])
def test_server_and_mirror_restart_between_prepare_and_commit(freshet, database, xa, make_server, options):
    server = make_server(options).start()
    try:
        server.script(["GRANT RELOAD ON *.* TO 'mirror'@'%'", f"CREATE DATABASE {database}"])
        server.script(TABLES, database)
        freshet.create_job("branches", server, database)
        freshet.sync("branches")
        connection = xa(server, "a", *CHANGES)
        server.execute("INSERT INTO other VALUES (1)", database=database)
        freshet.sync("branches")
        connection.close()
        freshet.kill()
        server.restart()
        server.execute("INSERT INTO other VALUES (2)", database=database)
        freshet.start()
        freshet.sync("branches")
        assert mirrored(freshet, database) == BEFORE
        with contextlib.closing(server.connect(database)) as connection:
            finish(connection, database, "a", "COMMIT")
        sync_and_assert_equal(server, database, freshet, "branches")
        assert mirrored(freshet, database) == AFTER
    finally:
        freshet.drop("branches")
        server.remove()
