// Cases of the blocks in tiles (src/Edge.Kernels/BlockTiles/Layout.cs), for the table in cases.c.
#pragma once
#include "harness.h"

enum { BLOCK_TILES_SIZES = 6 };
// The family's parameter is ggml's number of the type.
void prepare_block_tiles(Frame *frame, int index);
