#include "commands.h"

#include <string.h>

#include "help.h"

enum { LIMIT_HELP = 1 << 20 };

const struct command commands[] = {
    { "up", "[SVC...]",
      FOR_WORKSPACE | FOR_SERVICES | FOR_CLUSTER | FOR_PUSH | FOR_DEPLOY | FOR_ROLLOUT | FOR_VARIABLES | FOR_VALUES,
      "build, push and deploy",
      "Builds each service's image, brings it to every node of the Kind cluster, applies the manifests and follows\n"
      "the rollout until the new pods are ready and have stayed so. With nothing changed it writes nothing. Old\n"
      "images of these services go afterwards: see rwml images.",
      cmd_services },
    { "build", "[SVC...]", FOR_WORKSPACE | FOR_SERVICES, "build images through the Docker engine",
      "Builds each service's image. Bases that the engine lacks are pulled first; the steps are shown as they run.",
      cmd_services },
    { "push", "[SVC...]", FOR_WORKSPACE | FOR_SERVICES | FOR_CLUSTER | FOR_PUSH,
      "bring built images to every node of the cluster",
      "Streams each service's image into every node that lacks it, and asks each node's runtime for the result.",
      cmd_services },
    { "deploy", "[SVC...]",
      FOR_WORKSPACE | FOR_SERVICES | FOR_CLUSTER | FOR_DEPLOY | FOR_ROLLOUT | FOR_VARIABLES | FOR_VALUES,
      "apply manifests and follow the rollout",
      "Sets variables and image names in the parsed manifests, has the API server check all of them, applies what\n"
      "differs and follows the rollout. Every node must have the image already: see rwml push. Afterwards what has\n"
      "left the manifests is removed, but for PersistentVolumeClaims, Namespaces and CustomResourceDefinitions, and\n"
      "old images of these services: see rwml images.",
      cmd_services },
    { "render", "[SVC...]", FOR_WORKSPACE | FOR_CLUSTER | FOR_VARIABLES | FOR_VALUES | FOR_RENDER,
      "print the objects as they would be applied",
      "Prints each service's objects as rwml deploy would apply them, as YAML that kubectl reads: kustomizations\n"
      "rendered, variables, image names and namespaces set. Changes nothing. What Secrets hold is masked. With\n"
      "-o json, one object a line: {\"event\":\"object\",\"service\":…,\"object\":{…}}.",
      cmd_services },
    { "images", "[SVC...]", FOR_WORKSPACE | FOR_CLUSTER | FOR_IMAGES, "show the images on the nodes, remove old ones",
      "Shows which of the services' images rwml brought to the nodes, and why each stays: a pod or a workload's\n"
      "template uses it, also one that is kept for a rollback; the name without digits means it; it is one of the\n"
      "newest; somebody gave it another name. The others go after the next rollout, or by --prune.",
      cmd_services },
    { "diff", "[SVC...]", FOR_WORKSPACE | FOR_SERVICES | FOR_CLUSTER | FOR_VARIABLES | FOR_VALUES | FOR_DIFF,
      "show what a deploy would change",
      "Has the API server try all objects without keeping them, and shows field by field what would change, and\n"
      "which pods would restart because of which field, and which objects would be removed, since they have left the\n"
      "manifests. Nothing is written. An image that is not built yet is left out of the comparison. A dry run of\n"
      "rwml deploy shows the same.",
      cmd_services },
    { "env", "[SVC...]", FOR_WORKSPACE | FOR_CLUSTER | FOR_VARIABLES | FOR_VALUES,
      "show the environment of each container",
      "Shows what the program in each container and init container will find in its environment, and where each\n"
      "value is from: a literal's place, a key of a ConfigMap or Secret, --set, rwml.yaml. $(NAME) is replaced as\n"
      "the kubelet does it. The cluster is asked only for what the manifests don't have.",
      cmd_services },
    { "explain", "[SVC...] VARIABLE", FOR_WORKSPACE | FOR_CLUSTER | FOR_VARIABLES | FOR_VALUES,
      "show why a variable has its value",
      "Shows all that gives the variable a value, which of it wins and which loses, and every place that it reaches.",
      cmd_services },
    { "status", "[SVC...]", FOR_WORKSPACE | FOR_CLUSTER, "show what was built, what the nodes have and what runs",
      "Shows for each service the image that the engine has, how many nodes have it, whether it is what the pods run\n"
      "(by the digest that the node's runtime reports), how many pods are ready, their restarts, the age of the "
      "newest\n"
      "pod, and what fails now or failed last. Where the engine or the cluster can't be asked, it shows the rest.",
      cmd_services },
    { "logs", "[SVC...]", FOR_WORKSPACE | FOR_CLUSTER | FOR_LOGS, "show what the services' containers print",
      "Shows the lines of all containers of the services' pods, of all revisions, in the order of their times. On a\n"
      "terminal, or with --follow, it goes on over restarts and rollouts until it is interrupted; else it ends with "
      "what\n"
      "is there now. Lines above 128 KB are cut. Within a quarter of a second lines are put in order; one that comes\n"
      "later than that is shown late, as are the first lines of a container that was started just now.",
      cmd_services },
    { "delete", "[SVC...]", FOR_WORKSPACE | FOR_CLUSTER | FOR_APPLIED | FOR_DELETE, "remove what rwml applied",
      "Removes the objects that rwml applied for these services, and nothing else, and waits until they are gone.\n"
      "PersistentVolumeClaims, Namespaces and CustomResourceDefinitions stay unless an option names them. Also\n"
      "removes a named service that has left the workspace. What was cut short goes on when it is run again.",
      cmd_services },
    { "restart", "[SVC...]", FOR_WORKSPACE | FOR_CLUSTER | FOR_APPLIED | FOR_ROLLOUT, "start the pods anew",
      "Has the Deployments, StatefulSets and DaemonSets of these services replace their pods, as their strategy says,\n"
      "and follows that until the new ones are ready and have stayed so. The next deploy leaves them alone.",
      cmd_services },
    { "rollback", "[SVC...]", FOR_WORKSPACE | FOR_CLUSTER | FOR_APPLIED | FOR_ROLLOUT, "return to the previous version",
      "Has each Deployment, StatefulSet and DaemonSet of these services go back to the pods of its previous revision,\n"
      "or, while the newest has not taken over, of the one that still serves, once it is sure that the nodes still\n"
      "have their images, and follows that. Other objects stay as they are. The next deploy applies the manifests\n"
      "again.",
      cmd_services },
    { "run", "UNIT [-- ARG...]", FOR_WORKSPACE | FOR_CLUSTER | FOR_VARIABLES | FOR_PROGRAM | FOR_RUN,
      "run a Job or CronJob of the manifests once",
      "Makes a one-off Job of a unit, the Job or CronJob of that name or the only one of that service: its pod "
      "template\n"
      "as rwml deploy would apply it now, with the image that was built and pushed, once and without retries. ARGs "
      "take\n"
      "the place of the container's args. Shows what it prints, as it comes, and ends with the program's exit code; a\n"
      "failure that is not the program's is 125. The Job is removed when it has ended, or when this is interrupted,\n"
      "which asks the program to end; one that has failed stays for an hour. Objects of the manifests that it needs\n"
      "have to be there: see rwml deploy.",
      cmd_services },
    { "exec", "[SVC] [-- COMMAND [ARG...]]", FOR_WORKSPACE | FOR_CLUSTER | FOR_PROGRAM | FOR_EXEC,
      "run a command or a shell in a pod",
      "Runs the command in the newest ready pod of the service; without a command, a shell. On a terminal it gets "
      "one,\n"
      "with all keys; else it gets our input with -i, and an empty one without. Ends with the command's exit code, "
      "with\n"
      "127 or 126 where there is no such program or it can't be started, and with 125 after a failure that is not the\n"
      "command's.",
      cmd_services },
    { "forward", "[SVC...] [PORT...]", FOR_WORKSPACE | FOR_CLUSTER, "bring ports of pods to this machine",
      "Listens at 127.0.0.1, and passes each connection on to the newest ready pod of the service; when pods are\n"
      "replaced the next connection goes to the new one, and while there is none connections wait for half a minute.\n"
      "Without a PORT: all TCP ports that the manifests' Services and containers name, at the same number here, or\n"
      "another one where that can't be had. A PORT is 8080, 9000:8080 (9000 here), or :8080 (any here), a Service's "
      "or\n"
      "the pod's own. A peer that sends no more but still reads can't be told apart by the pod.",
      cmd_services },
    { "version", NULL, 0, "show the version", "Shows rwml's version and those of the libraries it runs with.",
      cmd_version },
    { "help", "[COMMAND]", 0, "show help",
      "Shows the commands, or the options of one of them. `rwml help man` prints the man page.", cmd_help },
};
const size_t command_count = COUNT_OF(commands);

struct err *command_find(const char *name, const struct command **out)
{
    const char *names[COUNT_OF(commands)];
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            *out = &commands[i];
            return NULL;
        }
        names[i] = commands[i].name;
    }
    struct err *e = err_new(RW1021_UNKNOWN_COMMAND, "rwml has no command %s", name);
    const char *near = str_nearest(name, names, command_count);
    if (near)
        e = err_cause(e, "did you mean %s?", near);
    return err_next(e, "rwml help");
}

struct err *cmd_help(const struct app *app, const struct command *self)
{
    const struct strv *words = &app->options->arguments;
    AUTO(buf) text = BUF_INIT(LIMIT_HELP);
    (void)self;
    if (words->count > 1)
        return err_new(RW1020_COMMAND_LINE, "rwml help takes one command, not %zu", words->count);
    if (words->count == 0) {
        help_overview(&text);
    } else if (strcmp(words->items[0], "man") == 0) {
        help_man_page(&text);
    } else {
        const struct command *command;
        TRY(command_find(words->items[0], &command));
        help_command(command, &text);
    }
    ui_text(app->ui, buf_text(&text));
    return NULL;
}
