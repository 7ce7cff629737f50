// Opens the functions that follow to the dot-product extension, and keeps compilers from fusing
// multiplications and additions that stand apart (results must not depend on inlining).
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#pragma GCC optimize("fp-contract=off")
#endif
