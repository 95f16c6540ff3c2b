/* codes: every error that rwml can end in. A code is stable for ever: it is never renumbered or
 * used again for something else. The first digit is the stage: 1 configuration and command line,
 * 2 build context, 3 engine, 4 image and node, 5 render and apply, 6 rollout and logs, 7 the dev
 * loop, 9 this machine. The second column is the class, and so the exit code (err.h).
 * docs/errors.md explains each; `make lint` compares the two.
 */
#ifndef BASE_CODES_H
#define BASE_CODES_H

#define RWML_CODES(X)                                                                                                  \
    X(1001, USAGE, CONFIG_UNREADABLE)                                                                                  \
    X(1002, USAGE, CONFIG_SYNTAX)                                                                                      \
    X(1003, USAGE, CONFIG_KEY)                                                                                         \
    X(1004, USAGE, CONFIG_TYPE)                                                                                        \
    X(1010, USAGE, NO_WORKSPACE)                                                                                       \
    X(1011, USAGE, UNKNOWN_SERVICE)                                                                                    \
    X(1012, USAGE, NO_SERVICES)                                                                                        \
    X(1013, USAGE, NO_DOCKERFILE)                                                                                      \
    X(1014, USAGE, AMBIGUOUS)                                                                                          \
    X(1015, USAGE, NO_MANIFESTS)                                                                                       \
    X(1016, USAGE, PATH_OUTSIDE)                                                                                       \
    X(1017, USAGE, NO_UNIT)                                                                                            \
    X(1018, USAGE, NO_CONTAINER)                                                                                       \
    X(1019, USAGE, NO_PORT)                                                                                            \
    X(1020, USAGE, COMMAND_LINE)                                                                                       \
    X(1021, USAGE, UNKNOWN_COMMAND)                                                                                    \
    X(1022, USAGE, UNKNOWN_OPTION)                                                                                     \
    X(1030, USAGE, VARIABLE_UNSET)                                                                                     \
    X(1031, USAGE, VARIABLE_UNUSED)                                                                                    \
    X(1032, USAGE, VARIABLE_SYNTAX)                                                                                    \
    X(1107, USAGE, YAML_SYNTAX)                                                                                        \
    X(1108, USAGE, YAML_AMBIGUOUS)                                                                                     \
    X(1109, USAGE, YAML_LIMIT)                                                                                         \
    X(1110, USAGE, JSON_SYNTAX)                                                                                        \
    X(2001, USAGE, DOCKERFILE_SYNTAX)                                                                                  \
    X(2002, USAGE, IGNORE_SYNTAX)                                                                                      \
    X(2003, LOCAL, CONTEXT_UNREADABLE)                                                                                 \
    X(2004, LOCAL, CONTEXT_CHANGED)                                                                                    \
    X(3101, ENV, ENGINE_UNREACHABLE)                                                                                   \
    X(3102, ENV, ENGINE_SCHEME)                                                                                        \
    X(3103, ENV, ENGINE_REFUSED)                                                                                       \
    X(3104, ENV, ENGINE_GONE)                                                                                          \
    X(3105, ENV, ENGINE_TOO_OLD)                                                                                       \
    X(3106, INTEGRITY, ENGINE_PROTOCOL)                                                                                \
    X(3201, APP, BUILD_FAILED)                                                                                         \
    X(3202, ENV, BASE_PULL_FAILED)                                                                                     \
    X(3203, ENV, BUILD_NEEDS_SESSION)                                                                                  \
    X(3204, ENV, ENGINE_DISK_FULL)                                                                                     \
    X(3205, ENV, ENGINE_LOST_LAYER)                                                                                    \
    X(4001, ENV, NO_CLUSTER)                                                                                           \
    X(4002, ENV, NODE_STOPPED)                                                                                         \
    X(4003, ENV, NODE_FAILED)                                                                                          \
    X(4004, ENV, NODE_FULL)                                                                                            \
    X(4005, PARTIAL, NODES_PARTIAL)                                                                                    \
    X(4101, ENV, IMAGE_NOT_BUILT)                                                                                      \
    X(4102, ENV, IMAGE_NOT_ON_NODE)                                                                                    \
    X(4201, INTEGRITY, IMAGE_STREAM)                                                                                   \
    X(4202, INTEGRITY, IMAGE_MISMATCH)                                                                                 \
    X(4203, ENV, PUSH_FAILED)                                                                                          \
    X(5001, USAGE, OBJECT_INVALID)                                                                                     \
    X(5002, USAGE, KUSTOMIZE_UNSUPPORTED)                                                                              \
    X(5003, USAGE, REFERENCE_MISSING)                                                                                  \
    X(5004, USAGE, KUSTOMIZE_FILE)                                                                                     \
    X(5101, ENV, KUBECONFIG)                                                                                           \
    X(5102, ENV, WRONG_CLUSTER)                                                                                        \
    X(5103, ENV, CLUSTER_UNREACHABLE)                                                                                  \
    X(5104, ENV, CLUSTER_REFUSED)                                                                                      \
    X(5105, INTEGRITY, CLUSTER_PROTOCOL)                                                                               \
    X(5106, ENV, CREDENTIAL_PLUGIN)                                                                                    \
    X(5201, USAGE, KAFKA_NOT_FOUND)                                                                                    \
    X(5202, USAGE, KAFKA_ADDRESS)                                                                                      \
    X(5401, REJECT, OBJECT_REJECTED)                                                                                   \
    X(5402, REJECT, OTHER_SET)                                                                                         \
    X(5403, USAGE, NEEDS_YES)                                                                                          \
    X(5404, USAGE, NOTHING_APPLIED)                                                                                    \
    X(5405, REJECT, NO_REVISION)                                                                                       \
    X(5409, REJECT, CONFLICT)                                                                                          \
    X(5600, PARTIAL, APPLY_PARTIAL)                                                                                    \
    X(6101, APP, CONTAINER_CANNOT_START)                                                                               \
    X(6102, APP, IMAGE_CANNOT_START)                                                                                   \
    X(6103, APP, CONTAINER_CRASHES)                                                                                    \
    X(6104, APP, CONFIGURATION_MISSING)                                                                                \
    X(6105, APP, CREATION_REFUSED)                                                                                     \
    X(6106, APP, JOB_FAILED)                                                                                           \
    X(6201, TIMEOUT, ROLLOUT_TIMEOUT)                                                                                  \
    X(6202, TIMEOUT, UNSCHEDULABLE)                                                                                    \
    X(6203, TIMEOUT, NOT_READY)                                                                                        \
    X(6301, INTEGRITY, OTHER_IMAGE_RUNS)                                                                               \
    X(6302, PARTIAL, SERVICES_PARTIAL)                                                                                 \
    X(6401, APP, NO_READY_POD)                                                                                         \
    X(6402, APP, COMMAND_CANNOT_START)                                                                                 \
    X(6403, APP, POD_GONE)                                                                                             \
    X(6404, ENV, SESSION_LOST)                                                                                         \
    X(9001, LOCAL, FILE)                                                                                               \
    X(9002, LOCAL, FILE_TOO_LARGE)                                                                                     \
    X(9003, LOCAL, SOCKET)                                                                                             \
    X(9004, LOCAL, PROCESS)                                                                                            \
    X(9005, LOCAL, RESOURCES)                                                                                          \
    X(9006, LOCAL, OUTPUT)                                                                                             \
    X(9007, TIMEOUT, DEADLINE)                                                                                         \
    X(9008, LOCKED, LOCKED)                                                                                            \
    X(9009, INTERRUPTED, INTERRUPTED)                                                                                  \
    X(9010, LOCAL, PORT_TAKEN)

enum err_code {
#define X(number, cls, name) RW##number##_##name = number,
    RWML_CODES(X)
#undef X
};

#endif
