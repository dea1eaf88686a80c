/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse pause, nvcuse resume: keep the programs of instances off the GPUs, and let them run again. */
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/instances/limit-client.h"
#include "cuse-server/observe/run-directory.h"
#include "cuse-server/wire/instance-spec.h"

/**
 * PauseCommand: what the two commands differ in.
 * @paused: LimitRequest.paused
 * @done: printed after the instance's name
 */
typedef struct {
    uint32_t paused;
    const char *name;
    const char *summary;
    const char *description;
    const char *done;
} PauseCommand;

static const PauseCommand pause_command = {
    .paused = 1,
    .name = "pause",
    .summary = "Keep the programs of running instances off their GPUs. Needs root.",
    .description =
        "The programs keep running on the host, and keep their memory. What they have asked the "
        "GPUs "
        "for waits until `nvcuse resume`. nvidia-smi and other calls that only ask still work.",
    .done = "paused",
};

static const PauseCommand resume_command = {
    .paused = 0,
    .name = "resume",
    .summary = "Let the programs of paused instances use their GPUs again. Needs root.",
    .description = "Weights and caps (--gpu-share, --gpu-cap) are what they were before the pause.",
    .done = "running",
};

static bool parse(const PauseCommand *command, int *argc, char ***argv, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new("NAME...");

    g_option_context_set_summary(context, command->summary);
    g_option_context_set_description(context, command->description);
    return g_option_context_parse(context, argc, argv, error);
}

static bool change(const PauseCommand *command, const char *word)
{
    const LimitRequest request = {
        .size = sizeof request, .changes = LIMIT_PAUSED, .paused = command->paused};
    g_autoptr(GError) error = NULL;
    g_autofree char *name = run_directory_find(word, &error);

    if (!name || !limit_client_change(name, &request, &error)) {
        g_printerr("nvcuse %s: %s\n", command->name, error->message);
        return false;
    }
    g_print("%s: %s\n", name, command->done);
    return true;
}

/* Check all names before anything is changed. */
static bool check_names(const PauseCommand *command, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;

    for (int i = 1; i < argc; i++) {
        if (!instance_check_name(argv[i], &error)) {
            g_printerr("nvcuse %s: %s\n", command->name, error->message);
            return false;
        }
    }
    if (argc < 2) {
        g_printerr("nvcuse %s: expected the NAME of an instance; see nvcuse %s --help\n",
                   command->name, command->name);
    }
    return argc >= 2;
}

static int run(const PauseCommand *command, int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    int code = EXIT_OK;

    if (!parse(command, &argc, &argv, &error)) {
        g_printerr("nvcuse %s: %s\n", command->name, error->message);
        return EXIT_USAGE;
    }
    if (!check_names(command, argc, argv)) {
        return EXIT_USAGE;
    }
    for (int i = 1; i < argc; i++) {
        code = change(command, argv[i]) ? code : EXIT_FAILED;
    }
    return code;
}

int cmd_pause(int argc, char **argv)
{
    return run(&pause_command, argc, argv);
}

int cmd_resume(int argc, char **argv)
{
    return run(&resume_command, argc, argv);
}
