# SPDX-License-Identifier: Apache-2.0
"""Clients that are not ours: the mariadb command line, PyMySQL with and without TLS, raw sockets full of garbage, HTTP."""
import json
import os
import random
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import pymysql
import pytest

from tests.servers.process import wait_until

TABLE = ["CREATE TABLE people (id INT PRIMARY KEY, name VARCHAR(40), born DATE, weight DOUBLE, pay DECIMAL(10,2), photo BLOB)",
         "INSERT INTO people VALUES (1, 'Ada Lövelace', '1815-12-10', 55.5, 10.50, x'00FF'), (2, NULL, NULL, NULL, NULL, NULL)"]


@pytest.fixture
def people(mariadb, freshet, make_database):
    database = make_database(mariadb, *TABLE)
    freshet.create_job("people", mariadb, database)
    freshet.sync("people")
    return database


def mariadb_client(freshet, sql, *options):
    done = subprocess.run(["mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", str(freshet.mysql_port), "-u", "root", "--batch",
                           *options], input=sql, capture_output=True, text=True, timeout=60)
    return done


@pytest.mark.smoke
def test_mariadb_command_line_with_statements_and_prepared_ones(freshet, people):
    done = mariadb_client(freshet, f"SHOW DATABASES; USE {people}; SHOW TABLES; DESC people; SHOW CREATE TABLE people; "
                                   "SELECT name FROM people WHERE id = 1; SELECT count(*) AS n FROM people;")
    assert done.returncode == 0, done.stderr
    assert people in done.stdout and "Ada Lövelace" in done.stdout and "PRIMARY KEY" in done.stdout
    wrong = mariadb_client(freshet, "SELECT nope FROM nowhere.nothing")
    assert wrong.returncode == 1 and "ERROR" in wrong.stderr


def test_mariadb_command_line_completes_names(freshet, people):
    done = mariadb_client(freshet, "SELECT 1", "--auto-rehash", people)
    assert done.returncode == 0, done.stderr


@pytest.mark.smoke
def test_pymysql_gets_typed_values(freshet, people):
    import datetime
    import decimal
    rows = freshet.execute("SELECT id, name, born, weight, pay, photo FROM people ORDER BY id", people)
    assert rows == ((1, "Ada Lövelace", datetime.date(1815, 12, 10), 55.5, decimal.Decimal("10.50"), b"\x00\xff"),
                    (2, None, None, None, None, None))


def test_tls_connection_is_encrypted(freshet, people):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with freshet.connect(people, ssl=context) as connection, connection.cursor() as cursor:
        assert connection._sock.cipher()
        cursor.execute("SELECT name FROM people WHERE id = 1")
        assert cursor.fetchone() == ("Ada Lövelace",)


def test_wrong_password_and_unknown_user_are_refused(freshet):
    for user, password in (("root", "wrong"), ("nobody", "")):
        with pytest.raises(pymysql.err.OperationalError) as caught:
            freshet.connect(user=user, password=password)
        assert caught.value.args[0] == 1045


def test_writes_to_mirrored_tables_are_refused(freshet, people):
    for statement in ("INSERT INTO people (id) VALUES (3)", "DELETE FROM people", "UPDATE people SET name = 'x'", "DROP TABLE people"):
        with pytest.raises(pymysql.err.MySQLError):
            freshet.execute(statement, people)
    assert freshet.value("SELECT count(*) FROM people", people) == 2


def test_files_of_the_server_cannot_be_reached_by_sql(freshet):
    for statement in ("SELECT * FROM read_text('/etc/passwd')", "COPY (SELECT 1) TO '/tmp/freshet_escape.csv'", "ATTACH '/tmp/x.db'",
                      "SELECT * FROM '/etc/passwd'", "INSTALL httpfs", "SET enable_external_access = true; SELECT * FROM read_text('/etc/passwd')"):
        with pytest.raises(pymysql.err.MySQLError):
            with freshet.connect(client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS) as connection:
                with connection.cursor() as cursor:
                    cursor.execute(statement)
                    while cursor.nextset():
                        pass
    assert not os.path.exists("/tmp/freshet_escape.csv")


def test_information_schema_describes_the_mirror(freshet, people):
    rows = freshet.execute("SELECT column_name FROM information_schema.columns WHERE table_schema = "
                           f"'{people}' AND table_name = 'people' ORDER BY ordinal_position")
    assert [row[0] for row in rows] == ["id", "name", "born", "weight", "pay", "photo"]


@pytest.mark.parametrize("port", ["mysql_port", "http_port"])
def test_garbage_on_both_ports_disturbs_nobody(freshet, people, port):
    dice = random.Random(99)
    payloads = [b"", b"\x00", b"\xff\xff\xff\x00", b"\xff\xff\xff\x01" + b"\x41" * 70000, b"GET / HTTP/1.1\r\n" * 1000,
                b"\x16\x03\x01\x02\x00", *(dice.randbytes(dice.randint(1, 5000)) for _ in range(30))]
    for payload in payloads:
        with socket.create_connection(("127.0.0.1", getattr(freshet, port)), timeout=10) as raw:
            try:
                raw.sendall(payload)
            except OSError:
                pass  # the server may hang up in the middle
    assert freshet.value("SELECT count(*) FROM people", people) == 2
    assert urllib.request.urlopen(f"http://127.0.0.1:{freshet.http_port}/healthz", timeout=10).status == 200


def test_hundred_connections_at_once(freshet, people):
    connections = [freshet.connect(people) for _ in range(100)]
    try:
        for connection in connections:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM people")
                assert cursor.fetchone() == (2,)
    finally:
        for connection in connections:
            connection.close()


def http(freshet, path):
    return urllib.request.urlopen(f"http://127.0.0.1:{freshet.http_port}{path}", timeout=10)


@pytest.mark.smoke
def test_health_and_metrics(freshet, people):
    assert json.load(http(freshet, "/healthz"))["status"] == "ok"
    text = http(freshet, "/metrics").read().decode()
    names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line and not line.startswith("#")}
    assert names and all(name.startswith(("freshet_", "exposer_", "process_")) for name in names)
    assert any("lag" in name for name in names)
    with pytest.raises(urllib.error.HTTPError) as caught:
        http(freshet, "/nowhere")
    assert caught.value.code == 404


def test_connection_can_be_cancelled_with_kill_query(freshet):
    with freshet.connect() as busy, freshet.connect() as killer:
        import threading
        failure = []

        def long_query():
            try:
                with busy.cursor() as cursor:
                    cursor.execute("SELECT count(*) FROM range(100000000) a, range(100000) b")
            except pymysql.err.MySQLError as error:
                failure.append(error)

        thread = threading.Thread(target=long_query, daemon=True)
        thread.start()

        def killed():
            with killer.cursor() as cursor:
                cursor.execute(f"KILL QUERY {busy.thread_id()}")
            thread.join(0.2)
            return not thread.is_alive()

        wait_until(killed, 30, "the killed query to end")
        assert failure
