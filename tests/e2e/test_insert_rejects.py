# SPDX-License-Identifier: Apache-2.0
"""Rows that a SELECT cannot make fit: strict jobs pause and load nothing of the unit, others keep them in the quarantine, from
where REPLAY QUARANTINE loads them once the SELECT or the target allows it. And what ALTER JOB and the offsets do."""
import datetime

import pymysql
import pytest

from tests.e2e.insert_jobs import (assert_ledger_whole, assert_target, create_stream_job, ledger, stream, sync_and_assert_target,
                                   wait_paused)

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20))"
ROWS = "INSERT INTO t VALUES (1, '10'), (2, 'two'), (3, '30')"
TARGET = "CREATE TABLE {0}.o (id INT, n INT, PRIMARY KEY (id))"
SELECT = "SELECT id, CAST(v AS INT) FROM {0}"
LENIENT = {"session.enable_insert_strict": "false", "session.insert_max_filter_ratio": "1"}
# Postgres has no cast that makes NULL of what does not fit; the oracle filters instead.
ORACLE = {"mysql": "SELECT id, CAST(v AS SIGNED) FROM t WHERE v REGEXP '^[0-9]+$'", "postgres": "SELECT id, CAST(v AS INT) FROM t WHERE v ~ '^[0-9]+$'"}


def oracle(source):
    return ORACLE["postgres" if hasattr(source, "major") else "mysql"]


def prepare(source, freshet, make_database, target="CREATE TABLE {0}.o (id INT, n INT NOT NULL, PRIMARY KEY (id))", job=None, **arguments):
    database = make_database(source, TABLE, ROWS)
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(target.format(database))
    create_stream_job(freshet, "rejects", f"INSERT INTO {database}.o " + SELECT.format(stream(source, database, "t", **arguments)), job)
    return database


def quarantine(freshet):
    return freshet.rows('SELECT * FROM quarantine("jobName"="rejects")')


def test_a_strict_job_pauses_and_names_the_column_not_the_value(source, freshet, make_database):
    database = prepare(source, freshet, make_database)
    error = wait_paused(freshet, "rejects", "Insert has filtered data in strict mode")
    assert "TOO_MANY_FAILURE_ROWS_ERR" in error and "two" not in error
    assert freshet.value(f"SELECT COUNT(*) FROM {database}.o") == 0
    source.script(["UPDATE t SET v = '20' WHERE id = 2"], database)
    freshet.resume("rejects")
    sync_and_assert_target(source, database, oracle(source), freshet, f"SELECT * FROM {database}.o", "rejects")


def test_rejected_rows_are_quarantined_and_replayed(source, freshet, make_database):
    database = prepare(source, freshet, make_database, job=LENIENT)
    sync_and_assert_target(source, database, oracle(source), freshet, f"SELECT * FROM {database}.o", "rejects")
    source.script(["UPDATE t SET v = 'three' WHERE id = 3", "INSERT INTO t VALUES (4, 'four'), (5, 'five'), (6, '60')",
                   "UPDATE t SET v = '50' WHERE id = 5", "DELETE FROM t WHERE id = 4"], database)
    sync_and_assert_target(source, database, oracle(source), freshet, f"SELECT * FROM {database}.o", "rejects")
    kept = quarantine(freshet)
    assert len(kept) == 4 and all("n" in row["Reason"] for row in kept)
    assert any("removed from the target" in row["Reason"] for row in kept if '"id":"3"' in row["Row"])
    assert sum(row["RowsRejected"] for row in assert_ledger_whole(freshet, "rejects")) == 4
    # One of them by a condition, which is not enough yet.
    assert freshet.execute("REPLAY QUARANTINE JOB rejects WHERE Row LIKE '%three%'") == (("0", "0", "0", "1"),)
    freshet.pause("rejects")
    altered = "SELECT id, CASE v WHEN 'two' THEN 2 WHEN 'three' THEN 3 ELSE CAST(v AS INT) END FROM {0}"
    freshet.execute(f"ALTER JOB rejects INSERT INTO {database}.o " + altered.format(stream(source, database, "t")))
    freshet.resume("rejects")
    # Loaded: 2 and 3. Superseded: 4 was deleted, 5 was corrected.
    assert freshet.execute("REPLAY QUARANTINE JOB rejects") == (("2", "0", "2", "0"),)
    assert not quarantine(freshet)
    replays = [row for row in assert_ledger_whole(freshet, "rejects") if row["RowsRead"] == 4 and row["WindowFrom"] == row["WindowTo"]]
    assert [(row["RowsLoaded"], row["RowsFiltered"], row["RowsRejected"]) for row in replays] == [(2, 2, 0)]
    assert replays[0]["ContentHash"]
    assert freshet.execute(f"SELECT id, n FROM {database}.o ORDER BY id") == ((1, 10), (2, 2), (3, 3), (5, 50), (6, 60))


def test_more_rejected_rows_than_the_ratio_allows_pause_the_job(source, freshet, make_database):
    prepare(source, freshet, make_database, job=LENIENT | {"session.insert_max_filter_ratio": "0.1"})
    wait_paused(freshet, "rejects", "exceeds session.insert_max_filter_ratio 0.1")
    assert not quarantine(freshet)


def test_verify_compares_source_shadow_and_target(source, freshet, make_database):
    database = prepare(source, freshet, make_database, job=LENIENT)
    freshet.sync("rejects")
    verdicts = freshet.rows("VERIFY JOB WHERE jobName = 'rejects'")
    assert [row["Equal"] for row in verdicts] == ["true", "true"], verdicts
    freshet.execute(f"UPDATE {database}.o SET n = 11 WHERE id = 1")
    verdicts = freshet.rows("VERIFY JOB WHERE jobName = 'rejects'")
    assert [row["Equal"] for row in verdicts] == ["true", "false"], verdicts


