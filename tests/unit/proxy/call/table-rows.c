/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row of the table at every driver version: a well-formed call reaches the host once and comes back as the guest made it.
 * A call does not reach the host if its size is wrong, its capability is closed, its memory does not exist, or its number has
 * no row.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/nvos32.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "cuse-server/proxy/effects/effects.h"
#include "tests/unit/support/fake-host.h"

/* A call is well-formed if all its bytes are 0 except those that roles and the lists below ask for: here client 0 exists. */
enum {
    OUTER = GUEST_BASE,          /* the ioctl's own struct */
    PARAMS = GUEST_BASE + 0x400, /* the memory that it points to */
    DATA = GUEST_BASE + 0xe000,  /* the memory that this points to */
    PARAMS_MAX = DATA - PARAMS,
    BEYOND = GUEST_BASE + GUEST_SIZE,
    OBJECT = 0xcaf00001, /* an object of client 0 */
    FIRST_FD = 100,      /* the first of one descriptor of each device */
    GPU_FD = FIRST_FD + FAKE_GPU,
    ALL_CAPS = -1,
};

/* Members that must not be 0 and have no role that tells it, by their offset. */
static const struct {
    AbiHandler handler;
    uint32_t at;
    uint32_t value;
} presets[] = {
    {HANDLER_vidheap_control, offsetof(NVOS32_PARAMETERS, function), NVOS32_FUNCTION_ALLOC_SIZE},
    {HANDLER_alloc_memory, offsetof(NVOS02_PARAMETERS, hClass), NV01_MEMORY_LOCAL_USER},
    {HANDLER_dup_object, offsetof(NVOS55_PARAMETERS, hObjectSrc), OBJECT},
};

static Fake *fake;
static NvFile *files[2];           /* for frontend calls, for UVM calls */
static NvFile *for_descriptors[6]; /* by device */

static void start(const DriverRelease *node)
{
    char version[DRIVER_VERSION_MAX];

    fake = fake_new(driver_version_format(node->version, version), (NvCaps)ALL_CAPS);
    for (unsigned i = 0; i < G_N_ELEMENTS(for_descriptors); i++) {
        for_descriptors[i] = fake_open(fake, i, FIRST_FD + (int)i);
    }
    nv_file_adopt(for_descriptors[FAKE_DMA_BUF], HOST_FD_BASE - 1);
    files[0] = fake_open(fake, FAKE_CTL, 90);
    files[1] = fake_open(fake, FAKE_UVM, 91);
}

/* Make client 0 and its object again if an earlier call freed them. */
static void be_client_0(void)
{
    const GuestProcess process = {FAKE_PROCESS, 1000};
    const NvHandle root = 0;
    Client *client = object_tree_lock(fake->proxy.objects, root);

    if (!client) {
        object_tree_add_client(fake->proxy.objects, root, files[0]->id, &process);
        client = object_tree_lock(fake->proxy.objects, root);
        client_add(client, OBJECT, NV01_DEVICE_0, &root, 1);
    }
    object_tree_unlock(client);
}

/* A descriptor of the right kind of file. */
static void put_descriptor(uint64_t at, const AbiMember *member)
{
    static const int fds[] = {[ABI_FD_FRONTEND] = GPU_FD,
                              [ABI_FD_UVM] = FIRST_FD + FAKE_UVM,
                              [ABI_FD_OPEN_ONLY] = FIRST_FD + FAKE_CAP,
                              [ABI_FD_DMA_BUF] = FIRST_FD + FAKE_DMA_BUF};

    memcpy(fake_at(fake, at + member->place.offset), &fds[member->role->fd], sizeof(int));
}

/* An array of one element, where the call needs one. */
static void put_array(uint64_t at, const AbiMember *member, unsigned index)
{
    const uint64_t data = DATA + 0x100 * index;
    const uint32_t one = 1;

    if (member->role->element &&
        !(member->role->flags & (ABI_NULL_OK | ABI_EMPTY_IS_NULL | ABI_ON_TERMS))) {
        memcpy(fake_at(fake, at + member->beside.offset), &one, sizeof one);
        memcpy(fake_at(fake, at + member->place.offset), &data, sizeof data);
    }
}

