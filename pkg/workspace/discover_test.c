#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "fake/check.h"
#include "fake/txtar.h"
#include "workspace/find.h"
#include "workspace/workspace.h"

/* The cases are in tests/data/workspace/discover. A script's commands:
 *   list                     every service, the cluster, what was passed over
 *   build|deploy [NAME …]    what the names mean; build also how the images are made
 *   in DIR build|deploy …    the same for a command that is started in DIR */

/* The scratch directory's name differs in each run. */
static void tell(struct buf *out, const char *what, const char *text, const char *root)
{
    AUTO_STR real = NULL;
    check_ok(fs_real_path(root, &real));
    const char *at = strstr(text, real);
    if (at)
        buf_addf(out, "%s%.*sROOT%s\n", what, (int)(at - text), text, at + strlen(real));
    else
        buf_addf(out, "%s%s\n", what, text);
}

static void tell_errors(const struct err *errors, const char *root, struct buf *out)
{
    for (const struct err *e = errors; e; e = err_sibling(e)) {
        buf_addf(out, "RW%d ", (int)err_get_code(e));
        tell(out, "", err_get_message(e), root);
        if (err_get_cause(e))
            tell(out, "  cause: ", err_get_cause(e), root);
        if (err_get_where(e))
            buf_addf(out, "  where: %s\n", err_get_where(e));
        for (size_t i = 0; i < 2 && err_get_next(e, i); i++)
            buf_addf(out, "  next: %s\n", err_get_next(e, i));
    }
}

static void tell_list(const char *what, const struct strv *list, struct buf *out)
{
    AUTO_STR text = strv_join(list, " ");
    if (list->count)
        buf_addf(out, " %s %s", what, text);
}

static void tell_service(const struct service *s, struct buf *out)
{
    buf_addf(out, "%s%s", s->name, s->build_only ? " (build only)" : "");
    if (s->source_dir)
        buf_addf(out, " source %s", s->source_dir);
    if (s->kustomization)
        buf_addf(out, " kustomization %s", s->kustomization);
    tell_list("manifests", &s->manifests, out);
    for (size_t i = 0; i < s->image_count; i++)
        buf_addf(out, " image %s", s->images[i].reference);
    buf_adds(out, "\n");
}

static void tell_images(const struct service *s, struct buf *out)
{
    for (size_t i = 0; i < s->image_count; i++) {
        const struct service_image *image = &s->images[i];
        buf_addf(out, "  %s: %s in %s by %s", image->reference, image->dockerfile, image->context, image->rule);
        tell_list("args", &image->build_args, out);
        tell_list("from", &image->bases, out);
        buf_adds(out, "\n");
    }
}

static void tell_all(const struct workspace *w, struct buf *out)
{
    for (size_t i = 0; i < w->service_count; i++)
        tell_service(&w->services[i], out);
    if (w->cluster)
        buf_addf(out, "cluster %s\n", w->cluster);
    else if (w->clusters.count)
        tell_list("clusters", &w->clusters, out), buf_adds(out, "\n");
    for (size_t i = 0; i < w->notices.count; i++)
        buf_addf(out, "notice: %s\n", w->notices.items[i]);
}

static void tell_selection(struct workspace *w, const struct strv *words, const char *start, struct buf *out)
{
    AUTO(selection) chosen = { 0 };
    bool build = strcmp(words->items[0], "build") == 0;
    AUTO_PTR(err)
    e = workspace_select(w, (const char *const *)words->items + 1, words->count - 1, start,
                         build ? SELECT_BUILD : SELECT_DEPLOY, &chosen);
    tell_errors(e, w->root, out);
    for (size_t i = 0; i < chosen.notices.count; i++)
        buf_addf(out, "notice: %s\n", chosen.notices.items[i]);
    for (size_t i = 0; i < chosen.warnings.count; i++)
        buf_addf(out, "warning: %s\n", chosen.warnings.items[i]);
    for (size_t i = 0; i < chosen.count; i++) {
        tell_service(chosen.services[i], out);
        AUTO_PTR(err) unresolved = build ? workspace_resolve(w, chosen.services[i]) : NULL;
        tell_errors(unresolved, w->root, out);
        if (build && !unresolved)
            tell_images(chosen.services[i], out);
    }
}

static struct strv words_of(const char *command)
{
    struct strv words = { 0 };
    AUTO_STR copy = xstrdup(command);
    char *rest = copy, *word;
    while ((word = strsep(&rest, " ")))
        strv_add(&words, word);
    return words;
}

static void run(void *ctx, const char *command, struct buf *out)
{
    const char *dir = ctx;
    AUTO(strv) words = words_of(command);
    AUTO_PTR(workspace) w = NULL;
    AUTO_STR start = xstrdup(dir);
    if (strcmp(words.items[0], "in") == 0) {
        AUTO_STR elsewhere = fs_join(dir, words.items[1]);
        AUTO(strv) rest = { 0 };
        for (size_t i = 2; i < words.count; i++)
            strv_add(&rest, words.items[i]);
        str_set(&start, elsewhere);
        strv_release(&words);
        words = rest;
        rest = (struct strv){ 0 };
    }
    AUTO_PTR(err) e = workspace_open(start, &w);
    tell_errors(e, dir, out);
    if (e)
        return;
    if (strcmp(words.items[0], "list") == 0)
        tell_all(w, out);
    else
        tell_selection(w, &words, start, out);
}

static void run_case(const char *path, const struct txtar *t)
{
    AUTO_STR dir = scratch_new();
    txtar_unpack(t, dir);
    txtar_replay(path, t, run, dir);
}

static void test_discover_cases(void **state)
{
    (void)state;
    txtar_each("tests/data/workspace/discover", 12, run_case);
}

static void test_find_nothing(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR missing = fs_join(dir, "missing");
    AUTO_STR found = NULL;
    check_says(workspace_find(dir, &found), RW1010_NO_WORKSPACE, "rwml.yaml");
    check_says(workspace_find(dir, &found), RW1010_NO_WORKSPACE, "deployments, deployment, deploy, manifests, k8s");
    check_error(workspace_find(missing, &found), RW9001_FILE);
    scratch_write(dir, "file", "");
    AUTO_STR file = fs_join(dir, "file");
    check_error(workspace_find(file, &found), RW9001_FILE);
    assert_null(found);
}

static void test_find_nearest(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO_STR real = NULL;
    AUTO_STR found = NULL;
    AUTO_STR inner = fs_join(dir, "a/b");
    AUTO_STR deployments = fs_join(dir, "K8S");
    AUTO_STR docker = fs_join(dir, "docker");
    check_ok(fs_real_path(dir, &real));
    check_ok(fs_make_dirs(inner, 0755));
    check_ok(fs_make_dirs(deployments, 0755));
    check_error(workspace_find(inner, &found), RW1010_NO_WORKSPACE);
    check_ok(fs_make_dirs(docker, 0755));
    check_ok(workspace_find(inner, &found));
    assert_string_equal(found, real);
    scratch_write(dir, "a/rwml.yaml", "");
    str_freep(&found);
    check_ok(workspace_find(inner, &found));
    assert_string_equal(found + strlen(real), "/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_discover_cases),
        cmocka_unit_test(test_find_nothing),
        cmocka_unit_test(test_find_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
