/* pull: the nodes bring an image by themselves from the registry that has it. Used within node only. */
#ifndef NODE_PULL_H
#define NODE_PULL_H

#include "node/push_run.h"

/* pull_all: every node that lacks the image pulls its content name by CRI, which takes the missing layers only,
 * and has the last word from CRI as after an import. Nothing where there is no registry. A node that cannot,
 * for whatever reason, has no error afterwards: it is told, and travels. */
struct err *pull_all(struct push_run *r) MUST_USE;

#endif
