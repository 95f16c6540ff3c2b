/* rwml-delta: writes the layer that makes OLD into NEW to the file LAYER (pkg/tree).
 *
 * rwml has the engine run it in a build step in which two images are mounted, so it is linked
 * statically and travels inside of rwml. What it prints stands in that step's output. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "tree/tree.h"

enum { THREADS_MAX = 8 };

static size_t thread_count(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    return processors < 1 ? 1 : processors > THREADS_MAX ? THREADS_MAX : (size_t)processors;
}

static struct err *run(char **argv)
{
    AUTO_FD fd = -1;
    struct tree_totals t = { 0 };
    TRY(fs_open(AT_FDCWD, argv[3], O_WRONLY | O_CREAT | O_TRUNC, &fd));
    TRY(tree_write_layer(argv[1], argv[2], thread_count(), fd, &t));
    printf("compared %zu entries and read %llu bytes: %zu carried, %zu removed\n", t.entries,
           (unsigned long long)t.bytes_read, t.carried, t.removed);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: rwml-delta OLD NEW LAYER\n");
        return ERR_USAGE;
    }
    AUTO_PTR(err) e = run(argv);
    if (!e)
        return 0;
    const char *cause = err_get_cause(e);
    fprintf(stderr, "rwml-delta: %s%s%s\n", err_get_message(e), cause ? ": " : "", cause ? cause : "");
    return (int)err_get_class(e);
}
