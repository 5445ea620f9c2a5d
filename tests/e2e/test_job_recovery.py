# SPDX-License-Identifier: Apache-2.0
"""What a job does by itself or with one statement: reconnect at once, keep the columns, read schemas anew, show where
the source's log ends."""
import json
import time

import pymysql

from tests.e2e.compare import sync_and_assert_equal
from tests.servers.freshet import properties
from tests.servers.mariadb import MIRROR_USER
from tests.servers.process import wait_until

TABLE = ["CREATE TABLE t (id INT PRIMARY KEY, v INT, price DECIMAL(10,2))", "INSERT INTO t VALUES (1, 1, 1.50)"]
BACK_OFF_S = 10  # the first automatic resume comes no sooner


def dump_connection(mariadb):
    rows = mariadb.execute("SELECT ID FROM information_schema.processlist WHERE USER = %s AND COMMAND LIKE 'Binlog Dump%%'",
                           (MIRROR_USER,))
    return rows[0][0] if rows else None


def test_a_connection_killed_right_after_the_start_is_made_anew_at_once(mariadb, freshet, make_database):
    database = make_database(mariadb, *TABLE)
    freshet.create_job("cut", mariadb, database)
    started = time.monotonic()
    identifier = wait_until(lambda: dump_connection(mariadb), 30, "the job to read the log", poll_s=0.01)
    try:
        mariadb.execute(f"KILL {identifier}")
    except pymysql.err.OperationalError as error:
        assert error.args[0] == 1094  # it ended by itself in between
    mariadb.execute("INSERT INTO t VALUES (2, 2, 2)", database=database)
    wait_until(lambda: dump_connection(mariadb) not in (None, identifier), 30, "another connection", poll_s=0.01)
    sync_and_assert_equal(mariadb, database, freshet, "cut")
    assert freshet.status("cut") == "RUNNING"
    assert time.monotonic() - started < BACK_OFF_S


def test_ignore_keeps_the_columns_and_stops_a_table_whose_types_change(mariadb, freshet, make_database):
    database = make_database(mariadb, *TABLE)
    freshet.create_job("narrow", mariadb, database, schema_change_behavior="ignore",
                       target_properties={"load.max_filter_ratio": "0.1", "load.strict_mode": "true"})
    freshet.sync("narrow")
    mariadb.script(["ALTER TABLE t ADD COLUMN later INT, DROP COLUMN v", "INSERT INTO t VALUES (2, 2.5, 7)"], database)
    freshet.sync("narrow")
    rows = freshet.rows(f"SELECT * FROM {database}.t ORDER BY id")
    assert [list(row.items()) for row in rows] == [[("id", "1"), ("v", "1"), ("price", "1.50")],
                                                   [("id", "2"), ("v", None), ("price", "2.50")]]
    assert json.loads(freshet.job("narrow")["LoadStatistic"])["filteredRows"] == 0
    # 2.5000 has the digits of 250.00: a changed type is never passed over.
    mariadb.script(["ALTER TABLE t MODIFY price DECIMAL(12,4)", "INSERT INTO t VALUES (3, 3, 3)"], database)
    freshet.sync("narrow")
    table = freshet.tables("narrow")["t"]
    assert table["state"] == "STOPPED" and "price" in table["lasterror"]
    assert freshet.value(f"SELECT count(*) FROM {database}.t") == 2
    assert freshet.status("narrow") == "RUNNING"


def test_reload_source_schema_copies_tables_again_that_were_stopped_by_a_change(mariadb, freshet, make_database):
    database = make_database(mariadb, *TABLE, "CREATE TABLE other (id INT PRIMARY KEY)", "INSERT INTO other VALUES (1)")
    freshet.create_job("reloaded", mariadb, database)
    freshet.sync("reloaded")
    copied = freshet.tables("reloaded")["other"]["rowscopied"]
    freshet.pause("reloaded")
    freshet.wait_status("reloaded", "PAUSED")
    mariadb.script(["ALTER TABLE t ADD COLUMN later INT DEFAULT 7, DROP COLUMN v", "INSERT INTO t VALUES (5, 5, 5)",
                    "INSERT INTO other VALUES (2)"], database)
    for value, pattern in [("maybe", "must be true or false"), ("false", "No properties")]:
        try:
            freshet.execute(f"ALTER JOB reloaded PROPERTIES {properties({'reload_source_schema': value})}")
        except pymysql.err.MySQLError as error:
            assert pattern in str(error)
        else:
            raise AssertionError(value)
    freshet.execute(f"ALTER JOB reloaded PROPERTIES {properties({'reload_source_schema': 'true'})}")
    assert "reload_source_schema" not in (freshet.job("reloaded")["Properties"] or "")  # one shot
    freshet.resume("reloaded")
    freshet.wait_status("reloaded", "RUNNING")
    sync_and_assert_equal(mariadb, database, freshet, "reloaded")
    assert freshet.tables("reloaded")["t"]["rowscopied"] == "2"
    assert freshet.tables("reloaded")["other"]["rowscopied"] == copied  # its shape is the one that is followed


def test_jobs_shows_the_end_of_the_sources_log_and_survives_a_source_that_is_down(mariadb, freshet, make_database):
    database = make_database(mariadb, *TABLE)
    freshet.create_job("ends", mariadb, database, job={"max_interval": "1"})
    freshet.sync("ends")
    freshet.pause("ends")
    freshet.wait_status("ends", "PAUSED")
    mariadb.execute("INSERT INTO t VALUES (2, 2, 2)", database=database)

    def end_is_beyond_what_was_read():
        job = freshet.job("ends")
        return job["EndOffset"] != job["CurrentOffset"] and job

    job = wait_until(end_is_beyond_what_was_read, 30, "the source's end")
    assert "file" in json.loads(job["EndOffset"])
    freshet.resume("ends")
    freshet.sync("ends")
    wait_until(lambda: freshet.job("ends")["LastTaskSuccessTime"], 30, "a task to end")
    assert int(freshet.job("ends")["LastSourceEventTimestamp"]) > 1_500_000_000
    freshet.restart()
    assert int(freshet.job("ends")["LastSourceEventTimestamp"]) > 1_500_000_000
