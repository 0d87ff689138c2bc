#!/usr/bin/env bash
# build.sh FOLDER [PART…]: builds the peers into FOLDER, outside the tree; nothing that is built already. Parts: grpcpp, rust,
# go, java, python. What cannot be built is left out, with the reason; the rest goes on.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
protos=$here/../proto
[[ $# -gt 0 ]] || { printf 'usage: build.sh FOLDER [PART…]\n' >&2; exit 2; }
mkdir -p "$1"
built=$(cd "$1" && pwd)
shift
work=$built/work
mkdir -p "$work"

need() {
  local program
  for program in "$@"; do
    command -v "$program" > /dev/null 2>&1 || { printf '%s is not here\n' "$program" >&2; return 1; }
  done
}

# copy NAME — the sources, for tools that write beside them.
copy() {
  mkdir -p "$work/$1"
  cp -a "$here/$1/." "$work/$1/"
}

build_grpcpp() {
  need cmake protoc grpc_cpp_plugin g++ || return 1
  cmake -S "$here/grpcpp" -B "$work/grpcpp-build" -D BENCH_PROTOS="$protos" &&
    cmake --build "$work/grpcpp-build" -j 2 &&
    install -D -t "$built/grpcpp" "$work"/grpcpp-build/grpcpp_{server,client}
}

# All in one go, so that they share what they depend on; one that does not build keeps none of the others away.
build_rust() {
  need cargo protoc || return 1
  copy rust
  local status=0 program
  BENCH_PROTOS=$(cd "$protos" && pwd) CARGO_TARGET_DIR=$work/rust-target \
    cargo build --release --workspace --keep-going --manifest-path "$work/rust/Cargo.toml" || status=$?
  for program in tonic-server tonic-client chat connect-server connect-client ntex-peer hyper-peer; do
    if [[ -x $work/rust-target/release/$program ]]; then
      install -D -t "$built/rust" "$work/rust-target/release/$program"
    fi
  done
  return "$status"
}

build_go() {
  need go protoc || return 1
  copy go
  (
    cd "$work/go"
    mkdir -p "$work/go-tools"
    go build -o "$work/go-tools/" google.golang.org/protobuf/cmd/protoc-gen-go \
      google.golang.org/grpc/cmd/protoc-gen-go-grpc connectrpc.com/connect/cmd/protoc-gen-connect-go &&
      PATH=$work/go-tools:$PATH protoc -I "$protos" --go_out=. --go_opt=module=bench/gen --go-grpc_out=. \
        --go-grpc_opt=module=bench/gen --connect-go_out=. --connect-go_opt=module=bench/gen bench/v1/echo.proto &&
      mkdir -p "$built/go" && go build -trimpath -ldflags='-s -w' -o "$built/go/" ./cmd/...
  )
}

build_java() {
  need mvn javac || return 1
  copy java
  mkdir -p "$work/java/src/main/proto/bench/v1"
  cp "$protos/bench/v1/echo.proto" "$work/java/src/main/proto/bench/v1/"
  (cd "$work/java" && mvn --quiet --batch-mode package) || return 1
  rm -rf "$built/java"
  mkdir -p "$built/java"
  cp "$work/java/target/peer.jar" "$built/java/" && cp -r "$work/java/target/lib" "$built/java/lib"
}

build_python() {
  need python3 || return 1
  python3 -m venv "$built/python" && "$built/python/bin/pip" install --quiet -r "$here/python/requirements.txt" || return 1
  mkdir -p "$built/python/generated"
  PATH=$built/python/bin:$PATH "$built/python/bin/python" -m grpc_tools.protoc -I "$protos" \
    --python_out="$built/python/generated" --grpclib_python_out="$built/python/generated" \
    --connectrpc_out="$built/python/generated" --connectrpc_opt=protobuf=google bench/v1/echo.proto
}

# source_hash PART — of all that a part is built from.
source_hash() {
  find "$here/$1" "$protos" "$here/build.sh" -type f -not -path '*/__pycache__/*' -print0 | sort -z | xargs -0 cat | sha256sum | cut -c1-16
}

# why LOG — the first line that speaks of an error, or else the last.
why() { { grep -m 1 -iE 'error|is not here' "$1" || tail -n 1 "$1"; } | sed 's/\x1b\[[0-9;]*m//g' | cut -c 1-200; }

all=(grpcpp rust go java python)
[[ $# -gt 0 ]] || set -- "${all[@]}"
failed=()
for part in "$@"; do
  [[ " ${all[*]} " == *" $part "* ]] || { printf 'no part "%s"; there are: %s\n' "$part" "${all[*]}" >&2; exit 2; }
  mark=$work/$part.built
  hash=$(source_hash "$part")
  [[ ! -f $mark || $(< "$mark") != "$hash" ]] || { printf '%s: built already\n' "$part"; continue; }
  printf '%s: building (log: %s)\n' "$part" "$work/$part.log"
  started=$SECONDS
  if "build_$part" > "$work/$part.log" 2>&1; then
    printf '%s' "$hash" > "$mark"
    printf '%s: built in %s s\n' "$part" "$((SECONDS - started))"
  else
    printf '%s: LEFT OUT: %s\n' "$part" "$(why "$work/$part.log")"
    failed+=("$part")
  fi
done
[[ ${#failed[@]} == 0 ]] || printf 'left out: %s\n' "${failed[*]}"
