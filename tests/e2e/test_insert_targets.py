# SPDX-License-Identifier: Apache-2.0
"""Targets of jobs over cdc_stream(..) that change, go, are shared or belong to somebody else; types of the source that change; and
Doris' own form of the statement."""
import pymysql
import pytest

from tests.e2e.insert_jobs import assert_ledger_whole, assert_target, create_stream_job, stream, sync_and_assert_target, texts, wait_paused

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, region VARCHAR(10), n INT)"
ROWS = "INSERT INTO t VALUES (1, 'eu', 1), (2, 'us', 2), (3, 'eu', 3), (4, 'us', 4)"
TARGET = "CREATE TABLE {0}.o (id INT, region VARCHAR(10), n INT, PRIMARY KEY (id))"
SELECT = "SELECT id, region, n FROM {0}"


def prepare(source, freshet, make_database):
    database = make_database(source, TABLE, ROWS)
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(TARGET.format(database))
    return database


def start(source, database, freshet, select=SELECT, name="to_o"):
    create_stream_job(freshet, name, f"INSERT INTO {database}.o " + select.format(stream(source, database, "t")))
    freshet.sync(name)


def check(source, database, freshet, select=SELECT):
    sync_and_assert_target(source, database, select.format("t"), freshet, f"SELECT * FROM {database}.o", "to_o")


@pytest.mark.parametrize("kind", ["mysql9", "postgres15"])
def test_the_delete_sign_as_doris_writes_it(request, freshet, make_database, kind):
    source = request.getfixturevalue("postgres" if kind == "postgres15" else kind)
    database = prepare(source, freshet, make_database)
    call = stream(source, database, "t", offset="initial", include_delete_sign="true")
    doris = call.replace("'", '"')
    create_stream_job(freshet, "to_o", f"INSERT INTO {database}.o (id, region, n, __DORIS_DELETE_SIGN__) "
                      f"SELECT id, region, n, __DORIS_DELETE_SIGN__ FROM {doris}")
    check(source, database, freshet)
    source.script(["DELETE FROM t WHERE id = 1", "UPDATE t SET n = 22 WHERE id = 2", "INSERT INTO t VALUES (5, 'eu', 5)",
                   "DELETE FROM t WHERE id = 5", "UPDATE t SET id = 30 WHERE id = 3"], database)
    check(source, database, freshet)
    with pytest.raises(pymysql.err.MySQLError, match="include_delete_sign"):
        create_stream_job(freshet, "other", f"INSERT INTO {database}.o (id, region, n, __DORIS_DELETE_SIGN__) "
                          f"SELECT id, region, n, __DORIS_DELETE_SIGN__ FROM {stream(source, database, 't')}")


@pytest.mark.parametrize("way", ["alter", "resync"])
def test_a_used_columns_new_type_pauses_and_the_target_stays(source, freshet, make_database, way):
    database = prepare(source, freshet, make_database)
    start(source, database, freshet)
    before = freshet.execute(f"SELECT * FROM {database}.o ORDER BY id")
    is_postgres = hasattr(source, "major")
    source.script(["ALTER TABLE t ALTER COLUMN n TYPE VARCHAR(20)" if is_postgres else "ALTER TABLE t MODIFY n VARCHAR(20)",
                   "UPDATE t SET n = '33' WHERE id = 3", "DELETE FROM t WHERE id = 1"], database)
    error = wait_paused(freshet, "to_o", "RESYNC TABLE")
    assert "column n" in error.lower() and "type" in error
    assert freshet.execute(f"SELECT * FROM {database}.o ORDER BY id") == before
    freshet.resume("to_o")
    wait_paused(freshet, "to_o", "RESYNC TABLE")
    if way == "alter":
        freshet.execute(f"ALTER JOB to_o INSERT INTO {database}.o SELECT id, region, CAST(n AS INT) FROM {stream(source, database, 't')}")
    freshet.execute("ALTER JOB to_o RESYNC TABLE t")
    freshet.resume("to_o")
    oracle = "SELECT id, region, CAST(n AS " + ("INT" if is_postgres else "SIGNED") + ") FROM t"
    check(source, database, freshet, oracle)
    source.script(["UPDATE t SET n = '44' WHERE id = 4", "DELETE FROM t WHERE id = 2"], database)
    check(source, database, freshet, oracle)


