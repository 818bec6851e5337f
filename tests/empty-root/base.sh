#!/bin/sh
# Lays out the files of gcr.io/distroless/cc-debian12:nonroot in an empty folder, without a container engine:
#   base.sh FOLDER PACKAGES BINARY
# From the Debian packages that the image is made of (kept in PACKAGES) and the few files that it adds. Where these
# cannot be had, or this is not Debian 12 and BINARY is linked with another glibc, from the machine's own libraries.
set -eu

root=$1 packages=$2 binary=$3
# The image's own lists: static, base and cc.
made_of="base-files netbase tzdata media-types ca-certificates libc6 libssl3 libgomp1 libstdc++6 libgcc-s1 gcc-12-base"

say() { echo "    $*"; }

fetch() {
    [ -f "$packages/complete" ] && return
    rm -rf "$packages" && mkdir -p "$packages"
    # Where root downloads, apt's own user must be let in.
    chmod 777 "$packages"
    # shellcheck disable=SC2086 # a list of words
    (cd "$packages" && apt-get -qq download $made_of) 2>"$packages/trouble" || {
        say "the packages cannot be fetched: $(tail -n 1 "$packages/trouble")"
        return 1
    }
    : >"$packages/complete"
}

unpack() {
    for package in "$packages"/*.deb; do
        case $(basename "$package") in
        # Of this one the image takes the certificates, as one file.
        ca-certificates_*)
            mkdir -p "$packages/certificates" "$root/etc/ssl/certs"
            dpkg-deb -x "$package" "$packages/certificates"
            cat "$packages/certificates/usr/share/ca-certificates/mozilla/"*.crt \
                >"$root/etc/ssl/certs/ca-certificates.crt"
            ;;
        *) dpkg-deb -x "$package" "$root" ;;
        esac
    done
}

# What the loader would take here, under the same names.
own_libraries() {
    ldd "$binary" | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
    mkdir -p "$root/etc/ssl/certs" "$root/proc" "$root/dev"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
}

folder() {
    mkdir -p "$root$1" && chmod "$2" "$root$1"
    [ "$(id -u)" -ne 0 ] || chown "$3" "$root$1"
}

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
mkdir -p "$root"
if [ "$codename" = bookworm ] && fetch; then
    unpack
    say "base: $(cd "$packages" && ls ./*.deb | sed 's|^\./||; s/_[a-z0-9]*\.deb$//; s/_/ /' | paste -sd ,)"
else
    own_libraries
    say "base: NOT Debian 12's packages but this machine's own libraries, $(ldd --version | head -n 1)"
fi

cat >"$root/etc/passwd" <<END
root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin
END
cat >"$root/etc/group" <<END
root:x:0:
nobody:x:65534:
tty:x:5:
staff:x:50:
nonroot:x:65532:
END
# What is said there of users, services and the rest is looked up by nobody here.
echo "hosts: files dns" >"$root/etc/nsswitch.conf"
mkdir -p "$root/usr/lib"
cat >"$root/usr/lib/os-release" <<END
PRETTY_NAME="Distroless"
NAME="Debian GNU/Linux"
ID="debian"
VERSION_ID="12"
VERSION="Debian GNU/Linux 12 (bookworm)"
HOME_URL="https://github.com/GoogleContainerTools/distroless"
SUPPORT_URL="https://github.com/GoogleContainerTools/distroless/blob/master/README.md"
BUG_REPORT_URL="https://github.com/GoogleContainerTools/distroless/issues/new"
END
folder /tmp 1777 0:0
folder /root 700 0:0
folder /home 755 0:0
folder /home/nonroot 700 65532:65532
