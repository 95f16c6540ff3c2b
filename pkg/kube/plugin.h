/* plugin: credential plugins, programs that print a token or a client certificate. For pkg/kube only.
 *
 * client.authentication.k8s.io/v1 and v1beta1, as client-go has them: the program gets KUBERNETES_EXEC_INFO and the
 * kubeconfig's env on top of ours, is run without a shell, and prints an ExecCredential. One that may ask the user
 * gets our stdin and stderr when stdin is a terminal. */
#ifndef KUBE_PLUGIN_H
#define KUBE_PLUGIN_H

#include "kube/config.h"

enum kube_interaction { KUBE_IF_AVAILABLE, KUBE_NEVER, KUBE_ALWAYS };

struct kube_plugin {
    char *api_version;
    char *command;    /* a path, or a name that is looked for in PATH */
    bool is_relative; /* the kubeconfig names it by a relative path */
    struct strv args;
    struct strv env;    /* NAME=VALUE */
    char *install_hint; /* what to tell when there is no such program; may be NULL */
    bool tells_cluster; /* provideClusterInfo */
    enum kube_interaction interaction;
};

struct kube_plugin *kube_plugin_dup(const struct kube_plugin *p) MUST_USE;
void kube_plugin_free(struct kube_plugin *p);

/* kube_plugin_read: what the plugin printed into token, client_cert_pem, client_key_pem and expires_s of the config.
 * RW5106_CREDENTIAL_PLUGIN, which never holds a piece of it. Pure. */
struct err *kube_plugin_read(const char *text, size_t len, struct kube_config *c) MUST_USE;

/* kube_plugin_info: the value of KUBERNETES_EXEC_INFO; owned. Pure. */
char *kube_plugin_info(const struct kube_config *c, bool interactive) MUST_USE;

#endif
