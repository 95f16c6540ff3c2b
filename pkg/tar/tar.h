/* tar: build contexts and layers out, image streams in; no file is ever extracted.
 *
 * Writing: the same entries give the same bytes, on every machine. Owners are numbers and nameless
 * (COPY keeps a context's owners, so those are 0:0, as docker+buildx resets them), times are whole
 * seconds and given by the caller. Headers are plain ustar; an extended (pax) header stands only in
 * front of an entry that needs one (a name too long for ustar, 8 GiB and more, a capability), and in a
 * context never first: BuildKit tells an archive from a Dockerfile by the first 1024 bytes, in which a
 * whole plain header must stand (moby frontend/dockerfile isArchive). Where the first entry needs one,
 * "./" is put in front. A layer has no such entry, which would change the root directory.
 *
 * Reading: one pass over a stream of bytes as they come; every doubt is RW4201_IMAGE_STREAM. What
 * Go's archive/tar, which containerd reads the same stream with, could understand differently is
 * refused.
 */
#ifndef TAR_TAR_H
#define TAR_TAR_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define TAR_NAME_MAX 4096u   /* bytes of a name or a link's target; PATH_MAX of Linux */
#define TAR_HEAD_ROOM 32768u /* bytes that one call may append beside the data it was given */

enum tar_kind {
    TAR_FILE,
    TAR_DIR,
    TAR_SYMLINK,
    TAR_HARDLINK,
    TAR_FIFO, /* these three: writing a layer only */
    TAR_CHAR_DEVICE,
    TAR_BLOCK_DEVICE,
    TAR_OTHER /* reading only: a device, a FIFO */
};

struct tar_entry {
    const char *name; /* relative, "/" between parts */
    enum tar_kind kind;
    uint32_t mode;    /* permission bits, 07777; writing only: 0 when read */
    uint64_t size;    /* bytes of a TAR_FILE; else 0 */
    int64_t mtime_s;  /* seconds since the epoch; writing only */
    const char *link; /* target of a TAR_SYMLINK; name of the entry that a TAR_HARDLINK repeats; else NULL */
    /* Writing a layer only: */
    uint32_t uid, gid;
    uint32_t dev_major, dev_minor; /* of a device */
    const char *capability;        /* the bytes of the extended attribute security.capability; NULL: none */
    size_t capability_len;
};

struct tar_writer;

/* tar_writer_new: appends to sink, which it borrows and which must have room for the data of a
 * call and TAR_HEAD_ROOM (less is a BUG): a caller that pulls adds some data, sends what is in the
 * sink, empties it, and goes on. Nothing is written before the first entry. */
struct err *tar_writer_new(struct buf *sink, struct tar_writer **out) MUST_USE;
/* tar_layer_writer_new: the same for an image's layer, which must have an entry. */
struct err *tar_layer_writer_new(struct buf *sink, struct tar_writer **out) MUST_USE;
/* tar_writer_free: before tar_finish it leaves the sink as it is: a tar without an end. */
void tar_writer_free(struct tar_writer *w);
DEFINE_FREEP(tar_writer)

/* tar_add_entry: begins an entry; the data of the one before must be complete.
 * RW2003_CONTEXT_UNREADABLE: a name that is empty, absolute, has a ".." part, or is longer than
 * TAR_NAME_MAX. RW2004_CONTEXT_CHANGED: the entry before got fewer bytes than its size. After any
 * error of these three the writer adds nothing more, and tar_finish fails: no desynced tar can
 * come out. */
struct err *tar_add_entry(struct tar_writer *w, const struct tar_entry *entry) MUST_USE;
/* tar_add_data: the next bytes of the file begun last; its padding comes with the last of them. RW2004_CONTEXT_CHANGED:
 * more than its size. */
struct err *tar_add_data(struct tar_writer *w, const void *bytes, size_t len) MUST_USE;
/* tar_finish: the end-of-archive blocks. A context without entries gets "./", else it is none for BuildKit. */
struct err *tar_finish(struct tar_writer *w) MUST_USE;

struct tar_reader;

/* tar_reader_new: pull gives the next bytes of the stream, at least one, valid until it is called
 * again; *len 0 is the end of the stream. Its errors are passed on as they are. Plain tar only: no
 * compression is recognised. Never fails. */
struct err *tar_reader_new(struct err *(*pull)(void *ctx, const void **bytes, size_t *len), void *ctx,
                           struct tar_reader **out) MUST_USE;
void tar_reader_free(struct tar_reader *r);
DEFINE_FREEP(tar_reader)

/* tar_read_next: the next entry; what is left of the one before is passed over. *out_more false,
 * and *out untouched: the archive is whole: its two end blocks were there and nothing but zeros
 * behind them. name and link are valid until the next call; a name may come twice, and may be
 * absolute or hold "..": never use one as a path here. RW4201_IMAGE_STREAM: the stream is cut or
 * damaged, is no tar, holds sparse files or kinds of entries that images do not have, or names
 * above TAR_NAME_MAX. */
struct err *tar_read_next(struct tar_reader *r, struct tar_entry *out, bool *out_more) MUST_USE;

/* tar_read_data: the next bytes of this entry; *out_len 0 is the end of the entry. */
struct err *tar_read_data(struct tar_reader *r, void *to, size_t room, size_t *out_len) MUST_USE;

/* tar_plain: the bytes of a stream that may be compressed, by gzip or zstd, as layers are. pull is as in
 * tar_reader_new; tar_plain_read can be such a pull. RW4201_IMAGE_STREAM when it is damaged or cut. */
struct tar_plain;
struct err *tar_plain_new(struct err *(*pull)(void *ctx, const void **bytes, size_t *len), void *ctx,
                          struct tar_plain **out) MUST_USE;
struct err *tar_plain_read(void *plain, const void **bytes, size_t *len) MUST_USE;
void tar_plain_free(struct tar_plain *p);
DEFINE_FREEP(tar_plain)

#endif
