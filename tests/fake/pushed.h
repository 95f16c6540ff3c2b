/* pushed: a push of a small image to one node or two, by an engine that answers from a script (docker.h). */
#ifndef FAKE_PUSHED_H
#define FAKE_PUSHED_H

#include "fake/docker.h"
#include "node/image.h"

/* An image of one layer, and its digests. */
#define LAYER "<layer>"
#define LAYER_HEX "2cfeceb94005e12c68cd0c5b733ded0c108685fe9dfa25d6ff089aa8685b4819"
#define CONFIG "{\"rootfs\":{\"diff_ids\":[\"sha256:" LAYER_HEX "\"]}}"
#define HEX "ed9d2a9d202dcfa0d1bac827d51ab32a6632f3145d7406381093d9a339d80a9e" /* CONFIG's */
#define OTHER "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define DIGEST "sha256:" HEX
#define CONTENT "app:dev-ed9d2a9d202d"
#define FULL "docker.io/library/"
#define PUSHED_ON_NONE CONTENT " is on: none; not on: a; no import is left running"

extern const struct node_image pushed_image;
extern const struct node pushed_running, pushed_stopped; /* "a" and "b" */

/* What the script is added: how a node's session begins (owned text, and as answers); a node that has nothing, reads
 * all, and says this in the end; what the engine is asked before it exports: the image, and how it was made;
 * an export as before Docker 25, with what the engine says behind it; and of these three a whole push. */
char *pushed_asked(bool has_ref, bool has_content);
void pushed_add_asked(struct docker *d, bool has_ref, bool has_content);
void pushed_add_lacking(struct docker *d, const char *out, const char *err);
void pushed_add_looked_at(struct docker *d);
void pushed_add_export(struct docker *d, const char *config_hex, const char *behind);
void pushed_add_whole(struct docker *d, const char *out, const char *err);

/* A push to these nodes of an engine that answers like this. */
struct pushed {
    struct docker d;
    struct node_push push;
    struct node_push_results results;
    char *heard;
};
void pushed_release(struct pushed *p);

/* pushed_to: fills what push lacks, starts the engine, and pushes. */
struct err *pushed_to(struct pushed *p, const struct node *nodes, size_t count);

/* pushed_fails: to one node: it fails with this code and says both; the node does not have the image then. */
void pushed_fails(struct pushed *p, enum err_code code, const char *says, const char *other);

#endif
