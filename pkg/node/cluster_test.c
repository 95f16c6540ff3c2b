#include "node/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "fake/check.h"
#include "fake/docker.h"

#define CONTAINER(name, state, labels)                                                                                 \
    "{\"Id\":\"id-" name "\",\"Names\":[\"/" name "\"],\"State\":\"" state "\",\"Labels\":{" labels "}}"
#define NODE(name, cluster, role, state)                                                                               \
    CONTAINER(name, state, "\"io.x-k8s.kind.cluster\":\"" cluster "\",\"io.x-k8s.kind.role\":\"" role "\"")
#define CONTROL(cluster, state) NODE(cluster "-control-plane", cluster, "control-plane", state)
#define PORTS(list) "{\"NetworkSettings\":{\"Ports\":{" list "}}}"
#define PORT(host, port) "\"6443/tcp\":[{\"HostIp\":\"" host "\",\"HostPort\":\"" port "\"}]"

static struct net_wait soon(void)
{
    return (struct net_wait){ .deadline_ms = clock_after(10000) };
}

/* Asks an engine that has these containers, and publishes these ports (NULL: is not asked that). */
static struct err *find(const char *containers, const char *ports, const char *name, struct node_list *out,
                        char **heard)
{
    AUTO(docker) d = { 0 };
    docker_json(&d, 200, containers);
    if (ports)
        docker_json(&d, 200, ports);
    docker_start(&d);
    struct err *e = node_cluster_find(d.engine, name, soon(), out);
    AUTO_STR text = docker_stop(&d);
    if (heard)
        *heard = STEAL(&text);
    return e;
}

static void check_none(const char *containers, const char *name, const char *says)
{
    struct node_list list = { 0 };
    check_says(find(containers, NULL, name, &list, NULL), RW4001_NO_CLUSTER, says);
    check_says(find(containers, NULL, name, &list, NULL), RW4001_NO_CLUSTER, "nothing was changed");
    assert_null(list.cluster);
    assert_null(list.items);
}

static void test_no_cluster_at_all(void **state)
{
    (void)state;
    check_none("[]", NULL, "there is no Kind cluster");
    check_none("[]", NULL, "kind create cluster");
    check_none("[]", "dev", "no Kind cluster at all");
    check_none("[]", "dev", "kind create cluster --name dev");
    check_none("[" NODE("x", "", "control-plane", "running") "]", NULL, "this engine runs none");
}

static void test_several_clusters_and_none_named(void **state)
{
    (void)state;
    static const char two[] =
        "[" CONTROL("b", "running") "," CONTROL("a", "exited") "," NODE("b-w", "b", "worker", "running") "]";
    check_none(two, NULL, "which Kind cluster is meant?");
    check_none(two, NULL, "this engine has: a, b");
}

static void test_a_name_that_no_cluster_has(void **state)
{
    (void)state;
    static const char two[] = "[" CONTROL("staging", "running") "," CONTROL("kind", "running") "]";
    check_none(two, "stagin", "did you mean staging?");
    check_none(two, "stagin", "there is no Kind cluster stagin");
    check_none(two, "production", "this engine has: kind, staging");
    check_none(two, "kind-control-plane", "this engine has: kind, staging");
    check_none(two, "", "this engine has: kind, staging");
}

static void test_a_cluster_without_nodes(void **state)
{
    (void)state;
    static const char rest[] = "[" NODE("ha-lb", "ha", "external-load-balancer", "running") "]";
    check_none(rest, NULL, "the Kind cluster ha has no nodes left");
    check_none(rest, "ha", "kind delete cluster --name ha && kind create cluster --name ha");
}

static void assert_api(const struct node_list *list, const char *host, int port)
{
    if (host)
        assert_string_equal(list->api_host, host);
    else
        assert_null(list->api_host);
    assert_int_equal(list->api_port, port);
}

