# SPDX-License-Identifier: Apache-2.0
"""Every type: the row that was copied, the row that came by the log and the source's own row are the same.

Each table holds boundary values per column. They are inserted once before the job (read by the copy) and once after (read from
the log) under other keys; both must equal the source, and each other.
"""
import contextlib

import pytest

from tests.e2e.compare import assert_equal, columns_of, content, read_mirror

MYSQL_TYPES = {
    "tinyint": ["-128", "127", "0"], "tinyint unsigned": ["255"], "bool": ["1"],
    "smallint": ["-32768", "32767"], "smallint unsigned": ["65535"],
    "mediumint": ["-8388608", "8388607"], "mediumint unsigned": ["16777215"],
    "int": ["-2147483648", "2147483647"], "int unsigned": ["4294967295"], "int(8) zerofill": ["42"],
    "bigint": ["-9223372036854775808", "9223372036854775807"], "bigint unsigned": ["18446744073709551615"],
    "float": ["0.1", "-3.4e38", "1.17549e-38", "16777217"], "double": ["0.1", "-1.7976931348623157e308", "5e-324", "1e22"],
    "decimal(10,2)": ["12.30", "-99999999.99", "0"], "decimal(18,0)": ["-999999999999999999"],
    "decimal(38,10)": ["1234567890123456789012345678.0123456789", "-0.0000000001"],
    "decimal(65,30)": ["12345678901234567890123456789012345.012345678901234567890123456789"],
    "bit(1)": ["b'1'"], "bit(64)": ["0xFFFFFFFFFFFFFFFF", "0"], "bit(10)": ["b'1000000001'"],
    "char(5)": ["'ab'", "''", "'ä '"], "varchar(20)": ["'x'", "''", "'tail  '", "'😀\\'\"\\\\'"],
    "varchar(10) character set latin1": ["'äöü€'"], "char(3) character set utf8mb3": ["'äöü'"],
    "tinytext": ["'t'"], "text": ["'line\\nbreak\\ttab'", "REPEAT('é', 20000)"], "mediumtext": ["REPEAT('m', 70000)"],
    "longtext": ["''", "'long'"],
    "binary(4)": ["x'01'", "x'00000000'"], "varbinary(10)": ["x'00FF00'", "''"],
    "tinyblob": ["x'FF'"], "blob": ["x'00'", "REPEAT(x'FE', 66)"], "mediumblob": ["REPEAT(x'00', 70000)"], "longblob": ["''"],
    "date": ["'1000-01-01'", "'9999-12-31'", "'1970-01-01'", "'1582-10-10'"],
    "time": ["'-838:59:59'", "'838:59:59'", "'00:00:00'"], "time(6)": ["'-00:00:00.000001'", "'12:34:56.789012'"],
    "time(3)": ["'-12:34:56.789'"],
    "datetime": ["'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'"],
    "datetime(6)": ["'1969-12-31 23:59:59.999999'", "'2024-02-29 12:00:00.000001'"], "datetime(2)": ["'2024-01-01 00:00:00.99'"],
    "timestamp null": ["'1970-01-01 03:00:01'", "'2038-01-19 03:14:07'"], "timestamp(6) null": ["'2024-03-31 02:30:00.123456'"],
    "year": ["1901", "2155", "0"],
    "enum('a','b','it''s','ü')": ["'a'", "'it''s'", "'ü'"], "set('x','y','z')": ["'x,z'", "''", "'z'"],
    "json": ["""'{"a": [1, 2.5, null, "ä"], "b": {}}'""", "'[]'", "'1'", "'\"s\"'"],
}
MARIADB_TYPES = {**MYSQL_TYPES, "uuid": ["'123e4567-e89b-12d3-a456-426614174000'"], "inet6": ["'2001:db8::1'"],
                 "inet4": ["'192.0.2.1'"]}
MYSQL9_TYPES = {**MYSQL_TYPES, "json": [*MYSQL_TYPES["json"], """'{"z": 1, "a": 18446744073709551615, "f": 1.0, "e": 1e100}'""",
                                        "CAST(CAST('2024-01-01 12:00:00.5' AS DATETIME(6)) AS JSON)",
                                        "CAST(CAST(1.50 AS DECIMAL(5,2)) AS JSON)"]}

