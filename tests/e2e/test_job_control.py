# SPDX-License-Identifier: Apache-2.0
"""PAUSE, RESUME, ALTER, DROP; what jobs(), tasks() and job_tables() show; restarts keep all of it."""
import json

import pymysql
import pytest

from tests.e2e.compare import assert_equal, sync_and_assert_equal
from tests.servers.freshet import properties
from tests.servers.process import wait_until

TABLES = ["CREATE TABLE a (id INT PRIMARY KEY, v INT)", "CREATE TABLE b (id INT PRIMARY KEY, v INT)",
          "INSERT INTO a VALUES (1, 1), (2, 2)", "INSERT INTO b VALUES (1, 10)"]
JOBS_COLUMNS = ["Id", "Name", "Definer", "ExecuteType", "RecurringStrategy", "Status", "ExecuteSql", "CreateTime",
                "SucceedTaskCount", "FailedTaskCount", "CanceledTaskCount", "Comment", "Properties", "CurrentOffset",
                "EndOffset", "LoadStatistic", "ErrorMsg", "JobRuntimeMsg", "Lag", "LastSourceEventTimestamp",
                "LastTaskSuccessTime"]
TASKS_COLUMNS = ["TaskId", "JobId", "JobName", "Label", "Status", "ErrorMsg", "CreateTime", "StartTime", "FinishTime",
                 "TrackingUrl", "LoadStatistic", "User", "FirstErrorMsg", "RunningOffset"]