static void test_the_only_cluster(void **state)
{
    (void)state;
    static const char nodes[] = "[" NODE("dev-w", "dev", "worker", "paused") "," CONTROL("dev", "running") "]";
    AUTO(node_list) list = { 0 };
    AUTO_STR heard = NULL;
    check_ok(find(nodes, PORTS(PORT("127.0.0.1", "4567")), NULL, &list, &heard));
    assert_string_equal(list.cluster, "dev");
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].name, "dev-control-plane");
    assert_true(list.items[0].is_control_plane && list.items[0].running);
    assert_string_equal(list.items[1].state, "paused");
    assert_false(list.items[1].is_control_plane || list.items[1].running);
    assert_api(&list, "127.0.0.1", 4567);
    assert_non_null(
        strstr(heard, "GET /containers/json?all=1&filters=%7B%22label%22:%5B%22io.x-k8s.kind.cluster%22%5D%7D "));
    assert_non_null(strstr(heard, "GET /containers/id-dev-control-plane/json "));
}

static void test_another_cluster_s_nodes_are_left_out(void **state)
{
    (void)state;
    static const char nodes[] =
        "[" CONTROL("a", "running") "," CONTROL("b", "running") "," NODE("a-w", "a", "worker", "running") "," NODE(
            "a-x", "a", "something", "running") "," CONTAINER("a-y", "running", "\"io.x-k8s.kind.cluster\":\"a\"") "]";
    AUTO(node_list) list = { 0 };
    check_ok(find(nodes, PORTS(PORT("127.0.0.1", "1")), "a", &list, NULL));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0].name, "a-control-plane");
    assert_string_equal(list.items[1].name, "a-w");
}

static void test_only_a_stopped_node(void **state)
{
    (void)state;
    static const char stopped[] = "{\"NetworkSettings\":{\"Ports\":{}},"
                                  "\"HostConfig\":{\"PortBindings\":{" PORT("127.0.0.1", "89") "}}}";
    AUTO(node_list) list = { 0 };
    check_ok(find("[" CONTROL("dev", "exited") "]", stopped, "dev", &list, NULL));
    assert_int_equal(list.count, 1);
    assert_false(list.items[0].running);
    assert_string_equal(list.items[0].state, "exited");
    assert_api(&list, "127.0.0.1", 89);
}

static void test_a_load_balancer_is_no_node_and_has_the_port(void **state)
{
    (void)state;
    static const char nodes[] =
        "[" CONTROL("ha", "running") "," NODE("ha-control-plane2", "ha", "control-plane", "running") "," NODE(
            "ha-external-load-balancer", "ha", "external-load-balancer", "running") "]";
    AUTO(node_list) list = { 0 };
    AUTO_STR heard = NULL;
    check_ok(find(nodes, PORTS(PORT("0.0.0.0", "6000")), NULL, &list, &heard));
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[1].name, "ha-control-plane2");
    assert_api(&list, "127.0.0.1", 6000);
    assert_non_null(strstr(heard, "GET /containers/id-ha-external-load-balancer/json "));
}

static void test_no_published_port(void **state)
{
    (void)state;
    static const char *const ports[] = { "{}",
                                         PORTS(""),
                                         PORTS("\"6443/tcp\":null"),
                                         PORTS("\"6443/tcp\":[]"),
                                         PORTS(PORT("127.0.0.1", "0")),
                                         PORTS("\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"80\"}]") };
    for (size_t i = 0; i < COUNT_OF(ports); i++) {
        AUTO(node_list) list = { 0 };
        check_ok(find("[" CONTROL("dev", "running") "]", ports[i], NULL, &list, NULL));
        assert_api(&list, NULL, 0);
    }
    AUTO(node_list) workers = { 0 };
    check_ok(find("[" NODE("w", "dev", "worker", "running") "]", NULL, NULL, &workers, NULL));
    assert_api(&workers, NULL, 0);
}

