#include "fake/case.h"

#include <fcntl.h>

#include "base/fs.h"
#include "base/limits.h"
#include "fake/check.h"

json_t *case_json(const char *path)
{
    AUTO(buf) text = BUF_INIT(LIMIT_CONFIG);
    json_t *tree = NULL;
    check_ok(fs_read(AT_FDCWD, path, LIMIT_CONFIG, &text));
    check_ok(doc_parse_json(buf_text(&text), text.len, path, &tree));
    return tree;
}

json_t *case_json_in(const char *directory, const char *name)
{
    AUTO_STR path = fs_join(directory, name);
    return case_json(path);
}

void case_each(const char *directory, size_t at_least, bool (*passes)(const char *name))
{
    AUTO(strv) names = { 0 };
    int failed = 0;
    check_ok(fs_list(AT_FDCWD, directory, &names));
    for (size_t i = 0; i < names.count; i++)
        failed += !passes(names.items[i]);
    assert_int_equal(failed, 0);
    assert_true(names.count >= at_least);
}

void case_each_of(const char *path, size_t at_least, void (*check)(const json_t *item))
{
    DOC_AUTO cases = case_json(path);
    size_t i;
    json_t *item;
    assert_true(doc_count(cases) >= at_least);
    DOC_EACH_ITEM (cases, i, item)
        check(item);
}
