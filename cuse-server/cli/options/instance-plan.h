/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the specification of an instance from its options and from what the host has. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/life/broker.h"
#include "cuse-server/cli/options/instance-options.h"
#include "cuse-server/container/guest-filter.h"
#include "cuse-server/recording/simulation/simulation.h"
#include "cuse-server/wire/instance-spec.h"

/**
 * InstancePlan: an instance that can be started: its options have been checked against the host.
 * @simulation: for a simulated instance, the contents of the recording; else NULL
 * @own_abi: what @abi is if the plan owns it; NULL if the simulation owns it
 * @call_log_is_file: the table of calls has a file of its own, and is not written to standard error
 * @all_opens: see FilterNeeds
 * @audit, @textfile_dir: for the report, see ReportConfig; the options own them
 */
typedef struct {
    InstanceSpec spec;
    const DriverAbi *abi;
    DriverAbi *own_abi;
    Simulation *simulation;
    bool call_log_is_file;
    bool all_opens;
    const char *audit;
    const char *textfile_dir;
} InstancePlan;

/**
 * instance_plan_new: look at the host, and make the specification.
 * @options: have been checked (instance_options_check()), and outlive the plan
 * @default_name: used if --name was not given; NULL: --name has to be given
 * @error: begins with the option if its value is at fault, and with the file and line if it came from a file
 */
InstancePlan *instance_plan_new(const InstanceOptions *options, const char *default_name,
                                GError **error);

void instance_plan_free(InstancePlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InstancePlan, instance_plan_free)

/** instance_plan_needs: tell what the filter of the instance's guests needs. */
FilterNeeds instance_plan_needs(const InstancePlan *plan);

/** instance_plan_broker: return the configuration of the broker. @audit_otherwise: see ReportConfig. It points into @plan. */
BrokerConfig instance_plan_broker(const InstancePlan *plan, const char *audit_otherwise,
                                  const BrokerOps *ops, gpointer data);

/**
 * instance_plan_filter: describe in words the system calls that the processes of such an instance may make.
 * Does not need a device. Returns: (transfer full): the text, or NULL with @error.
 */
char *instance_plan_filter(const InstanceOptions *options, GError **error);
