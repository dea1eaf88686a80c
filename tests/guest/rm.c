/* SPDX-License-Identifier: Apache-2.0 */
/* NVIDIA's calls, as its libraries make them, and the transcript of their results. */
#include "tests/guest/rm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* --- transcript */

void section(const char *name)
{
    setlinebuf(stdout); /* a program that forks must not have text in the buffer */
    say("# %s", name);
}

const char *status(int64_t result)
{
    const char *name = result < 0 ? strerrorname_np((int)-result) : nv_status_name((NvU32)result);

    return name ? name : "?";
}

NvU64 hash(const void *data, size_t size)
{
    const unsigned char *p = data;
    NvU64 value = 0xcbf29ce484222325;

    for (size_t i = 0; i < size; i++) {
        value = (value ^ p[i]) * 0x100000001b3;
    }
    return value;
}

static void die(const char *what)
{
    say("%s: %s", what, strerrorname_np(errno));
    exit(1);
}

/* --- the driver */

static struct {
    char version[64];
    DriverAbi *abi;
} driver;

int node(const char *name)
{
    g_autofree char *path = g_strconcat("/dev/", name, NULL);
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        die(path);
    }
    return fd;
}

const DriverAbi *abi(void)
{
    nv_ioctl_rm_api_version_t check = {.cmd = NV_RM_API_VERSION_CMD_QUERY};
    g_autoptr(GError) error = NULL;
    DriverVersion version;
    const DriverRelease *found;

    if (driver.abi) {
        return driver.abi;
    }
    int ctl = node("nvidiactl");
    if (ioctl(ctl, _IOWR(NV_IOCTL_MAGIC, NV_ESC_CHECK_VERSION_STR, check), &check) != 0) {
        die("NV_ESC_CHECK_VERSION_STR");
    }
    close(ctl);
    g_strlcpy(driver.version, check.versionString, sizeof driver.version);
    if (!driver_version_parse(driver.version, &version, &error) ||
        !(found = driver_release_choose(version, DRIVER_POLICY_SERIES, NULL, &error))) {
        say("%s", error->message);
        exit(1);
    }
    driver.abi = driver_abi_new(found);
    return driver.abi;
}

const char *driver_version(void)
{
    abi();
    return driver.version;
}

/* --- parameters */

static Params params_new(AbiKind kind, NvU32 number)
{
    const AbiEntry *entry = driver_abi_lookup(abi(), kind, number);
    Params params = {0};

    if (entry && entry->layout) {
        params.layout = entry->layout;
        params.size = entry->layout->size;
        params.data = g_malloc0(params.size);
    }
    return params;
}

Params control_params(NvU32 command)
{
    return params_new(ABI_CONTROL, command);
}

Params class_params(NvU32 class)
{
    return params_new(ABI_ALLOC, class);
}

Params uvm_params(NvU32 number)
{
    return params_new(ABI_UVM, number);
}

void params_free(Params *params)
{
    g_clear_pointer(&params->data, g_free);
}

/* A member by its dotted name. A name that does not exist is a fault in the program. */
static const AbiField *find(const AbiLayout *layout, const char *name, size_t *offset)
{
    g_auto(GStrv) parts = g_strsplit(name, ".", -1);
    const AbiField *field = NULL;

    *offset = 0;
    g_assert(layout);
    for (char **part = parts; *part; part++) {
        field = NULL;
        for (NvU32 i = 0; i < layout->n_fields && !field; i++) {
            if (strcmp(layout->fields[i].name, *part) == 0) {
                field = &layout->fields[i];
            }
        }
        if (!field) {
            g_error("%s has no member %s", layout->name, name);
        }
        *offset += field->offset;
        layout = field->type;
    }
    return field;
}

