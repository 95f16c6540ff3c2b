#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "fake/check.h"
#include "fake/txtar.h"
#include "manifest/environment.h"
#include "manifest/expansion.h"
#include "manifest/images.h"
#include "manifest/references.h"
#include "manifest/settle.h"
#include "manifest/variables.h"

/* The cases are in tests/data/manifest. All files of a case are one unit, in sorted order; the
 * default namespace is "shop". A script's commands work on the unit as the ones before left it:
 *   set NAME=VALUE | env … | file … | service … | workspace … | found …   one more value
 *   uses       where variables are used, and what they will be
 *   unused     check_used
 *   apply      puts the variables in
 *   images REFERENCE CONTENT-NAME
 *   settle SECONDS
 *   missing    references that nothing in the set provides
 *   show       the objects as JSON, one a line
 *   cluster KIND NAME KEY=VALUE    something that the cluster has in namespace shop, a Secret's in base64
 *   away       the cluster can't be asked
 *   environment    puts the variables in and tells each container's environment
 *   kustomize FILE */

struct unit {
    int dir_fd;
    struct strv files;
    struct manifest_set set;
    struct values values;
    bool loaded;
    json_t *cluster; /* by "KIND NAME": objects that the cluster has */
    bool away;
};

static void tell_errors(const struct err *errors, struct buf *out)
{
    for (const struct err *e = errors; e; e = err_sibling(e)) {
        buf_addf(out, "RW%d %s: %s\n", (int)err_get_code(e), err_get_where(e) ? err_get_where(e) : "",
                 err_get_message(e));
        if (err_get_cause(e))
            buf_addf(out, "  cause: %s\n", err_get_cause(e));
    }
}

static void add_value(struct unit *u, const char *source, const char *assignment, struct buf *out)
{
    static const char *const names[] = { "set", "env", "file", "service", "workspace", "found" };
    static const enum value_source sources[] = { VALUE_SET,     VALUE_ENVIRONMENT, VALUE_FILE,
                                                 VALUE_SERVICE, VALUE_WORKSPACE,   VALUE_FOUND };
    if (strcmp(source, "set") == 0) {
        AUTO_PTR(err) e = values_add_set(&u->values, assignment);
        tell_errors(e, out);
        return;
    }
    const char *equals = strchr(assignment, '=');
    AUTO_STR name = xstrndup(assignment, (size_t)(equals - assignment));
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i], source) == 0)
            values_add(&u->values, sources[i], name, equals + 1, source);
}

static void tell_uses(const struct unit *u, struct buf *out)
{
    static const char *const kinds[] = { "placeholder", "env", "config map" };
    static const char *const sources[] = {
        "--set", "environment", "--var-file", "the service's vars", "the workspace's vars", "found in the cluster"
    };
    AUTO(variable_uses) uses = { 0 };
    AUTO_PTR(err) e = manifest_variable_uses(&u->set, &u->values, &uses);
    tell_errors(e, out);
    for (size_t i = 0; i < uses.count; i++) {
        const struct variable_use *use = &uses.items[i];
        buf_addf(out, "%s %s %s at %s%s: %s%s%s\n", kinds[use->kind], use->name, use->object->label, use->where,
                 use->has_default ? " with default" : "", use->value ? use->value : "unset", use->given ? " by " : "",
                 use->given ? sources[use->source] : "");
    }
}

static void tell_unused(const struct unit *u, struct buf *out)
{
    AUTO(variable_uses) uses = { 0 };
    check_ok(manifest_variable_uses(&u->set, &u->values, &uses));
    const struct variable_uses *all[] = { &uses };
    AUTO_PTR(err) e = variables_check_used(&u->values, all, 1);
    tell_errors(e, out);
}

static void set_images(struct unit *u, const char *arguments, struct buf *out)
{
    AUTO_STR copy = xstrdup(arguments);
    char *content = strchr(copy, ' ');
    *content++ = '\0';
    struct image_name name = { .reference = copy, .content_name = content };
    AUTO(image_changes) changes = { 0 };
    AUTO_PTR(err) e = manifest_set_images(&u->set, &name, 1, &changes);
    tell_errors(e, out);
    for (size_t i = 0; i < changes.count; i++)
        buf_addf(out, "%s %s: %s becomes %s%s\n", changes.items[i].object->label, changes.items[i].container,
                 changes.items[i].from, changes.items[i].to, changes.items[i].policy_set ? ", IfNotPresent" : "");
}

