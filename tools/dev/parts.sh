# The parts of ./dev test: each is a function part_NAME that calls `count` for what it checked. It runs in a shell of
# its own under a time limit; its output is build/logs/NAME.log.

# name | seconds it may take | what it does
parts_table='
format       | 120  | clang-format over our sources
layers       | 120  | who includes whom, and the checker against trees that must fail
tree         | 120  | machine paths, registry hosts, unfinished work; snippets of the pages against their files
build        | 2400 | release build with g++
unit         | 900  | unit tests, release
metadata     | 900  | metadata through every protocol, kind of call, HTTP version and style
must-not-compile | 900  | forms that must not compile
golden       | 300  | what the generator writes, against the files kept
consumer     | 900  | install, then a project of its own that uses it
interop      | 900  | the implementations and tools of others against us and the reverse
conformance  | 900  | the Connect conformance suite, server and client
budget       | 600  | instructions of a call in fixed scenarios, by callgrind, against bench/budget.json
h2spec       | 300  | h2spec, strict cases included, against our HTTP/2
asan-build   | 2400 | build with AddressSanitizer and UndefinedBehaviorSanitizer
asan         | 1200 | unit tests under both
conformance-asan | 1200 | the conformance suite under both
clang        | 2400 | clang 19 builds the library and the unit tests, and runs them
tsan         | 2400 | chosen scenarios under ThreadSanitizer
'
# Only in ./dev check-all.
long_parts_table='
lint         | 5400 | clang-tidy over our sources
tsan-full    | 5400 | all unit tests under ThreadSanitizer
conformance-repeat | 2700 | the conformance suite three times in a row
conformance-tsan | 5400 | the conformance suite under ThreadSanitizer, on several loops
unit-repeat  | 3600 | unit tests twenty times in shuffled order
backpressure | 600  | memory and other calls while a reader takes its time, then 1 GiB at full speed
rolling      | 300  | 2,000 calls a second for a minute while the server is replaced three times
'

# count PASSED FAILED SKIPPED — adds to what this part has checked.
count() { printf '%s %s %s\n' "$1" "$2" "$3" >> "$counts"; }

# skip WHY — something cannot be checked here: a failure in CI, else one loud line.
skip() {
  if in_ci; then
    printf 'SKIPPED, which CI does not allow: %s\n' "$*"
    count 0 1 0
  else
    printf 'SKIPPED: %s\n' "$*"
    count 0 0 1
  fi
}

part_format() {
  format_sources --check && count 1 0 0 || count 0 1 0
}

part_layers() {
  python3 tools/check_layers.py && count 1 0 0 || count 0 1 0
  run_python_tests tools/check_layers_test.py
}

part_tree() {
  python3 tools/check_tree.py && count 1 0 0 || count 0 1 0
  python3 tools/check_contract.py && count 1 0 0 || count 0 1 0
  python3 tools/snippets.py && count 1 0 0 || count 0 1 0
  run_python_tests tools/check_tree_test.py
  run_python_tests tools/check_contract_test.py
  run_python_tests conformance/run_test.py
}

# run_python_tests FILE — counts the cases of a unittest file.
run_python_tests() {
  local output status=0 ran bad
  output=$(python3 "$1" -v 2>&1) || status=$?
  printf '%s\n' "$output"
  ran=$(sed -n 's/^Ran \([0-9]*\) tests\{0,1\} .*/\1/p' <<< "$output")
  bad=$(grep -cE ' \.\.\. (FAIL|ERROR)$' <<< "$output" || true)
  [[ $status == 0 || $bad -gt 0 ]] || bad=1
  ran=${ran:-$bad}
  count $((ran - bad)) "$bad" 0
}

part_build() { build_preset release; }
part_asan-build() { build_preset asan; }

set_sanitizer_options() {
  export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  export TSAN_OPTIONS=second_deadlock_stack=1:halt_on_error=1
}

# run_ctest PRESET [ARG OF run_tests.py…] — counts cases, not programs.
run_ctest() {
  local preset=$1
  shift
  set_sanitizer_options
  python3 tools/run_tests.py --build "$build/$preset" --jobs "$cores" --counts "$counts" "$@" || true
}

# Tests of ctest that are parts of their own, by the beginning of their names.
own_parts='^(golden|must_not_compile|consumer)'

part_unit() { run_ctest release --without "$own_parts|^metadata"; }
part_metadata() {
  build_preset release test_metadata || return 1
  run_ctest release --only '^metadata'
  # What ./dev test metadata ends with.
  grep -hs '^metadata: [0-9]' "$build/release/Testing/Temporary/LastTest.log"
}
part_must-not-compile() { run_ctest release --only '^must_not_compile'; }
part_golden() {
  # golden_buf runs the cases through buf, too, and says itself where it is missing.
  install_judge buf || true
  run_ctest release --only '^golden'
}
part_consumer() { run_ctest release --only '^consumer' --timeout 900; }
part_asan() { run_ctest asan --without "$own_parts"; }

part_clang() {
  build_preset clang || return 1
  run_ctest clang --without "$own_parts"
}

part_tsan() {
  local programs
  programs=$(sed -n 's/^\(test_[^ ]*\).*/\1/p' tests/tsan/scenarios.txt | sort -u)
  [[ -n $programs ]] || { skip "tests/tsan/scenarios.txt names no scenario"; return; }
  # shellcheck disable=SC2086
  build_preset tsan $programs || return 1
  run_ctest tsan --scenarios tests/tsan/scenarios.txt --timeout 900
}

part_tsan-full() {
  build_preset tsan || return 1
  run_ctest tsan --without "$own_parts" --timeout 1200
}

