// libFuzzer as a library (compiler-rt/lib/fuzzer/FuzzerInterface.h in the LLVM project).
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerRunDriver(
    int *argc, char ***argv, int (*test_one_input)(const uint8_t *data, size_t size));
