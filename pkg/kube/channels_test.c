/* Commands and forwarded ports, from what a server sends on their channels. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fake/check.h"
#include "fake/websocket.h"
#include "kube/call.h"
#include "kube/exec.h"
#include "kube/forward.h"

static const char SERVER[] = "unix:test"; /* for messages */

/* A client of the fake server, without the questions that kube_open asks first. */
struct peer {
    struct fake_server *server;
    struct kube_client client;
    struct buf out, err;
};

static void peer_release(struct peer *p)
{
    http_client_free(p->client.http);
    kube_common_free(p->client.common);
    buf_release(&p->out);
    buf_release(&p->err);
    if (p->server)
        free(fake_stop(p->server, NULL));
}

static void peer_start_with(struct peer *p, const struct fake_reply *replies, size_t count)
{
    *p = (struct peer){ .out = BUF_INIT(1 << 20), .err = BUF_INIT(1 << 20) };
    p->server = fake_start(replies, count);
    p->client.server = (char *)(uintptr_t)SERVER;
    p->client.common = kube_common_new(&(struct kube_config){ .source = NULL });
    check_ok(http_client_new(&(struct http_endpoint){ .unix_socket = fake_socket(p->server) }, &p->client.http));
}

static void peer_start(struct peer *p, const struct fake_reply *reply)
{
    peer_start_with(p, reply, 1);
}

static struct err *on_output(void *ctx, bool is_error_stream, const void *bytes, size_t len)
{
    struct peer *p = ctx;
    buf_add(is_error_stream ? &p->err : &p->out, bytes, len);
    return NULL;
}

static struct err *on_bytes(void *ctx, const void *bytes, size_t len)
{
    return on_output(ctx, false, bytes, len);
}

static struct err *wait_for(struct net_poll one, bool ready)
{
    return ready ? NULL : net_poll(&one, 1, (struct net_wait){ clock_after(5000), NULL });
}

/* ---------------------------------------------------------------- a command */

static const char STATUS[] =
    "\3{\"status\":\"Failure\",\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":"
    "\"ExitCode\",\"message\":\"42\"}]}}";

static void add_command(struct fake_script *s)
{
    fake_frame(&s->frames, 0x82, "\1", 1); /* the kubelet's "here I am" */
    fake_frame(&s->frames, 0x82, "\1out", 4);
    fake_frame(&s->frames, 0x82, "\2err", 4);
    fake_frame(&s->frames, 0x02, "\1", 1); /* a message whose channel comes alone */
    fake_frame(&s->frames, 0x80, "put", 3);
    fake_frame(&s->frames, 0x82, STATUS, strlen(STATUS));
    fake_frame(&s->frames, 0x88, "\x03\xe8", 2);
}

static struct err *open_command(struct peer *p, struct kube_exec **out)
{
    AUTO(strv) command = { 0 };
    strv_add(&command, "sh");
    strv_add(&command, "a b&c");
    const struct kube_exec_query query = { "shop", "web-1", "app", &command, true, false };
    return kube_exec_open(&p->client, &query, (struct kube_exec_taker){ on_output, p }, out);
}

static struct err *run_command(struct kube_exec *x)
{
    int64_t next_ms;
    while (kube_exec_end(x)->outcome == KUBE_EXEC_RUNS) {
        TRY(wait_for(kube_exec_poll(x), kube_exec_is_ready(x)));
        TRY(kube_exec_step(x, &next_ms));
    }
    return NULL;
}

static void test_a_command(void **state)
{
    AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
    AUTO(peer) p;
    AUTO_PTR(kube_exec) x = NULL;
    bool told = false;
    (void)state;
    add_command(&s);
    fake_script_end(&s, "v5.channel.k8s.io", 0);
    s.reply.drain = true;
    peer_start(&p, &s.reply);
    check_ok(open_command(&p, &x));
    check_ok(kube_exec_send(x, "in", 2));
    check_ok(kube_exec_end_input(x, &told));
    assert_true(told);
    check_ok(run_command(x));
    assert_int_equal(kube_exec_end(x)->outcome, KUBE_EXEC_EXITED);
    assert_int_equal(kube_exec_end(x)->code, 42);
    assert_string_equal(buf_text(&p.out), "output");
    assert_string_equal(buf_text(&p.err), "err");
    kube_exec_free(STEAL(&x));
}

