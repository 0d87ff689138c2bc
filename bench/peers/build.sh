#!/usr/bin/env bash
# build.sh FOLDER [PART…]: builds the peers into FOLDER, outside the tree; nothing that is built already. Parts: grpcpp, tonic,
# connect, ntex, hyper (Rust), go, java, python. What cannot be built is left out, with the reason; the rest goes on.
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

# rust_peer PACKAGE PROGRAM…
rust_peer() {
  need cargo protoc || return 1
  copy rust
  local package=$1
  shift
  BENCH_PROTOS=$(cd "$protos" && pwd) CARGO_TARGET_DIR=$work/rust-target \
    cargo build --release --manifest-path "$work/rust/Cargo.toml" -p "$package" || return 1
  install -D -t "$built/rust" "${@/#/$work/rust-target/release/}"
}
build_tonic() { rust_peer tonic-peer tonic-server tonic-client chat; }
build_connect() { rust_peer connect-peer connect-server connect-client; }
build_ntex() { rust_peer ntex-peer ntex-peer; }
build_hyper() { rust_peer hyper-peer hyper-peer; }

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
  local folder=$1
  case "$1" in tonic | connect | ntex | hyper) folder=rust ;; esac
  find "$here/$folder" "$protos" "$here/build.sh" -type f -not -path '*/__pycache__/*' -print0 | sort -z | xargs -0 cat | sha256sum | cut -c1-16
}

all=(grpcpp tonic connect ntex hyper go java python)
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
    printf '%s: LEFT OUT: %s\n' "$part" "$(grep -v '^ *$' "$work/$part.log" | tail -n 1 | cut -c 1-200)"
    failed+=("$part")
  fi
done
[[ ${#failed[@]} == 0 ]] || printf 'left out: %s\n' "${failed[*]}"
