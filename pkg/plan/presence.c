#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "manifest/images.h"
#include "oci/reference.h"
#include "plan/job.h"

static const char STAGE[] = "deploy";

enum { ASK_NODES_MS = 60 * 1000 };

static struct err *lacks_image(const struct job *job, const struct job_image *image, const struct strv *lacking)
{
    AUTO_STR nodes = strv_join(lacking, ", ");
    struct err *e = err_new(RW4102_IMAGE_NOT_ON_NODE, "%s is not on every node of cluster %s", image->content_name,
                            job->target->cluster);
    e = err_cause(e, "missing on %s; what the engine built last has this name", nodes);
    return err_next(err_state(e, "nothing was applied; the pods that run are unchanged"), "rwml push %s",
                    job->item->service->name);
}

static struct err *find_lacking(struct job *job, const char *content_name, const char *config_digest,
                                struct strv *lacking)
{
    struct net_wait wait = { clock_after(ASK_NODES_MS), job->request->cancel };
    return node_lacking_image(job->engine, &job->target->nodes, content_name, config_digest, wait, lacking);
}

/* Gives an image the names of what was delivered for it, where anything was. */
static struct err *assume_image(struct job *job, struct job_image *image)
{
    const struct node_image built = { .ref = image->reference, .config_digest = image->config_digest };
    AUTO(node_delivered) other = { 0 };
    bool found = false;
    TRY(node_delivered(&job->target->nodes, job->request->state_dir, &built, &found, &other));
    if (!found)
        return NULL;
    str_set(&image->config_digest, other.config_digest);
    str_set(&image->content_name, other.content_name);
    image->is_delivered = true;
    return NULL;
}

struct err *job_assume_images(struct job *job)
{
    for (size_t i = 0; i < job->image_count; i++)
        TRY(assume_image(job, &job->images[i]));
    return NULL;
}

/* The image that the nodes got for it as changed files; *there false: none, or not in every node. */
static struct err *check_delivered(struct job *job, struct job_image *image, bool *there)
{
    struct job_image other = { .reference = image->reference };
    AUTO(strv) lacking = { 0 };
    other.config_digest = xstrdup(image->config_digest);
    struct err *e = assume_image(job, &other);
    if (!e && other.is_delivered)
        e = find_lacking(job, other.content_name, other.config_digest, &lacking);
    *there = !e && other.is_delivered && lacking.count == 0;
    if (*there) {
        str_set(&image->config_digest, other.config_digest);
        str_set(&image->content_name, other.content_name);
        image->is_delivered = true;
    }
    free(other.config_digest);
    free(other.content_name);
    return e;
}

struct err *job_check_image(struct job *job, struct job_image *image)
{
    AUTO(strv) lacking = { 0 };
    bool there = false;
    TRY(check_delivered(job, image, &there));
    if (there)
        return NULL;
    TRY(find_lacking(job, image->content_name, image->config_digest, &lacking));
    return lacking.count > 0 ? lacks_image(job, image, &lacking) : NULL;
}

struct err *job_check_nodes(struct job *job)
{
    for (size_t i = 0; i < job->image_count; i++)
        TRY(job_check_image(job, &job->images[i]));
    return NULL;
}

/* from: what the manifests call them now; NULL: by their references. */
static struct err *name_images(struct job *job, const struct strv *from)
{
    struct image_name *names = xcalloc(job->image_count, sizeof *names);
    struct image_changes changes = { 0 };
    for (size_t i = 0; i < job->image_count; i++)
        names[i] = (struct image_name){ from ? from->items[i] : job->images[i].reference, job->images[i].content_name };
    struct err *e = manifest_set_images(&job->item->manifests, names, job->image_count, &changes);
    free(names);
    for (size_t i = 0; i < changes.count; i++)
        job_tell(job, UI_DETAIL, STAGE, -1, "%s container %s: %s becomes %s%s", changes.items[i].object->label,
                 changes.items[i].container, changes.items[i].from, changes.items[i].to,
                 changes.items[i].policy_set ? ", imagePullPolicy IfNotPresent" : "");
    image_changes_release(&changes);
    return e;
}

struct err *job_name_images(struct job *job)
{
    return name_images(job, NULL);
}

/* *all false: some that was delivered as changed files is not in every node, so that its own name counts. */
static struct err *check_expected(struct job *job, bool *all)
{
    *all = true;
    for (size_t i = 0; i < job->image_count && *all; i++) {
        const struct job_image *image = &job->images[i];
        AUTO(strv) lacking = { 0 };
        TRY(find_lacking(job, image->content_name, image->config_digest, &lacking));
        *all = lacking.count == 0 || !image->is_delivered;
        if (lacking.count > 0 && *all)
            return lacks_image(job, image, &lacking);
    }
    return NULL;
}

struct err *job_prove_images(struct job *job, bool *renamed)
{
    AUTO(strv) expected = { 0 };
    bool all;
    *renamed = false;
    TRY(check_expected(job, &all));
    job->pushed = all;
    if (all)
        return NULL;
    for (size_t i = 0; i < job->image_count; i++)
        strv_add(&expected, job->images[i].content_name);
    TRY(job_find_images(job));
    TRY(job_check_nodes(job));
    job->pushed = *renamed = true;
    return name_images(job, &expected);
}

static const struct job_image *find_image(const struct job *job, const char *content_name)
{
    for (size_t i = 0; i < job->image_count; i++)
        if (str_eq(job->images[i].content_name, content_name))
            return &job->images[i];
    return NULL;
}

/* The containers of one list that run an image of ours, appended to found. */
static size_t add_images(const struct job *job, const json_t *containers, struct rollout_image *found, size_t count)
{
    const json_t *each;
    size_t i;
    DOC_EACH_ITEM (containers, i, each) {
        const struct job_image *image = find_image(job, doc_text(each, "/image"));
        if (image)
            found[count++] = (struct rollout_image){ .container = doc_text(each, "/name"),
                                                     .name = image->content_name,
                                                     .config_digest = image->config_digest };
    }
    return count;
}

size_t job_expect_images(const struct job *job, const json_t *pod_spec, struct rollout_image *out)
{
    size_t count = add_images(job, doc_get(pod_spec, "/containers"), out, 0);
    return add_images(job, doc_get(pod_spec, "/initContainers"), out, count);
}

/* What images a foreign cluster has, or where it pulls them from, is not ours to say. */
void job_warn_of_image(const struct job *job, const char *stage, const char *reference)
{
    AUTO_STR named = oci_registry(reference);
    bool is_node = named && oci_registry_is_loopback(named);
    job_tell(job, UI_WARNING, stage, -1,
             "%s is not brought to the nodes of context %s: they have to have it already, or to pull it from %s%s",
             reference, job->target->cluster, named ? named : "docker.io",
             is_node ? ", which is each node itself" : "");
}
