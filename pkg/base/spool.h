/* spool: bytes that have to wait until it is known what they are for.
 *
 * They are held in memory while the budget that several spools share allows it; else they go to a
 * file without a name, which the kernel removes when the spool is freed or the process ends,
 * however it ends. Spools of one budget may be used by several threads, one spool by one at a time.
 * Fault points: spool.open spool.write spool.read.
 */
#ifndef BASE_SPOOL_H
#define BASE_SPOOL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"

struct spool_budget {
    atomic_size_t left; /* bytes that may still be held in memory */
};

struct spool;

/* spool_new: dir is where a file would lie; it is opened only when one is needed. budget is
 * borrowed. */
struct spool *spool_new(const char *dir, struct spool_budget *budget) MUST_USE;
void spool_free(struct spool *s);
DEFINE_FREEP(spool)

/* spool_add: RW9001_FILE naming dir when it has no room, or no file can be made there. */
struct err *spool_add(struct spool *s, const void *bytes, size_t len) MUST_USE;
uint64_t spool_size(const struct spool *s);

/* spool_each: all bytes from the first, in pieces; an error of take ends it. May be called again. */
struct err *spool_each(struct spool *s, struct err *(*take)(void *ctx, const void *bytes, size_t len),
                       void *ctx) MUST_USE;

/* spool_read: all bytes behind what is in out; RW9002_FILE_TOO_LARGE when it has no room for them. */
struct err *spool_read(struct spool *s, struct buf *out) MUST_USE;

#endif
