# The stage of the story: a private PostgreSQL, a service, a line that can be cut, and two daemons.

CHECKS=0
SAMPLE=$ROOT/Scripts/sample
# The people of the sample, by their rows in `users`: the read rules of its data model go by that.
ANA_ID=0c000000-0000-4000-8000-000000000001
BEN_ID=0c000000-0000-4000-8000-000000000002

raise_stage() {
    # A short path: PostgreSQL's socket lives in it.
    D=$(mktemp -d /tmp/satchel-demo.XXXXXX)
    chmod 711 "$D"
    mkdir -p "$D/service"
    chmod 711 "$D/service"
    trap strike_stage EXIT
    trap 'exit 130' INT TERM
    DATABASE=$("$BIN/satchel-service" postgres start --state "$D/service")
    PSQL=("$(psql_path)" -X -q -At -v ON_ERROR_STOP=1 -d "$DATABASE")
    sql -f "$SAMPLE/schema.sql" -f "$SAMPLE/seed.sql"
    "$BIN/satchel-service" setup --state "$D/service" --model "$SAMPLE/model.yaml" >"$D/setup.log"
    PORT=$(free_port 17077)
    LINE=$(free_port $((PORT + 1)))
    start_service
    start_line
    start_daemon ana "http://127.0.0.1:$LINE" "$ANA_ID"
    start_daemon ben "http://127.0.0.1:$PORT" "$BEN_ID"
}

strike_stage() {
    local status=$?
    set +e
    [ "$status" -eq 0 ] || say "The story broke off (status $status)."
    stop_process "$D/ana.pid"
    stop_process "$D/ben.pid"
    cut_line
    stop_process "$D/service.pid"
    "$BIN/satchel-service" postgres stop --state "$D/service" >/dev/null 2>&1
    if [ "$status" -ne 0 ] || [ -n "${KEEP:-}" ]; then say "Logs and state are in $D."; else rm -rf "$D"; fi
    exit "$status"
}

sql() { PGOPTIONS="-c TimeZone=UTC -c DateStyle=ISO,DMY -c IntervalStyle=iso_8601" "${PSQL[@]}" "$@"; }
query() { sql -c "$1"; }

start_service() {
    start_process service "$D" "$BIN/satchel-service" serve --state "$D/service" --listen "127.0.0.1:$PORT" --model "$SAMPLE/model.yaml"
    wait_until 60 "satchel-service" is_active
}
is_active() { curl -sf "http://127.0.0.1:$PORT/v1/health" | grep -q active; }

# Ana's line to the service goes through a relay, so that it can be cut.
start_line() {
    start_process line "$D" socat "TCP-LISTEN:$LINE,bind=127.0.0.1,fork,reuseaddr" "TCP:127.0.0.1:$PORT"
}
cut_line() {
    [ -f "$D/line.pid" ] || return 0
    # The relay has a session of its own: its children, one for each connection, go with it.
    kill -9 -- "-$(cat "$D/line.pid")" 2>/dev/null || true
        rm -f "$D/line.pid"
}

# start_daemon NAME URL USER
start_daemon() {
    start_process "$1" "$D" "$BIN/satcheld" --state "$D/$1" --socket "$D/$1/satchel.sock" --service "$2" --user "$3"
    wait_until 30 "$1's daemon" daemon_answers "$1"
    eval "URL_$1=\$2 USER_$1=\$3"
}
daemon_answers() { SATCHEL_SOCKET=$D/$1/satchel.sock "$BIN/satchel" status --json; }

kill_daemon() {
    kill -9 "$(cat "$D/$1.pid")"
    while kill -0 "$(cat "$D/$1.pid")" 2>/dev/null; do sleep 0.05; done
}
restart_daemon() {
    local url user
    eval "url=\$URL_$1 user=\$USER_$1"
    start_daemon "$1" "$url" "$user"
}

ana() { SATCHEL_SOCKET=$D/ana/satchel.sock "$BIN/satchel" "$@"; }
ben() { SATCHEL_SOCKET=$D/ben/satchel.sock "$BIN/satchel" "$@"; }

chapter() { printf '\n%s%s%s\n' "$STRONG" "$*" "$PLAIN"; }
tells() { printf '  %s\n' "$*"; }
