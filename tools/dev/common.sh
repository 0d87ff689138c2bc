# What every part of ./dev uses: speech, caches, paths.
build=$root/build
logs=$build/logs
cache=${XDG_CACHE_HOME:-$HOME/.cache}/connect-cpp
cores=$(nproc)

# Objects of one clone serve another: paths below the root do not count.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
warn() { printf '\033[1m!!\033[0m  %s\n' "$*" >&2; }
fail() {
  warn "$*"
  exit 1
}
if [[ ! -t 1 ]]; then
  say() { printf '==> %s\n' "$*"; }
  warn() { printf '!!  %s\n' "$*" >&2; }
fi

have() { command -v "$1" > /dev/null 2>&1; }
in_ci() { [[ ${CI:-} == true ]]; }

# Our C++ sources, those not yet committed included; what the generator wrote is not ours to format.
our_sources() { git ls-files -co --exclude-standard -- '*.h' '*.cc' ':!tests/golden/cases' | while read -r file; do [[ -f $file ]] && printf '%s\n' "$file"; done; }
