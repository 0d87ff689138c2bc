# Configure, build, format, lint, benchmarks.

# build_preset PRESET [TARGET…]
build_preset() {
  local preset=$1
  shift
  grep -q "\"name\": \"$preset\"" "$root/CMakePresets.json" || fail "no CMake preset \"$preset\""
  if [[ ! -f $build/$preset/build.ninja ]]; then
    say "configuring $preset in build/$preset"
    cmake --preset "$preset" || return 1
  fi
  say "building $preset with $cores jobs$(have ccache && printf ' and ccache')"
  cmake --build "$build/$preset" -j "$cores" ${1:+--target "$@"} || return 1
  [[ $# -gt 0 ]] || say "programs: build/$preset/bin"
}

format_sources() {
  local mode=(-i)
  [[ ${1:-} == --check ]] && mode=(--dry-run -Werror)
  our_sources | xargs -r -n 16 -P "$cores" clang-format-19 "${mode[@]}" || return 1
  say "clang-format: $(our_sources | wc -l) files$([[ ${1:-} == --check ]] && printf ' are as they should be')"
}

# lint_sources [FILE…] — the checks of .clang-tidy on every .cc we build, and on our headers through them.
lint_sources() {
  build_preset clang || return 1
  python3 tools/lint.py --build "$build/clang" --jobs "$cores" "$@"
}

# run_bench [peers|budget] [ARG…]
run_bench() {
  case ${1:-} in
    peers | budget)
      local what=$1
      shift
      "run_bench_$what" "$@"
      return
      ;;
  esac
  build_preset release micro_bench || return 1
  "$build/release/bin/micro_bench" "$@"
}

# run_bench_budget [ARG OF bench/budget.py…]
run_bench_budget() {
  build_preset release bench_budget || return 1
  python3 bench/budget.py --program "$build/release/bin/bench_budget" "$@"
}

# run_bench_peers [--no-build] [ARG OF bench/peers/run.py…] — peers are built once into the user's cache; one that cannot
# be built here is left out, and a line says why. Ours takes in what it is built on, as all peers do.
run_bench_peers() {
  local peers=$cache/peers
  setup_packages peers
  build_preset archives bench_server bench_client || return 1
  if [[ ${1:-} == --no-build ]]; then
    shift
  else
    say "building the peers into $peers (once)"
    bench/peers/build.sh "$peers" || return 1
  fi
  python3 bench/peers/run.py --ours "$build/archives/bin" --built "$peers" --out "$build/bench" "$@" || return 1
  say "the report: build/bench/report.md, report.json, report.svg"
}

run_demo() {
  build_preset release greet_server greet_client greet_demo || return 1
  examples/greet/demo.sh "$build/release/bin" "$@"
}