/* Put a row's own struct into guest memory. */
static void put_struct(const AbiEntry *entry, uint64_t at)
{
    unsigned arrays = 0;

    ABI_FOR_EACH_MEMBER(member, entry->members, ABI_ROLE_FD)
    {
        put_descriptor(at, member);
    }
    ABI_FOR_EACH_MEMBER(member, entry->members, ABI_ROLE_POINTER)
    {
        put_array(at, member, arrays++);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(presets); i++) {
        if (presets[i].handler == entry->handler) {
            memcpy(fake_at(fake, at + presets[i].at), &presets[i].value, sizeof(uint32_t));
        }
    }
}

static uint32_t struct_size(const AbiEntry *entry)
{
    return entry->layout ? entry->layout->size : 0;
}

/* RowCall: one row's call, as the guest would make it. */
typedef struct {
    const AbiEntry *entry;
    uint32_t number;   /* the row's, or one that has no row */
    uint32_t size;     /* of its struct */
    uint64_t argument; /* address of the row's own struct; 0: as the kind has it */
} RowCall;

static int frontend_call(uint32_t number, size_t size, uint64_t argument)
{
    return fake_ioctl(fake, files[0], (uint32_t)_IOC(3U, 'F', number, size), argument);
}

static int make_call(AbiKind kind, const RowCall *call)
{
    NVOS54_PARAMETERS control = {.cmd = call->number, .paramsSize = call->size};
    NVOS64_PARAMETERS alloc = {.hClass = call->number, .hObjectNew = 0xcaf00000};

    memset(fake->memory, 0, sizeof fake->memory);
    fake->n_calls = 0;
    be_client_0();
    if (call->entry) {
        put_struct(call->entry, kind == ABI_FRONTEND || kind == ABI_UVM ? OUTER : PARAMS);
    }
    switch (kind) {
    case ABI_FRONTEND:
        return frontend_call(call->number, call->size, call->argument ? call->argument : OUTER);
    case ABI_UVM:
        return fake_ioctl(fake, files[1], call->number, call->argument ? call->argument : OUTER);
    case ABI_CONTROL:
        control.params = call->argument ? call->argument : call->size ? PARAMS : 0;
        memcpy(fake_at(fake, OUTER), &control, sizeof control);
        return frontend_call(NV_ESC_RM_CONTROL, sizeof control, OUTER);
    case ABI_ALLOC:
        alloc.pAllocParms = call->argument ? call->argument : call->size ? PARAMS : 0;
        memcpy(fake_at(fake, OUTER), &alloc, sizeof alloc);
        return frontend_call(NV_ESC_RM_ALLOC, sizeof alloc, OUTER);
    default:
        g_assert_not_reached();
    }
}

static NvU32 outer_status(AbiKind kind)
{
    const void *outer = fake_at(fake, OUTER);

    return kind == ABI_CONTROL ? ((const NVOS54_PARAMETERS *)outer)->status
                               : ((const NVOS64_PARAMETERS *)outer)->status;
}

static uint32_t host_command(AbiKind kind, const RowCall *call)
{
    static const uint32_t sizes[] = {
        [ABI_CONTROL] = sizeof(NVOS54_PARAMETERS), [ABI_ALLOC] = sizeof(NVOS64_PARAMETERS)};
    static const uint32_t numbers[] = {
        [ABI_CONTROL] = NV_ESC_RM_CONTROL, [ABI_ALLOC] = NV_ESC_RM_ALLOC};

    if (kind == ABI_UVM) {
        return call->number;
    }
    return kind == ABI_FRONTEND ? (uint32_t)_IOC(3U, 'F', call->number, call->size)
                                : (uint32_t)_IOC(3U, 'F', numbers[kind], sizes[kind]);
}

/* The two calls that lead to the other tables are tested by those tables' rows. */
static bool is_way_to_others(AbiKind kind, const AbiEntry *entry)
{
    return kind == ABI_FRONTEND &&
           (entry->handler == HANDLER_control || entry->handler == HANDLER_alloc);
}

