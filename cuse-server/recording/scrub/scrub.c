/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/scrub/scrub.h"

#include <string.h>

#include "abi/control/ctrl2080-gpu.h"
#include "abi/nvos32.h"
#include "cuse-server/recording/scrub/scrub-work.h"

enum {
    PAGE_BITS = 12,
    FIRST_PAGE = 0x10000, /* page numbers are replaced by numbers from here on */
    LOW_END = 0x10000,    /* smaller numbers are not addresses, whatever the member */
    DIGITS_MIN = 10,      /* this many digits in a row count as a serial number */
    FIRST_PROCESS = 1000,
    FIRST_USER = 1000,
    INFO_IDENTIFIER_LOW = 0x23, /* index in NV2080_CTRL_GPU_INFO */
    INFO_IDENTIFIER_HIGH = 0x24,
};
#define ADDRESSES_END (UINT64_C(1) << 47)

static Numbers numbers_new(uint64_t first)
{
    return (Numbers){g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free), first};
}

static uint64_t replace_number(Numbers *numbers, uint64_t number)
{
    const uint64_t *known = g_hash_table_lookup(numbers->known, &number);

    if (!known) {
        known = g_memdup2(&numbers->next, sizeof numbers->next);
        numbers->next++;
        g_hash_table_insert(numbers->known, g_memdup2(&number, sizeof number), (gpointer)known);
    }
    return *known;
}

static uint64_t replace_address(Scrubber *scrubber, uint64_t address)
{
    const uint64_t offset = address & ((1U << PAGE_BITS) - 1);

    if (address < LOW_END || address >= ADDRESSES_END) {
        return address;
    }
    return replace_number(&scrubber->pages, address >> PAGE_BITS) << PAGE_BITS | offset;
}

static uint64_t replace_process(Scrubber *scrubber, uint64_t process)
{
    return process ? replace_number(&scrubber->processes, process) : 0;
}

static uint32_t replace_user(Scrubber *scrubber, uint32_t user)
{
    return user ? (uint32_t)replace_number(&scrubber->users, user) : 0;
}

/* --- members ---------------------------------------------------------------------------------- */

typedef enum {
    MEMBER_PLAIN,
    MEMBER_ADDRESS,
    MEMBER_PROCESS,
    MEMBER_UUID,
    MEMBER_SERIAL,
} MemberKind;

static MemberKind member_kind(const TraceLeaf *leaf)
{
    g_autofree char *name = g_ascii_strdown(trace_leaf_name(leaf), -1);

    if (leaf->role == ABI_ROLE_ADDRESS || g_str_equal(leaf->type->name, "NvP64")) {
        return MEMBER_ADDRESS;
    }
    if (leaf->size >= UUID_SIZE && leaf->type->size == 1 && strstr(name, "uuid")) {
        return MEMBER_UUID;
    }
    return leaf->role == ABI_ROLE_PID || leaf->role == ABI_ROLE_SAID_PID ? MEMBER_PROCESS
           : leaf->role == ABI_ROLE_SECRET                               ? MEMBER_SERIAL
                                                                         : MEMBER_PLAIN;
}

static void replace_word(Scrubber *scrubber, MemberKind kind, uint8_t *at, size_t size)
{
    uint64_t word = 0;

    memcpy(&word, at, size); /* the low bytes come first */
    word =
        kind == MEMBER_ADDRESS ? replace_address(scrubber, word) : replace_process(scrubber, word);
    memcpy(at, &word, size);
}

static void replace_member(Scrubber *scrubber, MemberKind kind, const TraceLeaf *leaf,
                           uint8_t *bytes)
{
    const size_t size = leaf->type->size;
    uint8_t *at = bytes + leaf->offset;

    if (kind == MEMBER_SERIAL) {
        memset(at, 0, leaf->size);
    } else if ((kind == MEMBER_ADDRESS || kind == MEMBER_PROCESS) && size > 0 &&
               size <= sizeof(uint64_t)) {
        for (uint32_t i = 0; i + size <= leaf->size; i += (uint32_t)size) {
            replace_word(scrubber, kind, at + i, size);
        }
    }
}

/* Replace serial numbers by zeros: DIGITS_MIN or more digits in a row, wherever they are. */
static void replace_digits(uint8_t *bytes, size_t size)
{
    size_t n = 0;

    for (size_t i = 0; i <= size; i++) {
        if (i < size && g_ascii_isdigit((char)bytes[i])) {
            n++;
            continue;
        }
        if (n >= DIGITS_MIN) {
            memset(bytes + i - n, '0', n);
        }
        n = 0;
    }
}

/* --- bytes of an act -------------------------------------------------------------------------- */

/* Image: some bytes of an act, and the layout of the struct that they hold; NULL: not known. */
typedef struct {
    uint8_t *bytes;
    uint32_t size;
    const AbiLayout *layout;
} Image;

typedef void (*ImageFunc)(Scrubber *scrubber, const Image *image);

static void for_op(Scrubber *scrubber, const TraceCall *call, const TraceAct *act,
                   const TraceOp *op, ImageFunc func)
{
    for (unsigned i = 0; op->buffers && i < op->buffers->len; i++) {
        const TraceBuffer *buffer = trace_op_buffer(op, i);
        const AbiLayout *layout = trace_call_buffer_layout(call, act, buffer);
        func(scrubber, &(Image){buffer->before, buffer->size, layout});
        func(scrubber, &(Image){buffer->after, buffer->size, layout});
    }
}

