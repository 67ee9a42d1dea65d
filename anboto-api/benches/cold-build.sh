#!/usr/bin/env bash
# A cold debug build of the client beside that of the crate which plain `cargo progenitor` makes from the same contract, with
# the same TLS feature, dependencies included. Both are built as a service would build them: from outside this workspace, whose
# profiles do not count. Needs `cargo install cargo-progenitor --locked`. Prints user + system seconds and
# wall seconds of each build in turn; compare the medians.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cargo progenitor -i "$root/spec/anboto-trading-api-2.0.yml" -o "$work/plain" -n anboto-plain -v 0.1.0 >/dev/null 2>&1
sed -i 's/^reqwest = .*features = \[/&"rustls", /' "$work/plain/Cargo.toml"
mkdir -p "$work/ours/src"
touch "$work/ours/src/lib.rs"
cat >"$work/ours/Cargo.toml" <<TOML
[package]
name = "ours"
version = "0.1.0"
edition = "2024"

[dependencies]
anboto-api = { path = "$root/anboto-api" }
TOML
cp "$root/Cargo.lock" "$work/ours/Cargo.lock"
(cd "$work/ours" && cargo metadata --format-version 1 >/dev/null 2>&1)
# The same versions on both sides.
cp "$root/Cargo.lock" "$work/plain/Cargo.lock"
(cd "$work/plain" && cargo metadata --format-version 1 >/dev/null 2>&1)
cargo fetch --quiet --manifest-path "$root/Cargo.toml"
TIMEFORMAT='%U %S %R'
measure() { # name, manifest, package
  rm -rf "$work/target"
  local times
  times=$({ time CARGO_TARGET_DIR="$work/target" cargo build --quiet --manifest-path "$2" -p "$3" >&2; } 2>&1 | tail -1)
  echo "$times" | awk -v name="$1" '{ printf "%-8s cpu %7.1f s   wall %7.1f s\n", name, $1 + $2, $3 }'
}
for _ in $(seq "${1:-3}"); do
  measure plain "$work/plain/Cargo.toml" anboto-plain
  measure ours "$work/ours/Cargo.toml" ours
done
