/* watch: several streaming GETs at once from one thread, line by line.
 *
 * For Kubernetes watches and followed logs: each open watch is one connection of the client, and
 * http_watch_wait gives the next thing that happened on any of them. Lines that nobody has taken
 * yet hold their connection back, so memory stays bounded; requests made with the same client in
 * between (http_do) are fine and lose nothing.
 *
 *     TRY(http_watch_open(client, &request, tag, &watch));
 *     while (!(e = http_watch_wait(client, wait, &event))) switch (event.kind) …
 */
#ifndef HTTP_WATCH_H
#define HTTP_WATCH_H

#include "http/client.h"

struct http_watch;

enum http_watch_kind {
    HTTP_WATCH_LINE, /* line, len: without its newline; a last line may lack one */
    HTTP_WATCH_END,  /* the answer is over: response->status and, if not 2xx, response->body */
    HTTP_WATCH_FAIL  /* error (owned by the caller now) and response->failure say why */
};

struct http_watch_event {
    enum http_watch_kind kind;
    struct http_watch *watch;
    void *tag;        /* what http_watch_open was given */
    const char *line; /* valid until the next call on this client */
    size_t len;
    bool cut;                             /* the line was longer, see line_max */
    const struct http_response *response; /* valid until http_watch_close */
    struct err *error;
};

/* http_watch_open: sends the request (a GET). request->wait.deadline_ms ends this watch with
 * HTTP_WATCH_FAIL and RW9007_DEADLINE, as idle_ms does when the stream is silent for so long;
 * its cancel token is not looked at: http_watch_wait's is. Nothing of the request is kept.
 * With request->line_max a longer line is given out as its first bytes, and the rest is let go as it comes;
 * without it a line above LIMIT_STREAM_LINE is a FAIL with HTTP_TOO_LARGE. */
struct err *http_watch_open(struct http_client *c, const struct http_request *request, void *tag,
                            struct http_watch **out) MUST_USE;

/* http_watch_close: ends the stream; allowed in any state, needed also after END and FAIL. */
void http_watch_close(struct http_watch *w);

/* http_watch_hold: while held, a watch gives no event and its peer is held back, once as much has come as is
 * kept for a slow reader. */
void http_watch_hold(struct http_watch *w, bool held);

/* http_watch_wait: the next event of any open watch, in turn, so that a loud one can't starve the
 * others. After END or FAIL a watch gives no more. RW9007_DEADLINE: nothing happened until
 * wait.deadline_ms (the watches go on); RW9009_INTERRUPTED. No open watch and no deadline is a BUG. */
struct err *http_watch_wait(struct http_client *c, struct net_wait wait, struct http_watch_event *out) MUST_USE;

#endif
