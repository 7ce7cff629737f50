// Generated protobuf-c code, gathered by tools/generate.
#pragma once
#include <protobuf-c/protobuf-c.h>
