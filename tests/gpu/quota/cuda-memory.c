/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Take memory by CUDA's driver API, and print how much there was. Needs libcuda.so.1, and no header of NVIDIA's.
 *
 *   cuda-memory info                     what CUDA says about the device's memory: "total", "free", "device"
 *   cuda-memory fill KIND ROUNDS [FILE]  allocate until CUDA says that there is no more, and free all; so often: "first",
 *                                        "least" and "most". With FILE, fill once more, and hold it until FILE exists: "held"
 *   cuda-memory hold MIB FILE            a context and memory, until FILE exists: "held"
 *   cuda-memory export                   what an exported file keeps: "before", "exported", "closed"
 *   cuda-memory share                    what another process keeps: "imported", "released"
 *   cuda-memory host MIB                 cuMemHostAlloc: "host"
 *   cuda-memory managed                  the results of cuMemAllocManaged and cuMemAlloc: "managed", "alloc"
 *
 * KIND: alloc, async, vmm; released is vmm with handles released as soon as the memory is mapped.
 */
#include <stdbool.h>
#include <string.h>

#include "cuda-driver.h"
#include "cuda-exports.h"
#include "cuda-pieces.h"
#include "report.h"

#define HOST_PIECE    (256 * MIB)
#define MANAGED_BYTES (64 * MIB)

static void usage(void)
{
    (void)fprintf(stderr, "usage: cuda-memory info | fill alloc|async|vmm|released ROUNDS [FILE] | "
                          "hold MIB FILE | export |"
                          " share | host MIB | managed\n");
    exit(2);
}

static void info(void)
{
    size_t available = 0;
    size_t total = 0;
    size_t device = 0;

    cuda_start();
    must(cuda.memory_info(&available, &total), "cuMemGetInfo");
    must(cuda.device_memory(&device, cuda_device), "cuDeviceTotalMem");
    say_mib("total", total);
    say_mib("free", available);
    say_mib("device", device);
}

static void fill(const char *name, unsigned n, const char *until)
{
    const PieceKind *kind = piece_kind(name);
    static Piece pieces[PIECES];
    Rounds rounds = {0};

    if (!kind) {
        usage();
    }
    cuda_start();
    for (unsigned i = 0; i < n; i++) {
        unsigned taken = pieces_take(kind, pieces);
        rounds_add(&rounds, taken * PIECE);
        pieces_give(kind, pieces, taken);
    }
    rounds_say(&rounds);
    if (until) {
        hold_until(until, pieces_take(kind, pieces) * PIECE);
    }
}

static void hold(size_t bytes, const char *until)
{
    CudaAddress address;

    cuda_start();
    must(cuda.alloc(&address, bytes), "cuMemAlloc");
    hold_until(until, bytes);
}

static void host(size_t wanted)
{
    size_t bytes = 0;
    void *memory = NULL;

    cuda_start();
    while (bytes < wanted && cuda.host_alloc(&memory, HOST_PIECE, 0) == CUDA_OK) {
        memset(memory, 1, HOST_PIECE);
        bytes += HOST_PIECE;
    }
    say_mib("host", bytes);
}

static void managed(void)
{
    CudaAddress address;

    cuda_start();
    (void)printf("managed %d\n", cuda.alloc_managed(&address, MANAGED_BYTES, CUDA_ATTACH_GLOBAL));
    (void)printf("alloc %d\n", cuda.alloc(&address, MANAGED_BYTES));
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (strcmp(what, "info") == 0 && argc == 2) {
        info();
    } else if (strcmp(what, "fill") == 0 && (argc == 4 || argc == 5)) {
        fill(argv[2], number(argv[3]), argc == 5 ? argv[4] : NULL);
    } else if (strcmp(what, "hold") == 0 && argc == 4) {
        hold(number(argv[2]) * MIB, argv[3]);
    } else if (strcmp(what, "export") == 0 && argc == 2) {
        keep_by_export();
    } else if (strcmp(what, "share") == 0 && argc == 2) {
        keep_by_import();
    } else if (strcmp(what, "host") == 0 && argc == 3) {
        host(number(argv[2]) * MIB);
    } else if (strcmp(what, "managed") == 0 && argc == 2) {
        managed();
    } else {
        usage();
    }
    return EXIT_SUCCESS;
}
