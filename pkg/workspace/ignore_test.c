#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "fake/check.h"
#include "workspace/ignore.h"

/* A case, tests/data/workspace/ignore/NAME.txt, is an ignore file, "--", and what is wanted:
 *   in PATH, out PATH     the path stays in the context, or is left out
 *   walk DIR yes|no       something below may be kept, though the directory is left out
 *   error LINE            the ignore file has an error there */

static void check_line(const struct ignore *g, const char *path, const char *line)
{
    if (str_starts(line, "in ") || str_starts(line, "out ")) {
        const char *subject = strchr(line, ' ') + 1;
        if (ignore_has(g, subject) != (line[0] == 'o'))
            fail_msg("%s: not so: %s", path, line);
        return;
    }
    assert_true(str_starts(line, "walk "));
    AUTO_STR dir = xstrdup(line + 5);
    char *answer = strrchr(dir, ' ');
    *answer++ = '\0';
    if (ignore_may_keep_below(g, dir) != (strcmp(answer, "yes") == 0))
        fail_msg("%s: not so: %s", path, line);
}

static void check_error_line(const char *path, const char *patterns, const char *line)
{
    struct ignore *g = NULL;
    AUTO_STR where = xasprintf("f:%s", line + strlen("error "));
    AUTO_PTR(err) e = ignore_parse(patterns, strlen(patterns), "f", &g);
    if (!e || err_get_code(e) != RW2002_IGNORE_SYNTAX || !str_eq(err_get_where(e), where))
        fail_msg("%s: wanted %s, got %s", path, where, e ? err_get_where(e) : "no error");
    assert_null(g);
}

static size_t run_case(const char *path)
{
    AUTO(buf) text = BUF_INIT(LIMIT_DOCKERFILE);
    AUTO_PTR(ignore) g = NULL;
    check_ok(fs_read(AT_FDCWD, path, LIMIT_DOCKERFILE, &text));
    AUTO_STR patterns = xstrdup(buf_text(&text));
    char *mark = strstr(patterns, "--\n"), *wanted = mark + 3, *line;
    assert_non_null(mark);
    *mark = '\0';
    if (!str_starts(wanted, "error "))
        check_ok(ignore_parse(patterns, strlen(patterns), path, &g));
    size_t count = 0;
    while ((line = strsep(&wanted, "\n")) && *line) {
        if (g)
            check_line(g, path, line);
        else
            check_error_line(path, patterns, line);
        count++;
    }
    assert_true(count > 0);
    return count;
}

static void test_ignore_cases(void **state)
{
    (void)state;
    static const char dir[] = "tests/data/workspace/ignore";
    AUTO(strv) names = { 0 };
    size_t checks = 0;
    check_ok(fs_list(AT_FDCWD, dir, &names));
    for (size_t i = 0; i < names.count; i++) {
        AUTO_STR path = fs_join(dir, names.items[i]);
        checks += run_case(path);
    }
    assert_true(names.count >= 15 && checks >= 90);
}

static void test_ignore_load_own_file_replaces_shared(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_PTR(ignore) g = NULL;
    AUTO_FD fd = -1;
    check_ok(fs_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, &fd));
    check_ok(ignore_load(fd, ".", "web.Dockerfile", &g));
    assert_false(ignore_has(g, "a"));
    ignore_freep(&g);
    scratch_write(dir, ".dockerignore",
                  "\xef\xbb\xbf"
                  "a\r\nb\r\n");
    check_ok(ignore_load(fd, ".", "web.Dockerfile", &g));
    assert_true(ignore_has(g, "a") && ignore_has(g, "b"));
    ignore_freep(&g);
    scratch_write(dir, "web.Dockerfile.dockerignore", "b");
    check_ok(ignore_load(fd, ".", "web.Dockerfile", &g));
    assert_false(ignore_has(g, "a"));
    assert_true(ignore_has(g, "b"));
}

static void test_ignore_refuses_nul_and_directory(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR inner = fs_join(dir, ".dockerignore");
    struct ignore *g = NULL;
    AUTO_FD fd = -1;
    check_error(ignore_parse("a\0b", 3, "f", &g), RW2002_IGNORE_SYNTAX);
    check_ok(fs_make_dirs(inner, 0755));
    check_ok(fs_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, &fd));
    check_error(ignore_load(fd, ".", "Dockerfile", &g), RW2003_CONTEXT_UNREADABLE);
    assert_null(g);
}

/* A backtracking matcher needs more than the age of the universe for this one. */
static void test_ignore_takes_no_exponential_time(void **state)
{
    (void)state;
    AUTO_PTR(ignore) g = NULL;
    static const char pattern[] = "**/a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\n";
    char path[201];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    check_ok(ignore_parse(pattern, sizeof pattern - 1, "f", &g));
    int64_t start = clock_ms();
    assert_false(ignore_has(g, path));
    check_between(clock_ms() - start, 0, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ignore_cases),
        cmocka_unit_test(test_ignore_load_own_file_replaces_shared),
        cmocka_unit_test(test_ignore_refuses_nul_and_directory),
        cmocka_unit_test(test_ignore_takes_no_exponential_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
