# ./dev test: runs parts, shows how long each took, adds up what they counted.

# part_row NAME — "seconds|what" of a part; fails if there is none.
part_row() {
  printf '%s\n' "$parts_table$long_parts_table" |
    sed -n "s/^$1 *| *\([0-9]*\) *| *\(.*\)$/\1|\2/p" | grep .
}

part_names() { sed -n 's/^\([a-z0-9-]*\) *|.*/\1/p' <<< "$1"; }

# run_one_part NAME — in a shell of its own, started by run_part.
run_one_part() {
  set +e
  counts=$CONNECTRPC_COUNTS
  "part_$1"
}

seconds_now() { date +%s.%N; }

# run_part NAME — prints one line and adds a row to the table.
run_part() {
  local name=$1 row limit what log=$logs/$1.log counts=$logs/$1.counts status=0 started took
  row=$(part_row "$name")
  limit=${row%%|*}
  what=${row#*|}
  say "$name: $what"
  : > "$counts"
  started=$(seconds_now)
  # timeout makes a process group of its own and ends all of it.
  CONNECTRPC_COUNTS=$counts timeout -k 10 "$limit" "$root/dev" __part "$name" > "$log" 2>&1 < /dev/null || status=$?
  took=$(seconds_now)
  local passed failed skipped
  read -r passed failed skipped < <(awk '{p += $1; f += $2; s += $3} END {print p + 0, f + 0, s + 0}' "$counts")
  # A part that ends badly without having said what failed is one failure.
  if [[ $status != 0 && $failed == 0 ]]; then failed=1; fi
  took=$(awk -v a="$started" -v b="$took" 'BEGIN {printf "%.1f", b - a}')
  grep -h '^SKIPPED' "$log" | sed 's/^/    /' || true
  closing=$(grep -h '^metadata: [0-9]' "$log" | tail -n 1) || closing=
  if [[ $failed != 0 ]]; then
    [[ $status != 124 && $status != 137 ]] || warn "$name took longer than its $limit s and was ended"
    printf '    ---- the last lines of build/logs/%s.log\n' "$name"
    tail -n 60 "$log" | cut -c 1-400 | sed 's/^/    /'
    warn "$name failed; again with: ./dev test $name"
  fi
  printf '    %s passed, %s failed, %s skipped in %s s\n' "$passed" "$failed" "$skipped" "$took"
  table+=$(printf '%-20s %9s s %8s %8s %8s' "$name" "$took" "$passed" "$failed" "$skipped")$'\n'
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
  total_skipped=$((total_skipped + skipped))
}

run_parts() {
  local table='' total_passed=0 total_failed=0 total_skipped=0 closing='' name started=$SECONDS
  mkdir -p "$logs"
  for name in "$@"; do run_part "$name"; done
  printf '\n%-20s %11s %8s %8s %8s\n' part took passed failed skipped
  printf '%s' "$table"
  printf '%-20s %9s s\n\n' "all" "$((SECONDS - started))"
  printf '%s passed, %s failed, %s skipped\n' "$total_passed" "$total_failed" "$total_skipped"
  # Of the last part.
  [[ -z $closing ]] || printf '%s\n' "$closing"
  [[ $total_failed == 0 ]]
}

run_tests() {
  local name names=()
  if [[ ${1:-} == --list ]]; then
    printf '%s\n' "$parts_table" "only in check-all:" "$long_parts_table" | grep .
    return
  fi
  for name in "$@"; do
    part_row "$name" > /dev/null || fail "no part \"$name\"; ./dev test --list names them"
    names+=("$name")
  done
  setup_packages build demo check
  if [[ ${#names[@]} == 0 ]]; then mapfile -t names < <(part_names "$parts_table"); fi
  run_parts "${names[@]}"
}

run_check_all() {
  setup_packages build demo check
  local names=()
  mapfile -t names < <(part_names "$parts_table$long_parts_table")
  run_parts "${names[@]}"
}