/* A label that is none of an address is passed over, and the engine asked. */
static void check_desktop(const char *label, const char *ports, const char *host, int port)
{
    AUTO(node_list) list = { 0 };
    AUTO_STR labels = xasprintf("\"io.x-k8s.kind.cluster\":\"dev\",\"io.x-k8s.kind.role\":\"control-plane\","
                                "\"desktop.docker.io/ports/6443/tcp\":\"%s\"",
                                label);
    AUTO_STR nodes = xasprintf("[" CONTAINER("n", "running", "%s") "]", labels);
    check_ok(find(nodes, ports, NULL, &list, NULL));
    assert_api(&list, host, port);
}

static void test_docker_desktop_s_label(void **state)
{
    (void)state;
    static const char *const unusable[] = { "127.0.0.1",       "127.0.0.1:",  "127.0.0.1:0",
                                            "127.0.0.1:65536", "127.0.0.1:x", "" };
    check_desktop("127.0.0.1:6443", NULL, "127.0.0.1", 6443);
    check_desktop("[::1]:7", NULL, "[::1]", 7);
    for (size_t i = 0; i < COUNT_OF(unusable); i++)
        check_desktop(unusable[i], PORTS(PORT("127.0.0.2", "4567")), "127.0.0.2", 4567);
}

static void test_answers_that_are_no_list_of_containers(void **state)
{
    (void)state;
    static const char *const answers[] = { "{}", "[", "null", "[{}]",
                                           "[{\"Id\":\"x\",\"Names\":[],\"State\":\"running\"}]" };
    struct node_list list = { 0 };
    for (size_t i = 0; i < COUNT_OF(answers); i++)
        check_error(find(answers[i], NULL, NULL, &list, NULL), RW3106_ENGINE_PROTOCOL);
    check_error(find("[" CONTROL("dev", "running") "]", PORTS(PORT("127.0.0.1", "x")), NULL, &list, NULL),
                RW3106_ENGINE_PROTOCOL);
    assert_null(list.cluster);
}

static void test_an_engine_that_refuses(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    struct node_list list = { 0 };
    docker_json(&d, 500, "{\"message\":\"busy\"}");
    docker_json(&d, 200, "[" CONTROL("dev", "running") "]");
    docker_json(&d, 500, "{\"message\":\"tired\"}");
    docker_start(&d);
    check_says(node_cluster_find(d.engine, NULL, soon(), &list), RW3103_ENGINE_REFUSED, "busy");
    check_says(node_cluster_find(d.engine, NULL, soon(), &list), RW3103_ENGINE_REFUSED, "tired");
    assert_null(list.cluster);
}

static void test_a_cluster_that_is_deleted_meanwhile(void **state)
{
    (void)state;
    AUTO(docker) d = { 0 };
    struct node_list list = { 0 };
    docker_json(&d, 200, "[" CONTROL("dev", "running") "]");
    docker_json(&d, 404, "{\"message\":\"No such container\"}");
    docker_start(&d);
    check_says(node_cluster_find(d.engine, NULL, soon(), &list), RW4001_NO_CLUSTER, "dev-control-plane was removed");
    assert_null(list.cluster);
}

static struct node_list nodes_of(struct node *items, size_t count)
{
    static char cluster[] = "dev";
    return (struct node_list){ .cluster = cluster, .items = items, .count = count };
}

static void test_the_kubeconfig_of_the_first_running_control_plane(void **state)
{
    (void)state;
    struct node items[] = { { .name = "a", .is_control_plane = true },
                            { .name = "b", .running = true },
                            { .name = "c", .is_control_plane = true, .running = true },
                            { .name = "d", .is_control_plane = true, .running = true } };
    struct node_list list = nodes_of(items, COUNT_OF(items));
    AUTO(docker) d = { 0 };
    AUTO(buf) text = { 0 };
    docker_exec(&d, "apiVersion: v1\n", "a warning", 0);
    docker_start(&d);
    check_ok(node_admin_kubeconfig(d.engine, &list, soon(), &text));
    assert_string_equal(buf_text(&text), "apiVersion: v1\n");
    AUTO_STR heard = docker_stop(&d);
    assert_non_null(strstr(heard, "POST /containers/c/exec "));
    assert_non_null(strstr(heard, "\"cat\",\"/etc/kubernetes/admin.conf\"]"));
}

