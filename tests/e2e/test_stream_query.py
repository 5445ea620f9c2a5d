# SPDX-License-Identifier: Apache-2.0
"""cdc_stream(..) in a plain SELECT: rows of a source's log from an offset to its end, without a job."""
import json

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


def test_latest_ends_at_once_and_leaves_nothing_behind(source, freshet, make_database):
    database = make_database(source, TABLE, "INSERT INTO t VALUES (1, 'before', 1)")
    assert freshet.execute(f"SELECT * FROM {stream(source, database, 't', offset='latest')}") == ()
    if hasattr(source, "major"):
        assert source.execute("SELECT COUNT(*) FROM pg_replication_slots WHERE database = %s", (database,))[0][0] == 0
        assert source.execute("SELECT COUNT(*) FROM pg_publication", database=database)[0][0] == 0


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
