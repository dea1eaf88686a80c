/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/simulated-proc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/mounts/detached-mount.h"

/* Names in the file system, which is mounted over /proc/driver. */
#define DEVICES "devices"
#define DRIVER  "nvidia"

/* The parameters that libraries look for and must find, so that they leave the nodes alone. */
static const char params[] = "ModifyDeviceFiles: 0\n"
                             "DeviceFileUID: 0\n"
                             "DeviceFileGID: 0\n"
                             "DeviceFileMode: 438\n";

static bool add_file(int fs, const char *path, const char *text)
{
    int fd = make_parent_directories(fs, path)
                 ? openat(fs, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444)
                 : -1;
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    close_if_open(fd);
    return ok;
}

/* --- the driver's directory ------------------------------------------------------------------- */

static bool has_gpu(const Device *devices, unsigned n_devices, unsigned minor_no)
{
    for (unsigned i = 0; i < n_devices; i++) {
        if (devices[i].kind == DEVICE_FRONTEND && minor(devices[i].number) == minor_no) {
            return true;
        }
    }
    return false;
}

static bool add_gpu(int fs, const nv_ioctl_card_info_t *card)
{
    const nv_pci_info_t *pci = &card->pci_info;
    g_autofree char *address =
        g_strdup_printf("%04x:%02x:%02x.%x", pci->domain, pci->bus, pci->slot, pci->function);
    g_autofree char *path = g_build_filename(DRIVER, "gpus", address, "information", NULL);
    g_autofree char *text = g_strdup_printf("Model: \t\t Unknown\n"
                                            "IRQ:   \t\t %u\n"
                                            "Bus Type: \t PCIe\n"
                                            "Bus Location: \t %s\n"
                                            "Device Minor: \t %u\n",
                                            card->interrupt_line, address, card->minor_number);

    return add_file(fs, path, text);
}

static bool add_gpus(int fs, const GArray *cards, const Device *devices, unsigned n_devices)
{
    for (guint i = 0; i < cards->len; i++) {
        const nv_ioctl_card_info_t *card = &g_array_index(cards, nv_ioctl_card_info_t, i);
        /* EEXIST: a recording may claim that two cards are at one PCI address. */
        if (has_gpu(devices, n_devices, card->minor_number) && !add_gpu(fs, card) &&
            errno != EEXIST) {
            return false;
        }
    }
    return true;
}

static bool add_driver(int fs, const TraceSession *session)
{
    g_autofree char *version = g_strdup_printf(
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  %s  (simulated)\n", session->driver);

    return add_file(fs, DRIVER "/version", version) && add_file(fs, DRIVER "/params", params);
}

/* --- /proc/devices ---------------------------------------------------------------------------- */

/* The name that /proc/devices gives to the major number of a device. NULL if there is none. */
static char *driver_name(const Device *device)
{
    switch (device->kind) {
    case DEVICE_FRONTEND:
        return g_strdup("nvidia-frontend");
    case DEVICE_UVM:
    case DEVICE_UVM_TOOLS:
        return g_strdup("nvidia-uvm");
    case DEVICE_OPEN_ONLY:
        return g_path_get_dirname(device->name);
    case DEVICE_DMA_BUF:
        break;
    }
    return NULL;
}

/* Write the host's /proc/devices, with the instance's lines at the beginning of the character
 * devices. */
static bool add_devices(int fs, const Device *devices, unsigned n_devices)
{
    static const char heading[] = "Character devices:\n";
    g_autoptr(GString) text = g_string_new(heading);
    g_autofree char *host = NULL;

    for (unsigned i = 0; i < n_devices; i++) {
        g_autofree char *name = driver_name(&devices[i]);
        g_autofree char *line =
            name ? g_strdup_printf("%3u %s\n", major(devices[i].number), name) : g_strdup("");
        if (!strstr(text->str, line)) {
            g_string_append(text, line);
        }
    }
    if (!g_file_get_contents("/proc/devices", &host, NULL, NULL)) {
        return false;
    }
    g_string_append(text, g_str_has_prefix(host, heading) ? host + strlen(heading) : host);
    return add_file(fs, DEVICES, text->str);
}

/* --- the file system -------------------------------------------------------------------------- */

static bool make_read_only(int fs)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};

    return mount_setattr(fs, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0;
}

int simulated_proc_new(const Simulation *simulation, const Device *devices, unsigned n_devices,
                       GError **error)
{
    int fs = detached_tmpfs(MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);

    if (fs >= 0 && add_driver(fs, simulation_session(simulation)) &&
        add_gpus(fs, simulation_cards(simulation), devices, n_devices) &&
        add_devices(fs, devices, n_devices) && make_read_only(fs)) {
        return fs;
    }
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                "cannot make the simulated driver's part of /proc: %s", g_strerror(errno));
    close_if_open(fs);
    return -1;
}

bool simulated_proc_is(int mount)
{
    return faccessat(mount, DEVICES, F_OK, 0) == 0;
}

static bool bind_devices(void)
{
    int from = open_tree(AT_FDCWD, "/proc/driver/" DEVICES, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    bool ok =
        from >= 0 && move_mount(from, "", AT_FDCWD, "/proc/devices", MOVE_MOUNT_F_EMPTY_PATH) == 0;
    int saved = errno;

    close_if_open(from);
    errno = saved;
    return ok;
}

bool simulated_proc_attach(int mount)
{
    return move_mount(mount, "", AT_FDCWD, "/proc/driver", MOVE_MOUNT_F_EMPTY_PATH) == 0 &&
           bind_devices();
}
