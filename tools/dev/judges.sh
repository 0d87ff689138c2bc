# The judges: installed once into the user's cache, by pinned version (tools/judges.txt).
judges=${CONNECTRPC_JUDGES:-$cache/judges}

# judge_program NAME — prints where the pinned version of NAME is, or would be.
judge_program() {
  local program kind what
  while read -r program kind what; do
    [[ $program == "$1" ]] || continue
    if [[ $kind == npm ]]; then
      printf '%s\n' "$judges/$program-${what##*@}/node_modules/.bin/$program"
    else
      printf '%s\n' "$judges/$program-${what##*@}/$program"
    fi
    return 0
  done < "$root/tools/judges.txt"
  fail "no judge \"$1\" in tools/judges.txt"
}

# no_judge WHY — says it, and leaves it in judge_fault for who counts.
no_judge() {
  judge_fault=$1
  warn "$1"
}

# install_judge NAME — quick if it is there. Returns 1 and leaves in judge_fault why if it cannot be.
install_judge() {
  local target program kind what
  target=$(judge_program "$1")
  [[ ! -x $target ]] || return 0
  read -r program kind what < <(grep -E "^$1[[:space:]]" "$root/tools/judges.txt")
  if ! have "$kind"; then
    no_judge "$1 is not installed, and $kind is not here to install it with"
    return 1
  fi
  say "installing $what into $judges (once)"
  local folder=$judges/$program-${what##*@}
  local fresh=$folder.$$
  mkdir -p "$fresh"
  local ok=0
  case "$kind" in
    go) (cd "$fresh" && GOBIN=$fresh timeout 600 go install "$what") || ok=$? ;;
    npm) (cd "$fresh" && printf '{"private": true}\n' > package.json &&
      timeout 600 npm install --silent --no-audit --no-fund --no-save "$what") || ok=$? ;;
  esac
  if [[ $ok != 0 ]]; then
    rm -rf "$fresh"
    no_judge "could not install $what with $kind (see above)"
    return 1
  fi
  rm -rf "$folder"
  mv "$fresh" "$folder"
  if [[ ! -x $target ]]; then
    no_judge "$what installed no $target"
    return 1
  fi
}

# The suite's protos, from its Go module: prints their folder.
conformance_protos() {
  local what
  what=$(sed -n 's/^connectconformance .* \([^ ]*\)\/cmd\/connectconformance@\(.*\)$/\1@\2/p' "$root/tools/judges.txt")
  have go || { warn "go is not here to fetch the conformance suite's protos with"; return 1; }
  # Outside any module of ours, so that none of them is changed.
  (cd / && timeout 300 go mod download -json "$what") | sed -n 's/^.*"Dir": "\(.*\)".*$/\1\/proto/p'
}

# install_npm_packages NAME FOLDER — what the lock file of interop/FOLDER pins; leaves in judge_folder where it is. Returns 1
# and leaves in judge_fault why if it cannot be had.
install_npm_packages() {
  local source=$root/interop/$2
  judge_folder=$judges/$1-$(sha256sum < "$source/package-lock.json" | cut -c1-12)
  if ! have node || ! have npm; then
    no_judge "$1: node and npm are not here to run and install it with"
    return 1
  fi
  [[ ! -d $judge_folder ]] || return 0
  say "installing $1 into $judges (once)"
  local fresh=$judge_folder.$$
  mkdir -p "$fresh"
  if ! (cp "$source/package.json" "$source/package-lock.json" "$fresh" && cd "$fresh" &&
    timeout 600 npm ci --silent --no-audit --no-fund --ignore-scripts); then
    rm -rf "$fresh"
    no_judge "could not install $1 with npm (see above)"
    return 1
  fi
  mv "$fresh" "$judge_folder"
}

# install_python_packages — a virtual environment with what interop/python/requirements.txt pins, into judge_folder. Returns
# 1 and leaves in judge_fault why if it cannot be had.
install_python_packages() {
  local pins=$root/interop/python/requirements.txt
  judge_folder=$judges/python-$( (python3 --version && cat "$pins") | sha256sum | cut -c1-12)
  [[ ! -d $judge_folder ]] || return 0
  say "installing grpclib, grpcio and connect-python into $judges (once)"
  # Made in place: its scripts name the folder.
  if ! (python3 -m venv "$judge_folder" &&
    timeout 900 "$judge_folder/bin/pip" install --quiet --only-binary :all: --no-deps -r "$pins"); then
    rm -rf "$judge_folder"
    no_judge "grpclib, grpcio, connect-python: could not install them with pip (see above)"
    return 1
  fi
}

install_all_judges() {
  local program kind what failed=0
  while read -r program kind what; do
    [[ -z $program || $program == \#* ]] || { install_judge "$program" && say "$program: $(judge_program "$program")"; } || failed=1
  done < "$root/tools/judges.txt"
  install_npm_packages grpc-web-js grpc_web && say "grpc-web.js: $judge_folder" || failed=1
  install_npm_packages connect-node connect_node && say "connect-node: $judge_folder" || failed=1
  install_python_packages && say "grpclib, grpcio, connect-python: $judge_folder" || failed=1
  local protos
  protos=$(conformance_protos) && say "conformance protos: $protos" || failed=1
  [[ $failed == 0 ]] || fail "not every judge could be installed"
}
