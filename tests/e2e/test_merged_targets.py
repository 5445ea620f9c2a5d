# SPDX-License-Identifier: Apache-2.0
"""Several source tables into one target table: copied, followed and verified as the union of their rows."""
import pymysql
import pytest

from tests.servers.process import wait_until

SHARDS = ["CREATE TABLE east (id INT PRIMARY KEY, v VARCHAR(20))", "CREATE TABLE west (id INT PRIMARY KEY, v VARCHAR(20))",
          "INSERT INTO east VALUES (1, 'e1'), (2, 'e2')", "INSERT INTO west VALUES (101, 'w101'), (102, 'w102')"]
MERGED = {"table.east.target_table": "orders", "table.west.target_table": "orders"}


def union(source, database):
    return sorted((str(identifier), text) for identifier, text in source.execute(
        "SELECT id, v FROM east UNION ALL SELECT id, v FROM west", database=database))


def merged(freshet, target):
    return sorted((row["id"], row["v"]) for row in freshet.rows(f"SELECT id, v FROM {target}.orders"))


def test_two_tables_are_copied_and_followed_into_one(source, freshet, make_database):
    database = make_database(source, *SHARDS)
    freshet.create_job("shards", source, database, **MERGED)
    freshet.sync("shards")
    assert merged(freshet, database) == union(source, database)
    source.script(["INSERT INTO east VALUES (3, 'new')", "DELETE FROM west WHERE id = 101", "UPDATE west SET v = 'x'",
                   "UPDATE east SET id = 9 WHERE id = 1"], database)
    freshet.sync("shards")
    assert merged(freshet, database) == union(source, database)
    freshet.restart()
    source.execute("INSERT INTO west VALUES (103, 'after a restart')", database=database)
    freshet.sync("shards")
    assert merged(freshet, database) == union(source, database)
    assert freshet.rows(f"SHOW TABLES FROM {database}") == [{f"Tables_in_{database}": "orders"}]
    verdicts = freshet.rows("VERIFY JOB WHERE jobName = 'shards'")
    assert len(verdicts) == 2
    assert all("1" in {str(value) for value in verdict.values()} or "true" in str(verdict).lower() or
               "equal" in str(verdict).lower() for verdict in verdicts), verdicts


def test_truncate_of_one_source_stops_it_and_resync_removes_its_rows(mariadb, freshet, make_database):
    database = make_database(mariadb, *SHARDS)
    freshet.create_job("emptied", mariadb, database, **MERGED)
    freshet.sync("emptied")
    mariadb.script(["TRUNCATE TABLE west", "INSERT INTO east VALUES (4, 'others go on')"], database)
    freshet.sync("emptied")
    tables = freshet.tables("emptied")
    assert tables["west"]["state"] == "STOPPED" and "TRUNCATE of one of several sources" in tables["west"]["lasterror"]
    assert tables["east"]["state"] == "READY"
    assert ("4", "others go on") in merged(freshet, database)
    freshet.execute("ALTER JOB emptied RESYNC TABLE west")
    wait_until(lambda: {row["state"] for row in freshet.tables("emptied").values()} == {"READY"}, 60, "both copied again")
    freshet.sync("emptied")
    assert merged(freshet, database) == union(mariadb, database)


def test_tables_that_do_not_fit_together_are_refused_by_name(mariadb, freshet, make_database):
    database = make_database(mariadb, *SHARDS, "CREATE TABLE north (id INT PRIMARY KEY, v BIGINT)")
    for tables, pattern in [(["east", "north"], "'v' is VARCHAR.* and BIGINT")]:
        properties = {f"table.{table}.target_table": "orders" for table in tables}
        with pytest.raises(pymysql.err.MySQLError, match=pattern):
            freshet.create_job("refused", mariadb, database, **properties)
    assert freshet.job("refused") is None
