/* SPDX-License-Identifier: Apache-2.0 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "cuse-server/cli/command.h"

static const Command commands[] = {
    {"run", "run a command with GPUs, in a container of one with its own instance", cmd_run},
    {"serve", "serve an instance's devices to a container", cmd_serve},
    {"drivers", "list the driver versions that are known, ask the host for its own", cmd_drivers},
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

int main(int argc, char **argv)
{
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
    g_printerr("nvcuse: there is no command '%s'; see nvcuse --help\n", argv[1]);
    return EXIT_USAGE;
}
