/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/idle-memory.h"

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * #syscalls:worker madvise brk
 * #syscalls:broker madvise brk
 */

/*
 * Segments without the right to write have their file's bytes, whatever was relocated: relocations
 * go to the segments with it, before a part of those is made read-only.
 */
static int unmap_pages(struct dl_phdr_info *object, size_t size, void *data)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    (void)size;
    (void)data;
    for (unsigned i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_memsz) & ~(page - 1);
        if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W) && start < end) {
            /* It fails for nothing but the kernel's own object, which is nobody's memory. */
            (void)madvise((void *)start, end - start,
                          MADV_DONTNEED); // NOLINT(performance-no-int-to-ptr)
        }
    }
    return 0;
}

void idle_memory_trim(void)
{
    (void)malloc_trim(0);
    (void)dl_iterate_phdr(unmap_pages, NULL);
}
