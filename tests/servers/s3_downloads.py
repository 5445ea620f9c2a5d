# SPDX-License-Identifier: Apache-2.0
"""Two S3 servers of different makers, unpacked or built below build/deps and never installed into the system.

* rclone's `serve s3`: Debian unstable's package, verified by apt against Debian's signed release.
* versitygw: Go module of a pinned version, verified by Go's checksum database, built with the installed Go when that is new
  enough, else with Debian unstable's.
"""
import os
import re
import shutil
import subprocess
import sys

RCLONE_MAJOR = "1"
VERSITYGW_VERSION = "v1.8.0"
GO_NEEDED = (1, 25)  # by versitygw's go.mod


def fetch_rclone(deps, unpack_unstable):
    unpack_unstable(deps, f"rclone-{RCLONE_MAJOR}", "rclone", RCLONE_MAJOR + ".", only=r"^rclone$")


def fetch_versitygw(deps, unpack_unstable):
    target = deps / f"versitygw-{VERSITYGW_VERSION}"
    if (target / ".complete").exists():
        return
    go, environment = _go(deps, unpack_unstable)
    print(f"building versitygw {VERSITYGW_VERSION}", file=sys.stderr)
    work = deps / "versitygw.part"
    shutil.rmtree(work, ignore_errors=True)
    (work / "bin").mkdir(parents=True)
    environment.update(GOBIN=str(work / "bin"), GOPATH=str(work / "go"), GOCACHE=str(work / "cache"), GOTOOLCHAIN="local",
                       GOFLAGS="-modcacherw -trimpath", CGO_ENABLED="0")
    done = subprocess.run([go, "install", f"github.com/versity/versitygw/cmd/versitygw@{VERSITYGW_VERSION}"],
                          env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"go install versitygw failed: {done.stdout[-1000:]}")
    shutil.rmtree(target, ignore_errors=True)
    (work / "bin").rename(target)
    (target / ".complete").touch()
    shutil.rmtree(work)


def _go(deps, unpack_unstable):
    """(command, environment) of a Go that is new enough."""
    for candidate in filter(None, [shutil.which("go"), "/usr/local/go/bin/go"]):
        if os.access(candidate, os.X_OK) and _version(candidate) >= GO_NEEDED:
            return candidate, dict(os.environ)
    root = unpack_unstable(deps, "go", "golang-go", "2:1.", only=r"^golang-\d+\.\d+-(go|src)$")
    folder = next((root / "usr/lib").glob("go-*"))
    # The package links its sources by absolute paths.
    sources = next((root / "usr/share").glob("go-*"))
    for link in folder.iterdir():
        if link.is_symlink():
            name = link.name
            link.unlink()
            link.symlink_to(sources / name)
    return str(folder / "bin/go"), dict(os.environ, GOROOT=str(folder))


def _version(go):
    done = subprocess.run([go, "version"], stdout=subprocess.PIPE, text=True)
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)
