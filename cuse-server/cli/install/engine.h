/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container engines whose configuration nvcuse install edits.
 *
 * An engine's edit is a function from text to text. It knows neither files nor programs, so that tests can give it any
 * configuration.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** INSTALL_NAME: the name that the runtime gets in the engines' configurations. */
#define INSTALL_NAME "nvcuse"

/**
 * InstallWish: what somebody wants of an engine's configuration.
 * @runtime: the absolute path of nvcuse-runtime; NULL if only @remove is wanted
 * @make_default: make the runtime the engine's default. If false, the default stays what it is
 * @remove: take everything out that nvcuse install has put there
 * @before: the text from before nvcuse install edited it the first time; NULL if there was no file, or it is not known
 * @engine_major: the first number of the installed engine's version; 0 if it is not known
 */
typedef struct {
    const char *runtime;
    bool make_default;
    bool remove;
    const char *before;
    unsigned engine_major;
} InstallWish;

/**
 * Engine: a container engine.
 * @name: as on the command line
 * @path: its configuration
 * @program: the engine's program, to find out whether it is installed
 * @hook: (nullable): where the engine finds the program that it needs for its own option for GPUs (engine-hook.h)
 * @edit: make the new configuration. @text: the present one; NULL if there is no file. Returns the new text, which the
 *     caller frees; it is empty if no file is needed. Returns NULL with an @error that says what to do.
 * @major: (nullable): ask the engine's @program for the first number of its version; 0 if it does not tell
 * @prove: (nullable): check with the engine's @program that it accepts the configuration in a file
 * @restart: (nullable): what makes the engine read its configuration
 * @restart_without: (nullable): what makes it forget the runtime, after a removal
 * @attempt: what to try then
 */
typedef struct {
    const char *name;
    const char *path;
    const char *program;
    const char *hook;
    char *(*edit)(const char *text, const InstallWish *wish, GError **error);
    unsigned (*major)(const char *program);
    bool (*prove)(const char *program, const char *path, GError **error);
    const char *restart;
    const char *restart_without;
    const char *attempt;
} Engine;

extern const Engine engine_docker;
extern const Engine engine_podman;
extern const Engine engine_containerd;
extern const Engine engine_crio;

/** engine_find: find an engine by its name. Returns NULL with an @error that lists the engines. */
const Engine *engine_find(const char *name, GError **error);

/**
 * engine_edit: make an engine's new configuration, as @edit of Engine does. If @wish->remove, and @text is what nvcuse
 * install made of @wish->before, the new text is @wish->before, byte for byte.
 */
char *engine_edit(const Engine *engine, const char *text, const InstallWish *wish, GError **error);