def test_job_tables_shows_the_target_that_users_know(mariadb, freshet, make_database):
    database = prepare(mariadb, freshet, make_database, job=LENIENT)
    freshet.sync("rejects")
    assert freshet.tables("rejects")["t"]["targettable"] == f"{database}.o"
    freshet.pause("rejects")
    freshet.restart()
    assert freshet.tables("rejects")["t"]["targettable"] == f"{database}.o"


def test_latest_starts_with_what_comes(source, freshet, make_database):
    database = prepare(source, freshet, make_database, offset="latest")
    source.script(["INSERT INTO t VALUES (7, '70')"], database)
    freshet.sync("rejects")
    assert freshet.execute(f"SELECT id, n FROM {database}.o") == ((7, 70),)


@pytest.mark.parametrize("kind", ["mariadb", "mysql9"])
def test_start_at_a_time(request, freshet, make_database, kind):
    server = request.getfixturevalue(kind)
    database = make_database(server, TABLE)
    server.script(["FLUSH BINARY LOGS", "INSERT INTO t VALUES (1, '10')", "DO SLEEP(2.1)"], database)
    now = server.execute("SELECT UTC_TIMESTAMP()")[0][0]
    server.script(["INSERT INTO t VALUES (2, '20')", "FLUSH BINARY LOGS", "INSERT INTO t VALUES (3, '30')"], database)
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(TARGET.format(database))
    assert isinstance(now, datetime.datetime)
    create_stream_job(freshet, "rejects", f"INSERT INTO {database}.o "
                      + SELECT.format(stream(server, database, "t", offset='{"timestamp":"' + str(now) + '"}')))
    freshet.sync("rejects")
    assert freshet.execute(f"SELECT id FROM {database}.o ORDER BY id") == ((2,), (3,))


def test_what_create_and_alter_refuse(source, freshet, make_database):
    database = prepare(source, freshet, make_database, job=LENIENT)
    freshet.sync("rejects")
    call = stream(source, database, "t")
    alter = f"ALTER JOB rejects INSERT INTO {database}.o " + SELECT.format(call)

    def refused(sql, message):
        with pytest.raises(pymysql.err.MySQLError, match=message):
            freshet.execute(sql)

    refused(alter, "Only PAUSED job can be altered")
    freshet.pause("rejects")
    refused(alter, "No properties or sql changed in ALTER JOB")
    freshet.execute(TARGET.format(database).replace(".o", ".p"))
    refused(alter.replace(f"{database}.o", f"{database}.p"), "The target table cannot be modified in ALTER JOB")
    refused(alter.replace(call, stream(source, database, "t", snapshot_split_size=5)), "snapshot_split_size' property cannot be modified")
    refused("ALTER JOB rejects PROPERTIES ('offset' = 'latest')", "only supports JSON specific offset")
    refused("ALTER JOB rejects PROPERTIES ('session.nothing' = '1')", "Invalid session variable")

    def create(insert):
        create_stream_job(freshet, "other", insert)

    def create_refused(insert, message):
        with pytest.raises(pymysql.err.MySQLError, match=message):
            create(insert)
        assert freshet.job("other") is None

    create_refused(f"INSERT INTO {database}.o SELECT id, v FROM {stream(source, database, 'missing')}", "Table does not exist: missing")
    create_refused(f"INSERT INTO {database}.nowhere SELECT id, v FROM {call}", "does not exist")
    create_refused(f"INSERT INTO {database}.o SELECT id, nope FROM {call}", "nope")
    create_refused(f"INSERT INTO {database}.o SELECT id FROM {call}", "column")
    create_refused(f"INSERT INTO {database}.o SELECT id, COUNT(*) FROM {call} GROUP BY id", "GROUP")
    create_refused(f"INSERT INTO {database}.o SELECT id, v FROM {stream(source, database, 't', type='oracle')}", "Unsupported type")
    create_refused(f"INSERT INTO {database}.o SELECT id, v FROM {stream(source, database, 't', jdbc_url=None)}", "jdbc_url is required")
    freshet.execute("DROP JOB WHERE jobName = 'rejects'")
    assert freshet.execute("SHOW DATABASES LIKE '%freshet_jobs%'") == ()
    assert freshet.value(f"SELECT COUNT(*) FROM {database}.o") == 2


def test_a_wrong_password_pauses_and_the_right_one_loses_nothing(postgres, freshet, make_database):
    database = prepare(postgres, freshet, make_database, job=LENIENT)
    freshet.sync("rejects")
    freshet.pause("rejects")
    good = stream(postgres, database, "t")
    freshet.execute(f"ALTER JOB rejects INSERT INTO {database}.o " + SELECT.format(stream(postgres, database, "t", password="wrong")))
    freshet.resume("rejects")
    wait_paused(freshet, "rejects", "password")
    postgres.script(["INSERT INTO t VALUES (8, '80')"], database)
    freshet.execute(f"ALTER JOB rejects INSERT INTO {database}.o " + SELECT.format(good))
    freshet.resume("rejects")
    sync_and_assert_target(postgres, database, oracle(postgres), freshet, f"SELECT * FROM {database}.o", "rejects")
    assert ledger(freshet, "rejects")
    assert_target(postgres, database, oracle(postgres), freshet, f"SELECT * FROM {database}.o")
