#!/bin/sh
# The stages of `make test`, each a function below, run in order with its seconds printed; the first failure ends
# the run. Tests append what they skip to $VECTORD_SKIPS (tests/README.md), and the list stands at the end.
# Usage, through the Makefile: tests/stages.sh all | STAGE...
set -u
cd "$(dirname "$0")/.." || exit 1

PYTHON=.venv/bin/python
ALL="fmt ruff clippy clippy-python rust bugs rust-doc loom wheel pytest readme notebooks mypy stubtest"

fmt()           { cargo fmt --check; }
clippy()        { cargo clippy --locked --all-targets -- -D warnings; }
clippy_python() { cargo clippy --locked --lib --features python -- -D warnings; }
tidy()          { cargo test --locked --quiet --test tidy; }
rust()          { cargo test --locked --lib --bins --tests; }
# Known bugs put back in: the simulation must find each.
bugs()          { cargo test --locked --features bugs --test simulation bugs; }
rust_doc()      { cargo test --locked --doc; }

# Only graph/arena.rs is modelled. The flag has a name of its own because dependencies know `--cfg loom` and would
# leave out what we need of them; the flags reach every crate, hence the second directory.
loom() {
  RUSTFLAGS="--cfg vectord_loom" cargo test --locked --target-dir target/loom --lib --no-default-features loom_ \
    >target/loom.txt 2>&1
  status=$?
  cat target/loom.txt
  [ $status -eq 0 ] && { grep -q '^test result: ok. [1-9]' target/loom.txt || nothing "loom_"; }
}

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
pytest()    { cargo build --locked --quiet --bin vectord && python_tests --ignore-glob='*/test_readme.py' --ignore-glob='*/test_notebooks.py'; }
readme()    { python_tests tests/python/test_readme.py; }
notebooks() { python_tests tests/python/test_notebooks.py; }
ruff()      { $PYTHON -m ruff check . && $PYTHON -m ruff format --check .; }
mypy()      { $PYTHON -m mypy python/vectord tests/python benches; }
# Outside the tree, so that the extension of the installed wheel is compared with the stub of the installed wheel.
stubtest()  { (cd target && "../$PYTHON" -m mypy.stubtest vectord._vectord); }

python_tests() { $PYTHON -m pytest --quiet "$@"; }
nothing()      { echo "no test matched $1" >&2; return 1; }

[ "${1-all}" = all ] && set -- $ALL
mkdir -p target
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
