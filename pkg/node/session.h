/* session: one program in a node that answers what the node has of an image and then takes what it
 * lacks. Used within node only.
 *
 * An exec costs as much as all that ctr and crictl do in it, so there is one for each node and push:
 * a shell script that tells what is there, waits for a line of input that says what to do, does it,
 * and has the last word from CRI. What it is told is to import an archive that follows, or to pull. It ends when its
 * input ends, at whatever point: a push that dies leaves nothing running, and ctr gets to give its lease back.
 */
#ifndef NODE_SESSION_H
#define NODE_SESSION_H

#include "base/buf.h"
#include "engine/exec.h"
#include "node/holdings.h"
#include "node/image.h"

struct session {
    struct engine *engine; /* its own */
    const struct node *node;
    const struct node_image *image;
    bool has_ref; /* CRI reports the config digest under this name */
    bool has_content;
    bool pulls; /* it was told to pull */
    struct holdings holdings;
    /* While it runs: */
    struct engine_exec *exec;
    struct buf out;  /* what the script said on stdout and nobody has read yet */
    struct buf says; /* the last that it and its programs said on stderr */
};

/* session_open: has_ref, has_content and holdings; image is borrowed. only_ask: nothing will be done, holdings
 * stay empty, and its chain id has to be NULL. RW4002_NODE_STOPPED; RW4003_NODE_FAILED when CRI itself does not answer.
 * s is zeroed before, and to be released also after an error. */
struct err *session_open(struct session *s, struct engine *e, const struct node *node, const struct node_image *image,
                         bool only_ask, struct net_wait wait) MUST_USE;
void session_release(struct session *s); /* closes its input, which ends it */

/* session_import: what is written to exec from here on is an archive for `ctr images import`, of this image,
 * which is borrowed. It has the reference that was asked about. */
struct err *session_import(struct session *s, const struct node_image *image, struct net_wait wait) MUST_USE;

/* session_pull: the node brings the content name of this image, which is borrowed, from its registry by itself.
 * Nothing is to be written then. */
struct err *session_pull(struct session *s, const struct node_image *image, struct net_wait wait) MUST_USE;

/* session_told: what it was told, for messages: "import the image".
 * session_failure: RW4003_NODE_FAILED, RW4004_NODE_FULL: it could not do that; its last words are the cause. */
const char *session_told(const struct session *s);
struct err *session_failure(const struct session *s) MUST_USE;

/* session_read: takes what the script says; *end at the end of its output. */
struct err *session_read(struct session *s, struct net_wait wait, bool *end) MUST_USE;

/* session_await: the same from a node that may be silent for long: one that is paused, stopped or gone meanwhile
 * is RW4002_NODE_STOPPED, some NODE_LOOK_MS after that. */
#define NODE_LOOK_MS 3000
struct err *session_await(struct session *s, struct net_wait wait, bool *end) MUST_USE;

/* session_is_done: the script has said that the image is there, by CRI's word. */
bool session_is_done(const struct session *s);

/* session_result: after the end of output: NULL when the image is there under both names by CRI's
 * word. RW4003_NODE_FAILED with the last words as the cause, RW4004_NODE_FULL; RW4202_IMAGE_MISMATCH
 * when CRI reports something else under them. */
struct err *session_result(struct session *s) MUST_USE;

/* session_lost_layer: after an import that failed: a layer that was told to be there is not any more. */
bool session_lost_layer(const struct session *s);

/* session_end: ends it: by the end of its input, or, when that does not help (a pull), by SIGKILL. Returns
 * when it is gone. */
struct err *session_end(struct session *s, struct net_wait wait) MUST_USE;

#endif
