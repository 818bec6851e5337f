#!/bin/sh
# Runs a command as a container runtime would run it in an image: ROOT is all the files it finds, read-only, it is
# process 1 and an unprivileged user. Wants namespaces of its own around it:
#   unshare --mount --pid --fork sh enter.sh ROOT RUNTIME UID GID WORKDIR VOLUME=FOLDER[:ro]... -- COMMAND...
# With UNMAPPED set, root is root of a user namespace only, and UID stands for whoever made that.
set -eu

root=$1 runtime=$2 uid=$3 gid=$4 workdir=$5
shift 5

onto() {
    mount --bind "$1" "$2"
    [ "${3:-}" = rw ] || mount -o remount,bind,ro "$2"
}

mount --bind "$root" "$root"
# From here on only what a runtime brings along: processes, two devices, and who is who on the network.
# Docker gives more devices and a writable /dev/shm; what does without them does with them.
mount -t proc -o ro,nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=755,nosuid,noexec,size=64k tmpfs "$root/dev"
for device in null urandom; do
    : >"$root/dev/$device"
    onto "/dev/$device" "$root/dev/$device"
done
mount -o remount,bind,ro "$root/dev"
for file in hostname hosts resolv.conf; do
    onto "$runtime/$file" "$root/etc/$file"
done
while [ "$1" != -- ]; do
    volume=${1%%=*} folder=${1#*=}
    case $folder in
    *:ro) onto "${folder%:ro}" "$root$volume" ;;
    *) onto "$folder" "$root$volume" rw ;;
    esac
    shift
done
mount -o remount,bind,ro "$root"
shift

if [ -z "${UNMAPPED:-}" ]; then
    exec unshare --root "$root" --wd "$workdir" --setgid "$gid" --setuid "$uid" "$@"
fi
unset UNMAPPED
exec unshare --user --map-user "$uid" --map-group "$gid" --root "$root" --wd "$workdir" "$@"
