#!/usr/bin/env bash
# `make test-trixie`: builds this checkout in a Debian 13 chroot, whose compilers and libraries are
# newer, and runs lint and the unit tests there. Needs root (or sudo) and mmdebstrap. The chroot is
# kept in the lab's cache; the checkout is copied into it, so nothing here changes owner. Ends with
# "N passed, N failed, N skipped".
. "$(dirname "$0")/../lab/common.sh"
TREE=$LAB_CACHE/trixie

make_tree() {
    as_root test ! -e "$TREE/.made" || return 0
    say "making a Debian 13 chroot in $TREE, about a minute"
    local mirror
    mirror=$(debian_mirror)
    as_root rm -rf "$TREE"
    as_root mkdir -p "$TREE"
    as_root mmdebstrap --quiet --variant=minbase --include=ca-certificates \
        --aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' trixie "$TREE" ${mirror:+"$mirror"} >&2
    as_root touch "$TREE/.made"
}

# Everything but build/, which the last run left there for this one.
copy_checkout() {
    as_root mkdir -p "$TREE/srv/rwml"
    as_root find "$TREE/srv/rwml" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
    git -C "$CHECKOUT" ls-files -z -co --exclude-standard | (cd "$CHECKOUT" && xargs -0 ls -d 2>/dev/null) |
        tar -C "$CHECKOUT" -c --no-recursion -T - | as_root tar -x --no-same-owner -C "$TREE/srv/rwml"
}

# A mount and process namespace of its own: nothing stays mounted, no process outlives this.
inside() { # COMMAND...
    # shellcheck disable=SC2016 # expands in the inner shell
    as_root unshare --mount --pid --fork sh -ec '
        tree=$1 && shift
        mount -t proc proc "$tree/proc"
        mount --rbind /dev "$tree/dev"
        ! [ -f /etc/resolv.conf ] || cp -L /etc/resolv.conf "$tree/etc/resolv.conf"
        exec chroot "$tree" env -C /srv/rwml HOME=/root LC_ALL=C.UTF-8 \
            CCACHE_DIR=/var/cache/ccache CCACHE_MAXSIZE=2G \
            PATH=/usr/lib/ccache:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$TREE" "$@"
}

case ${1:-} in
-h | --help) print_header "$0" && exit 0 ;;
esac
"$CHECKOUT/scripts/packages.sh" lab
[ -e "$LAB_CACHE" ] || prepare_cache
make_tree
copy_checkout
inside scripts/packages.sh build lint test
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for target in lint unit; do
    inside make --no-print-directory "$target" || echo "make $target ended with exit code $?"
done | tee "$log"
awk '/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { good += $1; bad += $3; left += $5; lanes++ }
     END { bad += 2 - lanes; printf "%d passed, %d failed, %d skipped\n", good, bad, left; exit bad > 0 }' "$log"
