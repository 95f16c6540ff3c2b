#include "fake/check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool tells(const struct err *e, const char *text)
{
    const char *parts[] = { err_get_message(e), err_get_cause(e),   err_get_state(e),
                            err_get_next(e, 0), err_get_next(e, 1), err_get_where(e) };
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        if (parts[i] && strstr(parts[i], text))
            return true;
    return false;
}

static void print_chain(const struct err *e)
{
    for (; e; e = err_sibling(e))
        print_error("  RW%d: %s; cause: %s; errno: %d\n", (int)err_get_code(e), err_get_message(e),
                    err_get_cause(e) ? err_get_cause(e) : "none", err_errno(e));
}

void check_ok_at(struct err *e, const char *call, const char *file, int line)
{
    if (!e)
        return;
    print_error("%s failed:\n", call);
    print_chain(e);
    err_free(e);
    _fail(file, line);
}

void check_error_at(struct err *e, enum err_code code, int number, const char *text, const char *call, const char *file,
                    int line)
{
    bool as_wanted = e && err_get_code(e) == code && (!number || err_errno(e) == number) && (!text || tells(e, text));
    if (!as_wanted) {
        print_error("%s: wanted RW%d%s%s, errno %d; got%s\n", call, (int)code, text ? " saying " : "", text ? text : "",
                    number, e ? ":" : " success");
        print_chain(e);
    }
    err_free(e);
    if (!as_wanted)
        _fail(file, line);
}

void check_between_at(int64_t value, int64_t lowest, int64_t highest, const char *file, int line)
{
    if (value >= lowest && value < highest)
        return;
    print_error("%lld is not in %lld..%lld\n", (long long)value, (long long)lowest, (long long)highest);
    _fail(file, line);
}

char *scratch_new(void)
{
    const char *parent = getenv("TMPDIR");
    char *path = xasprintf("%s/scratch.XXXXXX", parent && *parent ? parent : "/tmp");
    assert_non_null(mkdtemp(path));
    return path;
}

void place_release(struct place *p)
{
    free(p->path);
    fd_closep(&p->fd);
}

void scratch_write(const char *dir, const char *name, const char *text)
{
    AUTO_STR path = xasprintf("%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}
