# Checks of the story: each compares what a person sees with what PostgreSQL holds.

check() {
    local what=$1 expected=$2 actual=$3
    CHECKS=$((CHECKS + 1))
    if [ "$expected" = "$actual" ]; then
        printf '  %s✓%s %s\n' "$GOOD" "$PLAIN" "$what"
    else
        printf '  %s✗ %s%s\n    expected: %s\n    got:      %s\n' "$BAD" "$what" "$PLAIN" "${expected:0:600}" "${actual:0:600}"
        exit 1
    fi
}

# The value that a person sees, as text: sees PERSON TABLE ID COLUMN. The table is held whole since chapter 1.
sees() {
    "$1" read "$2" --json 2>/dev/null | jq -r --arg id "$3" --arg c "$4" 'first(.rows[] | select(.key.id == $id) | .value[$c]) // "NULL"'
}

# value TABLE ID COLUMN, from PostgreSQL
value() { query "SELECT coalesce($3::text, 'NULL') FROM $1 WHERE id = '$2'"; }

TREE='{"root_table":"pipelines","include":{"steps":true,"connections":true,"comments":{"include":{"user":{"select":["id","name","avatar_url"]}}}}}'
tree_of() { jq -cn --argjson tree "$TREE" --arg id "$1" '$tree + {where: {id: $id}}'; }

# Rows of a definition as a person sees them: "table<TAB>{sorted columns}", sorted.
view() {
    local person=$1 definition=$2
    "$person" read --definition "$definition" --wait 10000 --json 2>/dev/null |
        jq -cS '.rows[] | [.table, .value]' | LC_ALL=C sort
}

# The same from PostgreSQL, for a whole table.
table_rows() {
    local table=$1 columns
    columns=$(query "SELECT string_agg(format(CASE WHEN data_type = 'boolean' THEN 'left(%1\$I::text, 1) AS %1\$I' ELSE '%1\$I::text' END, column_name), ', ')
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '$table'")
    query "SELECT json_build_array('public.$table', row_to_json(r)) FROM (SELECT $columns FROM $table ${2:-}) r" | jq -cS . | LC_ALL=C sort
}

# Both replicas hold what PostgreSQL answers to the same question.
check_equal_to_postgres() {
    local table rows
    ana sync wait --timeout 60000 >/dev/null
    ben sync wait --timeout 60000 >/dev/null
    for table in pipelines steps connections comments; do
        rows=$(table_rows "$table" | sha256sum)
        check "Ana's $table equal PostgreSQL's" "$rows" "$(view ana "{\"root_table\":\"$table\"}" | sha256sum)"
        check "Ben's $table equal PostgreSQL's" "$rows" "$(view ben "{\"root_table\":\"$table\"}" | sha256sum)"
    done
}

status_text() { "$1" status --json | jq -r .text; }
pending() { "$1" status --json | jq -r .pending; }
text_is() { [ "$(status_text "$1")" = "$2" ]; }
pending_is() { [ "$(pending "$1")" = "$2" ]; }

# operation PERSON OPERATION…: submits, prints the ids
operation() {
    local person=$1
    shift
    "$person" submit "$(printf '%s\n' "$@" | jq -cs .)" --json | jq -r '.operations[].id'
}
# update TABLE ID COLUMN VALUE [COLUMN VALUE…]: an operation as JSON
update() {
    local table=$1 id=$2 set='{}'
    shift 2
    while [ $# -gt 0 ]; do
        set=$(jq -c --arg k "$1" --arg v "$2" '. + {($k): $v}' <<<"$set")
        shift 2
    done
    jq -cn --arg t "public.$table" --arg id "$id" --argjson set "$set" '{table: $t, op: "update", key: {id: $id}, set: $set}'
}
uuid() { cat /proc/sys/kernel/random/uuid; }
