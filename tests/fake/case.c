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
