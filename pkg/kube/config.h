/* config: how to reach an API server, as a kubeconfig tells it.
 *
 * Files are read as client-go reads them: the files of $KUBECONFIG in order, missing ones passed
 * over; for each name the first file that has it wins; relative paths inside a file are resolved
 * against that file's directory. What is not supported (auth-provider, a proxy by https) is an error that
 * names it, never passed over in silence.
 *
 * All errors are RW5101_KUBECONFIG with the file, and line and column where there is one. They
 * never hold a piece of the file: kubeconfigs are full of keys.
 */
#ifndef KUBE_CONFIG_H
#define KUBE_CONFIG_H

#include <stdint.h>

#include "base/cancel.h"
#include "base/strv.h"
#include "doc/tree.h"

/* What a client needs, all paths already read. Strings may be NULL where the config has none. */
struct kube_config {
    char *source; /* the file, or what the caller called the text; for messages */
    char *context;
    char *namespace;       /* the context's; NULL: it has none */
    char *server;          /* as written: "https://127.0.0.1:41251" */
    char *tls_server_name; /* the name to expect in the certificate instead of the server's */
    bool insecure;         /* insecure-skip-tls-verify */
    char *ca_pem;          /* NULL: the system's authorities */
    char *proxy_url;       /* http:// or socks5://; may hold a password */
    char *client_cert_pem; /* both or neither */
    char *client_key_pem;
    char *token;
    char *token_file; /* where the token was read, and is read again when it is refused */
    char *username;   /* both or neither */
    char *password;
    struct strv impersonate;    /* header names and values, in turn: "Impersonate-User", "eve" */
    struct kube_plugin *plugin; /* gives the token or the client certificate; see plugin.h */
    json_t *plugin_config;      /* what the cluster's entry has for it; may be NULL */
    int64_t expires_s;          /* of what the plugin gave, wall clock; 0: it has not said so */
};

void kube_config_release(struct kube_config *c);
void kube_config_copy(const struct kube_config *from, struct kube_config *to);

/* kube_config_load: the context `context` out of the user's kubeconfig files. kubeconfig_env is the
 * value of $KUBECONFIG (NULL or "": not set, then home/.kube/config); home may be NULL.
 * *found is false, without an error, when no file exists or none has that context: the caller then
 * reads admin.conf out of the control-plane node. A context that is there but can't be used is an
 * error. */
struct err *kube_config_load(const char *kubeconfig_env, const char *home, const char *context, bool *found,
                             struct kube_config *out) MUST_USE;

/* kube_config_contexts: the names of all contexts there are, in their order. */
struct err *kube_config_contexts(const char *kubeconfig_env, const char *home, struct strv *names) MUST_USE;

/* kube_config_log_in: has the credential plugin run, if there is one and what it gave is not there or has expired.
 * *renewed: it has. To be called once it is certain that the config leads where it should: a kubeconfig can run
 * any program.
 * kube_config_log_in_again: after a 401: runs the plugin, or reads the token's file, in any case; *changed false:
 * there is neither, or it gave the same. Errors: RW5106_CREDENTIAL_PLUGIN, RW5101_KUBECONFIG. */
struct err *kube_config_log_in(struct kube_config *c, const struct cancel *cancel, bool *renewed) MUST_USE;
struct err *kube_config_log_in_again(struct kube_config *c, const struct cancel *cancel, bool *changed) MUST_USE;

/* kube_config_plugin_path: the plugin's program where the kubeconfig names it by a relative path, resolved; else
 * NULL. Borrowed. */
const char *kube_config_plugin_path(const struct kube_config *c);

/* kube_config_parse: a kubeconfig that is already in memory, its current-context. source names the
 * text in errors. server, when not NULL, replaces the one in the text: admin.conf names an address
 * that only the node network knows. Files it refers to are resolved against the working
 * directory. */
struct err *kube_config_parse(const char *text, size_t len, const char *source, const char *server,
                              struct kube_config *out) MUST_USE;

/* kube_config_matches: does this config lead to the API server that the engine publishes at
 * host_ip:port? True when the port is equal and the host is host_ip itself, or both are this machine
 * (127.0.0.0/8, ::1, localhost, 0.0.0.0, ::) in one address family: behind another family's
 * loopback, somebody else may listen. A name proves nothing: contexts called kind-… can point
 * anywhere. */
bool kube_config_matches(const struct kube_config *c, const char *host_ip, int port);

/* kube_config_server: "https://127.0.0.1:6443", "https://[::1]:6443"; owned. */
char *kube_config_server(const char *host, int port) MUST_USE;

/* kube_config_wrong_cluster: the RW5102_WRONG_CLUSTER to report when it does not match. */
struct err *kube_config_wrong_cluster(const struct kube_config *c, const char *cluster, const char *host_ip,
                                      int port) MUST_USE;

#endif
