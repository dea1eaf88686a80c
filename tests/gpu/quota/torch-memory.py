# SPDX-License-Identifier: Apache-2.0
"""Print what PyTorch says about the GPU's memory, and how much of it a program gets before PyTorch says that there is no more."""
import torch

MIB = 1 << 20
PIECE = 512 * MIB
PIECES = 48

available, total = torch.cuda.mem_get_info()
print(f"total {total / MIB:.10g}")
print(f"free {available / MIB:.10g}")
kept = []
try:
    while len(kept) < PIECES:
        kept.append(torch.empty(PIECE, dtype=torch.uint8, device="cuda"))
    print("ended without error")
except torch.cuda.OutOfMemoryError:
    print("ended OutOfMemoryError")
print(f"first {len(kept) * PIECE / MIB:.10g}")
