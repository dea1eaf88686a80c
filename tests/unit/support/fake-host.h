/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host and a guest in memory: the proxy between them is the real one, and so is the planner of
 * guest memory. A call is run as the CUSE transport runs it, round by round, against memory that a
 * test may change between rounds.
 */
#pragma once

#include "cuse-server/proxy/proxy.h"

enum {
    GUEST_BASE = 0x10000, /* where the guest's memory begins */
    GUEST_SIZE = 64 * 1024,
    HOST_FD_BASE = 1000, /* the host's descriptors: none of the guest's numbers */
    HOST_PARAMS_MAX = 4096,
};

/**
 * SeenCall: one ioctl as the host saw it.
 * @in_guest: it was made from inside the guest's process
 * @argument: a copy of what it pointed at
 */
typedef struct {
    int fd;
    uint32_t command;
    bool null_argument;
    bool in_guest;
    uint8_t argument[HOST_PARAMS_MAX];
} SeenCall;

typedef struct Fake Fake;

/** FakeAnswer: plays the driver: looks at @argument and changes it. Returns an errno. */
typedef int (*FakeAnswer)(Fake *fake, uint32_t command, void *argument);

struct Fake {
    Host host;
    Proxy proxy;
    const DriverAbi *abi;
    DriverAbi *own_abi; /* the same, if it goes with the fake */
    GArray *commands;   /* the ioctls a worker's filter would let through */
    Device devices[6];
    uint8_t memory[GUEST_SIZE];

    FakeAnswer answer;
    unsigned n_calls;
    SeenCall last;
    unsigned n_open;      /* host files open now */
    unsigned events;      /* what poll finds at the host, and takes away */
    GHashTable *guest_fd; /* guest descriptor -> file id */
    GHashTable *kept;     /* host file -> 1: the driver keeps it when it is closed; NULL: no more */
    unsigned n_remnants;  /* of these, those that the proxy knows of */
    GHashTable *numbers;  /* id of a process -> its number for who calls */
    GuestProcess process; /* who calls; id 0: nobody any more */

    int no_follow; /* errno of having a file of the driver's making followed; 0: it can be */
    int no_entry;  /* errno of what has to be done inside the guest; 0: it can be */
    /** called when a device was installed in the guest */
    void (*after_install)(Fake *fake, uint32_t id);

    /** called before each round but the first, for tests that change memory under our hands */
    void (*between_rounds)(Fake *fake, unsigned round);
    unsigned rounds; /* of the last call */
    Request request; /* the last one, as it ended */
};

/** fake_new: an instance with driver @version and devices nvidiactl, nvidia0, nvidia-uvm,
 * nvidia-uvm-tools, nvidia-cap3; at most 16 files, 4 clients and 64 objects. */
Fake *fake_new(const char *version, NvCaps caps);
void fake_free(Fake *fake);

/** fake_new_on: the same with an ABI that others use as well, which takes long to make. */
Fake *fake_new_on(const DriverAbi *abi, NvCaps caps);

/** fake_abi: of a driver version; the caller frees it. */
DriverAbi *fake_abi(const char *version);

/** fake_open: open devices[@device]; the guest's descriptor will be @guest_fd. */
NvFile *fake_open(Fake *fake, unsigned device, int guest_fd);

/** fake_at: guest memory at a guest address. */
void *fake_at(Fake *fake, uint64_t addr);

/**
 * fake_ioctl: a guest's ioctl. Returns 0 or the errno it gets; memory is written back as the kernel
 * would. EFAULT if a range is outside the guest's memory.
 */
int fake_ioctl(Fake *fake, NvFile *file, uint32_t command, uint64_t argument);

/** fake_frontend: the same with a frontend number and size, @params copied to guest memory and
 * back. */
int fake_frontend(Fake *fake, NvFile *file, uint32_t number, void *params, size_t size);

enum { FAKE_CTL, FAKE_GPU, FAKE_UVM, FAKE_TOOLS, FAKE_CAP, FAKE_DMA_BUF };

enum {
    FAKE_PROCESS = 101,     /* fake_new's process */
    FAKE_INSTALLED_FD = 77, /* the guest's descriptor of what was installed */
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fake, fake_free)
