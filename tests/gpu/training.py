# SPDX-License-Identifier: Apache-2.0
"""Training steps of a small network with PyTorch; prints lines as report.cuh describes."""
import statistics
import sys
import time

import torch


def say_time(name, seconds):
    print(f"time {name} {seconds * 1e6:.3f}")


def synchronised(what):
    begin = time.perf_counter()
    what()
    torch.cuda.synchronize()
    return time.perf_counter() - begin


def median(rounds, what):
    return statistics.median(synchronised(what) for _ in range(rounds))


def network():
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 64, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(64, 64, 3, padding=1),
        torch.nn.AvgPool2d(8),
        torch.nn.Flatten(),
        torch.nn.Linear(64 * 64, 1000),
    ).cuda()


def training(pinned):
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    images = torch.randn(64, 3, 64, 64)
    labels = torch.randint(1000, (64,))
    if pinned:
        images, labels = images.pin_memory(), labels.pin_memory()

    def step():
        optimizer.zero_grad()
        outputs = model(images.cuda(non_blocking=True))
        loss = torch.nn.functional.cross_entropy(outputs, labels.cuda(non_blocking=True))
        loss.backward()
        optimizer.step()
        return loss

    losses = [step().item() for _ in range(5)]
    kind = "pinned" if pinned else "pageable"
    print(f"result losses-{kind}", *(f"{loss:.9g}" for loss in losses))
    say_time(f"training-step-{kind}", median(100, step))


def main():
    torch.manual_seed(1)
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    say_time("start-up", synchronised(lambda: torch.zeros(1, device="cuda")))
    training(pinned=True)
    training(pinned=False)
    matrix = torch.randn(4096, 4096, device="cuda", dtype=torch.bfloat16)
    say_time("matrix-product", median(50, lambda: matrix @ matrix))


if __name__ == "__main__":
    sys.exit(main())
