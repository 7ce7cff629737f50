// int8 and f32 kernels: one instruction set per file, one selector (ck_dispatch.c), a scalar oracle.
#pragma once
#include <stdint.h>
