# Shared by the scripts of this folder; source it. Sets ROOT and BIN, and says what it does.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CONFIGURATION=${SATCHEL_CONFIGURATION:-release}
BIN=$ROOT/.build/$CONFIGURATION

say() { printf '%s\n' "$*"; }
# The words as a shell reads them back, in quotes only where they need some.
quoted() {
    local word words=()
    for word in "$@"; do
        case $word in
            "" | *[!A-Za-z0-9_./:=@%+,-]*) words+=("'${word//\'/\'\\\'\'}'") ;;
            *) words+=("$word") ;;
        esac
    done
    printf '%s' "${words[*]}"
}
fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Wrong arguments: $1, then the script's own lines of usage, from its head.
misused() {
    printf 'error: %s\n' "$1" >&2
    usage >&2
    exit 2
}
# The comment at the head of the script that runs.
usage() { sed -n '2,/^[^#]/s/^# //p' "$0"; }

# Colours, where a person looks: on a terminal, unless NO_COLOR is set.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    GOOD=$'\033[32m' BAD=$'\033[31m' STRONG=$'\033[1m' PLAIN=$'\033[0m'
else
    GOOD="" BAD="" STRONG="" PLAIN=""
fi

# The Debian packages that building and running take.
PACKAGES=(g++ pkg-config libsqlite3-dev libcurl4-openssl-dev libpq-dev libsimdjson-dev libncurses-dev postgresql jq curl socat)

install_packages() {
    command -v dpkg-query >/dev/null || {
        say "This is no Debian: make sure that these are installed: ${PACKAGES[*]}"
        return 0
    }
    local missing=() package
    for package in "${PACKAGES[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "Installing missing Debian packages: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "not root and no sudo: run 'apt-get install ${missing[*]}' as root, then try again"
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq
    # A cluster of the package's own is not needed: Satchel starts a private one.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

check_toolchain() {
    command -v swift >/dev/null || fail "no 'swift' in PATH: install a Swift 6.2 (or later) toolchain from https://swift.org/install"
}

# The flags that every build of this package uses.
SWIFT_FLAGS=(-c "$CONFIGURATION" --explicit-target-dependency-import-check error)
# Programs that need no Swift on the machine, and start without looking for dozens of libraries.
[ "$CONFIGURATION" != release ] || SWIFT_FLAGS+=(--static-swift-stdlib)

build() {
    check_toolchain
    local first=""
    [ -d "$ROOT/.build/$CONFIGURATION" ] || first="; the first time takes 10 to 30 minutes on two cores"
    say "Building ($CONFIGURATION)$first."
    [ -z "${BUILD_LOG:-}" ] || say "Follow it with: tail -f $BUILD_LOG"
    (cd "$ROOT" && swift build "${SWIFT_FLAGS[@]}" "$@") >"${BUILD_LOG:-/dev/stdout}" 2>&1 || {
        [ -z "${BUILD_LOG:-}" ] || tail -40 "$BUILD_LOG"
        fail "the build failed${BUILD_LOG:+: see $BUILD_LOG. Run it again: it goes on where it ended}"
    }
}

# psql of the newest installed PostgreSQL.
psql_path() {
    local path
    path=$(ls -d /usr/lib/postgresql/*/bin/psql 2>/dev/null | sort -V | tail -1)
    [ -n "$path" ] || path=$(command -v psql) || fail "no psql: install the Debian package postgresql"
    printf '%s' "$path"
}

# wait_until SECONDS WHAT COMMAND…: polls until the command succeeds.
wait_until() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || fail "gave up waiting for $what"
        sleep 0.1
    done
}

# start_process NAME DIR COMMAND…: in its own session, log and pid in DIR.
start_process() {
    local name=$1 dir=$2
    shift 2
    # In a subshell: it is no job of ours, whose end bash would report.
    (
        setsid "$@" >>"$dir/$name.log" 2>&1 </dev/null &
        echo $! >"$dir/$name.pid"
    )
}

process_runs() { [ -f "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# stop_process PIDFILE: TERM, and KILL after ten seconds. Only what start_process started.
stop_process() {
    local pid
    process_runs "$1" || {
        rm -f "$1"
        return 0
    }
    pid=$(cat "$1")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 100); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
    rm -f "$1"
}

free_port() {
    local port
    for port in $(seq "$1" $(($1 + 200))); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || {
            printf '%s' "$port"
            return 0
        }
    done
    fail "no free port near $1"
}
