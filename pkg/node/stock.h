/* stock: which images the nodes have, and names taken from them.
 *
 * One exec in each node, as a push has it (session.h): a script tells what is there, waits for the
 * names that shall go, removes them and has the last word from CRI. Nothing is removed when its
 * input ends before the list does.
 *
 * Names go by ctr (12 ms for one, 20 ms for several; garbage is collected behind our back), not by
 * `crictl rmi`: that takes 54 ms for a small image, waits for the collection within 2 s, and removes
 * every name that the image has, also one that somebody has just given it. An image of CRI's has one
 * more record in containerd, named as its id, which holds the content: it goes with the last name.
 */
#ifndef NODE_STOCK_H
#define NODE_STOCK_H

#include "base/buf.h"
#include "engine/exec.h"
#include "node/cluster.h"

struct stock_image {
    char *digest;       /* of the configuration: CRI's id */
    struct strv names;  /* in full form; also those with a digest; none: "<none>" */
    uint64_t size;      /* bytes, by CRI */
    int64_t arrived_ms; /* when this node got the configuration, by its clock; 0: not known */
    bool is_pinned;     /* CRI was told to keep it */
};

struct stock {
    struct stock_image *items;
    size_t count;
};

/* stock_parse: lines "arrived <seconds>.<3 digits> <digest>", then what `crictl images -o json`
 * says. The time is that of the file: containerd sets it when a blob is complete and never again,
 * while a configuration's own "created" is what its builder liked to write, and the time of
 * containerd's record is told by no program in the node. RW4003_NODE_FAILED for anything else. */
struct err *stock_parse(const char *text, size_t len, const char *node, struct stock *out) MUST_USE;
void stock_release(struct stock *s);

/* One node. */
struct shelf {
    const struct node *node; /* borrowed from the list */
    struct stock stock;
    struct err *error; /* why nothing is known of it, or why not all names went; owned */
    size_t removed;    /* names that CRI does not know any more */
    /* While the script runs: */
    struct engine *engine; /* its own */
    struct engine_exec *exec;
    struct buf says; /* on stderr */
};

struct shelves {
    struct shelf *items; /* one for each node, in the list's order */
    size_t count;
};

/* shelves_open: asks every node, side by side; the script of each waits then. What goes wrong in one
 * node is its shelf's error: RW4002_NODE_STOPPED, RW4003_NODE_FAILED. */
struct err *shelves_open(struct engine *e, const struct node_list *nodes, struct net_wait wait,
                         struct shelves *out) MUST_USE;
void shelves_release(struct shelves *s); /* ends the scripts by the end of their input */

/* shelves_remove: takes each of these names from every node where it means that very image. To be
 * called once at most. Errors of nodes are their shelves'. */
struct stock_name {
    const char *name; /* in full form */
    const char *digest;
};
struct err *shelves_remove(struct shelves *s, const struct stock_name *names, size_t count,
                           struct net_wait wait) MUST_USE;

/* shelves_error: the errors of all shelves as one, which is taken from them; NULL: none. What stands
 * for what could not be done. RW4005_NODES_PARTIAL when some nodes, not all, have failed. */
struct err *shelves_error(struct shelves *s, const char *what) MUST_USE;

#endif
