#!/bin/sh
# The stages of `make test`, each a function below, run in order with its seconds printed; the first failure ends
# the run. Tests append what they skip to $VECTORD_SKIPS (tests/README.md), and the list stands at the end.
# Usage, through the Makefile: tests/stages.sh all | STAGE...
set -u
cd "$(dirname "$0")/.." || exit 1

PYTHON=.venv/bin/python
ALL="fmt ruff clippy rust bugs rust-doc loom wheel pytest readme notebooks mypy stubtest"

fmt()           { cargo fmt --check; }
clippy()        { cargo clippy --locked --all-targets --features python -- -D warnings; }
tidy()          { cargo test --locked --quiet --test tidy; }
rust()          { cargo test --locked --lib --bins --tests; }
# Known bugs put back in: the simulation must find each.
bugs()          { cargo test --locked --features bugs --test simulation bugs; }
rust_doc()      { cargo test --locked --doc; }

# Only graph/arena.rs is modelled, in a package of its own (tests/loom).
loom()          { cargo test --locked --quiet --manifest-path tests/loom/Cargo.toml --target-dir target/loom --lib; }

# Memory errors in the unsafe code under metric/ and graph/, by AddressSanitizer, which stable toolchains hide behind a flag.
# Everything is compiled anew for it, in about five minutes: a stage of `make soak`.
sanitizer() {
  if [ "$(uname -sm)" != "Linux x86_64" ]; then
    echo "sanitizer: needs Linux on x86_64" | tee -a "$VECTORD_SKIPS"
    return 0
  fi
  RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address cargo test --locked --target x86_64-unknown-linux-gnu \
    --target-dir target/sanitizer --no-default-features --lib --test graph
}

wheel()     { make --no-print-directory wheel; }
# The command as the Rust tests have it: built by itself it would have other features of its dependencies, compiled anew.
pytest()    { cargo test --locked --quiet --no-run --test tidy && python_tests --ignore-glob='*/test_readme.py' --ignore-glob='*/test_notebooks.py'; }
readme()    { python_tests tests/python/test_readme.py; }
notebooks() { python_tests tests/python/test_notebooks.py; }
ruff()      { $PYTHON -m ruff check . && $PYTHON -m ruff format --check .; }
mypy()      { $PYTHON -m mypy python/vectord tests/python benches; }
# Outside the tree, so that the extension of the installed wheel is compared with the stub of the installed wheel.
stubtest()  { (cd target && "../$PYTHON" -m mypy.stubtest vectord._vectord); }

python_tests() { $PYTHON -m pytest --quiet "$@"; }

[ "${1-all}" = all ] && set -- $ALL
mkdir -p target
# What is compiled once and thrown away needs no pieces to go on from.
[ -n "${CI-}" ] && export CARGO_INCREMENTAL=0
VECTORD_SKIPS="$PWD/target/skips.txt"
export VECTORD_SKIPS
: >"$VECTORD_SKIPS"

seconds=""
verdict=0
for stage in "$@"; do
  printf '\n=== %s\n' "$stage"
  begun=$(date +%s)
  "$(echo "$stage" | tr - _)" || verdict=1
  took=$(($(date +%s) - begun))
  [ $verdict -eq 0 ] && word=ok || word=FAILED
  seconds="$seconds$(printf '%6d s  %-14s %s' "$took" "$stage" "$word")
"
  [ $verdict -eq 0 ] || break
done

printf '\n=== seconds per stage\n%s' "$seconds"
if [ -s "$VECTORD_SKIPS" ]; then
  printf '\n=== skipped on this machine\n'
  sort -u "$VECTORD_SKIPS"
fi
for name in $(echo "${VECTORD_REQUIRE-}" | tr , ' '); do
  if grep -q "^$name:" "$VECTORD_SKIPS"; then
    echo "required by VECTORD_REQUIRE, but skipped: $name" >&2
    verdict=1
  fi
done
exit $verdict