bool params_has(const Params *params, const char *name)
{
    for (NvU32 i = 0; params->layout && i < params->layout->n_fields; i++) {
        if (strcmp(params->layout->fields[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

NvU64 params_get(const Params *params, const char *name, unsigned index)
{
    size_t offset;
    const AbiField *field = find(params->layout, name, &offset);
    NvU64 value = 0;

    memcpy(&value, params->data + offset + (size_t)index * field->type->size, field->type->size);
    return value;
}

void params_put(const Params *params, const char *name, unsigned index, NvU64 value)
{
    size_t offset;
    const AbiField *field = find(params->layout, name, &offset);

    memcpy(params->data + offset + (size_t)index * field->type->size, &value, field->type->size);
}

void *params_at(const Params *params, const char *name)
{
    size_t offset;

    find(params->layout, name, &offset);
    return params->data + offset;
}

/* --- calls */

int64_t ioctl_status(int fd, unsigned nr, void *argument, size_t size, size_t status_offset)
{
    NvU32 value;

    if (ioctl(fd, _IOC(_IOC_READ | _IOC_WRITE, NV_IOCTL_MAGIC, nr, size), argument) != 0) {
        return -errno;
    }
    memcpy(&value, (char *)argument + status_offset, sizeof value);
    return value;
}

int64_t rm_client(int ctl, NvHandle *client)
{
    NVOS21_PARAMETERS args = {.hClass = NV01_ROOT_CLIENT};
    int64_t result =
        ioctl_status(ctl, NV_ESC_RM_ALLOC, &args, sizeof args, offsetof(NVOS21_PARAMETERS, status));

    *client = args.hObjectNew;
    return result;
}

int64_t rm_alloc(int fd, NvHandle client, NvHandle parent, NvHandle object, NvU32 class,
                 void *params)
{
    NVOS64_PARAMETERS args = {.hRoot = client,
                              .hObjectParent = parent,
                              .hObjectNew = object,
                              .hClass = class,
                              .pAllocParms = (uintptr_t)params};

    return ioctl_status(fd, NV_ESC_RM_ALLOC, &args, sizeof args,
                        offsetof(NVOS64_PARAMETERS, status));
}

int64_t rm_free(int ctl, NvHandle client, NvHandle object)
{
    NVOS00_PARAMETERS args = {.hRoot = client, .hObjectOld = object};

    return ioctl_status(ctl, NV_ESC_RM_FREE, &args, sizeof args,
                        offsetof(NVOS00_PARAMETERS, status));
}

int64_t rm_control(int ctl, NvHandle client, NvHandle object, NvU32 command, void *params,
                   size_t size)
{
    NVOS54_PARAMETERS args = {.hClient = client,
                              .hObject = object,
                              .cmd = command,
                              .params = (uintptr_t)params,
                              .paramsSize = (NvU32)size};

    return ioctl_status(ctl, NV_ESC_RM_CONTROL, &args, sizeof args,
                        offsetof(NVOS54_PARAMETERS, status));
}

int64_t rm_ask(int ctl, NvHandle client)
{
    NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS ids = {0};

    return rm_control(ctl, client, client, NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS, &ids, sizeof ids);
}

int64_t rm_map(int ctl, NvHandle client, NvHandle memory, NvU64 offset, NvU64 length, int fd,
               NvU64 *linear_address)
{
    nv_ioctl_nvos33_parameters_with_fd args = {.params = {.hClient = client,
                                                          .hDevice = H_DEVICE,
                                                          .hMemory = memory,
                                                          .offset = offset,
                                                          .length = length},
                                               .fd = fd};
    int64_t result = ioctl_status(ctl, NV_ESC_RM_MAP_MEMORY, &args, sizeof args,
                                  offsetof(NVOS33_PARAMETERS, status));

    if (linear_address) {
        *linear_address = args.params.pLinearAddress;
    }
    return result == 0 && args.fd != fd ? -EBADMSG : result;
}

int64_t rm_unmap(int ctl, NvHandle client, NvHandle memory, NvU64 linear_address)
{
    NVOS34_PARAMETERS args = {.hClient = client,
                              .hDevice = H_DEVICE,
                              .hMemory = memory,
                              .pLinearAddress = linear_address};

    return ioctl_status(ctl, NV_ESC_RM_UNMAP_MEMORY, &args, sizeof args,
                        offsetof(NVOS34_PARAMETERS, status));
}

int64_t uvm_call(int uvm, NvU32 number, const Params *params)
{
    if (ioctl(uvm, number, params->data) != 0) {
        return -errno;
    }
    return (int64_t)params_get(params, "rmStatus", 0);
}

/* --- a tree of objects */

#define LOCATION_PCI 1U

Tree tree(void)
{
    Tree tree = {.ctl = node("nvidiactl"), .gpu = node("nvidia0")};
    nv_ioctl_register_fd_t tie = {.ctl_fd = tree.ctl};
    NV0080_ALLOC_PARAMETERS device = {.deviceId = 0};
    NV2080_ALLOC_PARAMETERS subdevice = {.subDeviceId = 0};
    int64_t result;

    if (ioctl(tree.gpu, _IOWR(NV_IOCTL_MAGIC, NV_ESC_REGISTER_FD, tie), &tie) != 0) {
        say("register: %s", status(-errno));
    }
    if ((result = rm_client(tree.ctl, &tree.client)) ||
        (result = rm_alloc(tree.ctl, tree.client, tree.client, H_DEVICE, NV01_DEVICE_0, &device)) ||
        (result = rm_alloc(tree.ctl, tree.client, H_DEVICE, H_SUBDEVICE, NV20_SUBDEVICE_0,
                           &subdevice)) ||
        (result = rm_alloc(tree.ctl, tree.client, H_SUBDEVICE, H_BINAPI, NV2081_BINAPI, NULL))) {
        say("tree: %s", status(result));
    }
    return tree;
}

void tree_close(Tree *tree)
{
    close(tree->gpu);
    close(tree->ctl);
}

int64_t memory_new(const Tree *tree, NvHandle handle, NvU32 class, NvU64 size)
{
    Params params = class_params(class);
    int64_t result;

    params_put(&params, "size", 0, size);
    params_put(&params, "owner", 0, tree->client);
    if (class == NV01_MEMORY_SYSTEM) {
        params_put(&params, "attr", 0, LOCATION_PCI << NVOS32_ATTR_LOCATION_SHIFT);
    }
    result = rm_alloc(tree->ctl, tree->client, H_DEVICE, handle, class, params.data);
    /* The driver rounds up. */
    if (result == 0 && (params_get(&params, "size", 0) < size ||
                        params_get(&params, "limit", 0) != params_get(&params, "size", 0) - 1)) {
        result = -EBADMSG;
    }
    params_free(&params);
    return result;
}

static int64_t gpu_copy(const Tree *tree, NvU32 command, NvHandle memory, NvU64 offset,
                        NvU32 *value)
{
    MODEL_CTRL_MEMORY_PARAMS params = {
        .hMemory = memory, .offset = offset, .length = sizeof *value};
    int64_t result;

    memcpy(params.data, value, sizeof *value);
    result = rm_control(tree->ctl, tree->client, H_BINAPI, command, &params, sizeof params);
    memcpy(value, params.data, sizeof *value);
    return result;
}

int64_t rm_describe(int fd, const Tree *tree, NvHandle handle, const volatile void *address,
                    NvU64 limit, NvU32 flags)
{
    nv_ioctl_nvos02_parameters_with_fd args = {
        .params = {.hRoot = tree->client,
                   .hObjectParent = H_DEVICE,
                   .hObjectNew = handle,
                   .hClass = NV01_MEMORY_SYSTEM_OS_DESCRIPTOR,
                   .flags = flags,
                   .pMemory = (uintptr_t)address,
                   .limit = limit},
        .fd = -1};
    int64_t result = ioctl_status(fd, NV_ESC_RM_ALLOC_MEMORY, &args, sizeof args,
                                  offsetof(NVOS02_PARAMETERS, status));

    return result == 0 && (args.fd != -1 || args.params.pMemory != (uintptr_t)address) ? -EBADMSG
                                                                                       : result;
}

int64_t gpu_read(const Tree *tree, NvHandle memory, NvU64 offset, NvU32 *value)
{
    return gpu_copy(tree, MODEL_CTRL_CMD_READ_MEMORY, memory, offset, value);
}

int64_t gpu_write(const Tree *tree, NvHandle memory, NvU64 offset, NvU32 value)
{
    return gpu_copy(tree, MODEL_CTRL_CMD_WRITE_MEMORY, memory, offset, &value);
}
