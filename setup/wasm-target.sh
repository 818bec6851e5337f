#!/bin/sh
# Brings the target wasm32-unknown-unknown, by the first way that works, and says which one it took:
#   1. it is there; 2. rustup fetches it; 3. Debian's packages, its standard library built here once;
#   4. none of these: one sentence, exit status 1.
# Writes the environment that builds of guests need into the file named by the first argument.
set -eu

target=wasm32-unknown-unknown
environment=$1
scratch=$(dirname "$environment")/wasm-std
debian=/usr/bin/rustc

say() { echo "    $*"; }

# Does the compiler $1 have the target's standard library?
has_target() {
    folder=$("$1" --print target-libdir --target "$target" 2>/dev/null) || return 1
    ls "$folder"/libstd-*.rlib >/dev/null 2>&1
}

# Guests built by another compiler or library do not link with this one's.
remember() {
    mkdir -p "$(dirname "$environment")"
    printf '%s\n' "$@" >"$environment.new"
    if [ -f "$environment" ] && ! cmp -s "$environment.new" "$environment"; then
        rm -rf "$(dirname "$environment")/guests"
    fi
    mv "$environment.new" "$environment"
}

newest_linker() {
    for linker in /usr/bin/wasm-ld-[0-9]*; do
        [ -x "$linker" ] && echo "${linker##*-} $linker"
    done | sort -n | tail -n 1 | cut -d ' ' -f 2
}

debian_is_ready() { has_target "$debian" && [ -n "$(newest_linker)" ]; }

use_debian() {
    remember "export RUSTC=$debian" "export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$(newest_linker)"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
    command -v apt-get >/dev/null || { say "this is not Debian or Ubuntu: there is no apt-get"; return 1; }
    as_root apt-get -qq update || return 1
    # rustc links with the lld of its own LLVM or a newer one.
    lld=$(apt-cache search --names-only '^lld-[0-9]+$' | cut -d ' ' -f 1 | sort -t - -k 2 -n | tail -n 1)
    # rustc-web is the compiler that Debian keeps recent for its browsers.
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -qq install -y --no-install-recommends rustc-web rust-web-src "$lld" >/dev/null
}

# Builds the target's standard library from its sources and puts it where Debian's rustc looks.
build_standard_library() {
    rm -rf "$scratch" && mkdir -p "$scratch/src" && : >"$scratch/src/lib.rs"
    # A workspace of its own, so that ours is not asked about it.
    printf '[package]\nname = "empty"\nedition = "2021"\n[workspace]\n' >"$scratch/Cargo.toml"
    # RUSTC_BOOTSTRAP allows -Zbuild-std on a stable compiler; without bitcode a guest's `lto = true` fails.
    (cd "$scratch" && RUSTC=$debian RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes \
        cargo build --quiet --release -Zbuild-std=std,panic_abort --target "$target" --target-dir built) || return 1
    rm -f "$scratch/built/$target/release/deps/"libempty-*.rlib
    as_root install -D -m 644 -t "$("$debian" --print target-libdir --target "$target")" \
        "$scratch/built/$target/release/deps/"*.rlib || return 1
    rm -rf "$scratch" "$(dirname "$environment")/guests"
}

if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
    echo "Rust is missing: install it from https://rustup.rs, open a new shell and try again." >&2
    exit 1
fi

if has_target rustc; then
    say "$target: it is there ($(rustc --version))"
    remember "# The compiler in PATH has the target."
elif grep -qs "RUSTC=$debian" "$environment" && debian_is_ready; then
    say "$target: it is there, from Debian's packages as before ($($debian --version))"
elif command -v rustup >/dev/null && rustup target add "$target"; then
    say "$target: fetched by rustup ($(rustc --version))"
    remember "# The compiler in PATH has the target."
elif debian_is_ready || {
    say "$target: not from rustup; trying Debian's packages (about 2 minutes)"
    install_packages && build_standard_library
}; then
    say "$target: from Debian's packages, its standard library built here ($($debian --version))"
    use_debian
else
    echo "The Rust target $target could not be installed. Any of these helps:" \
        "(1) a Rust toolchain that has it in PATH," \
        "(2) 'rustup target add $target' where rustup can reach its download server," \
        "(3) as root on Debian or Ubuntu, the packages rustc-web, rust-web-src and lld from a package mirror." >&2
    exit 1
fi
