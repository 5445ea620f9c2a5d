# SPDX-License-Identifier: Apache-2.0
"""The address leads to another server, to a restored one, to a promoted copy: never followed in silence."""
import shutil

import pymysql
import pytest

from tests.e2e.compare import assert_equal, sync_and_assert_equal
from tests.servers.postgres import Postgres
from tests.servers.process import run_checked, wait_until

TABLE = ["CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)"]


@pytest.fixture
def own_postgres():
    server = Postgres().start()
    server.create_database("shop")
    server.script(TABLE, "shop")
    yield server
    server.remove()


def _stopped_for_good(freshet, job, reason):
    def stopped():
        found = freshet.job(job)
        return found["Status"] == "PAUSED" and reason in (found["ErrorMsg"] or "") and found

    found = wait_until(stopped, 60, f"job {job} to stop: {reason}", poll_s=0.2)
    assert "RESYNC" in found["ErrorMsg"] or "RESYNC" in (found["JobRuntimeMsg"] or "")


def _resume(freshet, job):
    try:
        freshet.resume(job)
    except pymysql.err.MySQLError:
        pass  # it may say at once why it cannot


def _slot_and_publication(source):
    (slot,), = source.execute("SELECT slot_name FROM pg_replication_slots WHERE database = 'shop'")
    (publication,), = source.execute("SELECT pubname FROM pg_publication", database="shop")
    return slot, publication


def test_another_cluster_at_the_address_stops_the_job_until_it_is_copied_again(freshet, own_postgres):
    freshet.create_job("moved", own_postgres, "shop")
    freshet.sync("moved")
    slot, publication = _slot_and_publication(own_postgres)
    own_postgres.stop()
    other = Postgres()
    other.port = own_postgres.port
    try:
        other.start()
        other.create_database("shop")
        other.script(["CREATE TABLE t (id INT PRIMARY KEY, v INT)", f"CREATE PUBLICATION {publication} FOR TABLE t "
                      "WITH (publish_via_partition_root = true)",
                      f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')", "INSERT INTO t VALUES (9, 9)"], "shop")
        # Its log may end before the job's place or after it: the system identifier alone tells.
        other.script(["CREATE TABLE filler (v TEXT)", "INSERT INTO filler SELECT repeat('x', 1000) FROM generate_series(1, 10000)"], "shop")
        _resume(freshet, "moved")
        _stopped_for_good(freshet, "moved", "system identifier")
        assert freshet.execute("SELECT id FROM shop.t") == (("1",),) or freshet.value("SELECT max(id) FROM shop.t") == 1
        freshet.execute("ALTER JOB moved RESYNC TABLE t")
        freshet.resume("moved")
        freshet.wait_status("moved", "RUNNING")
        freshet.sync("moved")
        assert_equal(other, "shop", freshet, tables=["t"])
    finally:
        other.remove()


def test_an_older_state_of_the_server_is_not_followed(freshet, own_postgres):
    freshet.create_job("restored", own_postgres, "shop")
    freshet.sync("restored")
    own_postgres.stop()
    backup = own_postgres.folder / "backup"
    run_checked(["cp", "-a", own_postgres.data, backup])
    own_postgres.start()
    own_postgres.execute("INSERT INTO t SELECT i, i FROM generate_series(2, 5000) i", database="shop")
    wait_until(lambda: freshet.sync("restored", 10), 90, "the rows to be mirrored", poll_s=0.5)
    own_postgres.stop()
    shutil.rmtree(own_postgres.data)
    backup.rename(own_postgres.data)
    own_postgres.start()
    _resume(freshet, "restored")
    _stopped_for_good(freshet, "restored", "restored")
    assert freshet.value("SELECT count(*) FROM shop.t") == 5000


@pytest.mark.parametrize("ahead", [False, True])
def test_a_promoted_copy_is_followed_only_from_a_place_before_the_switch(freshet, own_postgres, ahead):
    freshet.create_job("promoted", own_postgres, "shop")
    freshet.sync("promoted")
    freshet.pause("promoted")
    freshet.wait_status("promoted", "PAUSED")
    own_postgres.execute("INSERT INTO t VALUES (2, 2)", database="shop")
    own_postgres.stop()
    backup = own_postgres.folder / "backup"
    run_checked(["cp", "-a", own_postgres.data, backup])
    if ahead:
        own_postgres.start()
        freshet.resume("promoted")
        own_postgres.execute("INSERT INTO t SELECT i, i FROM generate_series(3, 100) i", database="shop")
        wait_until(lambda: freshet.sync("promoted", 10), 90, "the rows to be mirrored", poll_s=0.5)
        own_postgres.stop()
    shutil.rmtree(own_postgres.data)
    backup.rename(own_postgres.data)
    (own_postgres.data / "standby.signal").touch()
    shutil.chown(own_postgres.data / "standby.signal", own_postgres.user, own_postgres.user)
    own_postgres.start()
    own_postgres.execute("SELECT pg_promote()")
    # Further than the job's place, so that the end of the log alone does not tell.
    own_postgres.execute("INSERT INTO t SELECT -i, i FROM generate_series(1, 20000) i", database="shop")
    _resume(freshet, "promoted")
    if ahead:
        _stopped_for_good(freshet, "promoted", "timeline")
        assert freshet.value("SELECT count(*) FROM shop.t WHERE id < 0") == 0
    else:
        freshet.wait_status("promoted", "RUNNING")
        sync_and_assert_equal(own_postgres, "shop", freshet, "promoted")
