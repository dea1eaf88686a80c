/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI GPU that exists only to be found.
 *
 * NVIDIA's kernel driver does not stay loaded on a machine without a GPU it supports. This module
 * registers a PCI root bus of its own with one function that answers configuration cycles like an
 * NVIDIA A100 and whose registers are plain memory, so that the real driver probes it and creates its
 * control device. The registers have no function: initialising the adapter (opening /dev/nvidia0)
 * fails, as it does with a GPU that fell off the bus.
 *
 * The memory behind the BARs must be RAM that the kernel does not use: a machine with 2 GiB and
 * "mem=1536M" on its kernel command line has the default window free.
 */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>

/* The identity that the driver's PCI table and chip detection look for: an A100 (GA100). */
#define FAKE_VENDOR    0x10de
#define FAKE_DEVICE    0x20b0
#define FAKE_SUBSYSTEM 0x134f
#define FAKE_REVISION  0xa1
/* The driver refuses a function without an interrupt; this one never fires. */
#define FAKE_IRQ 11

/* A PCI domain of its own: the machine's root bus is domain 0, bus 0. */
#define FAKE_DOMAIN 1
#define FAKE_BUS    0

/* Layout of the window, from its base: registers, then framebuffer. BARs are aligned to their size.
 */
#define BAR_REGISTERS          0
#define BAR_REGISTERS_SIZE     SZ_16M
#define BAR_FRAMEBUFFER        1
#define BAR_FRAMEBUFFER_OFFSET SZ_32M
#define BAR_FRAMEBUFFER_SIZE   SZ_32M
#define WINDOW_SIZE            SZ_64M

/* The registers by which the driver identifies the chip (offsets in BAR 0), and their values on a GA100 rev. A1. */
#define NV_PMC_BOOT_0        0x000
#define NV_PMC_BOOT_0_GA100  0x170000a1
#define NV_PMC_BOOT_42       0xa00
#define NV_PMC_BOOT_42_GA100 0x170a1000
#define REGISTERS_CLEARED    SZ_1M /* the driver gives up before it reads the rest */

static unsigned long window = 0x60000000UL;
module_param(window, ulong, 0444);
MODULE_PARM_DESC(
    window, "physical address of 64 MiB of RAM that the kernel does not use (default 0x60000000)");

struct fake_bar {
    u32 address;
    u32 size;
    u32 flags;
};

static struct fake_bar bars[] = {
    [BAR_REGISTERS] = {.size = BAR_REGISTERS_SIZE},
    [BAR_FRAMEBUFFER] = {.size = BAR_FRAMEBUFFER_SIZE, .flags = PCI_BASE_ADDRESS_MEM_PREFETCH},
};

static u8 config_space[PCI_CFG_SPACE_SIZE];
static struct device *parent;
static struct pci_bus *root_bus;
static struct pci_sysdata sysdata = {.domain = FAKE_DOMAIN, .node = NUMA_NO_NODE};
static struct resource bus_numbers = {
    .name = "fake-gpu bus",
    .start = FAKE_BUS,
    .end = FAKE_BUS,
    .flags = IORESOURCE_BUS,
};
static struct resource memory_window = {.name = "fake-gpu window", .flags = IORESOURCE_MEM};

static bool is_our_function(const struct pci_bus *bus, unsigned int devfn, int where, int size)
{
    return bus->number == FAKE_BUS && devfn == PCI_DEVFN(0, 0) && where >= 0 &&
           where + size <= PCI_CFG_SPACE_SIZE;
}

static int config_read(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *value)
{
    *value = ~0U;
    if (!is_our_function(bus, devfn, where, size))
        return PCIBIOS_DEVICE_NOT_FOUND;
    *value = 0;
    memcpy(value, config_space + where, size);
    return PCIBIOS_SUCCESSFUL;
}

static void config_write_bar(unsigned int index, u32 value)
{
    u32 *reg = (u32 *)(config_space + PCI_BASE_ADDRESS_0) + index;

    if (index >= ARRAY_SIZE(bars))
        return;
    /* Writing all ones asks for the size. The address itself is fixed: there is no free RAM anywhere else. */
    if (value == ~0U)
        *reg = ~(bars[index].size - 1) | bars[index].flags;
    else
        *reg = bars[index].address | bars[index].flags;
}

