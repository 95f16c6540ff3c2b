#include "workspace/layout.h"

#include <string.h>

static bool is_one_of(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(name, list[i]) == 0)
            return true;
    return false;
}

bool layout_is_deployments(const char *name)
{
    static const char *const list[] = { "deployments", "deployment", "deploy", "manifests", "k8s" };
    return is_one_of(name, list, COUNT_OF(list));
}

bool layout_is_sources(const char *name)
{
    return strcasecmp(name, "services") == 0;
}

bool layout_is_environment(const char *name)
{
    static const char *const list[] = { "dev", "development", "local" };
    return is_one_of(name, list, COUNT_OF(list));
}

bool layout_is_elsewhere(const char *name)
{
    static const char *const starts[] = { "prod", "stag", "test" };
    static const char *const clouds[] = { "aws", "eks",  "gcp",          "gke", "azure",
                                          "aks", "civo", "digitalocean", "do",  "cloud" };
    for (size_t i = 0; i < COUNT_OF(starts); i++)
        if (strncasecmp(name, starts[i], strlen(starts[i])) == 0)
            return true;
    return is_one_of(name, clouds, COUNT_OF(clouds));
}

bool layout_is_unscanned(const char *name)
{
    static const char *const list[] = { ".git", "node_modules", "target", ".venv", ".devcontainer", "mlruns", "tests" };
    return is_one_of(name, list, COUNT_OF(list));
}

bool layout_is_yaml(const char *name)
{
    return str_ends(name, ".yaml") || str_ends(name, ".yml");
}
