/* summary: how a service's pods are, in a few words. Pure. */
#ifndef PODS_SUMMARY_H
#define PODS_SUMMARY_H

#include <stdint.h>

#include "base/strv.h"
#include "doc/tree.h"

/* Zeroed before the first object is added. */
struct pod_summary {
    int64_t wanted; /* pods; of a Job its completions */
    bool unknown;   /* and more than that: a DaemonSet that is not in the cluster has no number of pods */
    int64_t ready;  /* pods that are Ready, or have ended well */
    int64_t pods;   /* that are there, also those that end just now */
    int64_t restarts;
    int64_t newest_s; /* when the newest pod was made, since the epoch; 0: there is none */
    char *trouble;    /* "CrashLoopBackOff", "OOMKilled", "Unschedulable": the worst of now, else the last failure */
    int rank;         /* of it */
};
void pod_summary_release(struct pod_summary *s);

/* pod_summary_add_workload: what a workload (Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, Pod) wants, a live
 * one or the manifest's; of a DaemonSet only a live one tells, see unknown. A CronJob wants nothing, nor does what is
 * suspended. */
void pod_summary_add_workload(struct pod_summary *s, const json_t *workload);
void pod_summary_add_pod(struct pod_summary *s, const json_t *pod);

#endif