/* Servers before 1.30: their commands can't be told that the input has ended. */
static void test_a_command_of_an_old_server(void **state)
{
    AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
    AUTO(peer) p;
    AUTO_PTR(kube_exec) x = NULL;
    bool told = true;
    (void)state;
    fake_script_end(&s, "v4.channel.k8s.io", 0);
    s.reply.drain = true;
    peer_start(&p, &s.reply);
    check_ok(open_command(&p, &x));
    check_ok(kube_exec_end_input(x, &told));
    assert_false(told);
    assert_int_equal(kube_exec_backlog(x), 0);
    kube_exec_free(STEAL(&x));
}

/* However it is cut: output is never made up, and an exit code is told only once all of it has come. */
static void test_a_command_cut_at_every_byte(void **state)
{
    AUTO(fake_script) probe = { .frames = BUF_INIT(1 << 20) };
    (void)state;
    add_command(&probe);
    size_t all = fake_script_end(&probe, "v5.channel.k8s.io", 0), end = all - 4;
    for (size_t len = probe.head_len; len < all; len++) {
        AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
        AUTO(peer) p;
        AUTO_PTR(kube_exec) x = NULL;
        add_command(&s);
        fake_script_end(&s, "v5.channel.k8s.io", len);
        peer_start(&p, &s.reply);
        check_ok(open_command(&p, &x));
        struct err *e = run_command(x);
        assert_int_equal(strncmp("output", buf_text(&p.out), p.out.len), 0);
        if (len < end)
            assert_int_not_equal(kube_exec_end(x)->outcome, KUBE_EXEC_EXITED);
        else
            assert_int_equal(kube_exec_end(x)->code, 42);
        err_ignore(e, "a reset is a cut, too");
        kube_exec_free(STEAL(&x));
    }
}

static void assert_refused(const char *answer, enum err_code code, const char *words)
{
    const struct fake_reply reply = { .bytes = answer };
    AUTO(peer) p;
    struct kube_exec *x = NULL;
    struct kube_forward *f = NULL;
    peer_start(&p, &reply);
    check_says(open_command(&p, &x), code, words);
    assert_null(x);
    AUTO(peer) q;
    peer_start(&q, &reply);
    check_says(kube_forward_open(&q.client, "shop", "web-1", 80, (struct kube_forward_taker){ on_bytes, &q }, &f), code,
               words);
    assert_null(f);
}

static void test_refusals(void **state)
{
    (void)state;
    assert_refused("HTTP/1.1 403 X\r\nContent-Length: 23\r\n\r\n{\"message\":\"forbidden\"}", RW5104_CLUSTER_REFUSED,
                   "403: forbidden");
    assert_refused("HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n", RW5104_CLUSTER_REFUSED, "401 Unauthorized");
    assert_refused("HTTP/1.1 404 X\r\nContent-Length: 18\r\n\r\n{\"message\":\"gone\"}", RW6403_POD_GONE, "404: gone");
    assert_refused("HTTP/1.1 500 X\r\nContent-Length: 4\r\n\r\noops", RW5105_CLUSTER_PROTOCOL, "500: oops");
}

/* ---------------------------------------------------------------- a credential that is not accepted any more */

static const char UNKNOWN_USER[] = "HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n";

/* The token was read before its file got another one. */
static void give_token(struct peer *p, const char *in_file)
{
    AUTO_STR dir = scratch_new();
    p->client.common->config.token = xstrdup("old");
    p->client.common->config.token_file = xasprintf("%s/token", dir);
    scratch_write(dir, "token", in_file);
}

static size_t requests_of(struct peer *p)
{
    size_t requests;
    free(fake_stop(p->server, &requests));
    p->server = NULL;
    return requests;
}

static void test_a_command_by_a_new_token(void **state)
{
    AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
    AUTO(peer) p;
    AUTO_PTR(kube_exec) x = NULL;
    (void)state;
    add_command(&s);
    fake_script_end(&s, "v5.channel.k8s.io", 0);
    s.reply.drain = true;
    const struct fake_reply replies[] = { { .bytes = UNKNOWN_USER }, s.reply };
    peer_start_with(&p, replies, COUNT_OF(replies));
    give_token(&p, "new");
    check_ok(open_command(&p, &x));
    assert_string_equal(p.client.common->config.token, "new");
    check_ok(run_command(x));
    assert_int_equal(kube_exec_end(x)->code, 42);
    kube_exec_free(STEAL(&x));
}

