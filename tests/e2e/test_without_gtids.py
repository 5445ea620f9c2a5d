# SPDX-License-Identifier: Apache-2.0
"""Sources that are followed by log file and offset: MySQL with GTIDs off, and jobs that start from an offset without GTIDs."""
import json

import pytest

from tests.e2e.compare import sync_and_assert_equal
from tests.e2e.test_source_faults import kill_connections
from tests.e2e.writers import create_tables, writing
from tests.servers.mariadb import MariaDb
from tests.servers.mysql import Mysql
from tests.servers.process import wait_until

TABLE = ["CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)"]


@pytest.fixture
def plain(database):
    """MySQL 9 without GTIDs, with an old GTID set from when they were on."""
    server = Mysql().start()
    server.options.update({"gtid-mode": "OFF", "enforce-gtid-consistency": "OFF"})
    server.restart()
    server.script([f"CREATE DATABASE {database}", "GRANT RELOAD ON *.* TO 'mirror'@'%'"])
    assert server.execute("SELECT @@GLOBAL.gtid_executed")[0][0] != ""
    yield server
    server.remove()


@pytest.mark.slow
def test_copy_while_following_restart_and_reconnect(plain, freshet, database):
    create_tables(plain, database, ["a", "b"], rows=20_000)
    with writing(plain, database, ["a", "b"]):
        freshet.create_job("files", plain, database, snapshot_split_size=500, snapshot_parallelism=3)
        for table in ("a", "b"):
            freshet.wait_table("files", table, "READY", 120)
        freshet.restart()
        freshet.sync("files")
        plain.execute("FLUSH BINARY LOGS")
        kill_connections(plain)
        freshet.wait_status("files", "RUNNING", 90)
        wait_until(lambda: freshet.sync("files", 10), 90, "SYNC JOB after the lost connections", poll_s=0.5)
    sync_and_assert_equal(plain, database, freshet, "files")
    freshet.kill()
    plain.restart()
    plain.execute("DELETE FROM a WHERE id % 3 = 0", database=database)
    freshet.start()
    sync_and_assert_equal(plain, database, freshet, "files")


def test_sync_waits_although_an_old_gtid_set_covers_itself(plain, freshet, database):
    plain.script(TABLE, database)
    freshet.create_job("files", plain, database)
    freshet.sync("files")
    for number in range(2, 30):
        plain.execute("INSERT INTO t VALUES (%s, 0)", (number,), database)
        freshet.sync("files")
        assert freshet.value(f"SELECT count(*) FROM {database}.t") == number


def test_missing_reload_privilege_is_named(plain, freshet, database):
    plain.script(TABLE, database)
    plain.execute("REVOKE RELOAD ON *.* FROM 'mirror'@'%'")
    with pytest.raises(Exception, match="GRANT RELOAD"):
        freshet.create_job("files", plain, database)


@pytest.mark.parametrize("make_server", [MariaDb, Mysql], ids=["mariadb", "mysql9"])
def test_offset_of_file_and_position_on_a_server_with_gtids(freshet, database, make_server):
    server = make_server().start()
    try:
        server.script([f"CREATE DATABASE {database}", *(f"CREATE TABLE {database}.{name} (id INT PRIMARY KEY)" for name in ("t", "u"))])
        if make_server is MariaDb:  # a second domain, of which nothing comes after the offset
            server.script(["SET gtid_domain_id = 7", "INSERT INTO u VALUES (1)"], database)
        server.script(["FLUSH BINARY LOGS", "INSERT INTO t VALUES (1)"], database)
        status = "SHOW MASTER STATUS" if make_server is MariaDb else "SHOW BINARY LOG STATUS"
        file, offset = server.execute(status)[0][:2]
        server.script(["DELETE FROM t", "INSERT INTO t VALUES (2), (3)"], database)
        freshet.create_job("files", server, database, offset=json.dumps({"file": file, "pos": str(offset)}))
        freshet.sync("files")
        freshet.restart()  # reads on by GTID: what was before the offset must not come
        server.execute("INSERT INTO t VALUES (4)", database=database)
        freshet.sync("files")
        assert freshet.execute(f"SELECT id FROM {database}.t ORDER BY id") == ((2,), (3,), (4,))
        assert freshet.execute(f"SELECT id FROM {database}.u") == ()
    finally:
        freshet.drop("files")
        server.remove()
