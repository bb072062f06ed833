#!/usr/bin/env bash
# Makes the Debian package, installs it with apt into a clean Debian chroot of this machine's release and uses it there.
# Needs root and debootstrap (and dpkg-dev, for the package's dependencies). Takes two minutes.
# Usage: tests/long/deb.sh
set -euo pipefail
tree=$(realpath "$(dirname "$0")/../..")

if [[ ${1:-} != --inside ]]; then
    for program in debootstrap dpkg-shlibdeps; do
        command -v $program >/dev/null || { echo "deb.sh: $program is missing (apt-get install debootstrap dpkg-dev)" >&2; exit 2; }
    done
    directory=$(mktemp -d)
    trap 'rm -rf --one-file-system "$directory"' EXIT
    unshare --mount --pid --fork --kill-child "$(realpath "$0")" --inside "$directory"
    exit
fi

directory=$2 root=$2/root
cmake -S "$tree" -B "$directory/build" -D BUILD_TESTING=OFF >"$directory/log"
cmake --build "$directory/build" -j "$(nproc)" >>"$directory/log"
(cd "$directory/build" && cpack >>"$directory/log" 2>&1) || { cat "$directory/log"; exit 1; }
package=("$directory"/build/picky_*.deb)

# shellcheck disable=SC2016  # apt-get's variable
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -1)
release=$(. /etc/os-release && echo "$VERSION_CODENAME")
debootstrap --variant=minbase "$release" "$root" "$mirror" >>"$directory/log" 2>&1 || { tail "$directory/log"; exit 1; }
mount -t proc proc "$root/proc"
mount --rbind --make-rslave /sys "$root/sys"
mount --rbind --make-rslave /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
cp /etc/resolv.conf "$root/etc/resolv.conf"
cp "${package[0]}" "$root/tmp/picky.deb"

# With its dependencies and recommendations, and nothing else; used by an ordinary user.
chroot "$root" env -i HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin bash -euc '
apt-get install -y -qq /tmp/picky.deb >/dev/null
useradd -m user'
# shellcheck disable=SC2016  # for the shell inside
chroot "$root" env -i HOME=/home/user LANG=C.UTF-8 PATH=/usr/bin:/bin setpriv --reuid=user --regid=user --clear-groups bash -euxc '
cd "$HOME"
picky --version
mpirun -n 2 --oversubscribe --bind-to none picky run /usr/share/picky/sweeps/seed.cfg --set replicates=3 -o seed.h5
picky status seed.h5
picky-analyse summary seed.h5 >/dev/null
picky-analyse plot ri seed.h5 -o ri.svg
test -s ri.svg
zcat -f /usr/share/man/man1/picky.1* | grep -q "SH picky run"
zcat -f /usr/share/man/man1/picky-analyse.1* | grep -q "SH NAME"
test -s /usr/share/bash-completion/completions/picky-analyse
ls /usr/share/picky/jobscripts/*.sbatch'
echo "The package works."
