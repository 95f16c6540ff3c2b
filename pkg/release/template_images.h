/* template_images: are the images of an older pod template still there? For pkg/release only. */
#ifndef RELEASE_TEMPLATE_IMAGES_H
#define RELEASE_TEMPLATE_IMAGES_H

#include "plan/target.h"
#include "workspace/workspace.h"

/* template_images_check: every image of the template that rwml brought to the nodes, by its content name, is
 * on each of them; nobody could pull it. RW4102_IMAGE_NOT_ON_NODE. Nobody is asked where there is no such
 * image, nor of a foreign cluster, to which rwml brings none. what: the workload, for the message. */
struct err *template_images_check(const struct target *target, const struct workspace *workspace,
                                  const struct cancel *cancel, const char *what, const json_t *template) MUST_USE;

/* template_images_brought: does this image's name end in 12 digits of its content, behind a reference of the
 * workspace that names no registry? Pure. */
bool template_images_brought(const struct workspace *workspace, const char *image);

#endif
