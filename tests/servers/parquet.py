# SPDX-License-Identifier: Apache-2.0
"""Parquet files as another program writes them: by the DuckDB library that the build fetched, through its C interface."""
import ctypes
import pathlib
import tempfile

from tests.servers.downloads import DEPS


def parquet_bytes(select):
    """The rows of `select` (DuckDB's SQL) as one Parquet file."""
    library = ctypes.CDLL(str(DEPS / "duckdb" / "libduckdb.so"))
    database, connection = ctypes.c_void_p(), ctypes.c_void_p()
    assert library.duckdb_open(None, ctypes.byref(database)) == 0
    try:
        assert library.duckdb_connect(database, ctypes.byref(connection)) == 0
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "rows.parquet"
            sql = f"COPY ({select}) TO '{path}' (FORMAT parquet)"
            assert library.duckdb_query(connection, sql.encode(), None) == 0, f"DuckDB refused {select}"
            return path.read_bytes()
    finally:
        library.duckdb_disconnect(ctypes.byref(connection))
        library.duckdb_close(ctypes.byref(database))
