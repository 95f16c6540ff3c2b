#!/bin/sh
# What a session does in a node, see session.h: run by `sh -c`, embedded in rwml.
#
# Arguments: the config digest, the two full names, "ask" or "". What is imported or pulled then may be another
# image, whose digest and content name come with the order. Output: what the node has, see holdings.h, and unless
# it was only asked, in a line "names", what CRI has under the names, "-" for nothing; then a dot.
#
# A program of Go takes 20 ms of a processor to start, so there are as few as can be, side by side.
want=$1 ref=$2 content=$3 mode=$4

# What CRI has under the two names: a and b.
look() {
  all=$(crictl images --no-trunc 2>&1) || { printf '%s\n' "$all" >&2; exit 1; }
  a=- b=-
  while read -r repo tag id _; do
    [ "$repo:$tag" != "$ref" ] || a=$id
    [ "$repo:$tag" != "$content" ] || b=$id
  done <<END
$all
END
}

# The configuration that kind writes is read where it stands alone; containerd's own words for it cost 60 ms. The
# snapshotter's key stands at different places in versions 2 and 3, but is the first of its kind that has a
# value in both.
read_configuration() {
  snapshotter='' root='' imports=''
  while IFS='= ' read -r key value; do
    value=${value#[\"\']}; value=${value%%[\"\']*}
    case $key in
    imports) imports=$value ;;
    snapshotter) snapshotter=${snapshotter:-$value} ;;
    root) root=${root:-$value} ;;
    esac
  done
}
configuration() {
  file=/etc/containerd/config.toml
  [ ! -r $file ] || read_configuration <$file
  [ -z "$snapshotter" ] || [ -n "$imports" ] || return 0
  read_configuration <<END
$(containerd config dump)
END
}

# The second name, where that is not there yet. ctr names an image when its blobs are there and unpacks it then, so
# names prove nothing without the snapshot of the whole chain. An archive may have the reference only: then the
# content name is set behind the unpacking. CRI learns of names by events of containerd, some milliseconds after ctr
# has returned.
name() {
  look
  [ "$a $b" = "$want $want" ] || ctr -n k8s.io images tag --force "$1" "$2" >/dev/null || exit 1
  tries=0
  while [ "$a $b" != "$want $want" ]; do
    [ $tries -lt 100 ] || { echo "other $ref is $a, $content is $b"; exit 1; }
    tries=$((tries + 1)); sleep 0.05; look
  done
  echo 'done'
  exit 0
}

# A pull gives the image one name more, by the manifest's digest, that belongs to nobody: it goes, so that an image
# is the same whichever way it came. crictl tells twice why it cannot pull, the second time behind "msg=".
drop_digest() {
  ctr -n k8s.io images ls "name==$content" | while read -r name _ digest _; do
    [ "$name" != "$content" ] || ctr -n k8s.io images rm "${content%:*}@$digest"
  done >/dev/null 2>&1
}
pull() {
  says=$(crictl pull "$content" 2>&1) || { printf '%s\n' "${says##*msg=}" >&2; return 1; }
  look
  [ "$b" = "$want" ] || { echo "other $content is $b"; exit 1; }
  drop_digest
}

# What failed leaves no name of its own behind.
unname() {
  sleep 0.2; look 2>/dev/null
  [ "$a" = "$want" ] || ref=
  [ "$b" = "$want" ] || content=
  [ -z "$ref$content" ] || ctr -n k8s.io images rm ${ref:+"$ref"} ${content:+"$content"} >/dev/null 2>&1
}

# ctr holds what it writes by a lease of 24 hours, and gives it back when it ends, but not when it is killed or
# containerd is away by then. ctr tells nobody which lease it is. So the time of each import is noted in a file until
# it has ended well, and a lease that was made right then goes: when containerd has begun anew since, for all who made
# one before are gone, or else when it is the only one. An id begins with the nanoseconds of its time (containerd
# leases/id.go).
since_of() { read -r since <"$1" && [ -n "$since" ]; }
born() { date -r /run/containerd/containerd.sock +%s%N; }
leases_of() {
  before='' after=''
  while read -r id at _; do
    case $id in [0-9]*-*) ;; *) continue ;; esac
    made=$(date -d "$at" +%s)$(printf %09d "${id%%-*}")
    if [ "$made" -lt "$since" ] || [ "$made" -gt $((since + 10000000000)) ]; then continue; fi
    if [ "$made" -lt "$born" ]; then before="$before $id"; else after="$after $id"; fi
  done
  # shellcheck disable=SC2086 # one word for each lease
  set -- $after
  [ $# = 1 ] || after=
  echo "$before$after"
}
give_back() {
  since_of "$1" && all=$(ctr -n k8s.io leases ls) && born=$(born) || return
  ids=$(leases_of <<END
$all
END
  )
  # shellcheck disable=SC2086 # one word for each lease
  [ -z "$ids" ] || ctr -n k8s.io leases rm --sync $ids >/dev/null
} 2>/dev/null
mark=/var/tmp/rwml-import
give_back_of_the_dead() {
  for file in "$mark".*; do
    if [ ! -e "$file" ] || grep -qs "$mark" "/proc/${file##*.}/cmdline"; then continue; fi
    give_back "$file" && rm -f "$file"
  done
}
gave_back() { [ $code -lt 128 ] && since_of $mark.$$ && [ "$(born)" -lt "$since" ]; } 2>/dev/null
import() {
  date +%s%N >$mark.$$
  ctr -n k8s.io images import --snapshotter "$snapshotter" - >&2
  code=$?
  [ $code = 0 ] || gave_back || give_back $mark.$$ || return $code
  rm -f $mark.$$
  return $code
}

# ctr tells sizes for people only, so they come from the files; a file that containerd does not count as a blob of
# this namespace is found out by the import, and the node is asked again. CRI knows an image by its configuration:
# where that is no blob of the node, CRI need not be asked.
a=- b=- known=1
if [ "$mode" != ask ]; then
  give_back_of_the_dead
  snapshotter='' root='' imports=''
  configuration 2>/dev/null
  ctr -n k8s.io snapshots --snapshotter "${snapshotter:=overlayfs}" ls 2>/dev/null &
  blobs=${root:-/var/lib/containerd}/io.containerd.content.v1.content/blobs/sha256
  sizes=$(cd "$blobs" && stat -c 'size %s sha256:%n' -- *) 2>/dev/null
  [ ! -d "$blobs" ] || [ -e "$blobs/${want#sha256:}" ] || known=
fi
[ -z "$known" ] || look
wait
printf '%s\n' "$sizes" "names $a $b" .
[ "$mode" != ask ] || exit 0
read -r verb want content || exit 0
case $verb in
import) import && name "$ref" "$content" ;;
pull) pull && name "$content" "$ref" ;;
esac
unname
exit 1
