#include "fake/apiserver.h"
#include "fake/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "kube/pod.h"

#define LOG "GET /api/v1/namespaces/shop/pods/web/log?container=c&tailLines="

/* What is given is the end, though the server cuts it off where lines are long. */
static void test_log_of_long_lines_has_its_end(void **state)
{
    (void)state;
    AUTO_STR full = xcalloc(2 * LIMIT_POD_LOG + 1, 1);
    memset(full, 'x', 2 * LIMIT_POD_LOG);
    const struct apiserver_answer script[] = {
        APISERVER_VERSION,
        { LOG "60&", 200, full, NULL, false },
        { LOG "15&", 200, full, NULL, false },
        { LOG "3&", 200, "xxx\nthe end\n", NULL, false },
    };
    struct apiserver s;
    apiserver_start(&s, script, COUNT_OF(script));
    AUTO_STR address = xasprintf("http://127.0.0.1:%d", s.port);
    char source[] = "test";
    const struct kube_config config = { .source = source, .server = address };
    AUTO_PTR(kube_client) c = NULL;
    AUTO(buf) text = { 0 };
    check_ok(kube_open(&config, NULL, &c));
    check_ok(kube_logs(c, "shop", "web", "c", false, 60, &text));
    assert_string_equal(buf_text(&text), "xxx\nthe end\n");
    kube_client_freep(&c);
    apiserver_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_log_of_long_lines_has_its_end) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
