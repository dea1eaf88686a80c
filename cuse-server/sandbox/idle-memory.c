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
 * Give back the pages of an object's read-only segments. They contain exactly the bytes of the
 * file, so the kernel can read them again. Relocations do not change them: those go to writable
 * segments, before a part of these is made read-only.
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
            /* This fails only for the kernel's own object (the vDSO), whose pages the process
             * cannot give back. */
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
