#include <git2.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "fake/check.h"
#include "vcs/vcs.h"

/* A repository with one commit of web.py. */
static char *repository(void)
{
    char *dir = scratch_new();
    git_repository *repo = NULL;
    git_index *index = NULL;
    git_oid tree_id, commit_id;
    git_tree *tree = NULL;
    git_signature *author = NULL;
    scratch_write(dir, "web.py", "print(1)\n");
    assert_true(git_libgit2_init() > 0);
    assert_int_equal(git_repository_init(&repo, dir, 0), 0);
    assert_int_equal(git_repository_index(&index, repo), 0);
    assert_int_equal(git_index_add_bypath(index, "web.py"), 0);
    assert_int_equal(git_index_write(index), 0);
    assert_int_equal(git_index_write_tree(&tree_id, index), 0);
    assert_int_equal(git_tree_lookup(&tree, repo, &tree_id), 0);
    assert_int_equal(git_signature_new(&author, "a", "a@example.com", 1, 0), 0);
    assert_int_equal(git_commit_create(&commit_id, repo, "HEAD", author, author, NULL, "first", tree, 0, NULL), 0);
    git_signature_free(author);
    git_tree_free(tree);
    git_index_free(index);
    git_repository_free(repo);
    git_libgit2_shutdown();
    return dir;
}

static void test_vcs_none(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO(vcs_tree) tree = { 0 };
    vcs_describe(dir, &tree);
    assert_int_equal(tree.state, VCS_NONE);
    assert_null(tree.root);
    vcs_find("/nonexistent/directory", &tree);
    assert_int_equal(tree.state, VCS_NONE);
}

static void test_vcs_describe(void **state)
{
    (void)state;
    AUTO_STR dir = repository();
    AUTO_STR real = NULL;
    AUTO_STR inner = fs_join(dir, "services/web");
    AUTO(vcs_tree) clean = { 0 };
    AUTO(vcs_tree) changed = { 0 };
    AUTO(vcs_tree) ignored = { 0 };
    check_ok(fs_real_path(dir, &real));
    check_ok(fs_make_dirs(inner, 0755));
    vcs_describe(inner, &clean);
    assert_int_equal(clean.state, VCS_FOUND);
    assert_string_equal(clean.root, real);
    assert_int_equal(strlen(clean.revision), 12);
    assert_false(clean.dirty);
    scratch_write(dir, ".git/info/exclude", "*.log\n");
    scratch_write(dir, "a.log", "");
    vcs_describe(dir, &ignored);
    assert_false(ignored.dirty);
    scratch_write(dir, "new.py", "");
    vcs_describe(dir, &changed);
    assert_true(changed.dirty);
    assert_string_equal(changed.revision, clean.revision);
}

static void test_vcs_before_first_commit(void **state)
{
    (void)state;
    AUTO_STR dir = scratch_new();
    AUTO(vcs_tree) tree = { 0 };
    git_repository *repo = NULL;
    assert_true(git_libgit2_init() > 0);
    assert_int_equal(git_repository_init(&repo, dir, 0), 0);
    git_repository_free(repo);
    git_libgit2_shutdown();
    vcs_describe(dir, &tree);
    assert_int_equal(tree.state, VCS_FOUND);
    assert_null(tree.revision);
    assert_false(tree.dirty);
}

/* A repository of somebody else: git refuses it, and so do we (CVE-2022-24765). */
static void test_vcs_foreign_owner(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    AUTO_STR dir = repository();
    AUTO_STR git = fs_join(dir, ".git");
    AUTO(vcs_tree) tree = { 0 };
    assert_int_equal(chown(dir, 65534, 65534), 0);
    assert_int_equal(chown(git, 65534, 65534), 0);
    vcs_describe(dir, &tree);
    assert_int_equal(tree.state, VCS_REFUSED);
    assert_null(tree.root);
    assert_non_null(strstr(tree.reason, "another user"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vcs_none),
        cmocka_unit_test(test_vcs_describe),
        cmocka_unit_test(test_vcs_before_first_commit),
        cmocka_unit_test(test_vcs_foreign_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
