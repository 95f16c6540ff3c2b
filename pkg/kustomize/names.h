/* names: references to objects that got another name. For this package alone. */
#ifndef KUSTOMIZE_NAMES_H
#define KUSTOMIZE_NAMES_H

#include "kustomize/resource.h"

/* names_follow: every field that kustomize's namereference.go lists, and that holds a name which an
 * object of the list had, gets the name that it has now; so does the namespace beside it, where the
 * reference has one. RW5002_KUSTOMIZE_UNSUPPORTED where several objects could be meant. */
struct err *names_follow(struct resource_list *all) MUST_USE;

#endif
