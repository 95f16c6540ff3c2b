#include "flow/ports.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fake/check.h"

static const char WEB[] = "apiVersion: apps/v1\n"
                          "kind: Deployment\n"
                          "metadata: {name: web}\n"
                          "spec:\n"
                          "  selector: {matchLabels: {app: web}}\n"
                          "  template:\n"
                          "    metadata: {labels: {app: web, tier: front}}\n"
                          "    spec:\n"
                          "      containers:\n"
                          "        - {name: web, image: 'web:dev', ports: [{name: http, containerPort: 8080},"
                          " {containerPort: 9000}, {containerPort: 53, protocol: UDP}]}\n"
                          "---\n"
                          "apiVersion: v1\n"
                          "kind: Service\n"
                          "metadata: {name: front}\n"
                          "spec:\n"
                          "  selector: {app: web}\n"
                          "  ports: [{port: 80, targetPort: http}, {port: 443, targetPort: 8443}, {port: 5000},"
                          " {port: 53, protocol: UDP}, {port: 81, targetPort: nowhere}]\n"
                          "---\n"
                          "apiVersion: v1\n"
                          "kind: Service\n"
                          "metadata: {name: others}\n"
                          "spec: {selector: {app: other}, ports: [{port: 1}]}\n";

static const char TWO[] = "apiVersion: v1\n"
                          "kind: Pod\n"
                          "metadata: {name: a}\n"
                          "spec: {containers: [{name: a, image: x}]}\n"
                          "---\n"
                          "apiVersion: v1\n"
                          "kind: Pod\n"
                          "metadata: {name: b}\n"
                          "spec: {containers: [{name: b, image: x}]}\n";

static const char JOB[] =
    "apiVersion: batch/v1\n"
    "kind: Job\n"
    "metadata: {name: once}\n"
    "spec: {template: {spec: {containers: [{name: a, image: x, ports: [{containerPort: 1}]}]}}}\n";

struct view {
    struct service services[2];
    struct plan_item items[2];
    struct plan plan;
    struct roots roots;
    struct port_forwards found;
};

static void view_release(struct view *v)
{
    port_forwards_release(&v->found);
    roots_release(&v->roots);
    for (size_t i = 0; i < v->plan.count; i++)
        manifest_set_release(&v->items[i].manifests);
}

static void view_add(struct view *v, const char *name, const char *text)
{
    AUTO_STR dir = scratch_new();
    AUTO(strv) files = { 0 };
    scratch_write(dir, "a.yaml", text);
    strv_add(&files, "a.yaml");
    AUTO_FD root = open(dir, O_RDONLY | O_DIRECTORY);
    size_t i = v->plan.count++;
    v->services[i].name = (char *)(uintptr_t)name;
    v->items[i].service = &v->services[i];
    v->plan.items = v->items;
    check_ok(manifest_load(root, &files, NULL, "shop", &v->items[i].manifests));
}

static struct err *find(struct view *v, const char *wish)
{
    struct port_wish wishes[1] = { { 0 } };
    bool is_port = false;
    if (wish)
        check_ok(port_wish_read(wish, &is_port, &wishes[0]));
    assert_int_equal(is_port, wish != NULL);
    roots_release(&v->roots);
    port_forwards_release(&v->found);
    roots_add(&v->plan, &v->roots);
    return ports_find(&v->plan, &v->roots, wishes, wish ? 1 : 0, &v->found);
}

/* "label local:port", with "!" where no other local port will do. */
static char *told(const struct port_forwards *f)
{
    AUTO(strv) lines = { 0 };
    for (size_t i = 0; i < f->count; i++)
        strv_addf(&lines, "%s %d%s:%d", f->items[i].label, f->items[i].local, f->items[i].is_wish ? "!" : "",
                  f->items[i].port);
    return strv_join(&lines, ", ");
}

static void assert_found(struct view *v, const char *wish, const char *wanted)
{
    check_ok(find(v, wish));
    AUTO_STR got = told(&v->found);
    assert_string_equal(got, wanted);
}

static void test_what_is_known(void **state)
{
    AUTO(view) v = { 0 };
    (void)state;
    view_add(&v, "web", WEB);
    assert_found(&v, NULL,
                 "Service/front port 80 80:8080, Service/front port 443 443:8443, Service/front port 5000 5000:5000, "
                 "Deployment/web port 9000 9000:9000");
}

static void test_what_is_asked_for(void **state)
{
    AUTO(view) v = { 0 };
    (void)state;
    view_add(&v, "web", WEB);
    assert_found(&v, "80", "Service/front port 80 80!:8080");
    assert_found(&v, "7000:80", "Service/front port 80 7000!:8080");
    assert_found(&v, ":9000", "Deployment/web port 9000 0:9000");
    assert_found(&v, "8080", "Service/front port 80 8080!:8080");
    assert_found(&v, "1234", "Deployment/web port 1234 1234!:1234");
    assert_string_equal(v.found.items[0].service, "web");
}

static void test_what_could_be_of_several(void **state)
{
    AUTO(view) two = { 0 };
    AUTO(view) services = { 0 };
    (void)state;
    view_add(&two, "pair", TWO);
    check_says(find(&two, "80"), RW1014_AMBIGUOUS, "Pod/a, Pod/b");
    view_add(&services, "web", WEB);
    view_add(&services, "pair", TWO);
    check_says(find(&services, "80"), RW1014_AMBIGUOUS, "any of 2 services");
    check_ok(find(&services, NULL));
}

static void test_nothing_to_forward(void **state)
{
    AUTO(view) two = { 0 };
    AUTO(view) job = { 0 };
    (void)state;
    view_add(&two, "pair", TWO);
    check_says(find(&two, NULL), RW1019_NO_PORT, "rwml forward pair PORT");
    view_add(&job, "once", JOB);
    check_error(find(&job, NULL), RW1019_NO_PORT);
    check_says(find(&job, "80"), RW1019_NO_PORT, "no workload that keeps running");
}

static void test_ports_and_names(void **state)
{
    static const char *const names[] = { "web", "web8080", "8080web", "" };
    static const char *const wrong[] = { "0", "65536", "80:", "x:80", "80:x", "1:2:3", ":", "99999999999999999999" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        bool is_port = true;
        struct port_wish wish;
        check_ok(port_wish_read(names[i], &is_port, &wish));
        assert_false(is_port);
    }
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        bool is_port;
        struct port_wish wish;
        check_error(port_wish_read(wrong[i], &is_port, &wish), RW1020_COMMAND_LINE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_known),
        cmocka_unit_test(test_what_is_asked_for),
        cmocka_unit_test(test_what_could_be_of_several),
        cmocka_unit_test(test_nothing_to_forward),
        cmocka_unit_test(test_ports_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
