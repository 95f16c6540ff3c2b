#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "workspace/source.h"

static const char MAIN[] = "import os\n"
                           "\n"
                           "def main():\n"
                           "    print(os.environ['BROKER'])\n";

struct tree {
    struct place place;
    struct workspace workspace;
    struct workspace_dockerfile dockerfile;
    struct service service;
};

static void tree_release(struct tree *t)
{
    strv_release(&t->dockerfile.file.sources);
    place_release(&t->place);
}

static void add_file(const struct tree *t, const char *dir, const char *name, const char *text)
{
    AUTO_STR path = fs_join(t->place.path, dir);
    check_ok(fs_make_dirs(path, 0755));
    scratch_write(path, name, text);
}

/* A workspace with a service `web`, whose Dockerfile copies `copied`. */
static void tree_make(struct tree *t, const char *copied)
{
    static char dockerfile_path[] = "docker/web.Dockerfile", stem[] = "web", name[] = "web", source[] = "services/web";
    *t = (struct tree){ .place = { scratch_new(), -1 } };
    check_ok(fs_open(AT_FDCWD, t->place.path, O_RDONLY | O_DIRECTORY, &t->place.fd));
    t->dockerfile = (struct workspace_dockerfile){ .path = dockerfile_path, .stem = stem };
    strv_add(&t->dockerfile.file.sources, copied);
    t->service = (struct service){ .name = name, .source_dir = source };
    t->workspace = (struct workspace){ .root_fd = t->place.fd, .dockerfiles = &t->dockerfile, .dockerfile_count = 1 };
}

static void expect_found(const struct tree *t, const char *path, int64_t line, const char *source, const char *want)
{
    AUTO_STR found = workspace_source(&t->workspace, &t->service, path, line, source);
    if (!str_eq(found, want))
        fail_msg("%s is %s, wanted %s", path, found ? found : "nothing", want ? want : "nothing");
}

#define LINE_4 "print(os.environ['BROKER'])"

static void test_source_below_the_root(void **state)
{
    (void)state;
    AUTO(tree) t;
    tree_make(&t, ".");
    add_file(&t, "services/web/src/web", "main.py", MAIN);
    expect_found(&t, "/app/services/web/src/web/main.py", 4, LINE_4, "services/web/src/web/main.py");
    expect_found(&t, "/app/services/web/src/web/main.py", 4, NULL, "services/web/src/web/main.py");
    expect_found(&t, "/app/services/web/src/web/main.py", 4, "print(os.env", "services/web/src/web/main.py");
    expect_found(&t, "/app/services/web/src/web/main.py", 3, LINE_4, NULL); /* edited since */
    expect_found(&t, "/app/services/web/src/web/main.py", 5, NULL, NULL);
    expect_found(&t, "/app/services/web/src/web/other.py", 4, LINE_4, NULL);
}

static void test_source_that_is_copied_elsewhere(void **state)
{
    (void)state;
    AUTO(tree) t;
    tree_make(&t, "jobs/load");
    add_file(&t, "jobs/load", "main.py", MAIN);
    expect_found(&t, "/srv/main.py", 4, LINE_4, "jobs/load/main.py");
}

static void test_source_of_the_service_itself_wins(void **state)
{
    (void)state;
    AUTO(tree) t;
    tree_make(&t, "services/other");
    add_file(&t, "services/other", "main.py", MAIN);
    add_file(&t, "services/web", "main.py", MAIN);
    expect_found(&t, "/srv/main.py", 4, LINE_4, "services/web/main.py");
}

static void test_source_that_may_be_either(void **state)
{
    (void)state;
    AUTO(tree) t;
    tree_make(&t, "one");
    strv_add(&t.dockerfile.file.sources, "two");
    add_file(&t, "one", "main.py", MAIN);
    add_file(&t, "two", "main.py", MAIN);
    expect_found(&t, "/srv/main.py", 4, LINE_4, NULL);
    add_file(&t, "two", "main.py", "import sys\n");
    expect_found(&t, "/srv/main.py", 4, LINE_4, "one/main.py");
}

static void test_source_that_leads_out(void **state)
{
    (void)state;
    AUTO(tree) t;
    tree_make(&t, ".");
    add_file(&t, "services", "main.py", MAIN);
    expect_found(&t, "/../services/main.py", 4, LINE_4, "services/main.py");
    expect_found(&t, "/app/../../etc/passwd", 1, NULL, NULL);
    expect_found(&t, "<string>", 1, NULL, NULL);
    expect_found(&t, "", 1, NULL, NULL);
    expect_found(&t, "/", 1, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_source_below_the_root),
        cmocka_unit_test(test_source_that_is_copied_elsewhere),
        cmocka_unit_test(test_source_of_the_service_itself_wins),
        cmocka_unit_test(test_source_that_may_be_either),
        cmocka_unit_test(test_source_that_leads_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
