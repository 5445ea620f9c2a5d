# SPDX-License-Identifier: Apache-2.0
"""Users' own tables over the wire: what clients see, what a crash leaves, who waits for whom."""
import subprocess
import threading

import pymysql
import pytest

from tests.servers.process import wait_until

BIG_ROWS = 2_000_000


@pytest.fixture
def tables(freshet):
    freshet.execute("CREATE DATABASE shop")
    freshet.execute("CREATE TABLE shop.items (id BIGINT PRIMARY KEY, name VARCHAR(40), price DECIMAL(10,2) NOT NULL "
                    "DEFAULT 1.50, data BLOB, at DATETIME(6) DEFAULT CURRENT_TIMESTAMP(6))")
    return freshet


def run(server, sql, arguments=None):
    with server.connect("shop") as connection, connection.cursor() as cursor:
        affected = cursor.execute(sql, arguments)
        return affected, cursor.fetchall()


def mysql_client(server, *arguments):
    return subprocess.run(["mysql", "--no-defaults", "-h127.0.0.1", f"-P{server.mysql_port}", "-uroot", "-N", "-B", *arguments,
                           "shop"], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.smoke
def test_clients_write_and_read_back_what_they_wrote(tables):
    rows = [(1, "it's", "2.50", b"\x00\x01\xff'\\"), (2, "naïve 😀 \"x\" \\", "0.01", b""), (3, None, "-7.00", None)]
    with tables.connect("shop") as connection, connection.cursor() as cursor:
        assert cursor.executemany("INSERT INTO items (id, name, price, data) VALUES (%s, %s, %s, %s)", rows) == 3
        cursor.execute("SELECT id, name, CAST(price AS CHAR), data FROM items ORDER BY id")
        assert list(cursor.fetchall()) == rows
        assert cursor.execute("UPDATE items SET name = 'same' WHERE id IN (1, 2)") == 2
        assert cursor.execute("UPDATE items SET name = 'same' WHERE id = 1") == 0, "nothing changed"
        assert cursor.execute("DELETE FROM items WHERE id = 3") == 1
        with pytest.raises(pymysql.MySQLError) as refused:
            cursor.execute("INSERT INTO items (id, price) VALUES (7, 1), (8, 'secret')")
        assert "row 2: column price" in str(refused.value) and "secret" not in str(refused.value)
        cursor.execute("SELECT COUNT(*) FROM items WHERE at > '2020-01-01'")
        assert cursor.fetchall() == ((2,),)
    tables.restart()
    assert tables.execute("SELECT id, name FROM shop.items ORDER BY id") == ((1, "same"), (2, "same"))


def test_the_mysql_client_shows_counts(tables):
    out = mysql_client(tables, "-vvv", "-e", "INSERT INTO items (id) VALUES (1), (2); UPDATE items SET name = 'x' WHERE id = 1")
    assert out.returncode == 0, out.stderr
    assert "Query OK, 2 rows affected" in out.stdout and "Records: 2  Duplicates: 0  Warnings: 0" in out.stdout
    assert "Rows matched: 1  Changed: 1  Warnings: 0" in out.stdout
    out = mysql_client(tables, "-e", "SELECT id, name FROM items ORDER BY id")
    assert out.stdout == "1\tx\n2\tNULL\n"


def execute_prepared(connection, sql, texts):
    """PREPARE and EXECUTE of the binary protocol; all values are sent as strings. Returns the affected rows."""
    connection._execute_command(0x16, sql)
    statement = connection._read_packet().get_all_data()[1:5]
    connection._read_packet()
    while not connection._read_packet().is_eof_packet():
        pass
    nulls = sum(1 << i for i, text in enumerate(texts) if text is None).to_bytes((len(texts) + 7) // 8, "little")
    values = b"".join(bytes([len(text.encode())]) + text.encode() for text in texts if text is not None)
    types = b"\xfe\x00" * len(texts)
    connection._execute_command(0x17, statement + b"\x00\x01\x00\x00\x00" + nulls + b"\x01" + types + values)
    return connection._read_packet().get_all_data()[1]


def test_prepared_statements_of_the_binary_protocol_write_rows(tables):
    with tables.connect("shop") as connection:
        sql = "INSERT INTO items (id, name, price) VALUES (?, ?, ?)"
        assert execute_prepared(connection, sql, ["1", "it's \\ ? 😀", "2.5"]) == 1
        assert execute_prepared(connection, sql, ["2", None, "0.1"]) == 1
        assert execute_prepared(connection, "DELETE FROM items WHERE id = ? OR name = ?", ["2", "nobody"]) == 1
    assert tables.execute("SELECT id, name, CAST(price AS CHAR) FROM shop.items") == ((1, "it's \\ ? 😀", "2.50"),)


def test_a_kill_in_the_middle_of_a_big_insert_leaves_nothing_of_it(tables):
    run(tables, "INSERT INTO items (id, name) VALUES (1, 'before')")
    failed = []

    def insert():
        try:
            run(tables, f"INSERT INTO items (id, name) SELECT range, repeat('x', 30) FROM range({BIG_ROWS})")
        except pymysql.MySQLError as error:
            failed.append(error)

    before = disk_bytes(tables)
    thread = threading.Thread(target=insert)
    thread.start()
    wait_until(lambda: disk_bytes(tables) > before + (16 << 20), 120, "pieces of the INSERT on disk")
    assert run(tables, "SELECT COUNT(*), MIN(name) FROM items")[1] == ((1, "before"),), "readers see the picture from before"
    tables.kill()
    thread.join()
    assert failed
    tables.start()
    assert run(tables, "SELECT id, name FROM items")[1] == ((1, "before"),)
    assert run(tables, "INSERT INTO items (id) VALUES (2)")[0] == 1, "the lease ended with the process"


def disk_bytes(server):
    return sum(path.stat().st_size for path in server.data.rglob("*") if path.is_file())


@pytest.mark.slow
def test_a_big_insert_stays_within_the_memory_budget(tables):
    affected, _ = run(tables, f"INSERT INTO items (id, name) SELECT range, repeat('x', 30) FROM range({BIG_ROWS})")
    assert affected == BIG_ROWS
    assert run(tables, "SELECT COUNT(*), SUM(id) FROM items")[1] == ((BIG_ROWS, BIG_ROWS * (BIG_ROWS - 1) // 2),)
    assert tables.peak_memory_bytes() < 2 << 30


def test_two_writers_of_one_table_take_turns_and_lose_nothing(tables):
    run(tables, "INSERT INTO items (id, price) VALUES (1, 0)")
    errors = []

    def add():
        try:
            for _ in range(20):
                run(tables, "UPDATE items SET price = price + 1 WHERE id = 1")
        except pymysql.MySQLError as error:
            errors.append(error)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert run(tables, "SELECT CAST(price AS CHAR) FROM items")[1] == (("80.00",),)


def test_a_mirrored_table_takes_no_writes_and_names_its_job(freshet, mariadb, make_database):
    database = make_database(mariadb, "CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    freshet.create_job("mirror", mariadb, database)
    freshet.sync("mirror")
    with pytest.raises(pymysql.MySQLError, match="is owned by job mirror and read-only"):
        freshet.execute(f"INSERT INTO {database}.t VALUES (2)")
    freshet.execute("CREATE DATABASE own")
    freshet.execute(f"CREATE TABLE own.t LIKE {database}.t")
    freshet.execute(f"INSERT INTO own.t SELECT * FROM {database}.t")
    assert freshet.execute("SELECT * FROM own.t") == ((1,),)
