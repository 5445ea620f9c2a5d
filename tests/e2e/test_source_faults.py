# SPDX-License-Identifier: Apache-2.0
"""The source restarts, kills our connection, loses the log or the slot: reconnect when that helps, stop with a reason else."""
import re

import pymysql
import pytest

from tests.e2e.compare import assert_equal, sync_and_assert_equal
from tests.e2e.writers import WRITER_NAME, create_tables, writing
from tests.servers.mariadb import MIRROR_USER, MariaDb
from tests.servers.mysql import Mysql
from tests.servers.postgres import Postgres
from tests.servers.process import wait_until

TABLE = ["CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)"]


@pytest.fixture(params=["mariadb", "mysql9", "postgres15"])
def own_source(request):
    """A server that the test may restart and break."""
    server = {"mariadb": MariaDb, "mysql9": Mysql, "postgres15": Postgres}[request.param]().start()
    if hasattr(server, "major"):
        server.create_database("shop")
    else:
        server.script(["CREATE DATABASE shop"])
    server.script(TABLE, "shop")
    yield server
    server.remove()


@pytest.mark.slow
def test_source_restart_is_survived(freshet, own_source):
    freshet.create_job("again", own_source, "shop")
    freshet.sync("again")
    for number in range(2, 5):
        own_source.restart()
        own_source.execute(f"INSERT INTO t VALUES ({number}, {number})", database="shop")
        freshet.wait_status("again", "RUNNING", 90)
        wait_until(lambda: freshet.sync("again", 10), 90, "SYNC JOB after the source's restart", poll_s=0.5)
        assert_equal(own_source, "shop", freshet)


def kill_connections(source):
    """Ends every connection of the mirror user on the server's side."""
    if hasattr(source, "major"):
        return len(source.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s "
                                  "AND application_name <> %s", (MIRROR_USER, WRITER_NAME)))
    rows = source.execute("SELECT ID FROM information_schema.processlist WHERE USER = %s", (MIRROR_USER,))
    for (identifier,) in rows:
        try:
            source.execute(f"KILL {identifier}")
        except pymysql.err.OperationalError as error:
            if error.args[0] != 1094:  # it ended by itself in between
                raise
    return len(rows)


def test_killed_connections_under_load_lose_nothing(source, freshet, make_database):
    database = make_database(source)
    tables = ["a", "b"]
    create_tables(source, database, tables, rows=20_000)
    with writing(source, database, tables) as writers:
        freshet.create_job("cut_off", source, database, snapshot_split_size=500)
        for _ in range(5):
            before = writers[0].transactions
            assert kill_connections(source) > 0 or freshet.job("cut_off")
            wait_until(lambda: writers[0].transactions > before + 20, 60, "writers to go on")
    wait_until(lambda: freshet.sync("cut_off", 30), 120, "SYNC JOB after killed connections", poll_s=0.5)
    assert_equal(source, database, freshet)


def test_dropped_slot_stops_the_job_with_a_reason_and_keeps_the_data(postgres, freshet, make_database):
    database = make_database(postgres, *TABLE)
    freshet.create_job("slotless", postgres, database)
    freshet.sync("slotless")
    freshet.pause("slotless")
    freshet.wait_status("slotless", "PAUSED")
    slots = "SELECT slot_name FROM pg_replication_slots WHERE database = %s AND NOT active"
    (slot,), = wait_until(lambda: postgres.execute(slots, (database,)), 30, "the slot to become inactive")
    postgres.execute("SELECT pg_drop_replication_slot(%s)", (slot,))
    postgres.execute("INSERT INTO t VALUES (2, 2)", database=database)
    try:
        freshet.resume("slotless")
    except pymysql.err.MySQLError as error:
        assert "slot" in str(error)

    def stopped_for_good():
        job = freshet.job("slotless")
        return job["Status"] == "PAUSED" and re.search("slot", job["ErrorMsg"] or "") and job

    job = wait_until(stopped_for_good, 60, "the job to stop because of its slot")
    assert "RESYNC" in job["ErrorMsg"] or "RESYNC" in (job["JobRuntimeMsg"] or "")
    assert freshet.value(f"SELECT count(*) FROM {database}.t") == 1


@pytest.mark.parametrize("make", [MariaDb, Mysql])
def test_purged_binlog_stops_the_job_with_a_reason_and_keeps_the_data(freshet, make):
    server = make().start()
    try:
        server.script(["CREATE DATABASE shop"])
        server.script(TABLE, "shop")
        freshet.create_job("purged", server, "shop")
        freshet.sync("purged")
        freshet.pause("purged")
        freshet.wait_status("purged", "PAUSED")
        server.script(["INSERT INTO t VALUES (2, 2)", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (3, 3)", "FLUSH BINARY LOGS"], "shop")
        newest = server.execute("SHOW BINARY LOGS")[-1][0]
        wait_until(lambda: (server.execute(f"PURGE BINARY LOGS TO '{newest}'"),
                            len(server.execute("SHOW BINARY LOGS")) == 1)[1], 30, "old binary logs to be gone")
        try:
            freshet.resume("purged")
        except pymysql.err.MySQLError as error:
            assert "purged" in str(error).lower()

        def stopped_for_good():
            job = freshet.job("purged")
            return job["Status"] == "PAUSED" and "purge" in (job["ErrorMsg"] or "").lower() and job

        job = wait_until(stopped_for_good, 60, "the job to stop because of the purged log")
        assert "RESYNC" in job["ErrorMsg"] or "RESYNC" in (job["JobRuntimeMsg"] or "")
        assert freshet.value("SELECT count(*) FROM shop.t") == 1
    finally:
        server.remove()


def test_password_changed_at_the_source_pauses_and_alter_repairs(freshet, own_source):
    is_postgres = hasattr(own_source, "major")
    freshet.create_job("locked_out", own_source, "shop")
    freshet.sync("locked_out")
    own_source.execute(f"ALTER ROLE {MIRROR_USER} PASSWORD 'other-pw'" if is_postgres else
                       f"ALTER USER '{MIRROR_USER}'@'%' IDENTIFIED BY 'other-pw'")
    # A password is asked for at login only: have the server close the connections.
    kill_connections(own_source)
    # The lost connection is retried; the login that fails then is not.
    wait_until(lambda: freshet.status("locked_out") == "PAUSED" and
               re.search("Access denied|password authentication failed", freshet.job("locked_out")["ErrorMsg"]), 60,
               "the refused login to stop the job")
    source_kind = "POSTGRES" if is_postgres else "MYSQL"
    freshet.execute(f"ALTER JOB locked_out FROM {source_kind} ('password' = 'other-pw') TO DATABASE shop")
    freshet.resume("locked_out")
    freshet.wait_status("locked_out", "RUNNING")
    assert freshet.sync("locked_out")


def test_log_rotation_is_followed(mariadb, freshet, make_database):
    database = make_database(mariadb, *TABLE)
    freshet.create_job("rotated", mariadb, database)
    for number in range(2, 8):
        mariadb.script([f"INSERT INTO t VALUES ({number}, {number})", "FLUSH BINARY LOGS"], database)
    sync_and_assert_equal(mariadb, database, freshet, "rotated")
