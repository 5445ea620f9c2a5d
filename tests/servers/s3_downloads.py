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
    missing = [(folder, steps_of) for folder, steps_of in ((rclone_folder(deps), _rclone_steps), (versitygw_folder(deps), _versitygw_steps))
               if not (folder / ".complete").exists()]
    if not missing:
        return
    go, environment = _go(deps, unpack_unstable)
    work = deps / "s3-servers.part"  # one cache for both: the library of Go and some modules are compiled once
    shutil.rmtree(work, ignore_errors=True)
    environment.update(GOPATH=str(work / "go"), GOCACHE=str(work / "cache"), GOTOOLCHAIN="local", GOFLAGS="-modcacherw -trimpath",
                       CGO_ENABLED="0")
    for folder, steps_of in missing:
        _build(folder, steps_of, go, environment, work)
    shutil.rmtree(work)


def _rclone_steps(go, work):
    (work / "main.go").write_text(RCLONE_PROGRAM)
    # Not "go get" or "go mod tidy": those fetch all that rclone's other parts and tests need.
    return [[go, "mod", "init", "s3server"], [go, "mod", "edit", f"-require=github.com/rclone/rclone@{RCLONE_VERSION}"],
            [go, "build", "-mod=mod", "-tags", "noselfupdate", "-o", work / "bin/rclone", "."]]


def _versitygw_steps(go, work):
    return [[go, "install", f"github.com/versity/versitygw/cmd/versitygw@{VERSITYGW_VERSION}"]]


def _build(target, steps_of, go, environment, parent):
    print(f"building {target.name}", file=sys.stderr)
    work = parent / target.name
    (work / "bin").mkdir(parents=True)
    for step in steps_of(go, work):
        done = subprocess.run(list(map(str, step)), cwd=work, env=dict(environment, GOBIN=str(work / "bin")), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, step))} failed: {done.stdout[-1000:]}")
    shutil.rmtree(target, ignore_errors=True)
    (work / "bin").rename(target)
    (target / ".complete").touch()


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
