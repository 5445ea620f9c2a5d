# SPDX-License-Identifier: Apache-2.0
# Debian packages that freshet needs, installed only when missing. Sourced by ./dev and by the Dockerfile's build stage.
# Needs root or sudo only when something is missing. Never starts a database service.

readonly BUILD_PACKAGES=(
  cmake ninja-build g++ ccache mold pkg-config ca-certificates nlohmann-json3-dev
  libmariadb-dev libpq-dev librocksdb-dev librdkafka-dev libboost-program-options-dev libcpp-httplib-dev
  libspdlog-dev libfmt-dev prometheus-cpp-dev libzstd-dev liblz4-dev libxxhash-dev libssl-dev zlib1g-dev
  libsnappy-dev libbz2-dev libcurl4-openssl-dev libexpat1-dev
)
readonly MIRROR_PACKAGES=(
  mariadb-server mariadb-client postgresql-15 postgresql-client-15
  python3 python3-pymysql python3-psycopg2 python3-cryptography
)
readonly TEST_PACKAGES=(
  libgtest-dev libgmock-dev libbenchmark-dev clang-14 libclang-rt-14-dev llvm-14 python3-pytest python3-pytest-xdist
  sysbench openssl default-jdk-headless maven
)
readonly LINT_PACKAGES=(clang-tidy-14 clang-format-14)

# Prints the packages of its arguments that are not installed.
missing_packages() {
  local installed
  [[ $# -gt 0 ]] || return 0
  installed="$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' 2>/dev/null | awk '$2 == "installed" {print $1}')"
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

as_root() {
  if [[ "$(id -u)" == 0 ]]; then "$@"; else sudo "$@"; fi
}

# One apt transaction for everything missing. invoke-rc.d asks policy-rc.d whether it may start a service: ours says
# no for the time of the installation, and goes away again whatever happens. One that exists already is left alone.
install_packages() {
  local missing log policy=/usr/sbin/policy-rc.d made_policy=0 failed=0
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if ! command -v apt-get >/dev/null; then
    echo "freshet builds on Debian 12; without apt-get, install by hand: ${missing[*]}" >&2
    return 1
  fi
  if [[ "$(id -u)" != 0 ]] && ! command -v sudo >/dev/null; then
    echo "missing packages need root or sudo: apt-get install ${missing[*]}" >&2
    return 1
  fi
  log="$(mktemp)"
  echo "installing ${#missing[@]} Debian packages (${missing[*]:0:4} ...)"
  if [[ ! -e "$policy" ]]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    made_policy=1
    # shellcheck disable=SC2064  # expanded now on purpose
    trap "as_root rm -f '$policy'; exit 130" INT TERM
  fi
  if ! { as_root apt-get -q update && as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l \
      apt-get -q -y --no-install-recommends install "${missing[@]}"; } >"$log" 2>&1; then
    failed=1
  fi
  if [[ "$made_policy" == 1 ]]; then
    as_root rm -f "$policy"
    trap - INT TERM
  fi
  if [[ "$failed" == 1 ]]; then
    tail -n 20 "$log" >&2
    echo "package installation failed; the whole log: $log" >&2
    return 1
  fi
  rm -f "$log"
}
