/* txtar: a test case that needs files, as one text file (the format of Go's txtar):
 *
 *   what is done and what is wanted
 *   -- docker/Dockerfile --
 *   FROM python:3.12
 *   -- docker/link -> Dockerfile --
 *
 * The text in front of the first "-- name --" is the script. A name with "->" makes a symbolic link.
 */
#ifndef FAKE_TXTAR_H
#define FAKE_TXTAR_H

#include "base/strv.h"

struct txtar {
    char *script;
    struct strv names;
    struct strv texts;
};

void txtar_read(const char *path, struct txtar *out); /* fails the test when it can't */
void txtar_unpack(const struct txtar *t, const char *dir);
void txtar_release(struct txtar *t);

/* txtar_each: calls run for every *.txtar in dir; fails the test when there are fewer than least. */
void txtar_each(const char *dir, size_t least, void (*run)(const char *path, const struct txtar *t));

/* txtar_replay: runs a script in which lines that begin with "> " are commands and the lines below
 * each are what it has to print; run appends that to out. Fails the test, showing the difference,
 * when it prints something else. */
struct buf;
void txtar_replay(const char *path, const struct txtar *t, void (*run)(void *ctx, const char *command, struct buf *out),
                  void *ctx);

#endif
