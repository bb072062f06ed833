#!/usr/bin/env bash
# Builds and tests the working tree on Debian 13 (Open MPI 5 with ULFM, HDF5 1.14, gcc 14), warnings being errors: in a
# chroot that debootstrap makes from the mirror that this machine's apt uses. Needs root. Takes minutes.
# Usage: tests/debian13.sh [FOLDER [CTEST_ARGUMENT...]]
# The chroot is kept in FOLDER and used again if it is there; it is temporary if FOLDER is missing or "". The exit code is
# that of the tests.
set -euo pipefail
tree=$(realpath "$(dirname "$0")/..")

stop() {
    echo "debian13.sh: $*" >&2
    exit 2
}

# Everything runs in namespaces of its own: mounts and processes end with it.
if [[ ${1:-} != --inside ]]; then
    ((EUID == 0)) || stop "a chroot needs root"
    command -v debootstrap >/dev/null || stop "debootstrap is missing (apt-get install debootstrap)"
    folder=${1:-} code=0
    shift $(($# > 0))
    if [[ -z $folder ]]; then
        folder=$(mktemp -d)/trixie
        trap 'rm -rf --one-file-system "${folder%/trixie}"' EXIT
    fi
    unshare --mount --pid --fork --kill-child "$(realpath "$0")" --inside "$(realpath -m "$folder")" "$@" || code=$?
    exit "$code"
fi

root=$2
shift 2
if [[ ! -e $root ]]; then
    # shellcheck disable=SC2016  # apt-get's variable
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -1)
    echo "Debian 13 from $mirror into $root"
    rm -rf --one-file-system "$root.part"
    mkdir -p "$(dirname "$root")"
    debootstrap --variant=minbase trixie "$root.part" "$mirror" >"$root.log" 2>&1 || {
        tail -20 "$root.log" >&2
        stop "debootstrap failed"
    }
    rm "$root.log"
    mv "$root.part" "$root"
fi
[[ $(cat "$root/etc/debian_version" 2>/dev/null) == 13* ]] || stop "$root: not a Debian 13 root"
mount --bind "$root" "$root" # a root that is no mount point cannot unshare mounts, which tests/slurm/cluster.sh does
mount -t proc proc "$root/proc"
mount --rbind --make-rslave /sys "$root/sys"
mount --rbind --make-rslave /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
cp /etc/resolv.conf /etc/hosts "$root/etc/"

# The working tree.
rm -rf "$root/picky"
mkdir "$root/picky"
git -C "$tree" ls-files --cached --others --exclude-standard -z |
    while IFS= read -r -d '' file; do [[ ! -e $tree/$file ]] || printf '%s\0' "$file"; done |
    tar -C "$tree" -c --null -T - | tar -C "$root/picky" -x --no-same-owner

code=0
chroot "$root" env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin CI=true \
    /picky/test.sh "$@" || code=$?
# shellcheck disable=SC2016  # dpkg-query's variables
echo "Debian $(cat "$root/etc/debian_version"), $(chroot "$root" dpkg-query -W -f='${Package} ${Version}, ' \
    gcc clang libopenmpi-dev libhdf5-dev libconfig-dev python3-h5py)ctest's exit code $code"
exit "$code"
