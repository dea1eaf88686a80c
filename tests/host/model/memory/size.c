/* SPDX-License-Identifier: GPL-2.0-only */
/* What the driver makes of the size that is asked for: memmgrDeterminePageSize, _vidmemPmaAllocate, nv_alloc_contig_pages. */
#include <linux/log2.h>

#include "rm/rm.h"

#define SMALL_PAGE 0x1000ULL
#define BIG_PAGE   0x10000ULL
#define HUGE_PAGE  0x200000ULL
#define HUGER_PAGE 0x20000000ULL

/* A flag field is given by its SHIFT and its MASK (before shifting). */
#define ATTR_PAGE_SIZE_SHIFT       23
#define ATTR_PAGE_SIZE_MASK        0x3
#define ATTR_PHYSICALITY_MASK      0x3
#define ATTR2_PAGE_SIZE_HUGE_SHIFT 20
#define ATTR2_PAGE_SIZE_HUGE_MASK  0x3
#define FLAGS_ALIGNMENT_HINT       0x80
#define FLAGS_ALIGNMENT_FORCE      0x100

enum { PAGE_SIZE_DEFAULT, PAGE_SIZE_4KB, PAGE_SIZE_BIG, PAGE_SIZE_HUGE };
enum { HUGE_DEFAULT, HUGE_2MB, HUGE_512MB, HUGE_256GB };

#define FIELD(VALUE, NAME) ((VALUE) >> NAME##_SHIFT & NAME##_MASK)

/* Returns: 0 if there are no pages of this size. */
static u64 page_of(const struct memory_wanted *wanted, bool video)
{
    u32 huge = FIELD(wanted->attr2, ATTR2_PAGE_SIZE_HUGE);

    switch (FIELD(wanted->attr, ATTR_PAGE_SIZE)) {
    case PAGE_SIZE_4KB:
        return SMALL_PAGE;
    case PAGE_SIZE_BIG:
        return BIG_PAGE;
    case PAGE_SIZE_HUGE:
        return huge == HUGE_256GB ? 0 : huge == HUGE_512MB ? HUGER_PAGE : HUGE_PAGE;
    default:
        return !video ? SMALL_PAGE : wanted->size >= HUGE_PAGE ? HUGE_PAGE : BIG_PAGE;
    }
}

/* Round up to a multiple, which need not be a power of two. Returns: false if that overflows. */
static bool round_to(u64 *value, u64 unit)
{
    u64 rest;

    div64_u64_rem(*value, unit, &rest);
    return !rest || !check_add_overflow(*value, unit - rest, value);
}

/* Memory at a fixed place takes everything between multiples of the alignment, and the caller is not told. */
static bool take_fixed(const struct memory_wanted *wanted, struct memory_size *size)
{
    bool aligned = wanted->flags & (FLAGS_ALIGNMENT_HINT | FLAGS_ALIGNMENT_FORCE);
    u64 unit = max(aligned ? wanted->alignment : 0, max(size->page, BIG_PAGE));
    u64 before, end;

    div64_u64_rem(wanted->offset, unit, &before);
    if (check_add_overflow(before, size->length, &end) || !round_to(&end, unit))
        return false;
    size->taken = end;
    return true;
}

/* The manager of a GPU's memory has no pages smaller than 64 KiB. */
static bool take_video(const struct memory_wanted *wanted, struct memory_size *size)
{
    if (wanted->flags & NVOS32_ALLOC_FLAGS_FIXED_ADDRESS_ALLOCATE)
        return take_fixed(wanted, size);
    size->taken = size->length;
    return round_to(&size->taken, BIG_PAGE);
}

/* Contiguous pages of the system come in powers of two. */
static void take_system(const struct memory_wanted *wanted, struct memory_size *size)
{
    size->taken = FIELD(wanted->attr, ATTR_PHYSICALITY) == PHYSICALITY_CONTIGUOUS
                      ? roundup_pow_of_two(size->length)
                      : size->length;
}

u32 memory_size(const struct memory_wanted *wanted, enum memory_place place,
                struct memory_size *size)
{
    bool video = place == MEMORY_VIDEO;

    *size = (struct memory_size){.length = wanted->size, .page = page_of(wanted, video)};
    if (!wanted->size || !size->page)
        return NV_ERR_INVALID_ARGUMENT;
    if (wanted->size > MEMORY_LENGTH_MAX || !round_to(&size->length, size->page))
        return NV_ERR_NO_MEMORY;
    if (!video)
        take_system(wanted, size);
    else if (!take_video(wanted, size))
        return NV_ERR_NO_MEMORY;
    return size->taken > MEMORY_LENGTH_MAX ? NV_ERR_NO_MEMORY : NV_OK;
}
