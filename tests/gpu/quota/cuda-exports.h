/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is kept by a file or by another process. Each function prints how much could be allocated besides. */
#pragma once

/** keep_by_export: "before" anything is kept, while a file keeps EXPORTED bytes, and once the file is "closed". */
void keep_by_export(void);

/** keep_by_import: while a child keeps memory that it "imported" and this process gave up, and once it is "released". */
void keep_by_import(void);