/* Commands that the GPU's own processor answers are passed on without a row; control.c tests them. */
static bool bypasses_table(AbiKind kind, uint32_t number)
{
    return kind == ABI_CONTROL && ((number & 0x8000) || number >> 16 == 0x2081);
}

static const char *label(const AbiEntry *entry)
{
    static char text[200];
    char version[DRIVER_VERSION_MAX];

    g_snprintf(text, sizeof text, "%s at %s", entry->name,
               driver_version_format(driver_abi_release(fake->abi)->version, version));
    return text;
}

/* Run @check for every row of every version. */
static unsigned for_each_row(void (*check)(AbiKind kind, const AbiEntry *entry))
{
    static const AbiKind kinds[] = {ABI_FRONTEND, ABI_UVM, ABI_CONTROL, ABI_ALLOC};
    size_t n_nodes;
    const DriverRelease *const *nodes = driver_releases(&n_nodes);
    unsigned rows = 0;

    for (size_t v = 0; v < n_nodes; v++) {
        start(nodes[v]);
        for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
            size_t n;
            const AbiEntry *entries = driver_abi_entries(fake->abi, kinds[k], &n);
            for (size_t i = 0; i < n; i++) {
                if (!is_way_to_others(kinds[k], &entries[i])) {
                    check(kinds[k], &entries[i]);
                    rows++;
                }
            }
        }
        fake_free(fake);
    }
    return rows;
}

static void reaches_the_host(AbiKind kind, const AbiEntry *entry)
{
    const RowCall call = {entry, entry->number, struct_size(entry), 0};
    uint8_t before[GUEST_SIZE];

    cr_assert_leq(call.size, PARAMS_MAX, "%s", label(entry));
    int error = make_call(kind, &call);
    if (entry->handler == HANDLER_numa_info) {
        cr_assert_eq(error, EINVAL);
        cr_assert_eq(fake->request.event.refusal, REFUSAL_BY_DESIGN);
        return;
    }
    cr_assert_eq(error, 0, "%s: errno %d, %s", label(entry), error,
                 refusal_name(fake->request.event.refusal));
    cr_assert_eq(fake->request.event.refusal, REFUSAL_NONE, "%s: %s", label(entry),
                 refusal_name(fake->request.event.refusal));
    cr_assert_eq(fake->n_calls, 1, "%s", label(entry));
    cr_assert_eq(fake->last.command, host_command(kind, &call), "%s", label(entry));
    cr_assert_geq(fake->last.fd, HOST_FD_BASE);
    /* The host changed nothing, so the guest must see no change. */
    memcpy(before, fake->memory, sizeof before);
    fake->proxy.caps = 0;
    make_call(kind, &call); /* it lays out the same bytes again, and is refused */
    fake->proxy.caps = (NvCaps)ALL_CAPS;
    if (kind == ABI_FRONTEND || kind == ABI_UVM) {
        cr_assert_arr_eq(fake->memory, before, sizeof before, "%s", label(entry));
    } else {
        cr_assert_arr_eq(fake_at(fake, PARAMS), before + (PARAMS - GUEST_BASE),
                         GUEST_SIZE - (PARAMS - GUEST_BASE), "%s", label(entry));
    }
}

Test(table_rows, well_formed_calls_reach_the_host_and_come_back)
{
    cr_assert_gt(for_each_row(reaches_the_host), 39U * 300);
}

static void needs_a_capability(AbiKind kind, const AbiEntry *entry)
{
    const RowCall call = {entry, entry->number, struct_size(entry), 0};

    if (bypasses_table(kind, entry->number)) {
        return;
    }
    fake->proxy.caps = (NvCaps)ALL_CAPS & ~entry->caps;
    int error = make_call(kind, &call);
    cr_assert_eq(fake->n_calls, 0, "%s", label(entry));
    cr_assert_eq(fake->request.event.refusal, REFUSAL_CAPABILITY, "%s", label(entry));
    if (error != EINVAL) { /* the call that leads to the entry may be open */
        cr_assert_eq(error, 0);
        cr_assert_eq(outer_status(kind),
                     kind == ABI_CONTROL ? NV_ERR_NOT_SUPPORTED : NV_ERR_INVALID_CLASS);
    }
    fake->proxy.caps = (NvCaps)ALL_CAPS;
}

