/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/proc-tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"

enum { TEXT_MAX = 256 * 1024 }; /* the longest of these files is a few KiB long */

/* A line of a file whose value is changed for containers. */
typedef struct {
    const char *key;
    const char *value;
} Change;

/*
 * Tell NVIDIA's libraries to leave the nodes alone. With ModifyDeviceFiles: 1, the libraries, run by root, delete
 * nvcuse's nodes and make the real ones; nvidia-modprobe, which is shipped with the libraries, does the same.
 * DeviceFileModify in a capability's file has the same meaning for the capability's node.
 */
static const Change params_changes[] = {{"ModifyDeviceFiles", "0"}, {NULL, NULL}};
static const Change capability_changes[] = {{"DeviceFileModify", "0"}, {NULL, NULL}};

/* The driver's entries that a container gets. */
static const struct {
    const char *name;
    const Change *changes;
    bool is_directory;
} top_entries[] = {
    {"params", params_changes, false}, {"version", NULL, false},
    {"registry", NULL, false},         {"gpus", NULL, true},
    {"capabilities", NULL, true},
};

/* The files that a GPU's directory has for containers, all of them read-only. The driver's other files are for
 * writing, and the host's alone (suspend, for example). */
static const char *const gpu_files[] = {"information", "registry", "power", "numa_status"};

/* The driver's capability files that a container can get. The files of MIG instances are left out for every
 * container. */
static const struct {
    const char *directory;
    const char *name;
} capability_files[] = {
    {NULL, "fabric-imex-mgmt"},
    {"mig", "config"},
    {"mig", "monitor"},
};

/* @path: below the driver's directory on the host */
typedef struct {
    int parent;
    bool is_directory;
    char *name;
    char *path;
    const Change *changes;
} Node;

struct ProcTree {
    int driver;
    GArray *nodes;
};

static void node_clear(Node *node)
{
    g_free(node->name);
    g_free(node->path);
}

static const Node *node_at(const ProcTree *tree, int node)
{
    return &g_array_index(tree->nodes, Node, (guint)node);
}

static int add_node(ProcTree *tree, int parent, const char *name, bool is_directory,
                    const Change *changes)
{
    const char *above = tree->nodes->len ? node_at(tree, parent)->path : "";
    Node node = {
        .parent = parent,
        .is_directory = is_directory,
        .name = g_strdup(name),
        .path = *above ? g_build_filename(above, name, NULL) : g_strdup(name),
        .changes = changes,
    };

    g_array_append_val(tree->nodes, node);
    return (int)tree->nodes->len - 1;
}

static bool host_has(const ProcTree *tree, int directory, const char *name)
{
    const char *above = node_at(tree, directory)->path;
    g_autofree char *path = *above ? g_build_filename(above, name, NULL) : g_strdup(name);

    return faccessat(tree->driver, path, F_OK, 0) == 0;
}

