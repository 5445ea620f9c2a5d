# SPDX-License-Identifier: Apache-2.0
"""Two S3 servers of different makers, built below build/deps from Go modules of pinned versions and never installed into the
system. Go's checksum database verifies every module. The installed Go builds them when it is new enough, else Debian
unstable's, unpacked.

* rclone's `serve s3` over a local folder. Debian's package leaves that command out, so a program of its own is made of
  rclone's packages.
* versitygw.
"""
import os
import re
import shutil
import subprocess
import sys

RCLONE_VERSION = "v1.71.0"
VERSITYGW_VERSION = "v1.8.0"
GO_NEEDED = (1, 25)  # by versitygw's go.mod

RCLONE_PROGRAM = """package main

import (
	_ "github.com/rclone/rclone/backend/local"
	"github.com/rclone/rclone/cmd"
	_ "github.com/rclone/rclone/cmd/serve"
	_ "github.com/rclone/rclone/cmd/serve/s3"
)

func main() { cmd.Main() }
"""


def rclone_folder(deps):
    return deps / f"rclone-s3-{RCLONE_VERSION}"


def versitygw_folder(deps):
    return deps / f"versitygw-{VERSITYGW_VERSION}"


def fetch(deps, unpack_unstable):
    _build(deps, unpack_unstable, rclone_folder(deps), _rclone_steps)
    _build(deps, unpack_unstable, versitygw_folder(deps), _versitygw_steps)


def _rclone_steps(go, work):
    source = work / "source"
    source.mkdir()
    (source / "main.go").write_text(RCLONE_PROGRAM)
    return source, [[go, "mod", "init", "s3server"], [go, "get", f"github.com/rclone/rclone@{RCLONE_VERSION}"], [go, "mod", "tidy"],
                    [go, "build", "-tags", "noselfupdate", "-o", work / "bin/rclone", "."]]


def _versitygw_steps(go, work):
    return work, [[go, "install", f"github.com/versity/versitygw/cmd/versitygw@{VERSITYGW_VERSION}"]]


def _build(deps, unpack_unstable, target, steps_of):
    if (target / ".complete").exists():
        return
    go, environment = _go(deps, unpack_unstable)
    print(f"building {target.name}", file=sys.stderr)
    work = deps / f"{target.name}.part"
    shutil.rmtree(work, ignore_errors=True)
    (work / "bin").mkdir(parents=True)
    environment.update(GOBIN=str(work / "bin"), GOPATH=str(work / "go"), GOCACHE=str(work / "cache"), GOTOOLCHAIN="local",
                       GOFLAGS="-modcacherw -trimpath", CGO_ENABLED="0")
    folder, steps = steps_of(go, work)
    for step in steps:
        done = subprocess.run(list(map(str, step)), cwd=folder, env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, step))} failed: {done.stdout[-1000:]}")
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
    sources = next((root / "usr/share").glob("go-*"))
    for link in list(folder.iterdir()):  # the package links its sources as they would lie when installed
        if link.is_symlink():
            link.unlink()
            link.symlink_to(sources / link.name)
    return str(folder / "bin/go"), dict(os.environ, GOROOT=str(folder))


def _version(go):
    done = subprocess.run([go, "version"], stdout=subprocess.PIPE, text=True)
    found = re.search(r"go(\d+)\.(\d+)", done.stdout)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)