@pytest.mark.smoke
def test_jobs_has_the_reference_columns_in_order_and_hides_the_password(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("seen", source, database, job={"max_interval": "3"})
    freshet.sync("seen")
    job = freshet.job("seen")
    assert list(job)[:len(JOBS_COLUMNS)] == JOBS_COLUMNS
    assert (job["ExecuteType"], job["Status"]) == ("STREAMING", "RUNNING")
    assert "TO DATABASE" in job["ExecuteSql"] and f"'database'='{database}'" in job["ExecuteSql"].replace(" ", "")
    assert json.loads(job["Properties"]) == {"max_interval": "3"}
    offset = json.loads(job["CurrentOffset"])
    assert "lsn" in offset if hasattr(source, "major") else "file" in offset or "gtids" in offset
    assert "scannedRows" in json.loads(job["LoadStatistic"])
    assert not any("mirror-s3cret" in (value or "") for value in job.values())


def test_tasks_account_for_every_row(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("counted", source, database, job={"max_interval": "1"})
    source.execute("INSERT INTO a VALUES (3, 3), (4, 4)", database=database)
    freshet.sync("counted")

    def three_copied_and_two_followed():
        tasks = freshet.rows('SELECT * FROM tasks("type"="insert")')
        done = [task for task in tasks if task["Status"] == "SUCCESS"]
        return done if sum(json.loads(task["LoadStatistic"])["scannedRows"] for task in done) >= 5 else None

    tasks = wait_until(three_copied_and_two_followed, 30, "tasks that account for 5 rows")
    assert list(tasks[0])[:len(TASKS_COLUMNS)] == TASKS_COLUMNS
    identifiers = [int(task["TaskId"]) for task in tasks]
    assert len(set(identifiers)) == len(identifiers)
    freshet.restart()
    kept = {int(task["TaskId"]) for task in freshet.rows('SELECT * FROM tasks("type"="insert")')}
    assert set(identifiers) <= kept


def test_paused_job_stands_still_and_resumes_without_loss(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("halted", source, database)
    freshet.sync("halted")
    freshet.pause("halted")
    freshet.wait_status("halted", "PAUSED")
    source.script(["UPDATE a SET v = 100", "DELETE FROM b", "INSERT INTO b VALUES (9, 9)"], database)
    with pytest.raises(pymysql.err.MySQLError):
        freshet.sync("halted", timeout_s=5)
    assert freshet.value(f"SELECT sum(v) FROM {database}.a") == 3
    freshet.restart()
    assert freshet.status("halted") == "PAUSED"  # never woken by a restart
    freshet.resume("halted")
    sync_and_assert_equal(source, database, freshet, "halted")


def test_pause_during_the_copy_continues_where_it_stopped(source, freshet, make_database):
    from tests.e2e.writers import create_tables
    database = make_database(source)
    create_tables(source, database, ["big"], rows=60_000)
    freshet.create_job("copying", source, database, snapshot_split_size=500, snapshot_parallelism=1)
    wait_until(lambda: int(freshet.tables("copying")["big"]["rowscopied"]) > 1000, 60, "some rows copied")
    freshet.pause("copying")
    freshet.wait_status("copying", "PAUSED")
    copied = int(freshet.tables("copying")["big"]["rowscopied"])
    freshet.resume("copying")
    sync_and_assert_equal(source, database, freshet, "copying")
    total = int(freshet.tables("copying")["big"]["rowscopied"])
    assert copied <= total <= 60_000 + 4 * 500  # at most the chunks in flight were read again


def test_tables_are_added_removed_and_copied_again_while_running(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("lists", source, database, include_tables="a")
    freshet.sync("lists")
    assert set(freshet.tables("lists")) == {"a"}
    freshet.execute("ALTER JOB lists ADD TABLE b")
    sync_and_assert_equal(source, database, freshet, "lists")
    source.execute("UPDATE b SET v = v + 1", database=database)
    freshet.execute("ALTER JOB lists RESYNC TABLE a")
    freshet.wait_table("lists", "a", "READY")
    sync_and_assert_equal(source, database, freshet, "lists")
    freshet.execute("ALTER JOB lists DROP TABLE b")
    source.execute("UPDATE b SET v = -1", database=database)
    source.execute("UPDATE a SET v = 77", database=database)
    sync_and_assert_equal(source, database, freshet, "lists", tables=["a"])
    assert "b" not in freshet.tables("lists")


def test_alter_needs_a_paused_job_and_respects_fixed_properties(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("altered", source, database)
    with pytest.raises(pymysql.err.MySQLError, match="Only PAUSED job can be altered"):
        freshet.execute(f"ALTER JOB altered PROPERTIES {properties({'max_interval': '5'})}")
    freshet.pause("altered")
    freshet.wait_status("altered", "PAUSED")
    freshet.execute(f"ALTER JOB altered PROPERTIES {properties({'max_interval': '5'})}")
    assert json.loads(freshet.job("altered")["Properties"])["max_interval"] == "5"
    kind = "POSTGRES" if hasattr(source, "major") else "MYSQL"
    with pytest.raises(pymysql.err.MySQLError, match="cannot be modified in ALTER JOB"):
        freshet.execute(f"ALTER JOB altered FROM {kind} {properties({'database': 'other'})} TO DATABASE `{database}`")
    freshet.resume("altered")
    sync_and_assert_equal(source, database, freshet, "altered")


def test_state_changes_that_make_no_sense_are_refused(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("states", source, database)
    for statement, pattern in [
        ("RESUME JOB WHERE jobName = 'states'", "same status|already running"),
        ("PAUSE JOB WHERE jobName = 'nobody'", "job not exist, jobName:nobody"),
        ("DROP JOB WHERE jobName = 'nobody'", "job not exist, jobName:nobody"),
        ("CANCEL TASK WHERE jobName = 'states' AND taskId = 1", "streaming job not support cancel task by id"),
    ]:
        with pytest.raises(pymysql.err.MySQLError, match=pattern):
            freshet.execute(statement)
    freshet.execute("DROP JOB IF EXISTS WHERE jobName = 'nobody'")


def test_dropping_a_job_keeps_rows_and_releases_the_slot(postgres, freshet, make_database):
    database = make_database(postgres, *TABLES)
    freshet.create_job("gone", postgres, database)
    freshet.sync("gone")
    slots = "SELECT slot_name FROM pg_replication_slots WHERE database = %s"
    assert len(postgres.execute(slots, (database,))) == 1
    freshet.execute("DROP JOB WHERE jobName = 'gone'")
    wait_until(lambda: postgres.execute(slots, (database,)) == [], 30, "slot dropped")
    assert postgres.execute("SELECT pubname FROM pg_publication", database=database) == []
    assert_equal(postgres, database, freshet)
    freshet.execute(f"DROP TABLE {database}.a")


def test_offset_snapshot_finishes_and_offset_latest_copies_nothing(source, freshet, make_database):
    database = make_database(source, *TABLES)
    freshet.create_job("once", source, database, target=database + "_once", offset="snapshot")
    freshet.create_job("tail", source, database, target=database + "_tail", offset="latest")
    freshet.wait_status("once", "FINISHED")
    source.execute("INSERT INTO a VALUES (50, 50)", database=database)
    freshet.sync("tail")
    assert freshet.value(f"SELECT count(*) FROM {database}_once.a") == 2
    assert [row["id"] for row in freshet.rows(f"SELECT id FROM {database}_tail.a")] == ["50"]


def test_source_is_acknowledged_when_idle(postgres, freshet, make_database):
    database = make_database(postgres, *TABLES)
    freshet.create_job("idle", postgres, database)
    freshet.sync("idle")
    postgres.create_database(database + "_noise")
    postgres.script(["CREATE TABLE n (i INT)", "INSERT INTO n SELECT generate_series(1, 20000)"], database + "_noise")
    end = postgres.execute("SELECT pg_current_wal_insert_lsn()")[0][0]
    wait_until(lambda: postgres.execute("SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots "
                                        "WHERE database = %s", (end, database))[0][0], 60, "slot to pass other databases' WAL")
    postgres.execute(f'DROP DATABASE "{database}_noise"')
