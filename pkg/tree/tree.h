/* tree: what makes one tree of files into another, as the layer of an image.
 *
 * Both trees are file systems of images, mounted where we run: names, kinds, modes, owners, contents,
 * links and capabilities are compared, and what differs goes into a layer, whole file by whole file;
 * what is gone becomes a whiteout (image-spec layer.md). Put on top of the old tree, the layer gives
 * the new one, but for one thing: a file whose content did not change keeps its older mtime, since
 * otherwise a copy made again would travel whole. A Python source is the exception when bytecode of it
 * travels: bytecode names the mtime of its source.
 *
 * What layers do not hold is not compared: times below a second, sockets, extended attributes other
 * than security.capability (moby pkg/archive, containerd archive/tar.go).
 */
#ifndef TREE_TREE_H
#define TREE_TREE_H

#include <stdint.h>

#include "base/err.h"

struct tree_totals {
    size_t entries;      /* of the new tree */
    size_t carried;      /* of them, in the layer, directories above the changed ones included */
    size_t removed;      /* whiteouts */
    uint64_t bytes_read; /* of the new tree's files, to compare them */
};

/* tree_write_layer: the layer goes to out_fd as a tar; nothing at all where no difference is. Reads
 * with that many threads. The trees must not change meanwhile. RW9001_FILE; RW2003_CONTEXT_UNREADABLE
 * for what a layer cannot hold: a name beginning with ".wh.", one longer than TAR_NAME_MAX. */
struct err *tree_write_layer(const char *old_root, const char *new_root, size_t threads, int out_fd,
                             struct tree_totals *out) MUST_USE;

#endif
