// What EventLoop needs of Linux and Swift's Glibc overlay does not import cleanly.
#pragma once
#include <stdint.h>
