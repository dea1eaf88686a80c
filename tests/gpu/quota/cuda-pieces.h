/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of GPU memory, and the ways in which CUDA's programs take them. */
#pragma once

#include "cuda-driver.h"
#include "report.h"

typedef struct {
    CudaAddress address;
    CudaHandle handle;
} Piece;

/**
 * PieceKind: a way to take a piece and give it back.
 * @take: returns CUDA's result; if that is an error, nothing is taken
 */
typedef struct {
    const char *name;
    CudaResult (*take)(Piece *piece);
    void (*give)(Piece *piece);
} PieceKind;

/** piece_kind: find a kind. Returns: NULL if there is none of this name. */
const PieceKind *piece_kind(const char *name);

/**
 * pieces_take: take pieces of PIECE bytes until CUDA says that it is out of memory, but at most PIECES.
 * Returns: their number. Another error ends the program.
 */
unsigned pieces_take(const PieceKind *kind, Piece *pieces);

/** pieces_give: give them back, down to the driver. */
void pieces_give(const PieceKind *kind, Piece *pieces, unsigned n);

/** memory_create: cuMemCreate on the device, exportable to a file descriptor. */
CudaResult memory_create(CudaHandle *handle, size_t bytes);

/** memory_map: map memory for the device. Returns: the address. */
CudaAddress memory_map(CudaHandle handle, size_t bytes);

/** memory_unmap: undo memory_map(). */
void memory_unmap(CudaAddress address, size_t bytes);
