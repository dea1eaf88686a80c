/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Take memory by calls of the driver that the program makes itself. Built as a static program, so that no library of NVIDIA's
 * and nothing that is preloaded has a part in it. For drivers since series 580.
 *
 *   raw-memory info                     what the driver says about the GPU's memory: "total", "free"
 *   raw-memory fill KIND ROUNDS [FILE]  allocate until the driver says that there is no more, and free all; so often: "first",
 *                                       "least", "most", and "ended", the last status. With FILE, fill once more, and hold it
 *                                       until FILE exists: "held"
 *   raw-memory hold MIB FILE            GPU memory, in pieces of 512 MiB, and no context, until FILE exists: "held"
 *   raw-memory process PID              GPU memory that a process has, as the driver counts it: "private", "owned", "duped"
 *
 * KIND: video; mapped and exported are video, kept by a mapping of nvidia-uvm or by an exported file only; system.
 */
#include <stdbool.h>
#include <string.h>

#include "raw-driver.h"
#include "report.h"

#define SYSTEM_PIECE (64 * MIB)
/* A fill of system memory ends at 3 GiB. */
enum { SYSTEM_PIECES = 48 };

/**
 * Kind: a way to hold memory.
 * @keep: make something else hold memory, and free its object; NULL: the object holds it
 * @drop: undo that; @index: the number of the piece
 */
typedef struct {
    const char *name;
    uint32_t class;
    size_t bytes;
    unsigned most;
    uint32_t (*keep)(unsigned index);
    void (*drop)(unsigned index);
} Kind;

static int exports[PIECES];

static uint32_t keep_by_mapping(unsigned index)
{
    uint32_t status = raw_map(index, PIECE);

    raw_must(raw_free(index), "free of mapped memory");
    return status;
}

static void drop_mapping(unsigned index)
{
    raw_must(raw_unmap(index, PIECE), "unmap");
}

static uint32_t keep_by_file(unsigned index)
{
    uint32_t status = raw_export(index, &exports[index]);

    raw_must(raw_free(index), "free of exported memory");
    return status;
}

static void drop_file(unsigned index)
{
    close(exports[index]);
}

/* The driver may hear late of files that are closed: wait up to two seconds for the memory that was free before. */
static void wait_for_free(uint64_t before)
{
    uint64_t total;
    uint64_t now = 0;

    for (int i = 0; now < before && i < 40; i++) {
        usleep(i ? 50 * 1000 : 0);
        raw_must(raw_memory_info(&total, &now), "free memory");
    }
}

static void drop_object(unsigned index)
{
    raw_must(raw_free(index), "free");
}

static const Kind kinds[] = {
    {"video", RAW_VIDEO, PIECE, PIECES, NULL, drop_object},
    {"mapped", RAW_VIDEO, PIECE, PIECES, keep_by_mapping, drop_mapping},
    {"exported", RAW_VIDEO, PIECE, PIECES, keep_by_file, drop_file},
    {"system", RAW_SYSTEM, SYSTEM_PIECE, SYSTEM_PIECES, NULL, drop_object},
};

/* Allocate until the driver has no more, but no more than the kind's limit. Returns the number of pieces. */
static unsigned take(const Kind *kind, uint32_t *status)
{
    unsigned n = 0;

    while (n < kind->most && (*status = raw_alloc(n, kind->class, kind->bytes)) == RAW_OK) {
        if (kind->keep) {
            raw_must(kind->keep(n), kind->name);
        }
        n++;
    }
    if (*status != RAW_OK && *status != RAW_NO_MEMORY) {
        raw_must(*status, kind->name);
    }
    return n;
}

static void usage(void)
{
    (void)fprintf(
        stderr,
        "usage: raw-memory info | fill video|mapped|exported|system ROUNDS [FILE] | hold MIB FILE |"
        " process PID\n");
    exit(2);
}

static void fill(const char *name, unsigned n, const char *until)
{
    const Kind *kind = NULL;
    Rounds rounds = {0};
    uint32_t status = RAW_OK;
    uint64_t total;
    uint64_t available = 0;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        kind = strcmp(kinds[i].name, name) == 0 ? &kinds[i] : kind;
    }
    if (!kind) {
        usage();
    }
    raw_start();
    if (kind->keep == keep_by_mapping) {
        raw_start_mapping(PIECES * PIECE);
    }
    if (kind->keep == keep_by_file) {
        raw_must(raw_memory_info(&total, &available), "free memory");
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned taken = take(kind, &status);
        rounds_add(&rounds, taken * kind->bytes);
        while (taken > 0) {
            kind->drop(--taken);
        }
        if (kind->keep == keep_by_file) {
            wait_for_free(available);
        }
    }
    rounds_say(&rounds);
    (void)printf("ended 0x%x\n", status);
    if (until) {
        hold_until(until, take(kind, &status) * kind->bytes);
    }
}

static void hold(unsigned mib, const char *until)
{
    size_t n = mib * MIB / PIECE;

    raw_start();
    for (unsigned i = 0; i < n; i++) {
        raw_must(raw_alloc(i, RAW_VIDEO, PIECE), "memory");
    }
    hold_until(until, n * PIECE);
}

static void info(void)
{
    uint64_t total;
    uint64_t available;

    raw_start();
    raw_must(raw_memory_info(&total, &available), "memory's size");
    say_mib("total", total);
    say_mib("free", available);
}

static void process(unsigned pid)
{
    RawUse use;

    raw_start();
    raw_must(raw_process_use(pid, &use), "memory of a process");
    say_mib("private", use.only_its_own);
    say_mib("owned", use.shared_by_it);
    say_mib("duped", use.shared_with_it);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "info") == 0 && argc == 2) {
        info();
    } else if (strcmp(what, "fill") == 0 && (argc == 4 || argc == 5)) {
        fill(argv[2], number(argv[3]), argc == 5 ? argv[4] : NULL);
    } else if (strcmp(what, "hold") == 0 && argc == 4) {
        hold(number(argv[2]), argv[3]);
    } else if (strcmp(what, "process") == 0 && argc == 3) {
        process(number(argv[2]));
    } else {
        usage();
    }
    return EXIT_SUCCESS;
}