static void for_images(Scrubber *scrubber, const TraceAct *act, ImageFunc func)
{
    TraceCall call;

    trace_names_call(scrubber->names, act, &call);
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        const TraceRange *range = &act->ranges[i];
        const AbiLayout *layout = trace_call_layout(&call, act, i);
        if (range->out) {
            func(scrubber, &(Image){range->out, range->size, layout});
        }
    }
    for (unsigned i = 0; i < act->ops->len; i++) {
        for_op(scrubber, &call, act, trace_act_op(act, i), func);
    }
    /* Visit the first range last: the layouts of the others are found by its contents. */
    for (uint32_t i = act->n_ranges; i > 0; i--) {
        const TraceRange *range = &act->ranges[i - 1];
        const AbiLayout *layout = trace_call_layout(&call, act, i - 1);
        if (range->in) {
            func(scrubber, &(Image){range->in, range->size, layout});
        }
    }
}

static void learn_image(Scrubber *scrubber, const Image *image)
{
    const GArray *leaves = trace_names_leaves(scrubber->names, image->layout);

    scrubber_learn_texts(scrubber, image->bytes, image->size);
    if (image->layout == &NV2080_CTRL_GPU_GET_GID_INFO_PARAMS_layout) {
        /* The UUID is in binary or as text. Text has been learnt already. */
        scrubber_learn_uuid(scrubber,
                            image->bytes + offsetof(NV2080_CTRL_GPU_GET_GID_INFO_PARAMS, data));
    }
    for (guint i = 0; leaves && i < leaves->len; i++) {
        const TraceLeaf *leaf = &g_array_index(leaves, TraceLeaf, i);
        if (member_kind(leaf) == MEMBER_UUID) {
            scrubber_learn_uuid(scrubber, image->bytes + leaf->offset);
        }
    }
}

/* Replace addresses in a union. The member @function, outside the union, tells which member of the union is used. */
static void replace_heap_address(Scrubber *scrubber, const Image *image)
{
    NVOS32_PARAMETERS *p = (void *)image->bytes; /* the handlers read all its shapes in this way */

    if (!image->layout || !g_str_equal(image->layout->name, NVOS32_PARAMETERS_layout.name)) {
        return;
    }
    if (p->function == NVOS32_FUNCTION_ALLOC_OS_DESCRIPTOR) {
        p->data.AllocOsDesc.descriptor = replace_address(scrubber, p->data.AllocOsDesc.descriptor);
    } else if (p->function == NVOS32_FUNCTION_ALLOC_SIZE) {
        p->data.AllocSize.address = replace_address(scrubber, p->data.AllocSize.address);
    }
}

/* Blank a GPU's identifier. Its two halves are elements of a list. The public headers do not name them; nvidia-smi -q
 * shows them as the GPU's PDI. */
static void blank_identifier(const Image *image)
{
    const size_t first = offsetof(NV2080_CTRL_GPU_GET_INFO_V2_PARAMS, gpuInfoList);
    NV2080_CTRL_GPU_INFO info;

    if (!image->layout ||
        !g_str_equal(image->layout->name, NV2080_CTRL_GPU_GET_INFO_V2_PARAMS_layout.name)) {
        return;
    }
    for (size_t at = first; at + sizeof info <= image->size; at += sizeof info) {
        memcpy(&info, image->bytes + at, sizeof info);
        if (info.index == INFO_IDENTIFIER_LOW || info.index == INFO_IDENTIFIER_HIGH) {
            info.data = 0;
            memcpy(image->bytes + at, &info, sizeof info);
        }
    }
}

static void scrub_image(Scrubber *scrubber, const Image *image)
{
    const GArray *leaves = trace_names_leaves(scrubber->names, image->layout);

    scrubber_replace_uuids(scrubber, image->bytes, image->size);
    replace_digits(image->bytes, image->size);
    for (guint i = 0; leaves && i < leaves->len; i++) {
        const TraceLeaf *leaf = &g_array_index(leaves, TraceLeaf, i);
        replace_member(scrubber, member_kind(leaf), leaf, image->bytes);
    }
    replace_heap_address(scrubber, image);
    blank_identifier(image);
}

/* --- the scrubber ----------------------------------------------------------------------------- */

void scrubber_learn(Scrubber *scrubber, const TraceAct *act)
{
    for_images(scrubber, act, learn_image);
}

static void scrub_op(Scrubber *scrubber, TraceOp *op)
{
    op->process = replace_process(scrubber, op->process);
    op->uid = replace_user(scrubber, op->uid);
}

void scrubber_act(Scrubber *scrubber, TraceAct *act)
{
    const Device *device = trace_names_device(scrubber->names, act);

    for_images(scrubber, act, scrub_image);
    act->tid = (uint32_t)replace_process(scrubber, act->tid);
    act->process = replace_process(scrubber, act->process);
    act->uid = replace_user(scrubber, act->uid);
    act->argument = replace_address(scrubber, act->argument);
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        act->ranges[i].address = replace_address(scrubber, act->ranges[i].address);
    }
    if (act->kind == TRACE_MAP && device && device->kind == DEVICE_UVM) {
        act->offset = replace_address(scrubber, act->offset);
    }
    for (unsigned i = 0; i < act->ops->len; i++) {
        scrub_op(scrubber, trace_act_op(act, i));
    }
}

Scrubber *scrubber_new(TraceNames *names)
{
    Scrubber *scrubber = g_new0(Scrubber, 1);

    scrubber->names = names;
    scrubber->pages = numbers_new(FIRST_PAGE);
    scrubber->processes = numbers_new(FIRST_PROCESS);
    scrubber->users = numbers_new(FIRST_USER);
    scrubber->uuids = g_array_new(FALSE, FALSE, UUID_SIZE);
    return scrubber;
}

void scrubber_free(Scrubber *scrubber)
{
    g_hash_table_unref(scrubber->pages.known);
    g_hash_table_unref(scrubber->processes.known);
    g_hash_table_unref(scrubber->users.known);
    g_array_unref(scrubber->uuids);
    g_free(scrubber);
}
