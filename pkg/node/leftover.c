#include "node/leftover.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "engine/push.h"

static const char PREFIX[] = "push-";

enum {
    SLASH = '+',    /* no character of an image's name */
    NOTED_MS = 5000 /* another push may look at the file before we hold it */
};

static void replace(char *text, char from, char to)
{
    for (; *text; text++)
        if (*text == from)
            *text = to;
}

struct err *leftover_note(const char *state_dir, const char *image_name, struct leftover *out)
{
    AUTO_STR name = xasprintf("%s%s", PREFIX, image_name);
    replace(name, '/', SLASH);
    out->lock = -1;
    out->path = fs_join(state_dir, name);
    return fs_lock(out->path, clock_after(NOTED_MS), NULL, NULL, NULL, &out->lock);
}

struct err *leftover_forget(struct leftover *l)
{
    return fs_unlink(AT_FDCWD, l->path);
}

void leftover_release(struct leftover *l)
{
    if (l->path)
        fd_closep(&l->lock);
    str_freep(&l->path);
}

static struct err *clear_one(struct engine *e, const char *state_dir, const char *name, struct net_wait wait)
{
    AUTO_STR image_name = xstrdup(name + strlen(PREFIX));
    AUTO_STR path = fs_join(state_dir, name);
    AUTO_FD lock = -1;
    TRY(fs_lock(path, 0, NULL, NULL, NULL, &lock));
    replace(image_name, SLASH, '/');
    TRY(engine_image_unname(e, image_name, wait));
    return fs_unlink(AT_FDCWD, path);
}

struct err *leftover_clear(struct engine *e, const char *state_dir, struct net_wait wait)
{
    AUTO(strv) names = { 0 };
    TRY(fs_list(AT_FDCWD, state_dir, &names));
    for (size_t i = 0; i < names.count; i++) {
        if (!str_starts(names.items[i], PREFIX))
            continue;
        struct err *failed = clear_one(e, state_dir, names.items[i], wait);
        if (failed && err_get_code(failed) == RW9009_INTERRUPTED)
            return failed;
        err_ignore(failed, "its push lives and removes it itself, or the next push tries it");
    }
    return NULL;
}