static int config_write(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 value)
{
    if (!is_our_function(bus, devfn, where, size))
        return PCIBIOS_DEVICE_NOT_FOUND;
    if (where >= PCI_BASE_ADDRESS_0 && where < PCI_CARDBUS_CIS && size == sizeof(u32))
        config_write_bar((where - PCI_BASE_ADDRESS_0) / sizeof(u32), value);
    else if (where == PCI_COMMAND || where == PCI_INTERRUPT_LINE)
        memcpy(config_space + where, &value, size);
    return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops config_ops = {.read = config_read, .write = config_write};

static void config_init(void)
{
    unsigned int i;

    *(u16 *)(config_space + PCI_VENDOR_ID) = FAKE_VENDOR;
    *(u16 *)(config_space + PCI_DEVICE_ID) = FAKE_DEVICE;
    *(u16 *)(config_space + PCI_SUBSYSTEM_VENDOR_ID) = FAKE_VENDOR;
    *(u16 *)(config_space + PCI_SUBSYSTEM_ID) = FAKE_SUBSYSTEM;
    *(u16 *)(config_space + PCI_CLASS_DEVICE) = PCI_CLASS_DISPLAY_3D;
    config_space[PCI_REVISION_ID] = FAKE_REVISION;

    bars[BAR_REGISTERS].address = window;
    bars[BAR_FRAMEBUFFER].address = window + BAR_FRAMEBUFFER_OFFSET;
    for (i = 0; i < ARRAY_SIZE(bars); i++)
        config_write_bar(i, bars[i].address);
}

static int registers_init(void)
{
    void __iomem *registers = ioremap(window, REGISTERS_CLEARED);

    if (!registers)
        return -ENOMEM;
    memset_io(registers, 0, REGISTERS_CLEARED);
    writel(NV_PMC_BOOT_0_GA100, registers + NV_PMC_BOOT_0);
    writel(NV_PMC_BOOT_42_GA100, registers + NV_PMC_BOOT_42);
    iounmap(registers);
    return 0;
}

static int bus_init(void)
{
    LIST_HEAD(resources);
    struct pci_dev *gpu;

    pci_add_resource(&resources, &bus_numbers);
    pci_add_resource(&resources, &memory_window);
    root_bus = pci_scan_root_bus(parent, FAKE_BUS, &config_ops, &sysdata, &resources);
    if (!root_bus) {
        pci_free_resource_list(&resources);
        return -ENODEV;
    }
    /* On real hardware firmware and ACPI route an interrupt; here this function does. */
    gpu = pci_get_slot(root_bus, PCI_DEVFN(0, 0));
    if (gpu) {
        gpu->irq = FAKE_IRQ;
        pci_dev_put(gpu);
    }
    pci_bus_claim_resources(root_bus);
    pci_bus_add_devices(root_bus);
    return 0;
}

static int __init fake_gpu_init(void)
{
    int err;

    if (!IS_ALIGNED(window, WINDOW_SIZE / 2) || window > U32_MAX - WINDOW_SIZE)
        return -EINVAL;
    memory_window.start = window;
    memory_window.end = window + WINDOW_SIZE - 1;
    /* Fails if the kernel uses any of this memory, as it does without "mem=". */
    err = insert_resource(&iomem_resource, &memory_window);
    if (err) {
        pr_err("fake-gpu: %pR is in use; boot with mem= below it\n", &memory_window);
        return err;
    }
    config_init();
    err = registers_init();
    if (err)
        goto release;
    parent = root_device_register("fake-gpu");
    if (IS_ERR(parent)) {
        err = PTR_ERR(parent);
        goto release;
    }
    err = bus_init();
    if (!err)
        return 0;
    root_device_unregister(parent);
release:
    remove_resource(&memory_window);
    return err;
}

static void __exit fake_gpu_exit(void)
{
    pci_stop_root_bus(root_bus);
    pci_remove_root_bus(root_bus);
    root_device_unregister(parent);
    remove_resource(&memory_window);
}

module_init(fake_gpu_init);
module_exit(fake_gpu_exit);
MODULE_DESCRIPTION("A PCI GPU that NVIDIA's driver probes and cannot initialise, for tests");
MODULE_LICENSE("GPL");
