# The chapters of the story, in order. Each leaves its people online and everything saved.

chapter_import() {
    local files=("$PIPELINES"/*.yaml)
    chapter "1. Ana imports ${#files[@]} pipeline files; Ben sees them arrive"
    ben read pipelines --wait 10000 --json >/dev/null
    ana sync wait --timeout 30000 >/dev/null
    ana pipeline import --json "${files[@]}" >"$D/import.json" 2>"$D/import.err" || { cat "$D/import.err"; exit 1; }
    IMPORTED=$(jq '.imported | length' "$D/import.json")
    REPORTED=$(jq '.reported | length' "$D/import.json")
    tells "$IMPORTED imported, $REPORTED reported as no pipeline"
    jq -r '.reported[] | "    \(.file | sub(".*/"; "")), line \(.line): \(.reason)"' "$D/import.json"
    check "every file was imported or reported" "${#files[@]}" $((IMPORTED + REPORTED))
    local arrived=-1 now
    while :; do
        now=$(ben read pipelines --json | jq '.rows | length')
        [ "$now" = "$arrived" ] || tells "Ben sees $now of $IMPORTED pipelines"
        arrived=$now
        [ "$now" -lt "$IMPORTED" ] || break
        sleep 0.2
    done
    ana sync wait --timeout 120000 >/dev/null
    check "PostgreSQL has them" "$IMPORTED" "$(query 'SELECT count(*) FROM pipelines')"
    check "all of Ana's changes are saved" "All changes saved" "$(status_text ana)"
    check_equal_to_postgres
    check_files "${files[@]}"
    local before
    before=$(query 'SELECT md5(string_agg(s::text, $$,$$ ORDER BY s.id)) FROM steps s')
    ana pipeline import "${files[@]}" >/dev/null 2>&1
    ana sync wait --timeout 60000 >/dev/null
    check "importing again changes nothing" "$before" "$(query 'SELECT md5(string_agg(s::text, $$,$$ ORDER BY s.id)) FROM steps s')"
}

# Every imported file that nobody edited comes back as it was.
check_files() {
    local file same=0 expected=0
    for file in "$@"; do
        jq -e --arg f "$file" 'any(.reported[]; .file == $f)' "$D/import.json" >/dev/null && continue
        [ "$(basename "$file")" = "${EDITED_FILE:-}" ] && continue
        expected=$((expected + 1))
        ben pipeline diff "$file" >"$D/diff" 2>&1 && same=$((same + 1)) || cat "$D/diff"
    done
    check "exports equal their files, as data ($expected files)" "$expected" "$same"
}

chapter_open() {
    chapter "2. Both open the same pipeline"
    # The one with the most steps, among those where a step without steps inside it is connected: that one, S3,
    # will be edited by Ana and deleted by Ben, and its connections go with it.
    local leaf="NOT EXISTS (SELECT FROM steps i WHERE i.parent_step_id = s.id)"
    P=$(query "SELECT pipeline_id FROM steps WHERE pipeline_id IN
                   (SELECT s.pipeline_id FROM connections c JOIN steps s ON s.id = c.from_step_id WHERE $leaf)
               GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")
    EDITED_FILE=$(jq -r --arg p "$P" '.imported[] | select(.pipeline == $p) | .file | sub(".*/"; "")' "$D/import.json")
    S3=$(query "SELECT s.id FROM connections c JOIN steps s ON s.id = c.from_step_id WHERE s.pipeline_id = '$P' AND $leaf ORDER BY 1 LIMIT 1")
    local others
    others=($(query "SELECT id FROM steps WHERE pipeline_id = '$P' AND id <> '$S3' ORDER BY order_index, id"))
    [ ${#others[@]} -ge 4 ] || fail "the story takes a pipeline of at least five steps, some of them connected: none of $PIPELINES is one"
    S1=${others[0]} S2=${others[1]} S4=${others[2]} S5=${others[3]}
    N1=$(value steps "$S1" name) N2=$(value steps "$S2" name) N3=$(value steps "$S3" name)
    N4=$(value steps "$S4" name) N5=$(value steps "$S5" name)
    ben pipeline export "$P" --json >"$D/imported.json"
    operation ben "$(jq -cn --arg id "$(uuid)" --arg p "$P" --arg u "$BEN_ID" \
        '{table: "public.comments", op: "insert", key: {id: $id}, set: {pipeline_id: $p, user_id: $u, content: "Shall we split the first step?"}}')" >/dev/null
    ben sync wait --timeout 30000 >/dev/null
    ana sync wait --timeout 30000 >/dev/null
    WORKSPACE=$(tree_of "$P")
    tells "$(query "SELECT name FROM pipelines WHERE id = '$P'"): $(query "SELECT count(*) FROM steps WHERE pipeline_id = '$P'") steps, $(query "SELECT count(*) FROM connections WHERE pipeline_id = '$P'") connections"
    check "Ana sees its tree as PostgreSQL has it" "$(tree_counts_postgres)" "$(tree_counts ana)"
    check "Ben sees the same" "$(view ana "$WORKSPACE" | sha256sum)" "$(view ben "$WORKSPACE" | sha256sum)"
    check "Ana sees who wrote the comment" "Ben" "$(view ana "$WORKSPACE" | jq -r 'select(.[0] == "public.users") | .[1].name')"
}

tree_counts() { view "$1" "$WORKSPACE" | jq -r '.[0]' | sort | uniq -c | awk '{print $2 "=" $1}' | paste -sd' '; }
tree_counts_postgres() {
    query "SELECT 'public.comments=' || count(*) FROM comments WHERE pipeline_id = '$P'
           UNION ALL SELECT 'public.connections=' || count(*) FROM connections WHERE pipeline_id = '$P'
           UNION ALL SELECT 'public.pipelines=1'
           UNION ALL SELECT 'public.steps=' || count(*) FROM steps WHERE pipeline_id = '$P'
           UNION ALL SELECT 'public.users=' || count(DISTINCT user_id) FROM comments WHERE pipeline_id = '$P'" | paste -sd' '
}

chapter_offline() {
    chapter "3. Ana goes offline and works on"
    ana sync pause >/dev/null
        OP_RENAME=$(operation ana "$(update steps "$S1" name "ana's name")")
    tells "renames the step '$N1'"
    OP_MOVE=$(operation ana "$(update steps "$S2" position_x 120 position_y 80)")
    tells "moves a second one"
    OP_CONFIG=$(operation ana "$(update steps "$S3" config '{"note": "edited by Ana on the train"}')")
    tells "edits the config of a third"
    NEW_STEP=$(uuid)
    NEW_CONNECTION=$(uuid)
    operation ana "$(jq -cn --arg id "$NEW_STEP" --arg p "$P" \
        '{table: "public.steps", op: "insert", key: {id: $id}, set: {pipeline_id: $p, name: "summary", type: "claude", config: "{}", order_index: "99"}}')" \
        "$(jq -cn --arg id "$NEW_CONNECTION" --arg p "$P" --arg f "$S1" --arg t "$NEW_STEP" \
        '{table: "public.connections", op: "insert", key: {id: $id}, set: {pipeline_id: $p, from_step_id: $f, to_step_id: $t, from_output: "output", to_input: "input"}}')" >/dev/null
    tells "adds a step and connects it"
    ANA_PENDING=5
    check "her status" "Working offline · $ANA_PENDING pending" "$(status_text ana)"
    check "she sees her own edits" "ana's name 120 summary" "$(sees ana steps "$S1" name) $(sees ana steps "$S2" position_x) $(sees ana steps "$NEW_STEP" name)"
    check "nobody else does" "$N1" "$(value steps "$S1" name)"
}

chapter_killed_daemon() {
    chapter "4. Her daemon is killed with kill -9 and started again"
    local operations rows
    operations=$(ana queue list --json | jq -cS '.operations[] | {id, state, table, key, columns}' | sha256sum)
    rows=$(view ana "$WORKSPACE" | sha256sum)
    kill_daemon ana
    restart_daemon ana
    check "the same operations are pending" "$operations" "$(ana queue list --json | jq -cS '.operations[] | {id, state, table, key, columns}' | sha256sum)"
    check "the same view is shown" "$rows" "$(view ana "$WORKSPACE" | sha256sum)"
    check "still paused, and counted" "Working offline · $ANA_PENDING pending" "$(status_text ana)"
    check "nothing was sent" "0" "$(query "SELECT count(*) FROM steps WHERE id = '$NEW_STEP'")"
}

chapter_meanwhile() {
    chapter "5. Meanwhile, Ben and plain SQL"
    S3_CONNECTIONS=$(query "SELECT string_agg(id::text, ',' ORDER BY id) FROM connections WHERE '$S3' IN (from_step_id, to_step_id)")
    operation ben "$(update steps "$S1" name "ben's name")" >/dev/null
    tells "Ben renames the same step, after Ana did"
    operation ben "$(update steps "$S2" type "ben's type")" >/dev/null
    tells "Ben changes another field of the step that she moved"
    operation ben "$(jq -cn --arg id "$S3" '{table: "public.steps", op: "delete", key: {id: $id}}')" >/dev/null
    tells "Ben deletes the step whose config she edited; its connections go with it"
    operation ben "$(update steps "$S4" name "ben was first")" >/dev/null
    tells "Ben renames a fourth step"
    ben sync wait --timeout 30000 >/dev/null
    check "the step and its connections are gone" "0 0" "$(query "SELECT count(*) FROM steps WHERE id = '$S3'") $(query "SELECT count(*) FROM connections WHERE '$S3' IN (from_step_id, to_step_id)")"
    query "UPDATE steps SET position_y = 33 WHERE id = '$S2'"
    tells "psql moves Ana's second step down, after she did"
    query "UPDATE steps SET name = 'from psql' WHERE id = '$S5'"
    tells "psql renames a step that nobody else touched"
    OP_LATER=$(operation ana "$(update steps "$S4" name "ana was later")")
    ANA_PENDING=$((ANA_PENDING + 1))
    tells "Ana, still offline, renames the fourth step, after Ben did"
    check "Ana sees none of it yet" "ana's name" "$(sees ana steps "$S1" name)"
}

chapter_back() {
    chapter "6. Ana comes back"
    ana sync resume >/dev/null
    ana sync wait --timeout 60000 >/dev/null
    check "the queue has drained" "All changes saved" "$(status_text ana)"
    check "one field, two writers: the later write wins (Ben)" "ben's name" "$(value steps "$S1" name)"
    check "one field, two writers: the later write wins (Ana)" "ana was later" "$(value steps "$S4" name)"
    check "plain SQL takes part: it wrote later" "33" "$(value steps "$S2" position_y)"
    check "different fields of one row both survive" "120 ben's type" "$(value steps "$S2" position_x) $(value steps "$S2" type)"
    check "an update beats a concurrent delete" '{"note": "edited by Ana on the train"}' "$(value steps "$S3" config)"
    check "the row is back with its connections" "$S3_CONNECTIONS" "$(query "SELECT string_agg(id::text, ',' ORDER BY id) FROM connections WHERE '$S3' IN (from_step_id, to_step_id)")"
    check "what she added is there, connected" "$NEW_STEP" "$(query "SELECT to_step_id FROM connections WHERE id = '$NEW_CONNECTION'")"
    check "plain SQL's own change is there" "from psql" "$(sees ana steps "$S5" name)"
    tells "satchel queue show $OP_RENAME"
    ana queue show "$OP_RENAME" | sed 's/^/    /'
    check "her lost name is kept" "name: ana's name lost to ben's name" \
        "$(ana queue show "$OP_RENAME" --json | jq -r '.lost[] | "\(.column): \(.mine) lost to \(.theirs)"')"
    check "her lost position is kept" "merged position_y: 80 lost to 33" \
        "$(ana queue show "$OP_MOVE" --json | jq -r '.verdict as $v | .lost[] | "\($v) \(.column): \(.mine) lost to \(.theirs)"')"
    check "the later rename lost nothing" "applied" "$(ana queue show "$OP_LATER" --json | jq -r .verdict)"
    check_equal_to_postgres
}

# comment_operations COUNT: inserts of comments, as a JSON array; their ids are counted afterwards.
comment_operations() {
    jq -cn --argjson n "$1" --arg p "$P" --arg u "$ANA_ID" --arg t "$2" '[range($n) | {table: "public.comments", op: "insert",
        key: {id: "\($t)-0000-4000-8000-\(("000000000000" + (. | tostring))[-12:])"},
        set: {pipeline_id: $p, user_id: $u, content: "remark \(.)"}}]'
}
comments_of() { query "SELECT count(*) FROM comments WHERE id::text LIKE '$1-%'"; }
all_confirmed() { [ "$(ana status --json | jq -r .pending)" = 0 ]; }

chapter_cut() {
    chapter "7a. The line is cut; the daemon notices by itself"
    cut_line
    wait_until 60 "Ana's daemon to notice" text_is ana "Working offline"
    tells "Ana's status: $(status_text ana)"
    comment_operations 3 c0000001 | ana submit - --json >/dev/null
    check "her status counts" "Working offline · 3 pending" "$(status_text ana)"
    query "UPDATE pipelines SET description = 'changed while Ana was cut off' WHERE id = '$P'"
    start_line
    wait_until 90 "Ana's daemon to come back" text_is ana "All changes saved"
    check "what she wrote arrived, once" "3" "$(comments_of c0000001)"
    check "what changed meanwhile reached her" "changed while Ana was cut off" "$(sees ana pipelines "$P" description)"
}

chapter_killed_service() {
    chapter "7b. satchel-service is killed with kill -9 in the middle of the drain"
    ana sync pause >/dev/null
    comment_operations 1000 c0000002 | ana submit - --json >/dev/null
    check "a thousand remarks wait" "Working offline · 1000 pending" "$(status_text ana)"
    ana sync resume >/dev/null
    wait_until 30 "the drain to begin" drain_began
    kill -9 "$(cat "$D/service.pid")"
    tells "killed when PostgreSQL had $(comments_of c0000002) of 1000"
    start_service
    wait_until 120 "the queue to drain" all_confirmed
    check "each is there, exactly once" "1000" "$(comments_of c0000002)"
    check "none was refused" "0" "$(ana status --json | jq -r '.parked + .conflicts')"
}
drain_began() { [ "$(comments_of c0000002)" -gt 0 ]; }

chapter_stopped_postgres() {
    chapter "7c. PostgreSQL is stopped and started"
    "$BIN/satchel-service" postgres stop --state "$D/service"
    comment_operations 5 c0000003 | ana submit - --json >/dev/null
    tells "Ana writes five remarks while the database is away: $(status_text ana)"
    "$BIN/satchel-service" postgres start --state "$D/service" >/dev/null
    wait_until 120 "everything to be saved" text_is ana "All changes saved"
    check "they are there, exactly once" "5" "$(comments_of c0000003)"
    check "nothing needs a person" "All changes saved" "$(status_text ben)"
    check_equal_to_postgres
}

chapter_files() {
    chapter "8. The files"
    check_files "$PIPELINES"/*.yaml
    tells "the edited one, $EDITED_FILE, against its file:"
    { ana pipeline diff "$PIPELINES/$EDITED_FILE" || true; } 2>/dev/null | sed 's/^[^:]*: /    /' | cut -c1-150
    check "it equals its file plus exactly the merged edits" "$(expected_document | sha256sum)" \
        "$(ana pipeline export "$P" --json | jq -cS . | sha256sum)"
}

# The document as it was imported, with what the story did to it.
expected_document() {
    jq -cS --arg n1 "$N1" --arg n2 "$N2" --arg n3 "$N3" --arg n4 "$N4" --arg n5 "$N5" '
        def step($n): (.. | objects | select(has("type") and .name == $n));
        .workflow.description = "changed while Ana was cut off"
        | step($n3) |= ({name, type, note: "edited by Ana on the train"} + if has("steps") then {steps} else {} end)
        | step($n2).type = "ben\u0027s type"
        | step($n1).name = "ben\u0027s name" | step($n4).name = "ana was later" | step($n5).name = "from psql"
        | .workflow.steps += [{name: "summary", type: "claude"}]' "$D/imported.json"
}

finish() {
    chapter "All $CHECKS checks held. Two people, one of them offline, and nothing was lost."
}
