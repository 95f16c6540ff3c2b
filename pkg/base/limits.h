/* limits: every bound on what comes from outside, with its unit and its reason. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define LIMIT_CONFIG (1u << 20)       /* bytes of an rwml.yaml, a kubeconfig or a --var-file: written by hand */
#define LIMIT_MANIFEST (16u << 20)    /* bytes of one manifest file; etcd refuses objects above 1.5 MiB */
#define LIMIT_DOCKERFILE (1u << 20)   /* bytes of a Dockerfile or an ignore file */
#define LIMIT_DOC_DEPTH 100u          /* nested levels of YAML and JSON; Kubernetes' deepest schema needs about 30 */
#define LIMIT_DOC_NODES 500000u       /* of a file, aliases expanded; 5,000 Deployments have about 400,000 nodes */
#define LIMIT_HTTP_BODY (64u << 20)   /* bytes of an answer that is held in memory: a list of all pods of a namespace */
#define LIMIT_HTTP_HEAD (64u << 10)   /* bytes of the header lines of an upgraded connection */
#define LIMIT_STREAM_LINE (16u << 20) /* bytes of one JSON line; BuildKit batches logs to above 1 MiB before base64 */
#define LIMIT_STEP_OUTPUT                                                                                              \
    (256u << 10) /* bytes of a build step's output kept for the error; the engine itself clips at 2 MiB */
#define LIMIT_EXEC_OUTPUT (32u << 20) /* bytes that a command in a node may answer: a list of content digests */
#define LIMIT_CHILD_OUTPUT (1u << 20) /* bytes that a child process may answer */
#define LIMIT_POD_LOG (64u << 10)     /* bytes of a failing container's log that are fetched */
#define LIMIT_LOG_LINE (128u << 10)   /* bytes of one line of a pod's log that are shown */
#define LIMIT_DIR_ENTRIES 1000000u    /* entries of a build context: above it something other than source is in there */

#endif