POSTGRES_TYPES = {
    "boolean": ["true", "false"], "smallint": ["-32768", "32767"], "integer": ["-2147483648", "2147483647"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "real": ["0.1", "'NaN'", "'-Infinity'", "3.4028235e38"], "double precision": ["0.1", "'NaN'", "'Infinity'", "5e-324", "'-0'"],
    "numeric(10,2)": ["12.30", "-99999999.99"], "numeric(18,0)": ["999999999999999999"],
    "numeric(38,10)": ["1234567890123456789012345678.0123456789", "-0.0000000001"],
    "numeric(60,30)": ["123456789012345678901234567890.012345678901234567890123456789"],
    "numeric": ["1.500", "0.00000000000000000001", "'NaN'", "123456789012345678901234567890123456789012345"],
    "char(5)": ["'ab'", "''"], "varchar(20)": ["'x'", "''", "'tail  '"], "text": ["E'tab\\tline\\n\\\\back'", "'😀'", "repeat('é', 20000)"],
    "name": ["'n'"], "bytea": ["'\\x00ff'", "''", "decode(repeat('00', 5000), 'hex')"],
    "date": ["'0001-01-01'", "'9999-12-31'", "'1582-10-10'", "'infinity'", "'-infinity'"],
    "time": ["'00:00:00'", "'23:59:59.999999'"], "time(0)": ["'12:00:00'"],
    "timetz": ["'08:30:00.5+02'", "'00:00:00-11:30'"],
    "timestamp": ["'0001-01-01 00:00:00'", "'2024-02-29 12:34:56.000001'", "'infinity'"],
    "timestamp(3)": ["'1969-12-31 23:59:59.999'"],
    "timestamptz": ["'1970-01-01 00:00:00+00'", "'2024-03-31 02:30:00.123456+01'", "'-infinity'"],
    "interval": ["'1 year 2 mons 3 days 04:05:06.5'", "'-1 days +02:03:00'", "'0'", "'-00:00:00.000001'"],
    "uuid": ["'123e4567-e89b-12d3-a456-426614174000'", "'00000000-0000-0000-0000-000000000000'"],
    "json": ["'{\"b\":1,  \"a\": [ ]}'", "'null'"], "jsonb": ["'{\"b\":1,  \"a\": [1.50, null, \"ä\"]}'", "'\"s\"'"],
    "bit(5)": ["B'10101'"], "bit varying(10)": ["B''", "B'111'"],
    "integer[]": ["'{1,NULL,-3}'", "'{}'", "'{{1,2},{3,4}}'", "'[0:1]={7,8}'"],
    "text[]": ["'{a,NULL,\"NULL\",\"c,d\",\"e\\\"f\",\"\"}'"], "numeric(10,2)[]": ["'{1.50,NULL}'"], "timestamptz[]": ["'{2024-01-01 00:00:00+00}'"],
    "uuid[]": ["'{123e4567-e89b-12d3-a456-426614174000}'"], "boolean[]": ["'{t,f,NULL}'"], "bytea[]": ["'{\"\\\\\\\\x00ff\"}'"],
    "inet": ["'192.168.0.1/24'", "'::1'"], "cidr": ["'10.0.0.0/8'"], "macaddr": ["'08:00:2b:01:02:03'"], "money": ["12.34"],
    "xml": ["'<a>x</a>'"], "int4range": ["'[1,5)'", "'empty'"], "tstzrange": ["'[2024-01-01 00:00:00+00,)'"],
    "tsvector": ["'a fat cat'"], "point": ["'(1.5,2)'"], "pg_lsn": ["'0/16B3748'"], "oid": ["4294967295"],
    "mood": ["'happy'", "'it''s'"], "positive": ["7"],
}
POSTGRES_TYPES_SETUP = ["CREATE TYPE mood AS ENUM ('sad', 'happy', 'it''s')",
                        "CREATE DOMAIN positive AS integer CHECK (value > 0)"]


def _table(types):
    columns = [f"c{number} {name}" for number, name in enumerate(types)]
    return f"CREATE TABLE every_type (id INT PRIMARY KEY, {', '.join(columns)})"


def _inserts(types, first_id):
    """One row of NULLs, then row n holds the n-th value of every type (the last one again where a type has fewer)."""
    rows = max(len(values) for values in types.values())
    columns = ", ".join(f"c{number}" for number in range(len(types)))
    yield f"INSERT INTO every_type (id) VALUES ({first_id})"
    for row in range(rows):
        values = ", ".join(values[min(row, len(values) - 1)] for values in types.values())
        yield f"INSERT INTO every_type (id, {columns}) VALUES ({first_id + 1 + row}, {values})"


def _types_of(source):
    if hasattr(source, "major"):
        return POSTGRES_TYPES
    return MARIADB_TYPES if source.kind == "mariadb" else MYSQL9_TYPES


def test_copied_row_equals_logged_row_equals_source(any_source, freshet, make_database):
    types = _types_of(any_source)
    setup = POSTGRES_TYPES_SETUP if hasattr(any_source, "major") else []
    database = make_database(any_source, *setup, _table(types), *_inserts(types, 100))
    freshet.create_job("types", any_source, database)
    freshet.sync("types")
    any_source.script(list(_inserts(types, 200)), database)
    # Updates carry both images: every value is decoded from a before image too.
    any_source.script(["UPDATE every_type SET id = id + 1000 WHERE id = 201", "UPDATE every_type SET id = id - 1000 WHERE id = 1201"],
                      database)
    freshet.sync("types")
    # Infinity and NaN exist on the SQL side too; what does not is listed in docs/types.md.
    assert_equal(any_source, database, freshet)
    columns = columns_of(any_source, database, "every_type")
    rows = content(read_mirror(freshet, database, "every_type", columns)).rows
    copied = sorted((row for row in rows if row[0].startswith("1")), key=lambda row: int(row[0]))
    logged = sorted((row for row in rows if row[0].startswith("2")), key=lambda row: int(row[0]))
    assert len(copied) == len(logged) > 1
    for one, other in zip(copied, logged):
        assert one[1:] == other[1:]


@pytest.mark.parametrize("key_type, values", [
    ("BIGINT", ["-1", "0", "9223372036854775807"]),
    ("VARCHAR(40)", ["'a'", "'B'", "'ü'", "'a b'", "''"]),
    ("DECIMAL(20,5)", ["-1.5", "0", "12345.67890"]),
    ("DATE", ["'2024-01-01'", "'1999-12-31'"]),
    ("TIMESTAMP", ["'2024-01-01 00:00:00'", "'2001-02-03 04:05:06'"]),
])
def test_keys_of_every_kind_are_updated_and_deleted(source, freshet, make_database, key_type, values):
    rows = [f"INSERT INTO keyed VALUES ({value}, 2, 'x')" for value in values]
    database = make_database(source, f"CREATE TABLE keyed (k {key_type}, part INT, v VARCHAR(10), PRIMARY KEY (k, part))", *rows)
    freshet.create_job("keys", source, database, snapshot_split_size=1)
    freshet.sync("keys")
    source.script(["UPDATE keyed SET v = 'y'", f"DELETE FROM keyed WHERE k = {values[0]}",
                   f"INSERT INTO keyed VALUES ({values[0]}, 3, NULL)"], database)
    freshet.sync("keys")
    assert_equal(source, database, freshet)


def test_zero_dates_are_kept_and_never_null_in_silence(mariadb, freshet, make_database):
    database = make_database(mariadb)
    statements = ["SET SESSION sql_mode = ''", "CREATE TABLE zero (id INT PRIMARY KEY, d DATE, t DATETIME)",
                  "INSERT INTO zero VALUES (1, '0000-00-00', '2024-00-00 00:00:00'), (2, '2024-01-01', NULL)"]
    mariadb.script(statements, database)
    freshet.create_job("zero", mariadb, database)
    freshet.sync("zero")
    mariadb.script(["SET SESSION sql_mode = ''", "INSERT INTO zero VALUES (3, '0000-00-00', '0000-00-00 00:00:00')"], database)
    freshet.sync("zero")
    with pytest.raises(Exception, match="unrepresentable_values"):
        freshet.execute(f"SELECT d FROM {database}.zero")
    with contextlib.closing(freshet.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SET unrepresentable_values = 'null'")
        cursor.execute("SELECT id, d IS NULL FROM zero ORDER BY id")
        assert [tuple(map(int, row)) for row in cursor.fetchall()] == [(1, 1), (2, 0), (3, 1)]


def test_unsupported_column_type_is_refused_by_name(mariadb, freshet, make_database):
    database = make_database(mariadb, "CREATE TABLE places (id INT PRIMARY KEY, area POLYGON)")
    with pytest.raises(Exception, match="area"):
        freshet.create_job("geometry", mariadb, database)
    assert freshet.job("geometry") is None
