# SPDX-License-Identifier: Apache-2.0
"""The oracle: is a mirrored table equal to its source? Independent of freshet's own VERIFY JOB.

Both sides are read with their own public clients and every value is brought to one canonical text per source type here, in
Python. Rows are sorted by that text and hashed: two tables are equal when count and hash are. Postgres is read with COPY TO
STDOUT (each type's own output function), MySQL and freshet through PyMySQL without conversions.
"""
import codecs
import dataclasses
import decimal
import hashlib
import io
import re
import struct

from pymysql.cursors import SSCursor

DIFFERENCES_SHOWN = 5

_FRACTION = re.compile(r"(:\d\d)\.(\d*?)0*(?=$|[^0-9])")
_INTERVAL_PART = re.compile(r"([+-]?\d+) (year|mon|day)[a-z]*")
_INTERVAL_TIME = re.compile(r"([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d+))?$")


@dataclasses.dataclass
class Column:
    name: str
    kind: str    # a key of CANONICAL
    select: str  # the expression that reads it from the source


@dataclasses.dataclass
class Content:
    rows: list
    digest: str

    @property
    def count(self):
        return len(self.rows)


# --- canonical text per kind: the same for both sides ------------------------------------------------------------


def _bool(text):
    return {"t": "1", "f": "0", "true": "1", "false": "0"}.get(text, text)


def _float32(text):
    value = float(text)
    return repr(struct.unpack("f", struct.pack("f", value))[0])


def _temporal(text):
    """Dates and timestamps: UTC offset of a UTC session dropped, zero fraction digits dropped, one spelling of BC."""
    text = text.replace(" (BC)", " BC").removesuffix("+00")
    text = text.replace("+00 BC", " BC")
    if text.endswith(" BC"):
        return _strip_fraction(text[:-3]) + " BC"
    return _strip_fraction(text)


def _strip_fraction(text):
    stripped = _FRACTION.sub(lambda found: found.group(1) + ("." + found.group(2) if found.group(2) else ""), text)
    return stripped


def _interval(text):
    months = days = 0
    for amount, unit in _INTERVAL_PART.findall(text):
        if unit == "year":
            months += 12 * int(amount)
        elif unit == "mon":
            months += int(amount)
        else:
            days += int(amount)
    time = _INTERVAL_TIME.search(text)
    microseconds = 0
    if time:
        sign, hours, minutes, seconds, fraction = time.groups()
        microseconds = (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 10**6 + int((fraction or "0").ljust(6, "0"))
        microseconds = -microseconds if sign == "-" else microseconds
    return f"{months} {days} {microseconds}"


def _bytes(value):
    return value.hex() if isinstance(value, bytes) else value.encode().hex()


CANONICAL = {
    "bool": _bool,
    "int": lambda text: str(int(text)),
    "float32": _float32,
    "float64": lambda text: repr(float(text)),
    "decimal": lambda text: str(decimal.Decimal(text)),
    "temporal": _temporal,
    "interval": _interval,
    "bytes": _bytes,
    "text": lambda text: text.decode() if isinstance(text, bytes) else text,
}

MYSQL_KINDS = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), "int"),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), "bytes"),
    **dict.fromkeys(("date", "datetime", "timestamp", "time"), "temporal"),
    "decimal": "decimal", "float": "float32", "double": "float64", "bit": "int",
}
POSTGRES_KINDS = {
    **dict.fromkeys(("int2", "int4", "int8"), "int"),
    **dict.fromkeys(("date", "timestamp", "timestamptz", "time"), "temporal"),
    "bool": "bool", "float4": "float32", "float8": "float64", "bytea": "bytes", "interval": "interval",
}


# --- reading -----------------------------------------------------------------------------------------------------


def mysql_columns(source, database, table):
    rows = source.execute("SELECT COLUMN_NAME, DATA_TYPE FROM information_schema.columns "
                          "WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position", (database, table))
    columns = []
    for name, data_type in rows:
        data_type = data_type.decode() if isinstance(data_type, bytes) else data_type
        quoted = "`" + name.replace("`", "``") + "`"
        select = {"float": f"CAST({quoted} AS DOUBLE)", "bit": f"{quoted} + 0",
                  "json": f"CAST({quoted} AS CHAR)"}.get(data_type, quoted)
        columns.append(Column(name, MYSQL_KINDS.get(data_type, "text"), select))
    return columns


def postgres_columns(source, database, table, schema):
    rows = source.execute(
        "SELECT a.attname, t.typname, a.atttypmod, coalesce(b.typname, '') FROM pg_attribute a "
        "JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype "
        "WHERE a.attrelid = format('%%I.%%I', %s::text, %s::text)::regclass AND a.attnum > 0 AND NOT a.attisdropped "
        "ORDER BY a.attnum", (schema, table), database=database)
    columns = []
    for name, type_name, modifier, base in rows:
        type_name = base or type_name
        kind = POSTGRES_KINDS.get(type_name, "text")
        if type_name == "numeric" and modifier != -1:
            kind = "decimal"
        columns.append(Column(name, kind, '"' + name.replace('"', '""') + '"'))
    return columns