Test(table_rows, closed_capabilities_keep_calls_away)
{
    for_each_row(needs_a_capability);
}

/* Whether the proxy accepts a struct of another size. */
static bool takes_any_size(AbiKind kind, const AbiEntry *entry)
{
    switch (kind) {
    case ABI_FRONTEND:
        return effect_of(entry->handler) && effect_of(entry->handler)->argument == ARGUMENT_ARRAY;
    case ABI_CONTROL: /* the driver checks the size, except for rows with members that the proxy checks */
        return effect_of(entry->handler)->size == SIZE_ANY && !entry->members->are_looked_at;
    default:
        return true; /* the row has the size, whatever the guest passes */
    }
}

static void checks_the_size(AbiKind kind, const AbiEntry *entry)
{
    static const int32_t differences[] = {-4, -1, 1, 4};

    for (size_t i = 0; i < G_N_ELEMENTS(differences); i++) {
        const uint32_t size = struct_size(entry) + (uint32_t)differences[i];
        const RowCall call = {entry, entry->number, size, 0};
        if (takes_any_size(kind, entry) || size > PARAMS_MAX ||
            entry->handler == HANDLER_numa_info) {
            continue;
        }
        int error = make_call(kind, &call);
        cr_assert_eq(fake->n_calls, 0, "%s of %u bytes", label(entry), size);
        cr_assert(error == EINVAL || outer_status(kind) == NV_ERR_INVALID_PARAM_STRUCT ||
                      outer_status(kind) == NV_ERR_NOT_SUPPORTED,
                  "%s of %u bytes", label(entry), size);
    }
}

Test(table_rows, wrong_sizes_do_not_reach_the_host)
{
    for_each_row(checks_the_size);
}

static void faults_beyond_memory(AbiKind kind, const AbiEntry *entry)
{
    const uint32_t size = struct_size(entry);
    /* All bytes but the last exist. */
    const RowCall call = {entry, entry->number, size, BEYOND - size + 1};

    if (size == 0 || entry->handler == HANDLER_uvm_no_params ||
        entry->handler == HANDLER_alloc_no_params || entry->handler == HANDLER_numa_info) {
        return;
    }
    cr_assert_eq(make_call(kind, &call), EFAULT, "%s", label(entry));
    cr_assert_eq(fake->n_calls, 0, "%s", label(entry));
}

Test(table_rows, structs_that_are_not_all_there_fault)
{
    for_each_row(faults_beyond_memory);
}

static void has_no_neighbours(AbiKind kind, const AbiEntry *entry)
{
    const uint32_t neighbours[] = {entry->number + 1, entry->number - 1, entry->number ^ 0x10,
                                   entry->number | 0x10000000};

    for (size_t i = 0; i < G_N_ELEMENTS(neighbours); i++) {
        const RowCall call = {NULL, neighbours[i], struct_size(entry), 0};
        if (driver_abi_lookup(fake->abi, kind, call.number) || bypasses_table(kind, call.number) ||
            (kind == ABI_FRONTEND && call.number > 0xff) ||
            (kind == ABI_ALLOC && call.number == NV01_EVENT)) {
            continue;
        }
        int error = make_call(kind, &call);
        cr_assert_eq(fake->n_calls, 0, "number 0x%x beside %s", call.number, label(entry));
        cr_assert(error == EINVAL ||
                      outer_status(kind) ==
                          (kind == ABI_CONTROL ? NV_ERR_NOT_SUPPORTED : NV_ERR_INVALID_CLASS),
                  "number 0x%x", call.number);
    }
}

Test(table_rows, numbers_without_a_row_do_not_reach_the_host)
{
    for_each_row(has_no_neighbours);
}
