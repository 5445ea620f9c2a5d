# SPDX-License-Identifier: Apache-2.0
"""CREATE JOB refuses what cannot work: a message that names the cause, and no job, slot or publication left behind."""
import pymysql
import pytest

from tests.servers import process
from tests.servers.mariadb import MariaDb
from tests.servers.postgres import Postgres

TABLE = "CREATE TABLE t (id INT PRIMARY KEY, v INT)"


def refused(freshet, pattern, *arguments, **properties):
    with pytest.raises(pymysql.err.MySQLError, match=pattern) as caught:
        freshet.create_job("refused", *arguments, **properties)
    assert freshet.job("refused") is None
    return str(caught.value)


@pytest.mark.smoke
def test_wrong_password_is_named_and_not_shown(source, freshet, make_database):
    database = make_database(source, TABLE)
    message = refused(freshet, "Access denied for user|password authentication failed", source, database, password="wr0ng-pw")
    assert "wr0ng-pw" not in message


def test_unknown_host_and_closed_port(source, freshet, make_database):
    database = make_database(source, TABLE)
    scheme = f"jdbc:postgresql://{{}}/{database}" if hasattr(source, "major") else "jdbc:mysql://{}"
    message = refused(freshet, "(?i)can not connect", source, database, jdbc_url=scheme.format("no-such-host.invalid:5432"))
    assert "no-such-host.invalid" in message
    refused(freshet, "(?i)can not connect", source, database, jdbc_url=scheme.format(f"127.0.0.1:{process.free_port()}"))


def test_missing_source_database(source, freshet):
    refused(freshet, "no_such_db", source, "no_such_db")


def test_database_without_tables(source, freshet, make_database):
    database = make_database(source)
    refused(freshet, f"No tables found in database {database}", source, database)


def test_include_list_without_a_match(source, freshet, make_database):
    database = make_database(source, TABLE)
    refused(freshet, "Can not found match table in database|nope", source, database, include_tables="nope")


def test_missing_target_database(source, freshet, make_database):
    from tests.servers.freshet import create_job_sql
    database = make_database(source, TABLE)
    with pytest.raises(pymysql.err.MySQLError, match="Target database nowhere does not exist"):
        freshet.execute(create_job_sql("refused", source, database, "nowhere"))
    assert freshet.job("refused") is None


def test_tables_without_primary_key_are_all_named(source, freshet, make_database):
    database = make_database(source, "CREATE TABLE keyless_a (v INT)", TABLE, "CREATE TABLE keyless_b (v INT)")
    refused(freshet, "do not have primary key defined: .*keyless_a.*keyless_b", source, database)


@pytest.mark.parametrize("properties, pattern", [
    ({"colour": "red"}, "Unexpected key: 'colour'"),
    ({"offset": "initial1"}, "Invalid value for key 'offset': initial1"),
    ({"snapshot_split_size": "0"}, "Invalid value for key 'snapshot_split_size': 0"),
    ({"snapshot_parallelism": "many"}, "Invalid value for key 'snapshot_parallelism': many"),
    ({"ssl_mode": "verify-ca"}, "ssl_mode 'verify-ca' requires ssl_rootcert to be set"),
    ({"ssl_mode": "REQUIRE"}, "Use disable, require, or verify-ca"),
    ({"include_tables": "/(/"}, "table list entry '/\\(/'"),
    ({"table.t": "x"}, "Malformed per-table config key: 'table.t'"),
    ({"table.t.colour": "x"}, "Unknown per-table config key"),
    ({"table.t.exclude_columns": "nope"}, "column 'nope' does not exist in table 't'"),
    ({"table.t.exclude_columns": "id"}, "is a primary key column and cannot be excluded"),
    ({"user": None}, "user is required property"),
    ({"jdbc_url": None}, "jdbc_url is required property"),
    ({"jdbc_url": "ftp://x"}, "(?i)jdbc_?url"),
])
def test_malformed_source_properties(mariadb, freshet, make_database, properties, pattern):
    refused(freshet, pattern, mariadb, make_database(mariadb, TABLE), **properties)