part_unit-repeat() { run_ctest release --without "$own_parts" --repeat 20 --timeout 1200; }

part_lint() { lint_sources && count 1 0 0 || count 0 1 0; }

part_interop() {
  run_python_tests interop/verdicts_test.py
  local judge programs=()
  for judge in buf grpcurl; do
    if install_judge "$judge"; then programs+=("--$judge" "$(judge_program "$judge")"); else skip "$judge_fault"; fi
  done
  if have go; then
    interop/go/build.sh "$build/interop/go" && programs+=(--go "$build/interop/go") || count 0 1 0
  else
    skip "connect-go, grpc-go: go is not here"
  fi
  if install_npm_packages grpc-web-js grpc_web; then programs+=(--grpc-web-js "$judge_folder"); else skip "$judge_fault"; fi
  if install_npm_packages connect-node connect_node; then programs+=(--connect-node "$judge_folder"); else skip "$judge_fault"; fi
  if install_python_packages; then programs+=(--python "$judge_folder"); else skip "$judge_fault"; fi
  if [[ -x $build/release/bin/interop_grpcpp_server ]]; then
    programs+=(--grpcpp "$build/release/bin")
  else
    skip "grpc++: the release build made no interop_grpcpp_server (libgrpc++-dev, protobuf-compiler-grpc)"
  fi
  # The page of differences tells of all of these.
  local option page=(--page docs/differences.md)
  for option in --go --connect-node --python --grpcpp; do
    [[ " ${programs[*]} " == *" $option "* ]] || page=()
  done
  [[ ${#page[@]} -gt 0 ]] || skip "docs/differences.md: not all that it tells of is here"
  python3 interop/run.py --ours "$build/release/bin" "${programs[@]}" "${page[@]}" --work "$build/interop" --counts "$counts"
  local asking=() guard=() at
  for ((at = 0; at < ${#programs[@]}; at += 2)); do
    case ${programs[at]} in
      --grpcurl | --buf | --go | --grpcpp) asking+=("${programs[@]:at:2}") ;;
    esac
    if [[ ${programs[at]} == --grpcurl ]]; then guard=("${programs[@]:at:2}"); fi
  done
  python3 interop/services.py --bin "$build/release/bin" "${asking[@]}" --counts "$counts"
  if have systemd-socket-activate && have tinyproxy; then
    python3 interop/production.py --bin "$build/release/bin" --protos examples/greet "${guard[@]}" --counts "$counts"
  else
    skip "socket activation and a proxy: systemd-socket-activate or tinyproxy is not here"
  fi
  if have chromium; then
    python3 interop/browser.py --bin "$build/release/bin" --chromium chromium --counts "$counts"
  else
    skip "a browser's preflight: chromium is not here"
  fi
}

# run_conformance_suite ARG OF conformance/run.py…
run_conformance_suite() {
  python3 conformance/run.py --runner "$(judge_program connectconformance)" --counts "$counts" "$@"
}

# run_conformance PRESET CONFIG [FLAG OF THE PROGRAMS…] — both modes.
run_conformance() {
  local bin=$build/$1/bin config=conformance/$2 mode
  shift 2
  install_judge connectconformance || { skip "$judge_fault"; return; }
  if [[ ! -x $bin/conformance_server ]]; then
    skip "the build made no conformance_server (go was not there when it was configured)"
    return
  fi
  for mode in server client; do
    run_conformance_suite --config "$config" --mode "$mode" -- "$bin/conformance_$mode" "$@"
  done
}

part_budget() {
  run_python_tests bench/budget_test.py
  run_python_tests bench/peers/harness_test.py
  have valgrind || { skip "budget: valgrind is not here"; return; }
  build_preset release bench_budget || return 1
  python3 bench/budget.py --program "$build/release/bin/bench_budget" --counts "$counts"
}

part_conformance() {
  run_conformance release http12.yaml
  run_conformance release http12_gzip.yaml --blocking
}

# run_sanitized_conformance PRESET [FLAG…] — a report is a failure even where the suite does not notice it.
run_sanitized_conformance() {
  local reports=$build/logs/reports-$1 preset=$1 report
  shift
  rm -rf "$reports"
  mkdir -p "$reports"
  set_sanitizer_options
  export ASAN_OPTIONS+=:log_path=$reports/asan UBSAN_OPTIONS+=:log_path=$reports/ubsan TSAN_OPTIONS+=:log_path=$reports/tsan
  run_conformance "$preset" http12_gzip.yaml "$@"
  for report in "$reports"/*; do
    [[ -s $report ]] || continue
    head -c 20000 "$report"
    count 0 1 0
  done
}

part_conformance-asan() { run_sanitized_conformance asan; }

part_conformance-tsan() {
  build_preset tsan conformance_server conformance_client || return 1
  run_sanitized_conformance tsan --loops 4
  run_sanitized_conformance tsan --blocking
}

part_h2spec() {
  install_judge h2spec || { skip "$judge_fault"; return; }
  python3 tools/h2spec.py --judge "$(judge_program h2spec)" --counts "$counts" -- "$build/release/bin/h2spec_server"
}

part_backpressure() { tests/backpressure/run.py --bin "$build/release/bin" --counts "$counts" || true; }

part_rolling() {
  "$build/release/bin/rolling_restart" --rate 2000 --seconds 60 --replacements 3 && count 1 0 0 || count 0 1 0
}

part_conformance-repeat() {
  local round
  for round in 1 2 3; do
    printf 'round %s\n' "$round"
    part_conformance
  done
}
