# SPDX-License-Identifier: Apache-2.0
"""The program itself: options, clean stop, full disk, memory, `freshet mirror`."""
import contextlib
import resource
import signal
import subprocess

import pymysql
import pytest

from tests.e2e.compare import assert_equal
from tests.e2e.writers import create_tables
from tests.servers.freshet import Freshet, binary
from tests.servers.process import wait_until


def run(*arguments, deadline_s=120):
    return subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=deadline_s)


@pytest.mark.smoke
def test_version_and_help():
    assert run("--version").stdout.startswith("freshet 0.")
    for arguments, wanted in (["--help"], "serve"), (["serve", "--help"], "--data-dir"), (["mirror", "--help"], "--exit-when-synced"):
        done = run(*arguments)
        assert done.returncode == 0 and wanted in done.stdout


def test_wrong_options_are_refused_with_a_hint(tmp_path):
    for arguments in (["serve", "--no-such-option"], ["serve", "--data-dir", tmp_path, "--mysql-port", "99999"],
                      ["serve", "--data-dir", tmp_path, "--memory", "lots"], ["conquer"]):
        done = run(*arguments)
        assert done.returncode == 2 and done.stderr.strip(), arguments


def test_open_address_needs_a_password(tmp_path):
    done = run("serve", "--data-dir", tmp_path / "d", "--bind", "0.0.0.0", "--mysql-port", "0", "--http-port", "0")
    assert done.returncode != 0 and "password" in done.stderr.lower()


@pytest.mark.smoke
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_cleanly(number):
    freshet = Freshet().start()
    freshet.execute("CREATE DATABASE kept")
    assert freshet.process.stop(number, 15) == 0
    freshet.start()
    assert ("kept",) in freshet.execute("SHOW DATABASES")
    freshet.remove()


def test_password_file_protects_root(tmp_path):
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    freshet = Freshet(["--password-file", secret]).start()
    with pytest.raises(pymysql.err.OperationalError):
        freshet.connect()
    for _ in range(2):  # full authentication, then the cached one
        assert freshet.execute("SELECT 1", password="s3cret") == ((1,),)
    freshet.remove()


@pytest.mark.smoke
def test_mirror_command_exits_when_synced_and_verified(source, make_database, tmp_path):
    database = make_database(source)
    create_tables(source, database, ["a", "b"], rows=2_000)
    done = run("mirror", source.url(database), "--data-dir", tmp_path / "d", "--mysql-port", "0", "--http-port", "0",
               "--exit-when-synced", "--verify")
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "2000" in output.replace(",", "").replace(" ", "") or "2000" in output
    assert "mirror-s3cret" not in output


def test_mirror_command_says_why_it_cannot(source, make_database, tmp_path):
    database = make_database(source, "CREATE TABLE t (id INT PRIMARY KEY)")
    wrong = source.url(database).replace("mirror-s3cret", "wr0ng")
    done = run("mirror", wrong, "--data-dir", tmp_path / "d", "--mysql-port", "0", "--http-port", "0", "--exit-when-synced")
    assert done.returncode == 1
    assert "Access denied" in done.stderr + done.stdout or "password authentication failed" in done.stderr + done.stdout
    assert "wr0ng" not in done.stderr + done.stdout


@pytest.mark.slow
def test_full_disk_stops_without_damage_and_goes_on_afterwards(mariadb, make_database):
    """A file size limit makes every write beyond it fail the way a full disk does; the restart has none."""
    database = make_database(mariadb)
    create_tables(mariadb, database, ["a", "b"], rows=60_000)

    def limit_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails with an error instead
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))

    freshet = Freshet(preexec=limit_files).start()
    with contextlib.suppress(pymysql.err.MySQLError):
        freshet.create_job("full", mariadb, database)

    def noticed():
        if not freshet.process.running():
            return True
        job = freshet.job("full")
        return job is not None and (job["ErrorMsg"] or job["JobRuntimeMsg"])

    wait_until(noticed, 60, "the full disk to be reported")
    freshet.kill()
    freshet.preexec = None
    freshet.start()
    if freshet.job("full") is None:
        freshet.create_job("full", mariadb, database)
    elif freshet.status("full") == "PAUSED":
        freshet.resume("full")
    wait_until(lambda: freshet.sync("full", 30), 120, "SYNC JOB once there is room again", poll_s=0.5)
    assert_equal(mariadb, database, freshet)
    freshet.remove()


@pytest.mark.slow
def test_memory_stays_within_the_budget_during_copy_and_queries(mariadb, make_database):
    database = make_database(mariadb)
    create_tables(mariadb, database, ["big"], rows=400_000)
    freshet = Freshet(["--memory", "256MiB"]).start()
    freshet.create_job("small", mariadb, database)
    freshet.sync("small", 300)
    freshet.execute(f"SELECT note, count(*) FROM {database}.big GROUP BY note ORDER BY 2 DESC LIMIT 5")
    mariadb.execute("UPDATE big SET touched = 1, amount = amount + 1", database=database)
    freshet.sync("small", 300)
    assert_equal(mariadb, database, freshet)
    assert freshet.peak_memory_bytes() < (256 << 20) * 5 // 4
    freshet.remove()