def _read_mysql(connection, sql, columns):
    canonical = [CANONICAL[column.kind] for column in columns]
    rows = []
    with connection.cursor(SSCursor) as cursor:
        cursor.execute(sql)
        for row in cursor:
            rows.append(tuple(None if value is None else convert(value) for convert, value in zip(canonical, row)))
    return rows


def read_mysql(source, database, table, columns):
    with source.connect(database, conv={}) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION time_zone = '+00:00'")
        return _read_mysql(connection, f"SELECT {', '.join(c.select for c in columns)} FROM `{table}`", columns)


_COPY_ESCAPE = re.compile(r"\\(.)")
_COPY_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_postgres(source, database, table, columns, schema):
    canonical = [CANONICAL[column.kind] for column in columns]
    connection = source.connect(database)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET timezone = 'UTC'")
            for setting in ("datestyle = 'ISO, YMD'", "intervalstyle = 'postgres'", "bytea_output = 'hex'",
                            "extra_float_digits = 3"):
                cursor.execute(f"SET {setting}")
            buffer = io.BytesIO()
            cursor.copy_expert(
                f'COPY (SELECT {", ".join(c.select for c in columns)} FROM "{schema}"."{table}") TO STDOUT', buffer)
    finally:
        connection.close()
    rows = []
    for line in buffer.getvalue().decode().split("\n")[:-1]:
        row = []
        for convert, column, field in zip(canonical, columns, line.split("\t")):
            if field == "\\N":
                row.append(None)
                continue
            if "\\" in field:
                field = _COPY_ESCAPE.sub(lambda found: _COPY_ESCAPES.get(found.group(1), found.group(1)), field)
            row.append(convert(codecs.decode(field[2:], "hex") if column.kind == "bytes" else field))
        rows.append(tuple(row))
    return rows


def read_mirror(freshet, target, table, columns):
    names = ", ".join("`" + column.name.replace("`", "``") + "`" for column in columns)
    with freshet.connect(target, conv={}) as connection:
        return _read_mysql(connection, f"SELECT {names} FROM `{target}`.`{table}`", columns)


def content(rows):
    rows.sort(key=lambda row: tuple((value is None, value or "") for value in row))
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(row).encode())
    return Content(rows, digest.hexdigest()[:16])


def columns_of(source, database, table, schema="public"):
    if hasattr(source, "major"):
        return postgres_columns(source, database, table, schema)
    return mysql_columns(source, database, table)


def read_source(source, database, table, columns, schema="public"):
    if hasattr(source, "major"):
        return content(read_postgres(source, database, table, columns, schema))
    return content(read_mysql(source, database, table, columns))


def table_names(source, database, schema="public"):
    if hasattr(source, "major"):
        found = source.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename NOT IN "
                               "(SELECT relname FROM pg_class WHERE relispartition) ORDER BY 1", (schema,), database)
    else:
        found = source.execute("SELECT TABLE_NAME FROM information_schema.tables WHERE table_schema = %s "
                               "AND table_type = 'BASE TABLE' ORDER BY 1", (database,))
    return [row[0] for row in found]


# --- verdict -----------------------------------------------------------------------------------------------------


def compare_table(source, database, freshet, target, table, schema="public", target_table=None, without=()):
    """(source Content, mirror Content, differences as text; empty when equal)."""
    columns = [c for c in columns_of(source, database, table, schema) if c.name not in without]
    theirs = read_source(source, database, table, columns, schema)
    ours = content(read_mirror(freshet, target, target_table or table, columns))
    differences = []
    if theirs.digest != ours.digest:
        missing, extra = set(theirs.rows) - set(ours.rows), set(ours.rows) - set(theirs.rows)
        differences.append(f"{target}.{table}: {theirs.count} rows in the source, {ours.count} in the mirror, "
                           f"{len(missing)} differ or are missing, {len(extra)} differ or are extra; "
                           f"columns {[c.name for c in columns]}")
        for label, rows in (("source", missing), ("mirror", extra)):
            differences += [f"  {label}: {row}" for row in sorted(rows, key=repr)[:DIFFERENCES_SHOWN]]
    return theirs, ours, differences


def assert_equal(source, database, freshet, target=None, tables=None, schema="public", without=()):
    """Every table of the source equals its mirror. At least one table must have been compared."""
    tables = tables or table_names(source, database, schema)
    assert tables, f"no tables in {database}"
    problems = []
    for table in tables:
        problems += compare_table(source, database, freshet, target or database, table, schema, without=without)[2]
    assert not problems, "\n".join(problems)


def sync_and_assert_equal(source, database, freshet, job, target=None, **arguments):
    freshet.sync(job)
    assert_equal(source, database, freshet, target, **arguments)