@pytest.mark.parametrize("properties, pattern", [
    ({"max_interval": "0"}, "max_interval must be at least 1 second, but was 0"),
    ({"nonsense": "1"}, r"Invalid properties: \[.*nonsense.*\]"),
])
def test_malformed_job_properties(mariadb, freshet, make_database, properties, pattern):
    refused(freshet, pattern, mariadb, make_database(mariadb, TABLE), job=properties)


def test_malformed_target_properties(mariadb, freshet, make_database):
    refused(freshet, "Not support target properties key colour", mariadb, make_database(mariadb, TABLE),
            target_properties={"colour": "red"})


def test_duplicate_job_name(source, freshet, make_database):
    database = make_database(source, TABLE)
    freshet.create_job("twice", source, database)
    with pytest.raises(pymysql.err.MySQLError, match="job name exist, jobName:twice"):
        freshet.create_job("twice", source, database, target="elsewhere")
    freshet.wait_status("twice", "RUNNING")


def test_syntax_error_has_a_position(freshet):
    with pytest.raises(pymysql.err.ProgrammingError, match="line 1, column"):
        freshet.execute("CREATE JOB x ON STREAMING FROM MYSQL ('a' 'b') TO DATABASE d")


@pytest.mark.parametrize("options, pattern", [
    ({"log-bin": False, "server-id": "7"}, "(?i)log.bin"),
    ({"binlog-format": "STATEMENT"}, "(?i)binlog_format.*ROW"),
])
def test_mariadb_with_unusable_binlog(freshet, options, pattern):
    server = MariaDb(options).start()
    try:
        server.script(["CREATE DATABASE shop", "CREATE TABLE shop.t (id INT PRIMARY KEY)"])
        refused(freshet, pattern, server, "shop")
    finally:
        server.remove()


def test_postgres_with_wal_level_replica(freshet):
    server = Postgres(options={"wal_level": "replica"}).start()
    try:
        server.create_database("shop")
        server.script([TABLE], "shop")
        message = refused(freshet, "wal_level", server, "shop")
        assert "logical" in message
    finally:
        server.remove()


@pytest.mark.parametrize("granted, missing", [
    ("SELECT, REPLICATION CLIENT", "REPLICATION SLAVE"),
    ("SELECT, REPLICATION SLAVE", "BINLOG MONITOR"),  # MariaDB's name of REPLICATION CLIENT
    ("REPLICATION SLAVE, REPLICATION CLIENT", "SELECT"),
])
def test_mysql_missing_privilege_names_the_grant(mariadb, freshet, make_database, granted, missing):
    database = make_database(mariadb, TABLE)
    mariadb.script(["CREATE OR REPLACE USER 'weak'@'%' IDENTIFIED BY 'weak-pw'", f"GRANT {granted} ON *.* TO 'weak'@'%'"])
    message = refused(freshet, "GRANT|Access denied|access", mariadb, database, user="weak", password="weak-pw")
    assert "GRANT" in message and missing in message


def test_postgres_role_without_replication_names_the_statement(postgres, freshet, make_database):
    database = make_database(postgres, TABLE)
    postgres.script(["DROP ROLE IF EXISTS weak", "CREATE ROLE weak LOGIN PASSWORD 'weak-pw'"])
    refused(freshet, "(?i)ALTER ROLE .*weak.* REPLICATION", postgres, database, user="weak", password="weak-pw")
    postgres.execute("DROP ROLE weak")


def test_refused_job_leaves_no_slot_and_no_publication(postgres, freshet, make_database):
    database = make_database(postgres, "CREATE TABLE keyless (v INT)")
    refused(freshet, "primary key", postgres, database)
    assert postgres.execute("SELECT slot_name FROM pg_replication_slots WHERE database = %s", (database,)) == []
    assert postgres.execute("SELECT pubname FROM pg_publication", database=database) == []


def test_named_slot_and_publication_must_exist(postgres, freshet, make_database):
    database = make_database(postgres, TABLE)
    refused(freshet, "publication does not exist: mine", postgres, database, publication_name="mine")
    refused(freshet, "replication slot does not exist: mine", postgres, database, slot_name="mine")