static void test_one_new_token_alone(void **state)
{
    static const struct fake_reply replies[] = { { .bytes = UNKNOWN_USER }, { .bytes = UNKNOWN_USER } };
    static const struct {
        const char *token;
        size_t requests;
    } rows[] = { { "new", 2 }, { "old", 1 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(peer) p;
        struct kube_exec *x = NULL;
        peer_start_with(&p, replies, COUNT_OF(replies));
        give_token(&p, rows[i].token);
        check_says(open_command(&p, &x), RW5104_CLUSTER_REFUSED, "401 Unauthorized");
        assert_null(x);
        assert_int_equal(requests_of(&p), rows[i].requests);
    }
}

/* ---------------------------------------------------------------- a port */

static void add_port(struct fake_script *s)
{
    fake_frame(&s->frames, 0x82, "\0\x90\x1f", 3);
    fake_frame(&s->frames, 0x82, "\1\x90\x1f", 3);
    fake_frame(&s->frames, 0x82, "\0hello", 6);
    fake_frame(&s->frames, 0x82, "\0 there", 7);
}

static struct err *run_port(struct kube_forward *f)
{
    int64_t next_ms;
    while (!kube_forward_is_over(f)) {
        TRY(wait_for(kube_forward_poll(f), kube_forward_is_ready(f)));
        TRY(kube_forward_step(f, &next_ms));
    }
    return NULL;
}

static struct err *open_port(struct peer *p, struct kube_forward **out)
{
    return kube_forward_open(&p->client, "shop", "web-1", 8080, (struct kube_forward_taker){ on_bytes, p }, out);
}

/* The port in front of each channel is not a byte of it, however it is cut up. */
static void test_a_port(void **state)
{
    static const size_t pieces[] = { 0, 1, 3 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
        AUTO(peer) p;
        AUTO_PTR(kube_forward) f = NULL;
        add_port(&s);
        fake_frame(&s.frames, 0x82, "\1nobody listens", 15);
        fake_frame(&s.frames, 0x88, "\x03\xe8", 2);
        fake_script_end(&s, "v4.channel.k8s.io", 0);
        s.reply.piece = pieces[i];
        s.reply.drain = true;
        peer_start(&p, &s.reply);
        check_ok(open_port(&p, &f));
        assert_null(kube_forward_complaint(f));
        check_ok(run_port(f));
        assert_string_equal(buf_text(&p.out), "hello there");
        assert_string_equal(kube_forward_complaint(f), "nobody listens");
        kube_forward_free(STEAL(&f));
    }
}

static void test_a_port_cut_at_every_byte(void **state)
{
    AUTO(fake_script) probe = { .frames = BUF_INIT(1 << 20) };
    (void)state;
    add_port(&probe);
    size_t all = fake_script_end(&probe, "v4.channel.k8s.io", 0);
    for (size_t len = probe.head_len; len <= all; len++) {
        AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
        AUTO(peer) p;
        AUTO_PTR(kube_forward) f = NULL;
        add_port(&s);
        fake_script_end(&s, "v4.channel.k8s.io", len);
        peer_start(&p, &s.reply);
        check_ok(open_port(&p, &f));
        err_ignore(run_port(f), "a reset is a cut, too");
        assert_int_equal(strncmp("hello there", buf_text(&p.out), p.out.len), 0);
        assert_null(kube_forward_complaint(f));
        kube_forward_free(STEAL(&f));
    }
}

static void test_a_channel_that_nobody_opened(void **state)
{
    AUTO(fake_script) s = { .frames = BUF_INIT(1 << 20) };
    AUTO(peer) p;
    AUTO_PTR(kube_forward) f = NULL;
    (void)state;
    fake_frame(&s.frames, 0x82, "\7x", 2);
    fake_script_end(&s, "v4.channel.k8s.io", 0);
    s.reply.drain = true;
    peer_start(&p, &s.reply);
    check_ok(open_port(&p, &f));
    check_says(run_port(f), RW5105_CLUSTER_PROTOCOL, "channel 7");
    kube_forward_free(STEAL(&f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_command),
        cmocka_unit_test(test_a_command_of_an_old_server),
        cmocka_unit_test(test_a_command_cut_at_every_byte),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_command_by_a_new_token),
        cmocka_unit_test(test_one_new_token_alone),
        cmocka_unit_test(test_a_port),
        cmocka_unit_test(test_a_port_cut_at_every_byte),
        cmocka_unit_test(test_a_channel_that_nobody_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