static void tell_missing(const struct unit *u, struct buf *out)
{
    AUTO(manifest_references) missing = { 0 };
    manifest_missing_references(&u->set, &missing);
    for (size_t i = 0; i < missing.count; i++) {
        AUTO_PTR(err) e = manifest_reference_error(&missing.items[i]);
        buf_addf(out, "%s: %s\n", err_get_where(e), err_get_message(e));
    }
}

static void add_to_cluster(struct unit *u, const char *words)
{
    const char *name_end = strrchr(words, ' '), *equals = strchr(words, '=');
    AUTO_STR id = xstrndup(words, (size_t)(name_end - words));
    AUTO_STR key = xstrndup(name_end + 1, (size_t)(equals - name_end - 1));
    AUTO_STR pointer = doc_pointer_add("/data", key);
    if (!doc_key(u->cluster, id))
        doc_set_key(u->cluster, id, doc_object());
    doc_set_text(doc_key(u->cluster, id), pointer, equals + 1);
}

static bool find_in_cluster(void *ctx, const char *kind, const char *namespace, const char *name, const json_t **out)
{
    const struct unit *u = ctx;
    AUTO_STR id = xasprintf("%s %s", kind, name);
    if (u->away)
        return false;
    *out = strcmp(namespace, "shop") == 0 ? doc_key(u->cluster, id) : NULL;
    return true;
}

static void tell_environment(struct unit *u, struct buf *out)
{
    static const char *const states[] = { "known", "at start", "absent", "not asked" };
    const struct environment_cluster cluster = { find_in_cluster, u };
    AUTO(variable_uses) uses = { 0 };
    AUTO(environments) all = { 0 };
    check_ok(manifest_variable_uses(&u->set, &u->values, &uses));
    check_ok(manifest_set_variables(&u->set, &u->values));
    environments_read(&u->set, &uses, &cluster, &all);
    for (size_t i = 0; i < all.count; i++) {
        const struct environment *e = &all.items[i];
        buf_addf(out, "%s %s%s\n", e->object->label, e->is_init ? "init " : "", e->container);
        for (size_t j = 0; j < e->count; j++) {
            const struct environment_value *v = &e->items[j];
            buf_addf(out, "  %s %s=%s%s (%s%s%s) %s%s\n", v->wins ? "+" : "-", v->name, v->value ? v->value : "",
                     v->value ? "" : states[v->state], v->from, v->written ? ": " : "", v->written ? v->written : "",
                     v->where, v->secret ? " secret" : "");
        }
    }
}

static void show(const struct unit *u, struct buf *out)
{
    for (size_t i = 0; i < u->set.count; i++) {
        const struct manifest_object *o = &u->set.objects[i];
        AUTO_STR text = doc_dump(o->tree);
        buf_addf(out, "%s in %s: %s\n", o->label, o->namespace ? o->namespace : "no namespace", text);
    }
}

static void load(struct unit *u, const char *kustomization, struct buf *out)
{
    AUTO_PTR(err) e = manifest_load(u->dir_fd, &u->files, kustomization, "shop", &u->set);
    tell_errors(e, out);
    u->loaded = !e;
}

static void change(struct unit *u, const char *word, const char *rest, struct buf *out)
{
    if (strcmp(word, "apply") == 0) {
        AUTO_PTR(err) e = manifest_set_variables(&u->set, &u->values);
        tell_errors(e, out);
    } else if (strcmp(word, "settle") == 0) {
        buf_addf(out, "%zu changed\n", manifest_set_settle(&u->set, rest[0] - '0'));
    } else if (strcmp(word, "cluster") == 0) {
        add_to_cluster(u, rest);
    } else if (strcmp(word, "away") == 0) {
        u->away = true;
    } else if (strcmp(word, "images") == 0) {
        set_images(u, rest, out);
    } else {
        add_value(u, word, rest, out);
    }
}

static void run(void *ctx, const char *command, struct buf *out)
{
    struct unit *u = ctx;
    AUTO_STR word = xstrndup(command, strcspn(command, " "));
    const char *rest = command + strlen(word) + (command[strlen(word)] == ' ');
    if (strcmp(word, "kustomize") == 0) {
        load(u, rest, out);
        return;
    }
    if (!u->loaded)
        load(u, NULL, out);
    if (!u->loaded)
        return;
    if (strcmp(word, "uses") == 0)
        tell_uses(u, out);
    else if (strcmp(word, "unused") == 0)
        tell_unused(u, out);
    else if (strcmp(word, "missing") == 0)
        tell_missing(u, out);
    else if (strcmp(word, "environment") == 0)
        tell_environment(u, out);
    else if (strcmp(word, "show") == 0)
        show(u, out);
    else
        change(u, word, rest, out);
}

