/* files: an image that travels as the files in which it differs from one that the nodes have. Used
 * within node only.
 *
 * Where the virtual environment and the source are one layer, as in most users' Dockerfiles, a changed
 * line makes all of it new. So the image is compared, file by file, with a base: an image that was sent
 * before, that the engine still has, and whose layers all nodes have unpacked. What goes to the nodes is
 * an image of the base's layers and one more with the files that differ; its configuration is the new
 * image's but for the layers. Such an image exists in nodes only.
 *
 * The newest base is taken. An image sent as files becomes one itself when they were many, so that they
 * do not travel at every edit from then on; a few times at most, that chains of layers stay short.
 */
#ifndef NODE_FILES_H
#define NODE_FILES_H

#include "engine/image.h"
#include "node/compare.h"
#include "node/holdings.h"
#include "node/import.h"
#include "node/shipment.h"

struct files {
    const struct shipment *base;
    struct spool_budget budget;
    struct compared compared;
    struct strv diff_ids; /* of the image that is sent */
    char *config;         /* its configuration */
    char config_digest[DIGEST_ROOM];
    char *content_name;
};
void files_release(struct files *f);

/* files_prepare: compares with a base out of list, which is borrowed. *why_not, owned, is set where the
 * image cannot travel this way, or better does not; then out is empty. missing: bytes that would travel
 * else. Errors: RW9009_INTERRUPTED, RW9007_DEADLINE. */
struct err *files_prepare(struct engine *e, const struct node_push *push, const struct engine_image *image,
                          const struct holdings *const *holdings, size_t targets, const struct shipment_list *list,
                          uint64_t missing, struct files *out, char **why_not) MUST_USE;

/* files_send: the archive, to the import's targets, which were started. */
struct err *files_send(const struct files *f, struct import *im, const struct holdings *const *holdings) MUST_USE;

/* files_may_be_base: whether a later image should be compared with this one. */
bool files_may_be_base(const struct files *f);

#endif