static char *read_host(const ProcTree *tree, const char *path, gsize *length)
{
    g_autofree char *text = g_malloc(TEXT_MAX);
    int fd = openat(tree->driver, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = 1;
    int saved;

    *length = 0;
    while (fd >= 0 && n > 0 && *length < TEXT_MAX) {
        n = read(fd, text + *length, TEXT_MAX - *length);
        *length += n > 0 ? (gsize)n : 0;
    }
    saved = errno;
    close_if_open(fd);
    errno = saved;
    return fd >= 0 && n >= 0 ? g_strndup(text, *length) : NULL;
}

/* The instance's devices. The tree describes their nodes. */
typedef struct {
    const Device *devices;
    unsigned n;
} Devices;

/* Does the instance have a node of this kind with the minor number that the driver's file @path gives after @key?
 * @prefix tells the nodes of capabilities from those of IMEX channels, which have the same kind. */
static bool has_node_of(const ProcTree *tree, const char *path, const char *key, const Devices *all,
                        DeviceKind kind, const char *prefix)
{
    gsize length;
    g_autofree char *text = read_host(tree, path, &length);
    const char *line = text ? strstr(text, key) : NULL;

    for (unsigned i = 0; line && i < all->n; i++) {
        if (all->devices[i].kind == kind && g_str_has_prefix(all->devices[i].name, prefix) &&
            minor(all->devices[i].number) == g_ascii_strtoull(line + strlen(key), NULL, 10)) {
            return true;
        }
    }
    return false;
}

static bool is_instance_gpu(const ProcTree *tree, const char *address, const Devices *all)
{
    g_autofree char *path = g_build_filename("gpus", address, "information", NULL);

    return has_node_of(tree, path, "Device Minor:", all, DEVICE_FRONTEND, "nvidia");
}

static void add_gpus(ProcTree *tree, int gpus, const Devices *all)
{
    int fd = openat(tree->driver, "gpus", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *found;

    while (directory && (found = readdir(directory))) {
        if (found->d_name[0] == '.' || !is_instance_gpu(tree, found->d_name, all)) {
            continue;
        }
        int gpu = add_node(tree, gpus, found->d_name, true, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(gpu_files); i++) {
            if (host_has(tree, gpu, gpu_files[i])) {
                add_node(tree, gpu, gpu_files[i], false, NULL);
            }
        }
    }
    if (directory) {
        closedir(directory);
    }
}

/* Find the node of a host directory that several entries share. Add it with the first of them. */
static int shared_directory(ProcTree *tree, int parent, const char *name)
{
    int node = proc_tree_lookup(tree, parent, name);

    return node == PROC_TREE_NONE ? add_node(tree, parent, name, true, NULL) : node;
}

static void add_capabilities(ProcTree *tree, int capabilities, const Devices *all)
{
    for (size_t i = 0; i < G_N_ELEMENTS(capability_files); i++) {
        const char *directory = capability_files[i].directory;
        const char *name = capability_files[i].name;
        g_autofree char *path = directory ? g_build_filename("capabilities", directory, name, NULL)
                                          : g_build_filename("capabilities", name, NULL);
        if (has_node_of(tree, path, "DeviceFileMinor:", all, DEVICE_OPEN_ONLY, "nvidia-caps/")) {
            int parent = directory ? shared_directory(tree, capabilities, directory) : capabilities;
            add_node(tree, parent, name, false, capability_changes);
        }
    }
}

ProcTree *proc_tree_new(int driver, const Device *devices, unsigned n_devices)
{
    const Devices all = {devices, n_devices};
    ProcTree *tree = g_new0(ProcTree, 1);

    tree->driver = driver;
    tree->nodes = g_array_new(FALSE, FALSE, sizeof(Node));
    g_array_set_clear_func(tree->nodes, (GDestroyNotify)node_clear);
    int root = add_node(tree, PROC_TREE_ROOT, "", true, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(top_entries); i++) {
        const char *name = top_entries[i].name;
        if (!host_has(tree, root, name)) {
            continue;
        }
        int node = add_node(tree, root, name, top_entries[i].is_directory, top_entries[i].changes);
        if (g_str_equal(name, "gpus")) {
            add_gpus(tree, node, &all);
        } else if (g_str_equal(name, "capabilities")) {
            add_capabilities(tree, node, &all);
        }
    }
    return tree;
}

void proc_tree_free(ProcTree *tree)
{
    g_array_unref(tree->nodes);
    g_free(tree);
}

int proc_tree_child(const ProcTree *tree, int directory, unsigned i)
{
    for (guint node = PROC_TREE_ROOT + 1; node < tree->nodes->len; node++) {
        if (node_at(tree, (int)node)->parent == directory && i-- == 0) {
            return (int)node;
        }
    }
    return PROC_TREE_NONE;
}

int proc_tree_lookup(const ProcTree *tree, int directory, const char *name)
{
    int node;

    for (unsigned i = 0; (node = proc_tree_child(tree, directory, i)) != PROC_TREE_NONE; i++) {
        if (g_str_equal(node_at(tree, node)->name, name)) {
            return node;
        }
    }
    return PROC_TREE_NONE;
}

bool proc_tree_has(const ProcTree *tree, guint64 node)
{
    return node < tree->nodes->len;
}

bool proc_tree_is_directory(const ProcTree *tree, int node)
{
    return node_at(tree, node)->is_directory;
}

const char *proc_tree_name(const ProcTree *tree, int node)
{
    return node_at(tree, node)->name;
}

int proc_tree_parent(const ProcTree *tree, int node)
{
    return node_at(tree, node)->parent;
}

/* Give each line with a known key its new value. Leave a file without such a line as it is. */
static char *changed(const char *text, const Change *changes)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        for (const Change *change = changes; change->key; change++) {
            if (g_str_has_prefix(*line, change->key) && (*line)[strlen(change->key)] == ':') {
                g_free(*line);
                *line = g_strdup_printf("%s: %s", change->key, change->value);
            }
        }
    }
    return g_strjoinv("\n", lines);
}

char *proc_tree_read(const ProcTree *tree, int node, gsize *length)
{
    const Node *file = node_at(tree, node);
    g_autofree char *text = read_host(tree, file->path, length);

    if (!text || !file->changes) {
        return g_steal_pointer(&text);
    }
    char *result = changed(text, file->changes);
    *length = strlen(result);
    return result;
}
