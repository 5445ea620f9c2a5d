# SPDX-License-Identifier: Apache-2.0
"""cdc_stream(..) in a plain SELECT: rows of a source's log from an offset to its end, without a job."""
import contextlib
import json
import threading
import time

import pymysql
import pytest

from tests.e2e.insert_jobs import stream, texts

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), n DECIMAL(10,2))"


def current(source, freshet, database):
    """The end of the source's log, as a job's offset shows it."""
    name = "place"
    freshet.create_job(name, source, database, offset="latest")
    freshet.sync(name)
    offset = json.loads(freshet.job(name)["CurrentOffset"])
    freshet.drop(name)
    keys = ("lsn",) if hasattr(source, "major") else ("file", "pos")
    return json.dumps({key: offset[key] for key in keys})


@pytest.mark.parametrize("kind", ["mariadb", "mysql9"])
def test_rows_of_the_log_from_a_position(request, freshet, make_database, kind):
    server = request.getfixturevalue(kind)
    database = make_database(server, TABLE, "INSERT INTO t VALUES (1, 'before', 1)")
    offset = current(server, freshet, database)
    server.script(["INSERT INTO t VALUES (2, 'two', 2.5), (3, NULL, NULL)", "UPDATE t SET v = 'three' WHERE id = 3",
                   "DELETE FROM t WHERE id = 1"], database)
    rows = freshet.execute(f"SELECT id, v, n FROM {stream(server, database, 't', offset=offset)}")
    assert texts(rows) == texts([(2, "two", "2.50"), (3, None, None), (3, "three", None)])
    assert freshet.execute(f"SELECT COUNT(*), SUM(n) + 1 FROM {stream(server, database, 't', offset=offset)} WHERE id > 1")[0][0] == 3


@contextlib.contextmanager
def inserting(source, database):
    """Rows of growing ids, from 100, as long as the block runs."""
    ended = threading.Event()

    def insert():
        with contextlib.closing(source.connect(database)) as connection, connection.cursor() as cursor:
            for number in range(100, 100_000):
                if ended.wait(0.02):
                    return
                cursor.execute(f"INSERT INTO t VALUES ({number}, 'new', 1)")

    thread = threading.Thread(target=insert)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_latest_reads_what_comes_and_leaves_nothing_behind(source, freshet, make_database):
    database = make_database(source, TABLE, "INSERT INTO t VALUES (1, 'before', 1)")
    with inserting(source, database):
        rows = freshet.execute(f"SELECT id, v FROM {stream(source, database, 't', offset='latest')} LIMIT 5")
    ids = [row[0] for row in rows]
    assert len(ids) == 5 and ids == list(range(ids[0], ids[0] + 5)) and ids[0] >= 100
    assert {row[1] for row in rows} == {"new"}
    if hasattr(source, "major"):
        assert source.execute("SELECT COUNT(*) FROM pg_replication_slots WHERE database = %s", (database,))[0][0] == 0
        assert source.execute("SELECT COUNT(*) FROM pg_publication", database=database)[0][0] == 0


def test_latest_ends_without_rows(mariadb, freshet, make_database):
    database = make_database(mariadb, TABLE, "INSERT INTO t VALUES (1, 'before', 1)")
    began = time.monotonic()
    assert freshet.execute(f"SELECT * FROM {stream(mariadb, database, 't', offset='latest')}") == ()
    assert 14 < time.monotonic() - began < 60


def test_a_postgres_position_needs_a_slot_and_does_not_move_it(postgres, freshet, make_database):
    database = make_database(postgres, TABLE, "INSERT INTO t VALUES (1, 'before', 1)",
                             "CREATE PUBLICATION own FOR TABLE t WITH (publish_via_partition_root = true)")
    lsn = postgres.execute("SELECT (lsn - '0/0')::text FROM pg_create_logical_replication_slot(%s, 'pgoutput')",
                           (f"own_{database}",), database=database)[0][0]
    postgres.script(["INSERT INTO t VALUES (2, 'two', 2)", "UPDATE t SET v = 'one' WHERE id = 1", "DELETE FROM t WHERE id = 2"], database)
    offset = json.dumps({"lsn": lsn})
    own = {"slot_name": f"own_{database}", "publication_name": "own"}
    for _ in range(2):
        rows = freshet.execute(f"SELECT id, v FROM {stream(postgres, database, 't', offset=offset, **own)}")
        assert rows == ((2, "two"), (1, "one"))
    assert postgres.execute("SELECT confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name = %s",
                            (f"own_{database}",))[0][0] == int(lsn)
    with pytest.raises(pymysql.err.MySQLError, match="slot"):
        freshet.execute(f"SELECT id, v FROM {stream(postgres, database, 't', offset=offset)}")


def test_what_a_query_refuses(source, freshet, make_database):
    database = make_database(source, TABLE)
    for arguments, message in [({"offset": "initial"}, "Unsupported offset: initial"), ({"offset": "snapshot"}, "Unsupported offset: snapshot"),
                               ({"offset": "notjson"}, "Unsupported offset: notjson"), ({}, "offset is required"),
                               ({"offset": "latest", "table": "missing"}, "Table does not exist: missing"),
                               ({"offset": "latest", "type": "oracle"}, "Unsupported type"),
                               ({"offset": "latest", "jdbc_url": None}, "jdbc_url is required")]:
        table = arguments.pop("table", "t")
        with pytest.raises(pymysql.err.MySQLError, match=message):
            freshet.execute(f"SELECT * FROM {stream(source, database, table, **arguments)}")
