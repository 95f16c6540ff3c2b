#include "plan/turn.h"

#include <string.h>

#include "base/fs.h"
#include "digest/digest.h"

struct err *turn_take(const struct request *request, const char *what, int64_t deadline_ms,
                      void (*on_wait)(void *ctx, int64_t holder_pid), void *ctx, int *lock)
{
    char digest[DIGEST_ROOM];
    TRY(digest_of(what, strlen(what), digest));
    AUTO_STR path = xasprintf("%s/%.16s.lock", request->state_dir, strchr(digest, ':') + 1);
    TRY(fs_make_dirs(request->state_dir, 0700));
    return fs_lock(path, deadline_ms, request->cancel, on_wait, ctx, lock);
}

struct err *turn_take_nodes(const struct request *request, const char *cluster, int64_t deadline_ms,
                            void (*on_wait)(void *ctx, int64_t holder_pid), void *ctx, int *lock)
{
    AUTO_STR what = xasprintf("push to cluster %s", cluster);
    struct err *e = turn_take(request, what, deadline_ms, on_wait, ctx, lock);
    if (!e || err_get_code(e) != RW9008_LOCKED)
        return e;
    return err_because(RW9008_LOCKED, e, "another rwml pushes to cluster %s", cluster);
}
