#include "plan/turn.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "digest/digest.h"
#include "plan/tell.h"

struct err *turn_take(const struct request *request, const char *what, int64_t deadline_ms,
                      void (*on_wait)(void *ctx, int64_t holder_pid), void *ctx, int *lock)
{
    char digest[DIGEST_ROOM];
    TRY(digest_of(what, strlen(what), digest));
    AUTO_STR path = xasprintf("%s/%.16s.lock", request->state_dir, strchr(digest, ':') + 1);
    TRY(fs_make_dirs(request->state_dir, 0700));
    return fs_lock(path, deadline_ms, request->cancel, on_wait, ctx, lock);
}

static void on_lock_wait(void *ctx, int64_t holder_pid)
{
    const struct request *request = ctx;
    if (holder_pid)
        request_tell(request, UI_NOTE, NULL, "waiting for another rwml in this workspace (pid %" PRId64 ")",
                     holder_pid);
    else
        request_tell(request, UI_NOTE, NULL, "waiting for another rwml in this workspace");
}

struct err *turn_take_workspace(const struct request *request, const char *root, int *lock)
{
    struct err *e =
        turn_take(request, root, clock_after(request->lock_timeout_ms), on_lock_wait, (void *)(uintptr_t)request, lock);
    if (e && err_get_code(e) == RW9008_LOCKED)
        e = err_next(e, "wait for it, or give it longer: --lock-timeout 10m");
    return e;
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