static void run_case(const char *path, const struct txtar *t)
{
    AUTO_STR dir = scratch_new();
    struct unit u = { .dir_fd = -1, .cluster = doc_object() };
    txtar_unpack(t, dir);
    for (size_t i = 0; i < t->names.count; i++)
        strv_addf(&u.files, "%.*s", (int)strcspn(t->names.items[i], " "), t->names.items[i]);
    strv_sort(&u.files);
    check_ok(fs_open(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, &u.dir_fd));
    txtar_replay(path, t, run, &u);
    manifest_set_release(&u.set);
    values_release(&u.values);
    doc_unref(u.cluster);
    strv_release(&u.files);
    fd_closep(&u.dir_fd);
}

static void test_manifest_cases(void **state)
{
    (void)state;
    txtar_each("tests/data/manifest", 20, run_case);
}

static const char *expansion_of(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "A") == 0 ? "1" : strcmp(name, "EMPTY") == 0 ? "" : strcmp(name, "AGAIN") == 0 ? "$(A)" : NULL;
}

/* As Kubernetes' own tests have it (third_party/forked/golang/expansion/expand_test.go). */
static void test_expansion(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "", "" },
        { "$", "$" },
        { "$(A)", "1" },
        { "x$(A)y$(A)", "x1y1" },
        { "$(NONE)", "$(NONE)" },
        { "$$(A)", "$(A)" },
        { "$$$(A)", "$1" },
        { "$$$$(A)", "$$(A)" },
        { "$$", "$" },
        { "$A", "$A" },
        { "$(A", "$(A" },
        { "$(", "$(" },
        { "$((A))", "$((A))" },
        { "$(AGAIN)", "$(A)" },
        { "<$(EMPTY)>", "<>" },
        { "\xc3\xa9$(A)$\xc3\xa9", "\xc3\xa9"
                                   "1$\xc3\xa9" },
        { "$()", "$()" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO_STR got = expansion_fill(rows[i][0], expansion_of, NULL);
        assert_string_equal(got, rows[i][1]);
    }
}

static bool reads(bool secret, const char *name, const char *key)
{
    static const char text[] =
        "{\"kind\":\"Deployment\",\"spec\":{\"template\":{\"spec\":{"
        "\"initContainers\":[{\"envFrom\":[{\"prefix\":\"P_\",\"configMapRef\":{\"name\":\"whole\"}}]}],"
        "\"containers\":[{\"name\":\"idle\"},{\"env\":[{\"name\":\"A\",\"value\":\"1\"},"
        "{\"name\":\"B\",\"valueFrom\":{\"configMapKeyRef\":{\"name\":\"part\",\"key\":\"b.c\"}}},"
        "{\"name\":\"C\",\"valueFrom\":{\"secretKeyRef\":{\"name\":\"keys\",\"key\":\"c\",\"optional\":true}}}]}],"
        "\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"files\"}}]}}}}";
    DOC_AUTO tree = NULL;
    check_ok(doc_parse_json(text, strlen(text), "workload", &tree));
    const struct manifest_object o = { .tree = tree, .api_version = "apps/v1", .kind = "Deployment" };
    return manifest_reads_as_environment(&o, secret, name, key);
}

/* One key where only that is read; a volume's files are no environment. */
static void test_reads_as_environment(void **state)
{
    (void)state;
    assert_true(reads(false, "whole", NULL));
    assert_true(reads(false, "whole", "any"));
    assert_true(reads(false, "part", NULL));
    assert_true(reads(false, "part", "b.c"));
    assert_false(reads(false, "part", "b"));
    assert_false(reads(false, "files", NULL));
    assert_false(reads(true, "whole", NULL));
    assert_true(reads(true, "keys", "c"));
    assert_false(reads(true, "keys", "d"));
    assert_false(reads(false, "keys", "c"));
}

static void test_load_missing_file(void **state)
{
    (void)state;
    AUTO(strv) files = { 0 };
    AUTO(manifest_set) set = { 0 };
    strv_add(&files, "tests/data/manifest/there-is-none.yaml");
    check_error(manifest_load(AT_FDCWD, &files, NULL, "default", &set), RW9001_FILE);
    files.items[0][5] = '\0'; /* "tests": a directory */
    check_error(manifest_load(AT_FDCWD, &files, NULL, "default", &set), RW9001_FILE);
    assert_int_equal(set.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manifest_cases),
        cmocka_unit_test(test_load_missing_file),
        cmocka_unit_test(test_expansion),
        cmocka_unit_test(test_reads_as_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
