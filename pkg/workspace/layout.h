/* layout: the directory names that discovery goes by, in any case. */
#ifndef WORKSPACE_LAYOUT_H
#define WORKSPACE_LAYOUT_H

#include "base/mem.h"

#define LAYOUT_DEPLOYMENTS "deployments, deployment, deploy, manifests, k8s"

bool layout_is_deployments(const char *name);
bool layout_is_sources(const char *name);     /* services */
bool layout_is_environment(const char *name); /* dev, development, local: where units are looked for */
bool layout_is_elsewhere(const char *name);   /* prod…, stag…, test…, clouds: never for a Kind cluster (U4, C1) */
bool layout_is_unscanned(const char *name);   /* never holds a Dockerfile of ours: .git, node_modules, … */
bool layout_is_yaml(const char *name);

#endif
