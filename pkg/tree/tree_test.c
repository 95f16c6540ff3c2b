/* The cases are files, tests/data/tree/<case>.case. */
#include "tree/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "fake/check.h"
#include "tar/tar.h"

static const char DIRECTORY[] = "tests/data/tree";
static const char WHITEOUT[] = ".wh.";

enum { CASE_BYTES = 64 * 1024, LAYER_BYTES = 4 * 1024 * 1024 };

struct bytes {
    const char *at;
    size_t left;
};

static struct err *pull(void *ctx, const void **bytes, size_t *len)
{
    struct bytes *b = ctx;
    *bytes = b->at;
    *len = b->left;
    b->left = 0;
    return NULL;
}

/* The name with its line breaks written out, and without the slash of a directory. */
static char *shown(const char *name)
{
    AUTO(buf) text = BUF_INIT(SIZE_MAX);
    size_t len = strlen(name);
    len -= len > 1 && name[len - 1] == '/';
    for (size_t i = 0; i < len; i++)
        if (name[i] == '\n')
            buf_adds(&text, "\\n");
        else
            buf_add(&text, name + i, 1);
    return buf_steal(&text, NULL);
}

static void add_line(struct buf *out, const struct tar_entry *entry)
{
    AUTO_STR name = shown(entry->name);
    const char *base = fs_base(name);
    switch (entry->kind) {
    case TAR_DIR:
        buf_addf(out, "dir %s\n", name);
        return;
    case TAR_SYMLINK:
        buf_addf(out, "symlink %s %s\n", name, entry->link);
        return;
    case TAR_HARDLINK:
        buf_addf(out, "hardlink %s %s\n", name, entry->link);
        return;
    case TAR_FILE:
        if (str_starts(base, WHITEOUT))
            buf_addf(out, "gone %.*s%s\n", (int)(base - name), name, base + strlen(WHITEOUT));
        else
            buf_addf(out, "file %s %llu\n", name, (unsigned long long)entry->size);
        return;
    default:
        buf_addf(out, "other %s\n", name);
    }
}

static void list_layer(const struct buf *layer, struct buf *out)
{
    AUTO_PTR(tar_reader) reader = NULL;
    struct bytes bytes = { buf_text(layer), layer->len };
    struct tar_entry entry;
    bool more = layer->len > 0;
    check_ok(tar_reader_new(pull, &bytes, &reader));
    while (more) {
        check_ok(tar_read_next(reader, &entry, &more));
        if (more)
            add_line(out, &entry);
    }
}

static void run_lines(const char *in, const char *lines)
{
    AUTO_STR text = xasprintf("cd '%s' && umask 022\n%s", in, lines);
    const char *const argv[] = { "sh", "-ec", text, NULL };
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* What stands below "== name", to the next such line; owned. */
static char *section(const char *text, const char *name)
{
    AUTO_STR head = xasprintf("== %s\n", name);
    const char *begin = strstr(text, head);
    assert_non_null(begin);
    begin += strlen(head);
    const char *end = strstr(begin, "== ");
    return end ? xstrndup(begin, (size_t)(end - begin)) : xstrdup(begin);
}

static void write_layer(const char *old, const char *new, struct buf *out, struct tree_totals *totals)
{
    AUTO_STR place = scratch_new();
    AUTO_STR path = fs_join(place, "layer");
    AUTO_FD fd = -1;
    check_ok(fs_open(AT_FDCWD, path, O_WRONLY | O_CREAT, &fd));
    check_ok(tree_write_layer(old, new, 3, fd, totals));
    check_ok(fs_read(AT_FDCWD, path, LAYER_BYTES, out));
}

static void check_case(const char *file)
{
    AUTO(buf) text = { 0 };
    AUTO(buf) layer = { 0 };
    AUTO(buf) found = BUF_INIT(SIZE_MAX);
    AUTO_STR path = fs_join(DIRECTORY, file);
    AUTO_STR place = scratch_new();
    AUTO_STR old = fs_join(place, "old");
    AUTO_STR new = fs_join(place, "new");
    struct tree_totals totals = { 0 };
    check_ok(fs_read(AT_FDCWD, path, CASE_BYTES, &text));
    AUTO_STR make_old = section(buf_text(&text), "old");
    AUTO_STR make_new = section(buf_text(&text), "new");
    AUTO_STR expected = section(buf_text(&text), "layer");
    run_lines(place, "mkdir old");
    run_lines(old, make_old);
    run_lines(place, "cp -a old new");
    run_lines(new, make_new);
    write_layer(old, new, &layer, &totals);
    list_layer(&layer, &found);
    if (strcmp(buf_text(&found), expected) != 0)
        fail_msg("%s: the layer is\n%sand should be\n%s", file, buf_text(&found), expected);
}

static void test_cases(void **state)
{
    (void)state;
    AUTO(strv) files = { 0 };
    size_t count = 0;
    check_ok(fs_list(AT_FDCWD, DIRECTORY, &files));
    for (size_t i = 0; i < files.count; i++) {
        if (!str_ends(files.items[i], ".case"))
            continue;
        check_case(files.items[i]);
        count++;
    }
    assert_true(count >= 20);
}

static void test_one_file_of_both_trees_is_not_read(void **state)
{
    (void)state;
    AUTO(buf) layer = { 0 };
    AUTO_STR place = scratch_new();
    AUTO_STR old = fs_join(place, "old");
    AUTO_STR new = fs_join(place, "new");
    struct tree_totals totals = { 0 };
    run_lines(place, "mkdir old new; echo 12345 >old/a; touch -d @1700000000 old/a; ln old/a new/a");
    write_layer(old, new, &layer, &totals);
    assert_int_equal(totals.bytes_read, 0);
    assert_int_equal(layer.len, 0);
    run_lines(place, "cp -a old/a new/b; mv new/b new/a");
    write_layer(old, new, &layer, &totals);
    assert_int_equal(totals.bytes_read, 6);
    assert_int_equal(layer.len, 0);
}

static void test_a_name_that_means_removal_is_refused(void **state)
{
    (void)state;
    AUTO_STR place = scratch_new();
    AUTO_STR old = fs_join(place, "old");
    AUTO_STR new = fs_join(place, "new");
    AUTO_STR path = fs_join(place, "layer");
    AUTO_FD fd = -1;
    struct tree_totals totals = { 0 };
    run_lines(place, "mkdir old new; echo 1 >new/.wh.a");
    check_ok(fs_open(AT_FDCWD, path, O_WRONLY | O_CREAT, &fd));
    check_says(tree_write_layer(old, new, 1, fd, &totals), RW2003_CONTEXT_UNREADABLE, ".wh.a");
}

static void test_a_tree_that_cannot_be_read_is_an_error(void **state)
{
    (void)state;
    AUTO_STR place = scratch_new();
    AUTO_STR old = fs_join(place, "old");
    AUTO_STR new = fs_join(place, "new");
    struct tree_totals totals = { 0 };
    run_lines(place, "mkdir old");
    check_errno(tree_write_layer(old, new, 1, -1, &totals), RW9001_FILE, ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_one_file_of_both_trees_is_not_read),
        cmocka_unit_test(test_a_name_that_means_removal_is_refused),
        cmocka_unit_test(test_a_tree_that_cannot_be_read_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