static void test_no_kubeconfig(void **state)
{
    (void)state;
    struct node items[] = { { .name = "a", .is_control_plane = true, .running = true } };
    struct node_list list = nodes_of(items, 1);
    AUTO(docker) d = { 0 };
    struct buf text = { 0 };
    char *large = xcalloc(LIMIT_CONFIG + 2, 1);
    memset(large, 'x', LIMIT_CONFIG + 1);
    docker_exec(&d, "half of it", "cat: /etc/kubernetes/admin.conf: No such file or directory\n", 1);
    docker_exec(&d, large, NULL, 0);
    docker_start(&d);
    check_says(node_admin_kubeconfig(d.engine, &list, soon(), &text), RW4003_NODE_FAILED, "No such file or directory");
    check_says(node_admin_kubeconfig(d.engine, &list, soon(), &text), RW4003_NODE_FAILED, "nothing was changed");
    assert_null(text.bytes);
    free(large);
}

static void test_a_node_that_runs_no_programs(void **state)
{
    (void)state;
    struct node items[] = { { .name = "a", .is_control_plane = true, .running = true } };
    struct node_list list = nodes_of(items, 1);
    AUTO(docker) d = { 0 };
    struct buf text = { 0 };
    docker_json(&d, 409, "{\"message\":\"container id-a is not running\"}"); /* stopped meanwhile */
    docker_start(&d);
    check_says(node_admin_kubeconfig(d.engine, &list, soon(), &text), RW4003_NODE_FAILED,
               "container id-a is not running");
}

static void test_no_control_plane_that_runs(void **state)
{
    (void)state;
    static char exited[] = "exited";
    static char paused[] = "paused";
    struct node items[] = { { .name = "a", .is_control_plane = true, .state = exited },
                            { .name = "b", .running = true },
                            { .name = "c", .state = paused } };
    struct node_list list = nodes_of(items, 2);
    AUTO(docker) d = { 0 };
    struct buf text = { 0 };
    docker_start(&d);
    check_says(node_admin_kubeconfig(d.engine, &list, soon(), &text), RW4002_NODE_STOPPED, "docker start a");
    check_says(node_admin_kubeconfig(d.engine, &list, soon(), &text), RW4002_NODE_STOPPED, "nothing was changed");
    check_ok(node_stopped(&items[1]));
    check_says(node_stopped(&items[2]), RW4002_NODE_STOPPED, "docker unpause c");
    list.items = &items[1];
    check_says(node_admin_kubeconfig(d.engine, &list, soon(), &text), RW4002_NODE_STOPPED, "no control-plane node");
    AUTO_STR heard = docker_stop(&d);
    assert_null(strstr(heard, "/exec"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_cluster_at_all),
        cmocka_unit_test(test_several_clusters_and_none_named),
        cmocka_unit_test(test_a_name_that_no_cluster_has),
        cmocka_unit_test(test_a_cluster_without_nodes),
        cmocka_unit_test(test_the_only_cluster),
        cmocka_unit_test(test_another_cluster_s_nodes_are_left_out),
        cmocka_unit_test(test_only_a_stopped_node),
        cmocka_unit_test(test_a_load_balancer_is_no_node_and_has_the_port),
        cmocka_unit_test(test_no_published_port),
        cmocka_unit_test(test_docker_desktop_s_label),
        cmocka_unit_test(test_answers_that_are_no_list_of_containers),
        cmocka_unit_test(test_an_engine_that_refuses),
        cmocka_unit_test(test_a_cluster_that_is_deleted_meanwhile),
        cmocka_unit_test(test_the_kubeconfig_of_the_first_running_control_plane),
        cmocka_unit_test(test_no_kubeconfig),
        cmocka_unit_test(test_a_node_that_runs_no_programs),
        cmocka_unit_test(test_no_control_plane_that_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