def test_the_target_is_altered_under_a_running_job(source, freshet, make_database):
    """One more column takes its default, a wider one the same values; one that no longer fits the SELECT pauses."""
    database = prepare(source, freshet, make_database)
    create_stream_job(freshet, "to_o", f"INSERT INTO {database}.o (id, region, n) " + SELECT.format(stream(source, database, "t")))
    check(source, database, freshet)
    freshet.execute(f"ALTER TABLE {database}.o ADD COLUMN extra VARCHAR(10) DEFAULT 'x'")
    source.script(["UPDATE t SET n = 11 WHERE id = 1", "DELETE FROM t WHERE id = 2", "INSERT INTO t VALUES (5, 'eu', 5)"], database)
    check(source, database, freshet, "SELECT id, region, n, 'x' FROM {0}")
    freshet.execute(f"ALTER TABLE {database}.o MODIFY COLUMN n BIGINT")
    source.script(["UPDATE t SET n = 111 WHERE id = 1", "UPDATE t SET id = 40 WHERE id = 4"], database)
    check(source, database, freshet, "SELECT id, region, n, 'x' FROM {0}")
    freshet.execute(f"ALTER TABLE {database}.o DROP COLUMN region")
    source.script(["UPDATE t SET n = 1111 WHERE id = 1"], database)
    wait_paused(freshet, "to_o", "Unknown column 'region'")
    freshet.execute(f"ALTER TABLE {database}.o ADD COLUMN region VARCHAR(10)")
    freshet.resume("to_o")
    freshet.execute("ALTER JOB to_o RESYNC TABLE t")
    sync_and_assert_target(source, database, SELECT.format("t"), freshet, f"SELECT id, region, n FROM {database}.o", "to_o")


def test_a_dropped_target_pauses(source, freshet, make_database):
    database = prepare(source, freshet, make_database)
    start(source, database, freshet)
    freshet.execute(f"DROP TABLE {database}.o")
    source.script(["UPDATE t SET n = 11 WHERE id = 1"], database)
    wait_paused(freshet, "to_o", f"target table {database}.o was dropped")
    freshet.execute(TARGET.format(database))
    freshet.resume("to_o")
    wait_paused(freshet, "to_o", "was dropped")
    assert freshet.value(f"SELECT COUNT(*) FROM {database}.o") == 0
    freshet.execute("ALTER JOB to_o RESYNC TABLE t")
    freshet.resume("to_o")
    check(source, database, freshet)


def test_a_mirrored_table_is_no_target(source, freshet, make_database):
    database = make_database(source, TABLE, ROWS)
    freshet.create_job("mirror", source, database)
    freshet.sync("mirror")
    before = freshet.execute(f"SELECT * FROM {database}.t ORDER BY id")
    with pytest.raises(pymysql.err.MySQLError, match="belongs to a job that mirrors a database"):
        create_stream_job(freshet, "to_o", f"INSERT INTO {database}.t SELECT id, region, 0 FROM {stream(source, database, 't')}")
    assert freshet.job("to_o") is None
    assert freshet.execute(f"SELECT * FROM {database}.t ORDER BY id") == before
    if hasattr(source, "major"):
        assert len(source.execute("SELECT 1 FROM pg_replication_slots WHERE database = %s", (database,))) == 1


def test_two_jobs_fill_disjoint_rows_of_one_target(source, freshet, make_database):
    database = prepare(source, freshet, make_database)
    source.script([TABLE.replace(" t ", " u "), "INSERT INTO u VALUES (101, 'u', 1), (102, 'u', 2)"], database)
    start(source, database, freshet)
    create_stream_job(freshet, "second", f"INSERT INTO {database}.o " + SELECT.format(stream(source, database, "u")))
    both = "SELECT id, region, n FROM t UNION ALL SELECT id, region, n FROM u"

    def check_both():
        freshet.sync("to_o")
        sync_and_assert_target(source, database, both, freshet, f"SELECT * FROM {database}.o", "second")

    check_both()
    for number in range(10):
        source.script([f"INSERT INTO t VALUES ({200 + number}, 'eu', 0)", f"INSERT INTO u VALUES ({300 + number}, 'u', 0)",
                       "UPDATE t SET n = n + 1", "UPDATE u SET n = n + 1", f"DELETE FROM {'tu'[number % 2]} WHERE id IN (1, 101, {200 + number})"], database)
    check_both()
    # Each takes its own rows only.
    source.script(["TRUNCATE TABLE t"], database)
    check_both()
    source.script(["INSERT INTO t VALUES (1, 'eu', 1)"], database)
    freshet.execute("ALTER JOB second RESYNC TABLE u")
    check_both()
    freshet.restart()
    check_both()
    for job in ("to_o", "second"):
        assert_ledger_whole(freshet, job)


