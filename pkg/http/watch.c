#include "http/watch.h"

#include <stdlib.h>

#include "base/clock.h"
#include "http/transfer.h"

struct http_watch {
    struct http_client *client;
    struct http_watch *next; /* in the order in which they are looked at */
    struct http_transfer *transfer;
    struct http_response response;
    void *tag;
    size_t used; /* bytes and lines of pending that were given out */
    size_t lines;
    bool over; /* END or FAIL was given */
    bool held;
};

static void append_to_client(struct http_watch *w)
{
    struct http_watch **end = &w->client->watches;
    while (*end)
        end = &(*end)->next;
    w->next = NULL;
    *end = w;
}

static void remove_from_client(struct http_watch *w)
{
    struct http_watch **at = &w->client->watches;
    while (*at && *at != w)
        at = &(*at)->next;
    if (*at)
        *at = w->next;
}

struct err *http_watch_open(struct http_client *c, const struct http_request *request, void *tag,
                            struct http_watch **out)
{
    struct http_watch *w = xcalloc(1, sizeof *w);
    w->client = c;
    w->tag = tag;
    append_to_client(w);
    struct err *e = transfer_start(c, request, HTTP_MODE_LINES, &w->response, &w->transfer);
    if (e) {
        http_watch_close(w);
        return e;
    }
    *out = w;
    return NULL;
}

void http_watch_close(struct http_watch *w)
{
    if (!w)
        return;
    remove_from_client(w);
    http_transfer_free(w->transfer);
    http_response_release(&w->response);
    free(w);
}

void http_watch_hold(struct http_watch *w, bool held)
{
    w->held = held;
}

void http_watch_close_first(struct http_client *c)
{
    http_watch_close(c->watches);
}

/* The next line, or at the end of the stream what is left of one. */
static bool take_whole_line(struct http_watch *w, struct http_watch_event *out)
{
    struct buf *pending = &w->transfer->pending;
    if (buf_line(pending, &w->used, &out->line, &out->len)) {
        w->lines++;
        return true;
    }
    bool rest = w->transfer->ended && w->transfer->result == CURLE_OK && pending->len > w->used;
    if (rest) {
        out->line = pending->bytes + w->used;
        out->len = pending->len - w->used;
        w->used = pending->len;
    }
    return rest;
}

static bool take_line(struct http_watch *w, struct http_watch_event *out)
{
    size_t most = w->transfer->line_max;
    if (!take_whole_line(w, out))
        return false;
    out->cut = most && out->len > most;
    out->len = out->cut ? most : out->len;
    return true;
}

static void give_back(struct http_watch *w)
{
    transfer_consume(w->transfer, w->used, w->lines);
    w->used = w->lines = 0;
}

static bool take_event(struct http_watch *w, struct http_watch_event *out)
{
    *out = (struct http_watch_event){ .watch = w, .tag = w->tag, .response = &w->response };
    if (w->over || w->held)
        return false;
    if (take_line(w, out)) {
        out->kind = HTTP_WATCH_LINE;
        return true;
    }
    if (!w->transfer->ended)
        return false;
    w->over = true;
    out->error = transfer_outcome(w->transfer);
    out->kind = out->error ? HTTP_WATCH_FAIL : HTTP_WATCH_END;
    return true;
}

/* The first watch that has something; it goes to the back of the queue. */
static bool next_event(struct http_client *c, struct http_watch_event *out)
{
    for (struct http_watch *w = c->watches; w; w = w->next) {
        if (!take_event(w, out))
            continue;
        remove_from_client(w);
        append_to_client(w);
        return true;
    }
    return false;
}

struct err *http_watch_wait(struct http_client *c, struct net_wait wait, struct http_watch_event *out)
{
    if (!c->watches && wait.deadline_ms == CLOCK_NEVER)
        BUG("nothing is watched, and there is no deadline");
    for (;;) {
        TRY(cancel_check(wait.cancel));
        if (next_event(c, out))
            return NULL;
        for (struct http_watch *w = c->watches; w; w = w->next)
            if (!w->over && !w->held)
                give_back(w);
        if (next_event(c, out)) /* a stream that goes on after a pause brings bytes at once */
            return NULL;
        if (clock_ms() >= wait.deadline_ms)
            return err_new(RW9007_DEADLINE, "nothing happened in time");
        TRY(transfer_pump(c, wait));
    }
}
