# SPDX-License-Identifier: Apache-2.0
"""Jobs that load files, for tests: the statement, files that appear whole, and what users see of such a job."""
import ctypes
import os
import pathlib

from tests.servers.freshet import properties, quote
from tests.servers.process import wait_until

NAMES = ["Emily", "Benjamin", "Olivia", "Alexander", "Ava", "William", "Sophia", "James", "Emma", "Liam",
         "Mia", "Noah", "Lucy", "Oscar", "Nina", "Peter", "Quinn", "Rosa", "Sam", "Tess"]


def people(first, last):
    return "".join(f"{i},{NAMES[i - 1]},{20 + i}\n" for i in range(first, last + 1))


def create_job(freshet, name="load", table="shop.people", uri="file:*.csv", select="c1, c2, c3", job=None, **arguments):
    values = {"uri": uri, "format": "csv", "column_separator": ",", **arguments}
    function = ", ".join(f"{quote(key)} = {quote(value)}" for key, value in values.items())
    settings = {"max_interval": 1, **(job or {})}
    freshet.execute(f"CREATE JOB {name} PROPERTIES {properties(settings)} ON STREAMING "
                    f"DO INSERT INTO {table} SELECT {select} FROM s3({function})")


def ledger(freshet, name="load"):
    return freshet.rows(f'SELECT * FROM ledger("jobName"="{name}")')


def quarantine(freshet, name="load"):
    return freshet.rows(f'SELECT * FROM quarantine("jobName"="{name}")')


def shown(freshet, name="load"):
    """The job's one line of job_tables()."""
    rows = freshet.rows(f'SELECT * FROM job_tables("jobName"="{name}")')
    assert len(rows) == 1, rows
    return rows[0]


def cpu_seconds(freshet):
    fields = pathlib.Path(f"/proc/{freshet.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load_slowly(freshet, folder, rows=20_000):
    """A job in the middle of one file's rows: each of them takes its time."""
    put(folder, "slow.csv", "".join(f"{i},n{i},{i}\n" for i in range(rows)))
    create_job(freshet, table="shop.people (id, name, age)", select="c1, left(md5(repeat(c2, 8000)), 20), c3", uri="file:slow.csv")
    wait_until(lambda: shown(freshet)["State"] == "COPYING" and list((freshet.data / "spool").rglob("*.csv")), 30, "the file to be fetched")
    some_batches_s = cpu_seconds(freshet) + 1  # of about three
    wait_until(lambda: cpu_seconds(freshet) > some_batches_s, 60, "some of its rows to be mapped")


def ids(freshet, table="shop.people"):
    return [row[0] for row in freshet.execute(f"SELECT id FROM {table} ORDER BY id")]


def put(folder, name, text):
    """As a writer should: the file appears whole."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text if isinstance(text, bytes) else text.encode()
    temporary = path.with_name("." + path.name + ".part")
    temporary.write_bytes(data)
    temporary.rename(path)


def zstd_bytes(data):
    """One zstd frame, by the library that the programs of this machine use."""
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_compressBound.restype = library.ZSTD_compress.restype = ctypes.c_size_t
    target = ctypes.create_string_buffer(library.ZSTD_compressBound(ctypes.c_size_t(len(data))))
    size = library.ZSTD_compress(target, ctypes.c_size_t(len(target)), data, ctypes.c_size_t(len(data)), 3)
    return target.raw[:size]