def test_two_jobs_share_one_table_by_their_conditions(source, freshet, make_database):
    """A row that neither takes is in neither; one that stays in its region is touched by its own job alone."""
    database = prepare(source, freshet, make_database)
    for region in ("eu", "us"):
        start(source, database, freshet, SELECT + f" WHERE region = '{region}'", region)
    for number in range(5):
        source.script(["UPDATE t SET n = n + 1", f"INSERT INTO t VALUES ({10 + number}, '{('eu', 'us', 'asia')[number % 3]}', 0)",
                       f"DELETE FROM t WHERE id = {number}"], database)
    for region in ("eu", "us"):
        freshet.sync(region)
    assert_target(source, database, SELECT.format("t") + " WHERE region IN ('eu', 'us')", freshet, f"SELECT * FROM {database}.o")
    assert texts(freshet.execute(f"SELECT DISTINCT region FROM {database}.o")) == [("eu",), ("us",)]


ARRAYS = ["'{1,NULL,-3}', '{\"a b\",\"{\\\"x\\\\\\\\y\\\"}\",\"\",\"NULL\"}', '{t,f}', '{{1.50,2.00},{NULL,0.25}}', '{2024-02-29}'",
          "'[0:1]={7,8}', '{}', NULL, '{}', '{infinity,\"0044-03-15 BC\"}'",
          "NULL, '{{é😀},{\" \"}}', '{NULL}', '[2:2][0:1]={{1,2}}', NULL"]


def test_arrays_of_a_stream_keep_their_text(postgres, freshet, make_database):
    database = make_database(postgres, "CREATE TABLE t (id INT PRIMARY KEY, i INT[], s TEXT[], b BOOLEAN[], d NUMERIC(10,2)[], day DATE[])",
                             f"INSERT INTO t VALUES (1, {ARRAYS[0]}), (2, {ARRAYS[1]})")
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(f"CREATE TABLE {database}.o (id INT PRIMARY KEY, i ARRAY<INT>, s TEXT[], b BOOLEAN[], d DECIMAL(10,2)[][])")
    freshet.execute(f"ALTER TABLE {database}.o ADD COLUMN day ARRAY<DATE>")
    create_stream_job(freshet, "to_o", f"INSERT INTO {database}.o SELECT * FROM {stream(postgres, database, 't')}")
    freshet.sync("to_o")
    postgres.script([f"INSERT INTO t VALUES (3, {ARRAYS[2]})", "UPDATE t SET i = i || 5 WHERE id = 1"], database)
    select = "SELECT id, i::text, s::text, b::text, d::text, day::text FROM t"
    sync_and_assert_target(postgres, database, select, freshet, f"SELECT * FROM {database}.o", "to_o")
    assert freshet.execute(f"SHOW CREATE TABLE {database}.o")[0][1].count("array<") == 5


def test_an_element_that_the_targets_array_does_not_hold_pauses_a_strict_job(postgres, freshet, make_database):
    database = make_database(postgres, "CREATE TABLE t (id INT PRIMARY KEY, i BIGINT[])", "INSERT INTO t VALUES (1, '{1}'), (2, '{5000000000}')")
    freshet.execute(f"CREATE DATABASE {database}")
    freshet.execute(f"CREATE TABLE {database}.o (id INT PRIMARY KEY, i INT[])")
    create_stream_job(freshet, "to_o", f"INSERT INTO {database}.o SELECT * FROM {stream(postgres, database, 't')}")
    error = wait_paused(freshet, "to_o", "Insert has filtered data in strict mode")
    assert "an element of the array does not fit int" in error and "5000000000" not in error
