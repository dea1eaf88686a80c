/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "cuse-server/base/nearest.h"
#include "cuse-server/cli/cmd-engine-hook.h"
#include "cuse-server/cli/cmd-runtime.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/worker/worker-start.h"

static const Command commands[] = {
    {"run", "run a command with GPUs, in a container of one with its own instance", cmd_run},
    {"serve", "serve an instance's devices to a container", cmd_serve},
    {"ps", "list the instances that run, with what they have open and refused", cmd_ps},
    {"top", "show again and again what the instances use", cmd_top},
    {"limit", "change the quotas and shares of a running instance", cmd_limit},
    {"pause", "keep the programs of running instances off their GPUs", cmd_pause},
    {"resume", "let the programs of paused instances use their GPUs again", cmd_resume},
    {"explain", "say why calls were refused, and what would allow them", cmd_explain},
    {"doctor", "look at this host and say what keeps nvcuse from working", cmd_doctor},
    {"cdi", "describe the GPUs to container engines (CDI)", cmd_cdi},
    {"install", "give a container engine the runtime nvcuse, or take it back", cmd_install},
    {"drivers", "list the driver versions that are known, ask the host for its own", cmd_drivers},
    {"trace", "show, compare and play what an instance recorded", cmd_trace},
    {"abi", "show what is known of a driver version's interface", cmd_abi},
};

static void print_help(void)
{
    g_print("Usage: nvcuse COMMAND [OPTION...]\n\n"
            "NVIDIA GPUs for any Linux container, without handing it NVIDIA's driver.\n\n"
            "Commands:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_print("  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    g_print("\n`nvcuse COMMAND --help` tells a command's options, nvcuse(1) the rest.\n");
}

static int run_command(const Command *command, int argc, char **argv)
{
    g_autofree char *name = g_strdup_printf("nvcuse %s", command->name);

    g_set_prgname(name);
    argv[0] = name;
    return command->main(argc, argv);
}

static int no_such_command(const char *word)
{
    const char *names[G_N_ELEMENTS(commands) + 1] = {NULL};

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        names[i] = commands[i].name;
    }
    g_autofree char *hint = nearest_hint(word, names);
    g_printerr("nvcuse: unknown command '%s'%s\n", word, hint);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    g_autofree char *name = argc > 0 ? g_path_get_basename(argv[0]) : NULL;

    if (g_strcmp0(name, WORKER_PROGRAM) == 0) {
        return worker_start(argc, argv);
    }
    if (g_strcmp0(name, "nvcuse-runtime") == 0) {
        return cmd_runtime(argc, argv);
    }
    if (g_strcmp0(name, ENGINE_HOOK) == 0) {
        return cmd_engine_hook(argv);
    }
    (void)setlocale(LC_ALL, "");
    if (argc < 2) {
        print_help();
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help();
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        g_print("nvcuse " NVCUSE_VERSION "\n");
        return EXIT_OK;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return run_command(&commands[i], argc - 1, argv + 1);
        }
    }
    return no_such_command(argv[1]);
}
